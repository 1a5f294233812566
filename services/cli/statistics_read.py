"""The items of the supervisor's figures, read from the casebook: row by row, nothing is written."""

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from json import loads
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, case, or_, select

from schemas.ids import CaseId
from schemas.messages import HoldReason
from schemas.parts import Flow
from services.casebook.rows import case_from_text, duty_from_text, to_ms
from services.casebook.tables import CASE_NUMBERS, CASES, DECISIONS, DUTIES
from services.casework.case import Case
from services.cli.statistics_items import Item, Period, of_duty, of_entry, of_notice
from services.rulebook.guidance import KIND as YEARLY

ROWS_AT_ONCE: Final = 1_000
CASES_REMEMBERED_MAX: Final = 1_000
# How a duty ended begins with the time, of whichever zone: a day in one is the next in another.
_ZONES: Final = timedelta(days=2)
_NO_TIME: Final = "0"  # what begins with a time is not before that
# By its number: the table of cases has no index by id.
CASE: Final = (
    select(CASES.c.body)
    .join(CASE_NUMBERS, CASE_NUMBERS.c.seq == CASES.c.seq)
    .where(CASE_NUMBERS.c.case_id == bindparam("id"))
)


def items_in(connection: Connection, period: Period) -> Iterator[Item]:
    """Yield every item of a period: of duties, of notices, of decisions in their order."""
    yield from _of_duties(connection, period)
    yield from _of_notices(connection, period)
    yield from _of_decisions(connection, period)


def _of_duties(connection: Connection, period: Period) -> Iterator[Item]:
    frozen = case((CASES.c.stopped == HoldReason.FROZEN.value, CASES.c.body)).label("frozen")
    query = (
        select(DUTIES.c.case_id, DUTIES.c.body, DUTIES.c.ended, frozen)
        .join(CASES, CASES.c.seq == DUTIES.c.case_seq)
        .where(_may_show(period))
        .order_by(DUTIES.c.case_seq, DUTIES.c.position)
    )
    for row in connection.execute(query).yield_per(ROWS_AT_ONCE):
        duty = duty_from_text(row.body, row.ended)
        stop = case_from_text(row.frozen, ()).stop if row.frozen else None
        yield from of_duty(CaseId(row.case_id), duty, period, stop.at if stop else None)


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


def _of_notices(connection: Connection, period: Period) -> Iterator[Item]:
    query = select(CASES.c.body).where(CASES.c.topic == Flow.NOTIFICATIONS.value)
    for row in connection.execute(query.order_by(CASES.c.seq)).yield_per(ROWS_AT_ONCE):
        yield from of_notice(case_from_text(row.body, ()), period)


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
    for row in connection.execute(query).yield_per(ROWS_AT_ONCE):
        yield from of_entry(loads(row.entry), case_of)
