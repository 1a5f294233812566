"""A case and its duties become text and come back the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.ids import (
    CaseId,
    DivisionCode,
    DutyId,
    MatterCode,
    MessageId,
    OrganCode,
    RuleId,
)
from schemas.messages import HoldReason, Rung, Stage
from schemas.parts import Flow, Relation
from services.casebook.rows import (
    case_from_text,
    case_to_text,
    duty_from_text,
    duty_to_text,
    end_to_text,
    from_ms,
    to_ms,
)
from services.casework.case import Case, Charge, Closing, Duty, Handed, PlannedRung, State
from services.casework.stop import Stop, Waiting
from services.casework.term import Term
from services.rulebook.model import Ladder, Length, RungDays, Unit
from tests.history import in_state

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8), "Asia/Shanghai")])
TEXT = st.text(max_size=12)
TIMES = st.builds(
    lambda ms, zone: from_ms(ms).astimezone(zone), st.integers(0, 4_102_444_800_000), ZONES
)
DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
MESSAGES, ORGANS = TEXT.map(MessageId), TEXT.map(OrganCode)
RUNGS = st.builds(PlannedRung, st.sampled_from(Rung), TIMES, st.none() | TIMES)
LENGTHS = st.builds(Length, st.integers(0, 99), st.sampled_from(Unit))
LADDERS = st.builds(
    Ladder,
    name=TEXT,
    hour=st.times(),
    reminder_lead=LENGTHS,
    reminder_lead_hours=LENGTHS,
    yellow_after=LENGTHS,
    red_after=LENGTHS,
    supervision_after=LENGTHS,
    rung_days=st.sampled_from(RungDays),
)
TERMS = st.builds(
    Term,
    length=LENGTHS,
    roll=st.booleans(),
    ladder=LADDERS,
    calendar=TEXT,
    last_day=st.none() | DAYS,
    since=st.none() | TIMES,
)
DUTIES = st.builds(
    Duty,
    id=TEXT.map(DutyId),
    kind=TEXT,
    message=MESSAGES,
    owner=ORGANS,
    counterpart=ORGANS,
    opened_at=TIMES,
    due=TIMES,
    provisional=st.booleans(),
    basis=TEXT,
    ladder=st.lists(RUNGS, max_size=4).map(tuple),
    closed_at=st.none() | TIMES,
    closing=st.none() | st.sampled_from(Closing),
    term=st.none() | TERMS,
)
HANDED = st.builds(
    Handed,
    message=MESSAGES,
    record=TEXT,
    author=ORGANS,
    to=ORGANS,
    relation=st.sampled_from(Relation),
    at=TIMES,
    delivered_at=st.none() | TIMES,
    signed_at=st.none() | TIMES,
    signature=st.none() | TEXT,
)
CHARGES = st.builds(
    Charge,
    number=st.integers(1, 99),
    matter=TEXT.map(MatterCode),
    place=TEXT.map(DivisionCode),
    act_on=DAYS,
    found_on=DAYS,
)
CASES = st.builds(
    Case,
    id=TEXT.map(CaseId),
    flow=st.sampled_from(Flow),
    sender=ORGANS,
    opening=MESSAGES,
    opened_at=TIMES,
    state=st.sampled_from(State),
    handler=st.none() | ORGANS,
    rule=st.none() | TEXT.map(RuleId),
    document_number=st.none() | TEXT,
    filed_on=st.none() | DAYS,
    charges=st.lists(CHARGES, max_size=3).map(tuple),
    stages=st.lists(st.sampled_from(Stage), max_size=3).map(tuple),
    duties=st.lists(DUTIES, max_size=3).map(tuple),
    handed=st.lists(HANDED, max_size=3).map(tuple),
    stop=st.none()
    | st.builds(Stop, MESSAGES, ORGANS, st.sampled_from(HoldReason), TEXT, TIMES, st.booleans()),
    waiting=st.lists(st.builds(Waiting, MESSAGES, ORGANS, TIMES, st.booleans()), max_size=3).map(
        tuple
    ),
)


@settings(deadline=None, max_examples=200)
@given(CASES)
def test_a_case_comes_back_with_its_duties(case: Case) -> None:
    back = case_from_text(case_to_text(case), case.duties)
    assert back == case
    assert case_to_text(back) == case_to_text(case)


@settings(deadline=None, max_examples=200)
@given(DUTIES)
def test_a_duty_comes_back_and_its_times_are_written_the_same_again(duty: Duty) -> None:
    back = duty_from_text(duty_to_text(duty), end_to_text(duty))
    assert back == duty
    assert duty_to_text(back) == duty_to_text(duty)
    assert back.due.isoformat() == duty.due.isoformat()  # the journal writes it so


@settings(deadline=None, max_examples=200)
@given(DUTIES)
def test_a_duty_s_text_is_plain_json_whatever_is_remembered_of_terms(duty: Duty) -> None:
    plain = TypeAdapter(Duty).validate_json(duty_to_text(duty))
    assert plain == replace(duty, closed_at=None, closing=None)
    assert duty_from_text(duty_to_text(duty), end_to_text(duty)) == duty


@settings(deadline=None, max_examples=200)
@given(DUTIES)
def test_a_duty_that_was_written_whole_its_term_in_the_middle_is_read(duty: Duty) -> None:
    before = TypeAdapter(Duty).dump_json(duty).decode()
    assert len(duty_to_text(duty)) < len(before)
    assert duty_from_text(before, None) == duty


def test_terms_of_one_instant_in_two_zones_are_written_each_in_its_own() -> None:
    at = datetime(2026, 9, 21, 2, tzinfo=UTC)
    duty = in_state(State.ISSUED).opened.duties[0]
    assert duty.term is not None
    zones = (UTC, timezone(timedelta(hours=8)))
    texts = [
        duty_to_text(replace(duty, term=replace(duty.term, since=at.astimezone(zone))))
        for zone in zones
    ]
    assert '"since":"2026-09-21T02:00:00Z"' in texts[0]
    assert '"since":"2026-09-21T10:00:00+08:00"' in texts[1]


def test_a_duty_from_before_terms_were_kept_is_read() -> None:
    duty = replace(in_state(State.ISSUED).opened.duties[0], term=None)
    for text in (duty_to_text(duty), TypeAdapter(Duty).dump_json(duty, exclude={"term"}).decode()):
        assert '"term"' not in text
        assert duty_from_text(text, None) == duty


@given(CASES)
@settings(deadline=None, max_examples=20)
def test_the_case_s_own_text_holds_no_duty(case: Case) -> None:
    assert case_from_text(case_to_text(case), ()).duties == ()


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_come_back(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


def test_an_instant_is_the_same_number_in_every_zone() -> None:
    at = datetime(2026, 9, 21, 2, 1, 0, 7_000, tzinfo=UTC)
    assert to_ms(at) == to_ms(at.astimezone(timezone(timedelta(hours=8)))) == 1_789_956_060_007
