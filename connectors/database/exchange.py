"""Exchange tables as an agency's system (connectors/bus/system.py).

A row is taken by a conditional UPDATE of its status, so it works where there is no SKIP LOCKED,
and rows are found by their status, never by "newer than the last": one that was committed late is
not missed.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, case, func, select, update

from connectors.bus.system import Arrival, Arrived, Landed, Mark, Source, State, Unfit
from connectors.database.engine import BAD_DATA, transaction
from connectors.database.incoming import Incoming, instant
from connectors.database.map import (
    ERRORS,
    OutRow,
    Status,
    id_of,
    out_row,
    record_of,
    refused_values,
    sent_values,
    taken_values,
    unfitness,
)
from connectors.database.rehearsal import rehearse
from connectors.database.tables import Tables
from schemas.errors import Unavailable
from schemas.json_text import DOCUMENT_MAX_BYTES

READ_BYTES_MAX: Final = 32 * 1024 * 1024  # taken at once; the last row may go beyond
CUT_MAX: Final = 50  # characters, for a column that has no room for all
LEFT_MAX: Final = 100_000  # rows that an earlier process took; the spool holds far fewer
LOG: Final = logging.getLogger("yichuan.connector")


class ExchangeTables:
    """The exchange tables of one agency."""

    def __init__(
        self,
        engine: Engine,
        tables: Tables,
        records: Mapping[str, str],
        files: Path,
        *,
        create: bool,
    ) -> None:
        """`files`: the folder that attachments are put into."""
        self._engine, self._tables, self._records = engine, tables, records
        self._create = create
        self._incoming = Incoming(engine, tables.into, tables.ledger, tables.files, files)
        self._left: list[int] | None = None  # None: not looked for yet

    def open(self) -> None:
        """Make the tables. Raises UserError database.unusable, database.tables_outdated."""
        with transaction(self._engine) as connection:
            self._tables.open(connection, create=self._create)
            out = self._tables.out
            status = out.c.status == Status.NEW
            asked = status & (out.c.id == 0) & (func.length(out.c.payload) > 0)
            names = ("message_id", "case_id", "receipt", "status", "updated", *ERRORS)
            rehearse(connection, [(out, asked)], [(out, names)])
        self._incoming.open()

    def collect(self, sources_max: int) -> tuple[Source | Unfit, ...]:
        """Take new rows, by id; those of an earlier process first."""
        left, self._left = self._left, None  # after a failure it is not known what was taken
        with transaction(self._engine) as connection:
            if left is None:
                left = self._taken(connection)
            ids = left[:sources_max] or self._claim(connection, sources_max)
            rows = self._rows(connection, ids)
        last = rows[-1][0].id if rows else 0
        self._left = [row_id for row_id in ids if rows and row_id > last] + left[sources_max:]
        return tuple(self._thing(row) for row, status in rows if status == Status.TAKEN)

    def mark(self, marks: Sequence[Mark]) -> None:
        """Show states in the rows, unless the agency has put something else there since."""
        try:
            self._mark(marks, shown_values)
        except BAD_DATA:  # one of them is to blame: each by itself
            for mark in marks:
                self._mark_alone(mark)

    def deliver(self, arrivals: Sequence[Arrival]) -> Arrived:
        """Insert into EX_IN, in this order, each once."""
        return self._incoming.deliver(arrivals)

    @property
    def landing(self) -> Path:
        """Where attachments are put down first."""
        return self._incoming.landing

    def attach(self, landed: Landed) -> None:
        """Put an attachment into its folder, and a row into EX_FILE."""
        self._incoming.attach(landed)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _taken(self, connection: Connection) -> list[int]:
        out = self._tables.out
        taken = select(out.c.id).where(out.c.status == Status.TAKEN).order_by(out.c.id)
        return list(connection.scalars(taken.limit(LEFT_MAX)))

    def _claim(self, connection: Connection, rows_max: int) -> list[int]:
        out = self._tables.out
        new = select(out.c.id).where(out.c.status == Status.NEW).order_by(out.c.id)
        ids = list(connection.scalars(new.limit(rows_max)))
        values = {**taken_values(), "updated": instant()}
        return [
            row_id
            for row_id in ids
            if connection.execute(
                update(out)
                .where(out.c.id == row_id, out.c.status == Status.NEW)
                .values({out.c[name]: value for name, value in values.items()})
            ).rowcount
            == 1
        ]

    def _rows(self, connection: Connection, ids: Sequence[int]) -> list[tuple[OutRow, int]]:
        """Return rows with their status, in the order of ids, until READ_BYTES_MAX are read.

        A payload that is too long stays where it is.
        """
        out = self._tables.out
        length = func.coalesce(func.length(out.c.payload), 0)
        payload = case((length > DOCUMENT_MAX_BYTES, None), else_=out.c.payload)
        last = (out.c.sm3, out.c.biz_key, out.c.status)
        columns = (out.c.id, out.c.retry, out.c.biz_type, payload, length, *last)
        wanted = select(*columns).where(out.c.id.in_(ids)).order_by(out.c.id)
        streamed = {"stream_results": True, "max_row_buffer": 1}
        rows: list[tuple[OutRow, int]] = []
        read_bytes = 0
        with connection.execute(wanted, execution_options=streamed) as found:
            for *values, status in found:
                rows.append((out_row(values), status))
                read_bytes += len(rows[-1][0].raw)
                if read_bytes >= READ_BYTES_MAX:
                    break
        return rows

    def _thing(self, row: OutRow) -> Source | Unfit:
        refusal = unfitness(row)
        if refusal is not None:
            return Unfit(row.place, row.digest, refusal)
        names = tuple(name for name in (row.biz_type, row.biz_key) if name)
        return Source(row.place, row.digest, record_of(row, self._records), row.raw, names)

    def _mark(self, marks: Sequence[Mark], shown: Callable[[Mark], dict[str, Any]]) -> None:
        with transaction(self._engine, BAD_DATA) as connection:
            for mark in marks:
                for row, status in self._rows(connection, [id_of(mark.place)]):
                    if _is_the_one(mark, row, status):
                        self._update(connection, mark, status, shown(mark))

    def _mark_alone(self, mark: Mark) -> None:
        """Show what the row has room for: the agency's columns may be shorter than ours."""
        refused = ""
        for shown in (shown_values, _shown_cut, _shown_code, _shown_bare):
            try:
                self._mark([mark], shown)
            except BAD_DATA as error:
                refused = type(error.orig).__name__
                LOG.warning("row %s of %s: %s", mark.place, self._tables.out.name, refused)
            else:
                return
        raise Unavailable("system.unavailable", where=self._tables.out.name, detail=refused)

    def _update(
        self, connection: Connection, mark: Mark, status: int, values: Mapping[str, Any]
    ) -> None:
        out = self._tables.out
        connection.execute(
            update(out)
            .where(out.c.id == id_of(mark.place), out.c.status == status)
            .values({out.c[name]: value for name, value in values.items()})
        )


