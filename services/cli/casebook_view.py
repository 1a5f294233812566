"""Looking things up in the casebook that an exchange writes: read-only, a few queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from connectors.bus.home import Home
from schemas.document_number import normal_document_number
from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook.owed import HAS_BEGUN
from services.casebook.queries import DECISIONS_COUNTED, DECISIONS_OF
from services.casebook.rows import DecisionRow, Position, duty_from_text, from_ms
from services.casebook.store import open_for_reading
from services.casebook.tables import DECISIONS, DUTIES, MESSAGES, SAID
from services.casebook.work import Work
from services.casework.case import Case, Duty
from services.exchange.journal import DELIVERED, mark_of

MATCHES_MAX: Final = 100  # cases that one number may mean
DECISIONS_MAX: Final = 10_000  # of one case
_READ_MAX: Final = 100  # entries in memory
_SEQ_MAX: Final = 2**63 - 1
_HANDED_OVER: Final = (
    DECISIONS_OF.where(
        DECISIONS.c.entry.contains(mark_of(DELIVERED)), DECISIONS.c.seq < bindparam("before")
    )
    .order_by(DECISIONS.c.seq.desc())
    .limit(_READ_MAX)
)
DUTIES_MAX: Final = 1_000  # open ones shown
# Day by day, for the index begins with the day: a walk from each to the next that has something.
_DAYS: Final = select(func.min(SAID.c.day).label("day")).cte("days", recursive=True)
_NEXT_DAY: Final = select(func.min(SAID.c.day)).where(SAID.c.day > _DAYS.c.day).scalar_subquery()
_EACH_DAY: Final = _DAYS.union_all(select(_NEXT_DAY).where(_DAYS.c.day.is_not(None)))
_SAID: Final = (
    select(SAID.c.case_id)
    .join(_EACH_DAY, SAID.c.day == _EACH_DAY.c.day)
    .where(SAID.c.message_id == bindparam("message"))
)


@contextmanager
def reading(home: Home) -> Iterator[Connection]:
    """Open the casebook of a home for reading. Raises what `open_for_reading` raises."""
    url = home.settings().casebook.url.get_secret_value()
    engine = open_for_reading(url or home.casebook)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def cases_named(connection: Connection, text: str) -> tuple[CaseId, ...]:
    """Return the cases that a case id, a message id or a 文号 means, the newest first.

    A message id may also be that of what the bus said: a receipt, a card.
    """
    wanted = [MESSAGES.c.case_id == text, MESSAGES.c.message_id == text]
    number = normal_document_number(text)
    if number is not None:
        wanted.append(MESSAGES.c.document_number == number)
    query = (
        select(MESSAGES.c.case_id)
        .where(or_(*wanted))
        .order_by(MESSAGES.c.received_ms.desc())
        .limit(DECISIONS_MAX)
    )
    found = dict.fromkeys(CaseId(row.case_id) for row in connection.execute(query))
    said = connection.scalars(_SAID, {"message": text})
    found |= dict.fromkeys(map(CaseId, said))
    return tuple(found)[:MATCHES_MAX]


def case_of(connection: Connection, case_id: CaseId) -> Case | None:
    """Return a case with its duties; None when its opening message was refused."""
    return Work(connection).case(case_id)


def decisions_of(connection: Connection, case_id: CaseId) -> tuple[DecisionRow, ...]:
    """Return a case's decisions in the order in which they were made.

    Of more than DECISIONS_MAX the first half of that and the last: who is refused in a case leaves
    decisions there, and is not to hide how it began or how it stands.
    """
    last_half = DECISIONS_MAX // 2
    begin = DECISIONS_OF.order_by(DECISIONS.c.seq).limit(DECISIONS_MAX - last_half)
    first = connection.execute(begin, {"case": case_id}).all()
    if len(first) < DECISIONS_MAX - last_half:
        return tuple(map(_decision, first))
    rest = DECISIONS_OF.where(DECISIONS.c.seq > first[-1].seq)
    end = rest.order_by(DECISIONS.c.seq.desc()).limit(last_half)
    last = connection.execute(end, {"case": case_id}).all()
    return tuple(map(_decision, (*first, *reversed(last))))


def decision_count(connection: Connection, case_id: CaseId) -> int:
    """Return how many decisions a case has."""
    return int(connection.execute(DECISIONS_COUNTED, {"case": case_id}).scalar_one())


def deliveries_of(connection: Connection, case_id: CaseId) -> Iterator[DecisionRow]:
    """Yield those of a case's decisions that handed something over, the last one first.

    Whatever their number: who is refused in a case leaves a decision there, too, as often as he
    likes.
    """
    before = _SEQ_MAX
    while rows := connection.execute(_HANDED_OVER, {"case": case_id, "before": before}).all():
        yield from map(_decision, rows)
        before = rows[-1].seq


def open_duties(connection: Connection) -> tuple[tuple[CaseId, Duty], ...]:
    """Return the open duties that have begun with their cases, the one due first at the top."""
    query = (
        select(DUTIES.c.case_id, DUTIES.c.body)
        .where(DUTIES.c.open, HAS_BEGUN)
        .order_by(DUTIES.c.due_ms, DUTIES.c.duty_id)
        .limit(DUTIES_MAX)
    )
    return tuple(
        (CaseId(row.case_id), duty_from_text(row.body, None)) for row in connection.execute(query)
    )


def _decision(row: Row[Any]) -> DecisionRow:
    return DecisionRow(
        position=Position(row.topic, row.partition, row.offset),
        case_id=CaseId(row.case_id),
        message_id=MessageId(row.message_id),
        sender=OrganCode(row.sender),
        record=row.record,
        at=from_ms(row.at_ms),
        outcome=row.outcome,
        code=row.code,
        rulebook=row.rulebook,
        entry=row.entry,
    )
