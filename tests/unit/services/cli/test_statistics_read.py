"""What is read of the casebook for the supervisor's figures, and what is left."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product

import pytest
from sqlalchemy import Connection, text

from schemas.ids import CaseId, DutyId, MessageId, OrganCode
from services.casebook.rows import duty_from_text, duty_to_text, end_to_text, to_ms
from services.casebook.store import open_in_memory
from services.casebook.tables import CASES, DUTIES
from services.casework.case import Closing, Duty
from services.cli import statistics_read
from services.cli.statistics_items import Item, Period, of_duty
from services.cli.statistics_read import CASE, items_in
from services.rulebook.calendar import ZONE
from services.rulebook.guidance import KIND as YEARLY

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
