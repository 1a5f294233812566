"""The whole demo without a bus: the agencies' systems and the law, in memory."""

from collections import Counter
from datetime import date

import pytest

from schemas.ids import CaseId
from schemas.sharing import Copy
from services.casework.case import Closing, State
from services.cli.demo_events import Answered, Arrived
from services.cli.demo_play import Play
from services.cli.demo_scenarios import AGENCIES, FAULTY_REPLIES, REFUSALS, SUPERVISOR
from services.cli.demo_setting import Setting
from services.rulebook.model import OrganType
from tests.unit.services.cli.county import RULEBOOK, START, Bus, performed

CUSTODY = {"handover", "custody_check", "settle_discrepancy", "return_custody"}


@pytest.fixture(scope="module")
def played() -> tuple[Play, Bus]:
    """One whole run."""
    bus = Bus()
    return performed(bus), bus


def test_every_story_ends_as_it_is_told(played: tuple[Play, Bus]) -> None:
    play, _ = played
    assert [story.wrong for story in play.wrong()] == []
    assert [story.number for story in play.unfinished()] == []


def test_each_unlawful_message_comes_back_with_its_code(played: tuple[Play, Bus]) -> None:
    play, _ = played
    codes = {story.scenario.twist: code for story, _, code in play.refused()}
    assert codes == {**REFUSALS, **FAULTY_REPLIES}


def test_cases_end_in_every_way(played: tuple[Play, Bus]) -> None:
    _, bus = played
    states = {case.state for case in bus.cases.values()}
    disputes = {State.DISPUTED, State.REFERRED, State.DESIGNATED}  # the county proof plays these
    unlived = {State.NEW, State.OWED}  # a year of guidance that nothing ends is opened by Ticks
    assert set(State) - unlived - disputes == states


def test_a_copy_about_a_devolved_matter_goes_to_each_township_that_has_it(
    played: tuple[Play, Bus],
) -> None:
    _, bus = played
    organs = RULEBOOK.directory.organs
    reached = Counter(
        str(message.category)
        for message in bus.messages.values()
        if isinstance(message, Copy) and message.matters == ("CG-002",)
        for duty in bus.cases[message.envelope.case_id].duties
        if organs[duty.owner].type is OrganType.TOWNSHIP
    )
    assert reached == {"administrative_decisions": 18, "dynamics": 18}


def test_the_late_department_gets_its_yellow_card_and_the_sender_hears_of_it(
    played: tuple[Play, Bus],
) -> None:
    play, _ = played
    assert play.warned_at is not None
    assert play.got["yanjiao"]["DutyNotice"] == 1


def test_every_agency_gets_transfers_and_answers(played: tuple[Play, Bus]) -> None:
    play, _ = played
    for alias in set(AGENCIES) - {SUPERVISOR}:
        got = play.got[alias]
        assert got["LeadTransfer"] + got["CaseTransfer"] > 0
        assert got["FilingReply"] > 0
        assert got["OutcomeFeedback"] > 0


def test_a_second_run_on_the_same_bus_collides_with_nothing() -> None:
    bus = Bus()
    performed(bus, run=1)
    second = performed(bus, run=2)
    assert [story.wrong for story in second.wrong()] == []
    assert not second.unfinished()


def test_an_answer_that_the_story_does_not_tell_is_noticed() -> None:
    play = Play(Setting(RULEBOOK, 1, date(2026, 9, 28)))
    drop = next(iter(play.opening()))
    answer = Answered(drop.alias, drop.name, "rejected", "organ.unknown", None, None)
    assert not list(play.react(answer, START))
    assert "organ.unknown" in play.wrong()[0].wrong


def test_what_belongs_to_an_earlier_run_is_left_alone() -> None:
    play = Play(Setting(RULEBOOK, 2, date(2026, 9, 28)))
    earlier = Answered("yanjiao", "001-001-transfer", "rejected", "organ.unknown", None, None)
    assert not list(play.react(earlier, START))
    assert not play.wrong()


def test_what_goes_with_a_letter_is_there_and_counted_before_it_is_filed(
    played: tuple[Play, Bus],
) -> None:
    play, bus = played
    ended = {
        story.case_id: story for story in play.stories.values() if "file" in story.scenario.steps
    }
    left = [
        (duty.kind, story.number)
        for case_id, story in ended.items()
        for duty in bus.cases[CaseId(case_id or "")].duties
        if duty.closing is None and duty.kind in CUSTODY
    ]
    assert left == []
    custodies = [bus.cases[CaseId(case_id or "")].custody for case_id in ended]
    assert all(each is None or each.settled_at is not None for each in custodies)
    assert sum(each is not None for each in custodies) > 40


def test_handovers_stay_open_only_where_nobody_has_signed_or_decided(
    played: tuple[Play, Bus],
) -> None:
    _, bus = played
    states = {
        case.state
        for case in bus.cases.values()
        for duty in case.duties
        if duty.kind in CUSTODY and duty.closing is None
    }
    assert states <= {State.ISSUED, State.RECEIVED}


def test_a_page_short_is_settled_and_what_is_not_filed_is_handed_back(
    played: tuple[Play, Bus],
) -> None:
    _, bus = played
    kinds = Counter(type(message).__name__ for message in bus.messages.values())
    assert kinds["CustodySettlement"] == 2
    closed = Counter(
        (duty.kind, duty.closing)
        for case in bus.cases.values()
        for duty in case.duties
        if duty.kind in CUSTODY
    )
    assert closed["settle_discrepancy", Closing.MET] == 2
    assert closed["return_custody", Closing.MET] == 1
    assert not any(closing is Closing.LATE for _, closing in closed)


def test_a_sender_hands_over_only_when_it_has_seen_that_it_was_signed_for() -> None:
    play, bus = Play(Setting(RULEBOOK, 1, date(2026, 9, 28))), Bus()
    bus.take(next(iter(play.opening())))
    scenario = play.stories[1].scenario
    (signing,) = [drop for event in list(bus.events) for drop in play.react(event, START)]
    assert (signing.alias, signing.document["record"]) == (scenario.receiver, "signed_for")
    bus.events.clear()
    bus.take(signing)
    receipts = [event for event in bus.events if isinstance(event, Answered)]
    arrivals = [event for event in bus.events if isinstance(event, Arrived)]
    assert [drop for event in receipts for drop in play.react(event, START)] == []
    (handing,) = [drop for event in arrivals for drop in play.react(event, START)]
    assert (handing.alias, handing.document["record"]) == (scenario.sender, "custody_handover")
