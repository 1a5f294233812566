"""The demo's other stories: what they are made of, and what each spoilt letter comes back with."""

from dataclasses import replace

import pytest

from schemas.messages import NotFiledGround
from schemas.parts import Flow
from schemas.sharing import ContentCategory
from schemas.topics import BY_SNAKE, RECORDS
from services.casework.lives import LIFE_OF
from services.cli.demo_errand_play import ErrandPlay
from services.cli.demo_errands import ALL, Errand, errands
from services.cli.demo_events import Answered
from services.cli.demo_faults import FAULTS, spoilt
from services.cli.demo_letters import addressees, opening
from services.cli.demo_scenarios import AGENCIES, LATE_DEPARTMENT
from services.cli.demo_setting import SERIES_PER_RUN, Setting
from services.rulebook.model import OrganType
from tests.unit.services.cli.county import RULEBOOK, START, Bus, performed
from tests.unit.services.cli.test_demo_documents import SETTING, lawful

ERRANDS = errands()


@pytest.mark.parametrize("errand", ERRANDS, ids=lambda one: f"{one.number}-{one.opening.name}")
def test_each_opening_is_lawful_in_form_before_it_is_spoilt(errand: Errand) -> None:
    if errand.opening.fault not in {"guidance.not_a_department", "guidance.not_a_township"}:
        lawful(opening(errand, SETTING), errand.sender)


# Joint enforcement is not played in the demo: tests/scenarios plays it.
NOT_PLAYED = {"joint_plan", "consultation", "guidance_year_opened"}  # the last: the bus's own


def test_they_open_cases_on_every_flow_and_of_every_record_that_opens_one() -> None:
    records = {errand.record for errand in ERRANDS}
    assert records == {RECORDS[name].snake for name in LIFE_OF} - NOT_PLAYED
    assert {BY_SNAKE[record].opens for record in records} == set(Flow)


def test_copies_and_circulars_are_of_all_nine_categories() -> None:
    told = {one.opening.variant for one in ERRANDS if one.opening.name in {"copy", "circular"}}
    assert told == set(ContentCategory) - {ContentCategory.UNKNOWN}


def test_one_circular_goes_to_every_township_and_twenty_organs_more() -> None:
    errand = next(one for one in ERRANDS if one.receivers == (ALL,))
    types = [RULEBOOK.directory.organs[code].type for code in addressees(errand, SETTING)]
    assert types.count(OrganType.TOWNSHIP) == 18
    assert len(types) - 18 >= 20
    assert SETTING.organ(errand.sender).code not in addressees(errand, SETTING)


def test_who_acts_has_a_system_and_numbers_stay_within_a_run() -> None:
    acts = [act for one in ERRANDS for act in (one.opening, *one.steps)]
    assert {act.by for act in acts} == set(AGENCIES)
    assert LATE_DEPARTMENT not in {alias for one in ERRANDS for alias in one.receivers}
    assert max(one.number for one in ERRANDS) < SERIES_PER_RUN


def test_every_way_of_spoiling_a_letter_is_told_and_every_one_that_is_told_is_there() -> None:
    told = {act.fault for one in ERRANDS for act in (one.opening, *one.steps) if act.fault}
    assert told == set(FAULTS)


def test_each_spoilt_letter_comes_back_with_its_code() -> None:
    play = performed(Bus())
    came = {act.fault for told in play.errands.stories.values() for act, _ in told.refused}
    assert came == set(FAULTS)


def test_a_spoiling_changes_lists_item_by_item_and_takes_keys_away() -> None:
    document = {"answers": [{"number": 1, "ground": NotFiledGround.NO_FACTS}, {"number": 2}]}
    assert spoilt(document, "filing.ground_missing", SETTING) == {
        "answers": [{"number": 1}, {"number": 2}]
    }
    foreign = spoilt({}, "transfer.officers_foreign", SETTING)["envelope"]["officers"]
    assert {officer["organ"] for officer in foreign} == {SETTING.organ("liuzhi-cgj").code}


def test_an_answer_that_the_story_does_not_tell_ends_it_as_wrong() -> None:
    play = ErrandPlay(Setting(RULEBOOK, 1, SETTING.today))
    drop = next(iter(play.opening()))
    answer = Answered(drop.alias, drop.name, "rejected", "organ.unknown", None, None)
    assert not list(play.answered(answer, START))
    story = play.stories[int(drop.name.split("-")[1])]
    assert "organ.unknown" in story.wrong
    assert not list(play.answered(replace(answer, state="accepted"), START))
