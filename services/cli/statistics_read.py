"""The items of the supervisor's figures, read from the casebook: nothing is written.

In portions of numbers that lie together: of PostgreSQL all that one statement finds is in memory,
and its server ends each that takes longer than a reader's limit, as on a cold disk.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from json import loads
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    func,
    or_,
    select,
)

from schemas.ids import CaseId, OrganCode
from schemas.messages import HoldReason
from schemas.parts import Flow
from services.casebook.progress import NEVER, Place, progress_now
from services.casebook.queries import DECISIONS_OF
from services.casebook.rows import case_from_text, duty_from_text, to_ms
from services.casebook.statements import parts
from services.casebook.tables import CASE_NUMBERS, CASES, DECISIONS, DUTIES
from services.casework.case import Case, Duty
from services.cli.statistics_items import Item, Passed, Period, of_duty, of_entry, of_notice
from services.exchange.journal import PASSED, mark_of
from services.rulebook.guidance import KIND as YEARLY

# Numbers of a portion, whether a row of it is wanted or not.
CASES_AT_ONCE: Final = 1_000
DECISIONS_AT_ONCE: Final = 2_000
CASES_REMEMBERED_MAX: Final = 1_000
# How a duty ended begins with the time, of whichever zone: a day in one is the next in another.
_ZONES: Final = timedelta(days=2)
_NEXT: Final = timedelta(milliseconds=1)
_NO_TIME: Final = "0"  # what begins with a time is not before that
# By its number: the table of cases has no index by id.
CASE: Final = (
    select(CASES.c.body)
    .join(CASE_NUMBERS, CASE_NUMBERS.c.seq == CASES.c.seq)
    .where(CASE_NUMBERS.c.case_id == bindparam("id"))
)

_NUMBERED: Final = (
    select(CASES.c.body)
    .where(CASES.c.seq.in_(bindparam("numbers", expanding=True)))
    .order_by(CASES.c.seq)
)
_PASSED: Final = DECISIONS_OF.where(
    DECISIONS.c.entry.contains(mark_of(PASSED), autoescape=True)
).order_by(DECISIONS.c.seq)
_SENT: Final = DECISIONS_OF.where(DECISIONS.c.message_id == bindparam("message")).order_by(
    DECISIONS.c.seq
)

Heirs = Collection[OrganCode]  # who stands in another's place by now, or may


def items_in(connection: Connection, period: Period, heirs: Heirs = ()) -> Iterator[Item]:
    """Yield every item of a period: of duties, of notices, of decisions in their order.

    Of what is an heir's now the decisions say whose it was.
    """
    yield from _of_duties(connection, period, heirs, decided_until(connection))
    yield from _of_notices(connection, period, heirs)
    yield from _of_decisions(connection, period)


def decided_until(connection: Connection) -> dict[Place, datetime]:
    """Return as of when each partition's duties are known: what came later lies undecided.

    Every partition has its Tick within seconds; where the exchange stands still, or is behind, who
    has answered in time would else be late.
    """
    found = progress_now(connection)
    return {place: each.clock + _NEXT for place, each in found.items() if each.clock != NEVER}


def _of_duties(
    connection: Connection, period: Period, heirs: Heirs, decided: Mapping[Place, datetime]
) -> Iterator[Item]:
    frozen = case((CASES.c.stopped == HoldReason.FROZEN.value, CASES.c.body)).label("frozen")
    query = (
        select(
            DUTIES.c.case_id,
            DUTIES.c.body,
            DUTIES.c.ended,
            CASES.c.topic,
            CASES.c.partition,
            frozen,
        )
        .join(CASES, CASES.c.seq == DUTIES.c.case_seq)
        .where(_may_show(period))
        .order_by(DUTIES.c.case_seq, DUTIES.c.position)
    )
    for row in _portions(connection, query, DUTIES.c.case_seq, CASES_AT_ONCE):
        duty = duty_from_text(row.body, row.ended)
        stop = case_from_text(row.frozen, ()).stop if row.frozen else None
        passed = _passed(connection, row.case_id, duty) if duty.owner in heirs else ()
        until = decided.get((row.topic, row.partition), period.until)
        known = replace(period, until=min(until, period.until))
        yield from of_duty(CaseId(row.case_id), duty, known, stop.at if stop else None, passed)


def _passed(connection: Connection, case_id: str, duty: Duty) -> tuple[Passed, ...]:
    """Return from whom the duty has come, and when, as the decisions tell it."""
    entries = [loads(row.entry) for row in connection.execute(_PASSED, {"case": case_id})]
    return tuple(
        Passed(effect["before"], datetime.fromisoformat(entry["at"]))
        for entry in entries
        for effect in entry["effects"]
        if effect["effect"] == PASSED and effect["duty"]["id"] == duty.id
    )


def _may_show(period: Period) -> ColumnElement[bool]:
    """Whether a duty is not surely over: after some years nearly all are, and each is read slowly.

    What was due and ended before a period shows in none of its figures but those of years. What is
    open, or has the time of its end in its body, as once all had, has none beside it: it is read.
    """
    return or_(
        DUTIES.c.kind == YEARLY,
        DUTIES.c.due_ms > to_ms(period.start),
        DUTIES.c.ended.is_(None),
        DUTIES.c.ended < _NO_TIME,
        DUTIES.c.ended >= f"{period.first - _ZONES}",
    )


def _of_notices(connection: Connection, period: Period, heirs: Heirs) -> Iterator[Item]:
    """Of all notices that ever were, for none tells when it came but in its body."""
    topic = CASES.c.topic == Flow.NOTIFICATIONS.value
    numbers = connection.scalars(select(CASES.c.seq).where(topic).order_by(CASES.c.seq)).all()
    for several in parts(numbers):
        for body in connection.scalars(_NUMBERED, {"numbers": several}).all():
            if period.has(datetime.fromisoformat(loads(body)["opened_at"])):
                notice = case_from_text(body, ())
                sender = _sender(connection, notice) if notice.sender in heirs else None
                yield from of_notice(notice, period, sender)


def _sender(connection: Connection, notice: Case) -> str | None:
    """Return who sent it."""
    named = {"case": notice.id, "message": notice.opening}
    row = connection.execute(_SENT, named).first()
    return None if row is None else str(row.sender)


def _of_decisions(connection: Connection, period: Period) -> Iterator[Item]:
    @lru_cache(CASES_REMEMBERED_MAX)
    def case_of(case_id: CaseId) -> Case | None:
        body = connection.execute(CASE, {"id": case_id}).scalar()
        return None if body is None else case_from_text(body, ())

    query = (
        select(DECISIONS.c.entry)
        .where(DECISIONS.c.at_ms >= to_ms(period.start), DECISIONS.c.at_ms < to_ms(period.until))
        .order_by(DECISIONS.c.seq)
    )
    for row in _portions(connection, query, DECISIONS.c.seq, DECISIONS_AT_ONCE):
        yield from of_entry(loads(row.entry), case_of)


def _portions(
    connection: Connection, query: Select[Any], number: Column[Any], at_once: int
) -> Iterator[Row[Any]]:
    """Yield the rows of a query that is ordered by a number first, which an index knows."""
    among = query.where(number >= bindparam("begin"), number < bindparam("end"))
    (first,) = connection.execute(select(func.min(number))).one()
    (last,) = connection.execute(select(func.max(number))).one()
    for begin in () if first is None else range(first, last + 1, at_once):
        yield from connection.execute(among, {"begin": begin, "end": begin + at_once}).all()
