"""The case of a year of guidance: opened by the bus, ended by guidance that counts, or overdue."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from schemas.disputes import GuidanceYearOpened, LinkedEffect, LinkedKind
from schemas.ids import BUS, MessageId, case_id_of, derive
from schemas.messages import HoldReason, Message, Rung, Tick
from schemas.parts import Envelope, Flow
from services.casebook.rows import DecisionRow, Position
from services.casework.case import Case, Closing, Life, State
from services.casework.decide import decide
from services.casework.effects import (
    Accept,
    CloseDuty,
    Deliver,
    Effect,
    FireRung,
    Hold,
    OpenDuty,
    Write,
)
from services.casework.guidance import case_id, opening_id
from services.casework.standstill import OF_THE_BUS_MAX, WAITING_MAX
from services.casework.steps import Facts
from services.casework.stop import Waiting
from services.cli.trace_story import story
from services.cli.trace_text import lines
from services.rulebook.guidance import GuidanceYear, guidance_years
from services.rulebook.model import Rulebook
from tests.history import (
    HANDLER,
    SENDER,
    SHANGHAI,
    SUPERVISOR,
    History,
    all_of,
    demo,
    in_state,
    is_refused,
    named,
    organ,
    refusal_of,
    the,
)

DEPARTMENT, TOWNSHIP = HANDLER, SENDER
ON_SITE = {"form": "on_site", "held_on": "2025-06-11"}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc,arg-type]


def pair(year: int = 2025, rulebook: Rulebook | None = None) -> GuidanceYear:
    wanted = (organ(DEPARTMENT), organ(TOWNSHIP))
    found = guidance_years(rulebook or demo(), year)
    return next(p for p in found if (p.department, p.township) == wanted)


def tick(when: datetime) -> Tick:
    ids = (MessageId(derive("tick", when.isoformat())), case_id(pair()))
    envelope = Envelope(demo().bus, *ids, Flow.COPIES, "Tick", BUS, when)
    return Tick(envelope, Flow.COPIES, 0)


def opened(when: datetime, rulebook: Rulebook | None = None) -> History:
    """The year's case as the Tick of that time has it opened."""
    rulebook = rulebook or demo()
    years = (pair(2025, rulebook),)
    decision = decide(None, tick(when), Facts(years=years), rulebook, when)
    history = History(rulebook=rulebook, at=when)
    history.decide(the(Write, decision.effects).record)
    return history


def given(when: datetime, **changes: Any) -> tuple[Effect, ...]:
    """What a GuidanceRecord received at that time does in its own case."""
    history = History(at=when)
    effects = history.send("guidance_record", DEPARTMENT, **{**ON_SITE, **changes})
    assert not is_refused(effects)
    return effects


def written(effects: tuple[Effect, ...]) -> list[Message]:
    return [effect.record for effect in all_of(Write, effects)]


def closing_of(case: Case) -> Closing | None:
    (duty,) = case.duties
    return duty.closing


def test_a_tick_writes_the_years_that_it_is_to_open_and_no_others() -> None:
    years = guidance_years(demo(), 2025)[:3]
    decision = decide(None, tick(at(2025, 1, 1)), Facts(years=years), demo(), at(2025, 1, 1))
    assert decision.case is None
    found = written(decision.effects)
    assert [type(each) for each in found] == [GuidanceYearOpened] * 3
    assert [each.envelope.message_id for each in found] == list(map(opening_id, years))
    assert [each.envelope.case_id for each in found] == list(map(case_id, years))
    nothing = decide(None, tick(at(2025, 1, 1)), Facts(), demo(), at(2025, 1, 1))
    assert nothing.effects == ()


def test_the_year_is_on_the_books_and_nobody_is_written_to() -> None:
    history = opened(at(2025, 1, 1, 0, 0, 4))
    case = history.opened
    assert (case.life, case.state) == (Life.GUIDANCE_YEAR, State.OWED)
    (duty,) = case.duties
    assert (duty.kind, duty.owner, duty.counterpart) == (
        "yearly_guidance",
        organ(DEPARTMENT),
        organ(TOWNSHIP),
    )
    assert (duty.opened_at, duty.due) == (at(2025, 1, 1), at(2026, 1, 1))
    effects = History(at=history.at).decide(next(iter(history.sent.values())))
    assert named(effects) == ["ChangeState", "OpenDuty", "Accept"]
    assert the(Accept, effects).quiet
    assert all_of(Deliver, effects) == []
    assert case.knows(organ(DEPARTMENT))
    assert case.knows(organ(TOWNSHIP))


def test_a_year_that_has_begun_is_opened_from_its_first_day_whenever_the_bus_comes() -> None:
    (duty,) = opened(at(2025, 11, 26, 2, 0)).opened.duties
    assert duty.opened_at == at(2025, 1, 1)


