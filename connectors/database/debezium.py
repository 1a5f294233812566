"""An outbox table as Debezium's outbox event router reads it, as an agency's system.

Such a table (id, aggregatetype, aggregateid, type, payload) has no status, is the agency's and is
never written here: what was taken stands in EX_ANSWER, a row for each event, and what became of it.

A row is found because EX_ANSWER has none of its id, never by "newer than the last": one that was
committed late, whatever its number or its time, is not missed (Kafka Connect's incrementing and
timestamp modes lose it). Taking it and noting that it was taken is one transaction.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    LargeBinary,
    Result,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    select,
    update,
)

from connectors.bus.system import Arrival, Arrived, Landed, Mark, Source, Unfit
from connectors.database.engine import transaction
from connectors.database.exchange import LEFT_MAX, READ_BYTES_MAX, shown_values
from connectors.database.incoming import Incoming, instant
from connectors.database.lacking import hold_columns
from connectors.database.map import (
    KEY_MAX,
    EventRow,
    Status,
    event_record,
    event_row,
    event_unfitness,
    taken_values,
)
from connectors.database.tables import OutboxTables
from schemas.errors import UserError
from schemas.json_text import DOCUMENT_MAX_BYTES

_NEEDED: Final = ("id", "aggregatetype", "type", "payload")
# The order in which rows were written, where the table has no time of its own. xmin is the number
# of the transaction that wrote the row: of two letters of one case the later has the higher one.
_WRITTEN: Final[Mapping[str, str]] = {"sqlite": "o.rowid", "postgresql": "age(o.xmin) DESC, o.ctid"}


class Debezium:
    """The outbox table of one agency, and the tables beside it that are ours."""

    def __init__(
        self,
        engine: Engine,
        tables: OutboxTables,
        records: Mapping[str, str],
        files: Path,
        *,
        create: bool,
        aggregate_types: Sequence[str] = (),
    ) -> None:
        self._engine, self._tables, self._records = engine, tables, records
        self._create, self._types = create, tuple(aggregate_types)
        self._incoming = Incoming(engine, tables.into, tables.ledger, tables.files, files)
        self._out = tables.outbox.alias("o")
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._left: list[str] | None = None  # None: not looked for yet

    def open(self) -> None:
        """Make our tables, look at theirs. Raises as ExchangeTables.open does."""
        theirs = self._tables.outbox
        if not self._tables.timed and self._engine.dialect.name not in _WRITTEN:
            raise UserError(
                "database.unusable", where="map.out.timestamp", detail="missing", exit_code=3
            )
        with transaction(self._engine) as connection:
            self._tables.open(connection, create=self._create)
            read = {*_NEEDED, *self._tables.timed}
            others = frozenset(each.key for each in theirs.c if each.key not in read)
            hold_columns(connection, [(theirs, others)])
        self._incoming.open()

    def collect(self, sources_max: int) -> tuple[Source | Unfit, ...]:
        """Take rows without an answer, in the order of writing; an earlier process's first."""
        left, self._left = self._left, None  # after a failure it is not known what was taken
        with transaction(self._engine) as connection:
            if left is None:
                left = self._taken(connection)
            chunk, left = left[:sources_max], left[sources_max:]
            if chunk:
                rows, whole = self._read(connection, self._again(chunk))
                left = ([] if whole else [key for key in chunk if key not in rows]) + left
            else:
                rows, _ = self._read(connection, self._new(sources_max))
                self._note(connection, rows.values())
        self._left = left
        return tuple(self._thing(row) for row in rows.values())

    def mark(self, marks: Sequence[Mark]) -> None:
        """Show states in EX_ANSWER, unless the agency has taken the answer away."""
        answers = self._tables.answers
        with transaction(self._engine) as connection:
            for mark in marks:
                connection.execute(
                    update(answers)
                    .where(answers.c.event_id == mark.place, answers.c.digest == mark.digest)
                    .values(shown_values(mark))
                )

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

    def _taken(self, connection: Connection) -> list[str]:
        return list(connection.scalars(self._ours(select(self._key())).limit(LEFT_MAX)))

    def _new(self, rows_max: int) -> Select[Any]:
        answers = self._tables.answers
        answered = select(answers.c.event_id).where(answers.c.event_id == self._key()).exists()
        wanted = self._rows().where(~answered).order_by(*self._order())
        if self._types:
            wanted = wanted.where(self._out.c.aggregatetype.in_(self._types))
        return wanted.limit(rows_max)

    def _again(self, keys: Sequence[str]) -> Select[Any]:
        return self._ours(self._rows()).where(self._tables.answers.c.event_id.in_(keys))

    def _ours(self, wanted: Select[Any]) -> Select[Any]:
        """Restrict to rows that were taken and not answered, in the order of writing."""
        answers = self._tables.answers
        ours = and_(answers.c.event_id == self._key(), answers.c.status == Status.TAKEN)
        return wanted.join_from(self._out, answers, ours).order_by(*self._order())

    def _rows(self) -> Select[Any]:
        """Return the columns in the order of EventRow; a payload that is too long stays there."""
        out = self._out
        payload = cast(out.c.payload, Text)  # of json and jsonb too
        counted = cast(out.c.payload, LargeBinary) if self._is_sqlite else payload
        length = func.coalesce(func.length(counted), 0)
        bounded = case((length > DOCUMENT_MAX_BYTES, None), else_=payload)
        columns = (self._key(), out.c.aggregatetype, out.c.type, bounded, length)
        return select(*columns)

    def _order(self) -> tuple[Any, ...]:
        timed = [self._out.c[name] for name in self._tables.timed]
        written: Any = literal_column(_WRITTEN.get(self._engine.dialect.name, ""))
        return (*(timed or [written]), self._key())

    def _key(self) -> Any:  # noqa: ANN401 - an expression of SQLAlchemy's
        """The id as text; empty where it cannot be one, so that all such rows get one answer."""
        raw = self._out.c.id
        text: Any = cast(raw, Text)
        fit: Any = func.length(text).between(1, KEY_MAX)
        if self._is_sqlite:  # which holds anything anywhere
            text = case((func.typeof(raw) == "blob", func.lower(func.hex(raw))), else_=text)
            fit = and_(func.length(text).between(1, KEY_MAX), ~text.op("GLOB")("*[^ -~]*"))
        return case((fit, text), else_="")

    def _read(self, connection: Connection, rows: Select[Any]) -> tuple[dict[str, EventRow], bool]:
        """Return rows by key until READ_BYTES_MAX of them are read, and whether that were all."""
        found: dict[str, EventRow] = {}
        read_bytes = 0
        result: Result[Any] = connection.execute(
            rows, execution_options={"stream_results": True, "max_row_buffer": 1}
        )
        with result:
            for values in result:
                row = event_row(values)
                found.setdefault(row.key, row)
                read_bytes += len(row.raw)
                if read_bytes >= READ_BYTES_MAX:
                    return found, False
        return found, True

    def _note(self, connection: Connection, rows: Any) -> None:  # noqa: ANN401 - values of a dict
        since = instant()
        for row in rows:
            values = {**taken_values(), "digest": row.digest, "created": since, "updated": since}
            connection.execute(self._tables.answers.insert().values(event_id=row.key, **values))

    def _thing(self, row: EventRow) -> Source | Unfit:
        refusal = event_unfitness(row)
        if refusal is not None:
            return Unfit(row.key, row.digest, refusal)
        names = tuple(name for name in (row.type, row.key) if name)
        return Source(row.key, row.digest, event_record(row, self._records), row.raw, names)
