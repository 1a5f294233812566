"""The whole demo without a bus: the agencies' systems and the law, in memory."""

from datetime import date

import pytest

from services.casework.case import State
from services.cli.demo_events import Answered
from services.cli.demo_play import Play
from services.cli.demo_scenarios import AGENCIES, FAULTY_REPLIES, REFUSALS, SUPERVISOR
from services.cli.demo_setting import Setting
from tests.unit.services.cli.county import RULEBOOK, START, Bus, performed


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
    assert set(State) - {State.NEW} - disputes == states


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