def test_a_year_is_opened_once() -> None:
    history = opened(at(2025, 1, 1))
    (opening,) = history.sent.values()
    before = history.opened
    assert refusal_of(history.decide(opening)) == "case.already_open"
    assert history.opened == before


def devolved_from(first: date) -> Rulebook:
    """The demo in which the department devolved nothing to the township before that day."""
    rules = tuple(
        replace(rule, valid_from=first) if rule.id == "S-085" else rule
        for rule in demo().rules
        if rule.mode.value != "devolved" or rule.id == "S-085"
    )
    return replace(demo(), rules=rules)


def test_what_will_be_devolved_later_in_the_year_begins_by_itself_on_that_day() -> None:
    rulebook = devolved_from(date(2025, 9, 1))
    history = opened(at(2025, 1, 1, 0, 0, 4), rulebook)
    (duty,) = history.opened.duties
    assert (duty.wakes_at, duty.next_rung, duty.closing) == (at(2025, 9, 1), None, None)
    begun = the(OpenDuty, history.tick(at(2025, 9, 1, 0, 0, 3)))
    assert (begun.duty.opened_at, begun.duty.begins_at) == (at(2025, 9, 1), None)


def test_12_devolved_in_mid_october_it_is_waived_on_the_books() -> None:
    history = opened(at(2025, 10, 15, 0, 0, 4), devolved_from(date(2025, 10, 15)))
    assert closing_of(history.opened) is Closing.WAIVED
    (opening,) = history.sent.values()
    effects = History(rulebook=history.rulebook, at=history.at).decide(opening)
    assert named(effects) == ["ChangeState", "OpenDuty", "CloseDuty", "Accept"]
    assert the(OpenDuty, effects).duty.closing is None
    assert all_of(FireRung, history.tick(at(2026, 2, 28, 12, 0))) == []


def test_a_year_that_the_rulebook_has_lost_meanwhile_was_in_force_on_no_day() -> None:
    (opening,) = opened(at(2025, 1, 1)).sent.values()
    without = tuple(rule for rule in demo().rules if rule.mode.value != "devolved")
    history = History(rulebook=replace(demo(), rules=without), at=at(2025, 1, 1, 0, 1))
    history.decide(opening)
    assert closing_of(history.opened) is Closing.WAIVED


def test_12_the_cards_come_on_the_first_working_day_of_january_and_three_days_later() -> None:
    history = opened(at(2025, 1, 1))
    fired = [
        (effect.rung, when)
        for when in (at(2025, 12, 30, 9), at(2026, 1, 3, 23), at(2026, 1, 4, 9), at(2026, 1, 7, 9))
        for effect in all_of(FireRung, history.tick(when))
    ]
    assert fired == [
        (Rung.REMINDER, at(2025, 12, 30, 9)),
        (Rung.YELLOW, at(2026, 1, 4, 9)),
        (Rung.RED, at(2026, 1, 7, 9)),
    ]


def test_12_guidance_that_counts_opens_its_year_and_tells_it() -> None:
    effects = given(at(2025, 6, 12, 10, 0))
    opening, told = written(effects)
    assert isinstance(opening, GuidanceYearOpened)
    assert isinstance(told, LinkedEffect)
    assert told.kind is LinkedKind.GUIDANCE_GIVEN
    assert (opening.envelope.message_id, opening.year) == (opening_id(pair()), 2025)
    assert told.envelope.in_reply_to == opening.envelope.message_id
    assert {each.envelope.case_id for each in (opening, told)} == {case_id(pair())}
    assert {each.envelope.flow for each in (opening, told)} == {Flow.COPIES}
    assert told.cause_case == case_id_of(told.organ, told.cause)
    by_tick = next(iter(opened(at(2025, 1, 1)).sent.values()))
    own = replace(opening, envelope=replace(opening.envelope, sent_at=by_tick.envelope.sent_at))
    assert own == by_tick  # whoever writes it, it is the same message


@pytest.mark.parametrize(
    "changes",
    [
        {"form": "document"},
        {"held_on": "2025-06-13"},
        {"place": "520203110000"},
        {"place": None, "form": "seminar"},
    ],
)
def test_12_documents_guidance_elsewhere_and_what_is_yet_to_come_end_nothing(
    changes: dict[str, Any],
) -> None:
    assert written(given(at(2025, 6, 12, 10, 0), **changes)) == []


