"""`yichuan retention`: whose content is kept until when, by what basis; what is held, and erased.

A hold, or an erasure before the time, is an order in the rulebook's retention.toml, in force by
`yichuan rules activate`.
"""

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Annotated, Any, Final

import typer
from sqlalchemy import ColumnElement, Connection, Row, Select, select

from connectors.bus.clock import now
from connectors.bus.home import home_at
from schemas.ids import CaseId
from services.casebook.progress import Place, progress_now
from services.casebook.rows import from_ms
from services.casebook.tables import CASE_KEYS, CASES
from services.casebook.work import Work
from services.casework.case import Case
from services.casework.retention import in_force, look_at
from services.cli.casebook_view import reading
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, say, table
from services.cli.words import LIVES, STATES, word
from services.rulebook.calendar import local_date
from services.rulebook.load import load
from services.rulebook.retention import Retention, What

CASES_MAX: Final = 1_000  # shown, those that end first
_AT_ONCE: Final = 50  # of a partition: of most fewer are among them
_COLUMNS: Final = ("case", "life", "state", "rests_since", "until", "held_by", "erased_at", "basis")
_HEADS: Final = (
    "案件 种类 状态 了结 保存至 冻结 已销毁 依据",
    "case kind state over until held erased basis",
)
_WORDS: Final = {"life": LIVES, "state": STATES}

Document = dict[str, Any]


def retention(
    erased: Annotated[
        bool, typer.Option("--erased", help="those already erased / 只列已销毁的")
    ] = False,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """List the cases that are over: kept until when, held by whom, or erased when."""
    place = home_at(home).checked()
    rules = load(place.rulebook).retention
    with reading(place) as connection:
        found = list(_erased(connection) if erased else _kept(connection, rules, now()))
    if as_json:
        for document in found:
            emit_json(document)
    elif found:
        table(in_language(*_HEADS).split(), [_row(document) for document in found])
    else:
        say("没有这样的案件", "there are no such cases")


def _kept(connection: Connection, rules: Retention, at: datetime) -> Iterator[Document]:
    found = dict(islice(_resting(connection), CASES_MAX))
    work = Work(connection)
    work.preload_cases(found)
    for case_id, since in found.items():
        case = work.case(case_id)
        if case is not None:
            yield kept_document(case, rules, since, at)


def _resting(connection: Connection) -> Iterator[tuple[CaseId, datetime]]:
    """Yield cases that are over, and since when: those that end first, then those without an end.

    Of each partition in the order of its index: after years nearly all cases are over, and to sort
    them each was read.
    """
    places = sorted(progress_now(connection))
    for row in merge(*(_ending(connection, place) for place in places), key=_end):
        yield CaseId(row.case_id), from_ms(row.rests_ms)
    for place in places:
        for row in connection.execute(_resting_in(place, CASES.c.look_ms.is_(None))).all():
            yield CaseId(row.case_id), from_ms(row.rests_ms)


def _ending(connection: Connection, place: Place) -> Iterator[Row[Any]]:
    """Yield those of a partition that end, as far as they are asked for."""
    query = _resting_in(place, CASES.c.look_ms.is_not(None)).limit(_AT_ONCE)
    for begin in range(0, CASES_MAX, _AT_ONCE):
        rows = connection.execute(query.offset(begin)).all()
        yield from rows
        if len(rows) < _AT_ONCE:
            return


def _resting_in(place: Place, such: ColumnElement[bool]) -> Select[Any]:
    topic, partition = place
    return (
        select(CASES.c.case_id, CASES.c.rests_ms, CASES.c.look_ms, CASES.c.seq)
        .where(CASES.c.topic == topic, CASES.c.partition == partition, such)
        .where(CASES.c.rests_ms.is_not(None))
        .order_by(CASES.c.look_ms, CASES.c.seq)
        .limit(CASES_MAX)
    )


def _end(row: Row[Any]) -> tuple[int, int]:
    return row.look_ms, row.seq


def kept_document(case: Case, rules: Retention, since: datetime, at: datetime) -> Document:
    """Return what becomes of one case that is over."""
    orders = rules.by_case.get(case.id, ())
    holds = [o for o in orders if o.what is What.HOLD and in_force(o, local_date(at))]
    early = next((o for o in orders if o.what is What.ERASE), None)
    term = rules.terms.get(case.life)
    basis = next((o.basis for o in (*holds, early) if o), term.basis if term else None)
    return {
        "case": case.id,
        "life": case.life.value,
        "state": case.state.value,
        "rests_since": since,
        "until": look_at(case, rules, since),
        "held_by": holds[0].by if holds else None,
        "erased_at": None,
        "basis": basis,
    }


def _erased(connection: Connection) -> Iterator[Document]:
    query = select(CASE_KEYS.c.name, CASE_KEYS.c.erased_ms).where(CASE_KEYS.c.wrapped.is_(None))
    for row in connection.execute(query.order_by(CASE_KEYS.c.erased_ms.desc()).limit(CASES_MAX)):
        empty = dict.fromkeys(_COLUMNS)
        yield empty | {"case": row.name, "erased_at": from_ms(row.erased_ms)}


def _row(document: Document) -> list[str]:
    return [_text(key, document[key]) for key in _COLUMNS]


def _text(column: str, value: datetime | str | None) -> str:
    """Return a cell as people read it: a day is a day in China."""
    if isinstance(value, datetime):
        return f"{local_date(value)}"
    return "" if value is None else word(_WORDS.get(column, {}), value)
