"""What is read of the casebook for the supervisor's figures, and what is left."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from schemas.ids import CaseId, DutyId, MessageId, OrganCode
from schemas.parts import Flow
from services.casebook.rows import (
    case_from_text,
    case_to_text,
    duty_from_text,
    duty_to_text,
    end_to_text,
    to_ms,
)
from services.casebook.store import open_in_memory
from services.casebook.tables import CASES, DECISIONS, DUTIES
from services.casework.case import Case, Closing, Duty, State
from services.cli import statistics_read
from services.cli.statistics_items import Item, Period, of_duty
from services.cli.statistics_read import CASE, items_in
from services.rulebook.calendar import ZONE
from services.rulebook.guidance import KIND as YEARLY
from tests.office import statements

CASE_ID = CaseId("a case")
OCTOBER = datetime(2026, 10, 1, tzinfo=ZONE)
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 9, 30), OCTOBER)
DUTY = Duty(
    id=DutyId("a duty"),
    kind="sign_for",
    message=MessageId("a message"),
    owner=OrganCode("an organ"),
    counterpart=OrganCode("another"),
    opened_at=datetime(2025, 1, 2, tzinfo=UTC),
    due=OCTOBER,
    provisional=False,
    basis="",
)
AROUND = tuple(
    midnight + timedelta(hours=hours)
    for midnight in (SEPTEMBER.start, OCTOBER, SEPTEMBER.start - timedelta(days=400))
    for hours in (-60, -30, -1, 0, 1, 30)
)
LONG_OVER = replace(
    DUTY,
    due=SEPTEMBER.start - timedelta(days=20),
    closed_at=SEPTEMBER.start - timedelta(days=10),
    closing=Closing.LATE,
)


def duties() -> Iterator[Duty]:
    """Due and ended at each time around the month, told of in one zone or another; or not ended."""
    zones = (UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)))
    for kind, due in product(("sign_for", "joint_outcome", YEARLY), AROUND):
        duty = replace(DUTY, kind=kind, due=due)
        yield duty
        yield replace(duty, closing=Closing.SUPERSEDED)  # at no time that is known
        for at, zone, closing in product(AROUND, zones, (Closing.MET, Closing.LATE)):
            yield replace(duty, closed_at=at.astimezone(zone), closing=closing)


@pytest.fixture
def connection() -> Iterator[Connection]:
    casebook = open_in_memory()
    with casebook.engine.begin() as opened:
        opened.execute(
            CASES.insert().values(
                seq=1, case_id=CASE_ID, topic="leads", partition=0, state="sent", waiting=0, body=""
            )
        )
        yield opened
    casebook.close()


def put(connection: Connection, *several: Duty, is_of_before: bool = False) -> None:
    """Write duties; of before, how one ended stood in its body alone."""
    rows = [
        {
            "case_seq": 1,
            "position": position,
            "duty_id": duty.id,
            "case_id": CASE_ID,
            "kind": duty.kind,
            "owner": duty.owner,
            "due_ms": to_ms(duty.due),
            "open": duty.closing is None,
            "body": duty_to_text(duty),
            "ended": None if is_of_before else end_to_text(duty),
        }
        for position, duty in enumerate(several)
    ]
    connection.execute(DUTIES.insert(), rows)


def test_a_case_is_found_without_a_look_at_all_of_them() -> None:
    casebook = open_in_memory()
    with casebook.engine.connect() as connection:
        told = CASE.params(id="a").compile(casebook.engine, compile_kwargs={"literal_binds": True})
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {told}")).all()
    casebook.close()
    assert [row.detail.split()[0] for row in plan] == ["SEARCH", "SEARCH"]


def test_no_duty_that_shows_in_a_month_is_left_out_whenever_it_was_due_and_ended(
    connection: Connection,
) -> None:
    every = tuple(duties())
    put(connection, *every)
    shown: list[Item] = []
    for duty in every:
        shown += of_duty(CASE_ID, duty, SEPTEMBER, None)
    assert len({item.figure for item in shown}) == 7
    found = list(items_in(connection, SEPTEMBER))
    # Numbers, not the lists: of thousands, pytest takes minutes to say where they differ.
    assert (len(found), len(set(shown) - set(found))) == (len(shown), 0)


def test_what_was_due_and_ended_before_the_month_is_not_read(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Duty] = []

    def noted(body: str, ended: str | None) -> Duty:
        read.append(duty_from_text(body, ended))
        return read[-1]

    monkeypatch.setattr(statistics_read, "duty_from_text", noted)
    still_open = replace(DUTY, due=LONG_OVER.due)
    put(connection, LONG_OVER, still_open, LONG_OVER)
    assert [item.figure for item in items_in(connection, SEPTEMBER)] == ["open", "overdue"]
    assert read == [still_open]


def test_where_only_its_body_says_how_a_duty_ended_it_is_read(connection: Connection) -> None:
    put(connection, LONG_OVER, is_of_before=True)
    row = connection.execute(DUTIES.select()).one()
    in_its_body = row.body[:-1] + f',"closed_at":"{OCTOBER - timedelta(days=1)}","closing":"late"}}'
    connection.execute(DUTIES.update().values(body=in_its_body))
    assert [item.figure for item in items_in(connection, SEPTEMBER)] == ["time_to_sign"]


def put_cases(connection: Connection, seqs: Iterable[int], opened_at: datetime = OCTOBER) -> None:
    """Notices of violations, found an hour before they were opened."""
    found_at = opened_at - timedelta(hours=1)
    body = Case(
        id=CASE_ID,
        flow=Flow.NOTIFICATIONS,
        sender=DUTY.owner,
        opening=DUTY.message,
        opened_at=opened_at,
        state=State.ISSUED,
        found_at=found_at,
    )
    rows = [
        {"seq": seq, "case_id": f"{seq}", "topic": body.flow, "partition": 0, "state": body.state}
        | {"waiting": 0, "body": case_to_text(body)}
        for seq in seqs
    ]
    connection.execute(CASES.insert(), rows)


def refused(seq: int, at: datetime) -> dict[str, Any]:
    """Return a decision by which a letter was refused."""
    effect = {"effect": "rejected", "to": "an organ", "refusal": {"code": f"{seq}"}, "message": "m"}
    entry = {"at": at.isoformat(), "case": CASE_ID, "effects": [effect]}
    row = {"seq": seq, "topic": "leads", "partition": 0, "offset": seq, "case_id": CASE_ID}
    row |= {"message_id": "m", "sender": "an organ", "record": "LeadTransfer", "at_ms": to_ms(at)}
    return row | {"outcome": "rejected", "rulebook": "", "entry": json.dumps(entry)}


def test_no_statement_finds_more_than_a_portion_however_much_a_year_holds(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics_read, "CASES_AT_ONCE", 2)
    monkeypatch.setattr(statistics_read, "DECISIONS_AT_ONCE", 3)
    put_cases(connection, [2, 4, 5, 9])  # numbers have gaps
    put(connection, DUTY)
    row = connection.execute(select(DUTIES)).one()._asdict()
    connection.execute(DUTIES.insert(), [row | {"case_seq": seq} for seq in (2, 4, 5, 9)])
    day = SEPTEMBER.start + timedelta(days=9)
    decided = [refused(seq, day) for seq in (7, 8, 9, 10, 11, 17)]
    connection.execute(DECISIONS.insert(), [*decided, refused(12, OCTOBER), refused(13, OCTOBER)])
    with statements(connection) as run:
        found = list(items_in(connection, SEPTEMBER))
    codes = [item.detail for item in found if item.figure == "refused"]
    assert codes == ["7", "8", "9", "10", "11", "17"]
    assert sum(item.figure == "open" for item in found) == 5
    assert sum("duties.body" in each for each in run) == 5  # 1-2, 3-4, 5-6, 7-8, 9
    assert sum("decisions.entry" in each for each in run) == 4  # 7-9, 10-12, 13-15, 16-17


def test_a_notice_of_another_month_is_not_opened(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(body: str, duties: tuple[Duty, ...]) -> Case:
        read.append(body)
        return case_from_text(body, duties)

    monkeypatch.setattr(statistics_read, "case_from_text", noted)
    put_cases(connection, [2, 3], SEPTEMBER.start - timedelta(milliseconds=1))
    put_cases(connection, [4, 5], SEPTEMBER.start)
    put_cases(connection, [6, 7], OCTOBER)
    found = list(items_in(connection, SEPTEMBER))
    assert [(item.figure, item.seconds) for item in found] == [("notify_delay", 3600)] * 2
    assert len(read) == 2


def test_an_empty_casebook_has_no_items(connection: Connection) -> None:
    connection.execute(CASES.delete())
    assert list(items_in(connection, SEPTEMBER)) == []