@pytest.mark.guidance(
    "二(五)·1", "function services.casework.guidance:guidance_ended", words="不少于1次"
)
def test_12_the_duty_is_met_by_when_the_bus_received_the_guidance() -> None:
    history = opened(at(2025, 1, 1))
    _, told = written(given(at(2025, 12, 31, 23, 58), held_on="2025-12-31"))
    history.at = at(2026, 1, 1, 0, 0, 3)  # the effect came a moment after the year
    effects = history.decide(told)
    assert the(CloseDuty, effects).closing is Closing.MET
    assert history.opened.state is State.GUIDED
    assert all_of(FireRung, history.tick(at(2026, 2, 1, 9, 0))) == []


def test_12_given_within_the_year_and_sent_in_january_it_is_late_and_the_ladder_stops() -> None:
    history = opened(at(2025, 1, 1))
    history.tick(at(2026, 1, 4, 9, 0))
    _, told = written(given(at(2026, 1, 5, 10, 0), held_on="2025-12-20"))
    history.at = at(2026, 1, 5, 10, 0, 1)
    assert the(CloseDuty, history.decide(told)).closing is Closing.LATE
    assert all_of(FireRung, history.tick(at(2026, 2, 1, 9, 0))) == []


def of_the_bus(history: History) -> Message:
    """The next LinkedEffect of the case, as the bus writes it."""
    told = history.next("linked_effect", HANDLER, kind="guidance_given")
    return replace(told, envelope=replace(told.envelope, sender=BUS))


def test_what_the_bus_tells_a_frozen_year_waits_also_when_an_organ_s_message_could_not() -> None:
    history = in_state(State.OWED, Life.GUIDANCE_YEAR)
    history.freeze(history.next("breach_annotation", HANDLER))
    waits = Waiting(history.opened.opening, BUS, history.at)
    history.case = replace(history.opened, waiting=(waits,) * WAITING_MAX)
    assert refusal_of(history.send("supervision_letter", SUPERVISOR)) == "case.too_many_waiting"
    assert the(Hold, history.decide(of_the_bus(history))).reason is HoldReason.WAITING
    history.case = replace(history.opened, waiting=(waits,) * (WAITING_MAX + OF_THE_BUS_MAX))
    assert refusal_of(history.decide(of_the_bus(history))) == "case.too_many_waiting"


def test_a_second_guidance_changes_nothing_that_is_owed() -> None:
    history = in_state(State.GUIDED, Life.GUIDANCE_YEAR)
    before = history.opened
    effects = history.send("linked_effect", HANDLER, kind="guidance_given")
    assert named(effects) == ["Accept"]
    assert history.opened == before


def test_guidance_told_to_a_case_of_another_life_is_refused() -> None:
    history = in_state(State.ISSUED)
    before = history.opened
    refused = history.send("linked_effect", HANDLER, kind="guidance_given")
    assert refusal_of(refused) == "step.not_allowed"
    assert history.opened == before


def test_a_year_that_froze_on_its_opening_is_opened_when_it_is_settled() -> None:
    history = in_state(State.NEW, Life.GUIDANCE_YEAR)
    (opening, *_) = history.sent.values()
    effects = history.decide(opening)
    assert not is_refused(effects)
    assert history.opened.state is State.OWED


def test_what_is_no_longer_owed_is_waived_once_and_what_was_met_stays_met() -> None:
    short = {"kind": "guidance_short"}
    history = opened(at(2025, 1, 1))
    effects = history.send("linked_effect", HANDLER, **short)
    assert the(CloseDuty, effects).closing is Closing.WAIVED
    assert history.opened.state is State.OWED
    assert named(history.send("linked_effect", HANDLER, **short)) == ["Accept"]
    guided = in_state(State.GUIDED, Life.GUIDANCE_YEAR)
    assert named(guided.send("linked_effect", HANDLER, **short)) == ["Accept"]
    assert closing_of(guided.opened) is not Closing.WAIVED


def test_a_tick_tells_the_years_that_are_too_short_so() -> None:
    facts = Facts(shortened=(pair(),))
    (told,) = written(decide(None, tick(at(2025, 2, 1)), facts, demo(), at(2025, 2, 1)).effects)
    assert isinstance(told, LinkedEffect)
    assert (told.kind, told.organ) == (LinkedKind.GUIDANCE_SHORT, BUS)
    assert told.envelope.in_reply_to == opening_id(pair())


def test_trace_says_whom_the_guidance_is_owed() -> None:
    history = opened(at(2025, 1, 1))
    (duty,) = history.opened.duties
    organs = demo().directory.organs
    row = DecisionRow(
        position=Position("copies", 0, 1),
        case_id=history.opened.id,
        message_id=opening_id(pair()),
        sender=BUS,
        record="GuidanceYearOpened",
        at=history.at,
        outcome="accepted",
        code=None,
        rulebook="",
        entry="{}",
    )
    told = "\n".join(lines(story(history.opened, [row], demo().directory)))
    assert f"({organs[duty.counterpart].name})" in told