def shown_values(mark: Mark) -> dict[str, Any]:
    """Return what a row says that shows a mark."""
    notice = mark.notice or {}
    if mark.state is State.REJECTED:
        values = refused_values(notice)
    else:
        receipt = json.dumps(notice, ensure_ascii=False) if notice else None
        values = sent_values(held=mark.state is State.HELD, receipt=receipt)
    ids = {"message_id": mark.message_id, "case_id": mark.case_id}
    return {**values, **ids, "updated": instant()}


def _is_the_one(mark: Mark, row: OutRow, status: int) -> bool:
    """Whether the row still holds what the mark is about, and is ours to mark."""
    return (
        status in (Status.TAKEN, Status.DONE, Status.HELD, Status.ERROR)
        and row.place == mark.place
        and row.digest == mark.digest
    )


def _shown_cut(mark: Mark) -> dict[str, Any]:
    """The words shortened; of a receipt that finds no room a part would be no JSON."""
    values = {**shown_values(mark), "receipt": None}
    cut = {name: values[name][:CUT_MAX] for name in ERRORS if values[name]}
    return {**values, **cut}


def _shown_code(mark: Mark) -> dict[str, Any]:
    return {**_shown_bare(mark), "err_code": shown_values(mark)["err_code"]}


def _shown_bare(mark: Mark) -> dict[str, Any]:
    values = shown_values(mark)
    return {name: values[name] for name in ("status", "message_id", "case_id", "updated")}
