"""The ladder: each rung exactly once, in order, at its hour; nothing after completion."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import Rung, SettleAction
from services.casework.case import Closing, State
from services.casework.effects import CloseDuty, FireRung
from tests.history import (
    HANDLER,
    SENDER,
    SHANGHAI,
    SUPERIOR,
    SUPERVISOR,
    History,
    all_of,
    demo,
    duties,
    in_state,
    organ,
    the,
    violation,
)
from tests.law.wording import NOT_OURS, OURS, STATISTICS

GOVERNMENT = "liuzhi-gov"


def day(month: int, of_month: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, of_month, hour, minute, tzinfo=SHANGHAI)


# The lead of 21 September 10:01 is to be signed for on the 22nd. The reminder's 09:00 of the 21st
# was before it came; 25 September is 中秋, 1 to 7 October 国庆, 10 October a workday.
YELLOW, RED, SUPERVISION = day(9, 23), day(9, 29), day(10, 14)


def fired(history: History, at: datetime) -> list[tuple[str, Rung]]:
    return [(effect.duty.kind, effect.rung) for effect in all_of(FireRung, history.tick(at))]


@pytest.mark.guidance(
    "三(一)·1", "rung yellow", words="切实加强对行政执法协调协作工作的领导", note=OURS
)
def test_each_rung_fires_at_its_time_and_not_a_moment_before() -> None:
    history = in_state(State.ISSUED)
    moment = timedelta(milliseconds=1)
    for at, rung in ((YELLOW, Rung.YELLOW), (RED, Rung.RED), (SUPERVISION, Rung.SUPERVISION)):
        assert fired(history, at - moment) == []
        assert fired(history, at) == [("sign_for", rung)]
        assert fired(history, at) == []
    assert fired(history, day(12, 31)) == []


def test_a_reminder_comes_on_the_working_day_before_the_due_day() -> None:
    history = in_state(State.RECEIVED)  # decide_filing falls due on 8 October
    assert fired(history, day(9, 30, 8, 59)) == []
    assert fired(history, day(9, 30)) == [("decide_filing", Rung.REMINDER)]


@pytest.mark.guidance("三(一)", "rung supervision", note=STATISTICS)
@pytest.mark.guidance(
    "三(一)·1", "rung supervision", words="及时研究解决工作中遇到的重要问题", note=OURS
)
def test_a_rung_tells_owner_then_both_then_those_above() -> None:
    history = in_state(State.RECEIVED)
    told = {effect.rung: effect.to for effect in all_of(FireRung, history.tick(day(12, 1)))}
    assert told == {
        Rung.REMINDER: (organ(HANDLER),),
        Rung.YELLOW: (organ(HANDLER), organ(SENDER)),
        Rung.RED: (organ(SUPERVISOR), organ(GOVERNMENT)),
        Rung.SUPERVISION: (organ(GOVERNMENT), organ(SUPERVISOR)),
    }


@pytest.mark.guidance(
    "三(一)·2",
    "rung red",
    words="市级有关部门要积极指导本系统县级行政执法部门落实",
    note=STATISTICS,
)
@pytest.mark.guidance(
    "三(一)·2",
    "function services.rulebook.directory:superiors_of",
    words="各市(特区、区)人民政府要切实加强本地行政执法协调协作工作的领导",
    note=STATISTICS,
)
def test_a_red_card_tells_the_owner_s_superiors_on_both_lines() -> None:
    history = History()
    history.send("case_transfer", SENDER)  # to the market supervision, with a line of its own
    rungs = {effect.rung: effect.to for effect in all_of(FireRung, history.tick(RED))}
    assert rungs[Rung.RED] == (organ(SUPERVISOR), organ(GOVERNMENT), organ("lps-scjg"))


def test_where_nobody_is_above_the_rung_is_still_written_down() -> None:
    history = History()
    history.send("lead_transfer", SENDER)
    rulebook = demo()
    organs = {
        code: replace(found, superiors=())
        for code, found in rulebook.directory.organs.items()
        if found.alias not in {SUPERVISOR, GOVERNMENT}
    }
    history.rulebook = replace(rulebook, directory=replace(rulebook.directory, organs=organs))
    rungs = all_of(FireRung, history.tick(SUPERVISION))
    assert [(rung.rung, rung.to) for rung in rungs[1:]] == [
        (Rung.RED, ()),
        (Rung.SUPERVISION, ()),
    ]


@pytest.mark.guidance(
    "三(二)·1",
    "rung supervision",
    words="推动县级执法部门和乡(镇、街道)切实履行",
    note=STATISTICS,
)
def test_after_downtime_all_that_are_owed_fire_in_order_with_both_times() -> None:
    history = in_state(State.FILED)
    history.send("case_progress", HANDLER, stage="concluded")
    back = day(12, 1)
    effects = all_of(FireRung, history.tick(back))
    assert [effect.nominal_at for effect in effects] == sorted(
        effect.nominal_at for effect in effects
    )
    assert [effect.rung for effect in effects] == [
        Rung.REMINDER,
        Rung.YELLOW,
        Rung.RED,
        Rung.SUPERVISION,
    ]
    assert {effect.duty.kind for effect in effects} == {"outcome_feedback"}
    feedback = next(duty for duty in history.opened.duties if duty.kind == "outcome_feedback")
    assert {rung.fired_at for rung in feedback.ladder} == {back}


def test_rungs_of_several_duties_mix_by_their_times() -> None:
    history = in_state(State.FILED)
    history.at = day(12, 7, 10)  # decide_case falls due on 20 December
    history.send("case_progress", HANDLER, stage="concluded")
    effects = all_of(FireRung, history.tick(day(12, 31)))
    nominal = [effect.nominal_at for effect in effects]
    assert nominal == sorted(nominal)
    kinds = [effect.duty.kind for effect in effects]
    assert kinds != sorted(kinds)
    assert set(kinds) == {"decide_case", "outcome_feedback"}


@pytest.mark.guidance("三(三)·1", "rung yellow", words="对因工作不到位", note=NOT_OURS)
def test_completion_stops_the_ladder_and_the_breach_outlives_it() -> None:
    history = in_state(State.ISSUED)
    assert fired(history, YELLOW) == [("sign_for", Rung.YELLOW)]
    effects = history.send("signed_for", HANDLER)
    assert the(CloseDuty, effects).closing is Closing.LATE
    assert [kind for kind, _ in fired(history, day(10, 31))] == ["decide_filing"] * 4
    duty = history.opened.duties[0]
    assert duty.next_rung is None
    assert [rung.rung for rung in duty.ladder if rung.fired_at] == [Rung.YELLOW]


def test_nothing_fires_in_a_frozen_case_and_all_of_it_after() -> None:
    history = in_state(State.ISSUED)
    history.freeze(history.next("delivered", HANDLER))
    assert history.opened.due_next is None
    assert fired(history, RED) == []
    history.settle(SettleAction.DISCARD)
    assert history.opened.due_next == YELLOW
    assert fired(history, RED) == [("sign_for", Rung.YELLOW), ("sign_for", Rung.RED)]


def test_nothing_fires_for_what_was_done_in_time_behind_a_defect() -> None:
    history = in_state(State.ISSUED)
    history.freeze(history.next("delivered", HANDLER))
    history.send("signed_for", HANDLER)
    history.at = RED
    effects = history.settle(SettleAction.DISCARD)
    assert the(CloseDuty, effects).closing is Closing.MET
    assert ("sign_for", Rung.YELLOW) not in fired(history, RED)


def test_a_held_case_owes_nothing() -> None:
    history = in_state(State.HELD)
    assert fired(history, day(12, 31)) == []
    assert history.opened.due_next is None


def test_an_hour_s_duty_runs_through_the_night() -> None:
    history = History()
    history.at = day(9, 30, 18)
    history.send("lead_transfer", SENDER, violations=[violation(matter="SW-002")])
    (duty,) = history.opened.duties
    assert duty.due == history.at + timedelta(minutes=1)
    assert fired(history, duty.due) == [("sign_for", Rung.YELLOW)]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 24 * 60), min_size=1, max_size=12),
    st.lists(st.integers(0, 24 * 60), min_size=1, max_size=12),
)
def test_however_the_ticks_fall_the_same_rungs_fire_once_and_in_order(
    some: list[int], others: list[int]
) -> None:
    def ladder(ticks: list[int]) -> list[tuple[Rung, datetime]]:
        history = in_state(State.ISSUED)
        effects = [
            effect
            for hours in [*sorted(ticks), 24 * 60]
            for effect in all_of(FireRung, history.tick(day(9, 21, 11) + timedelta(hours=hours)))
        ]
        return [(effect.rung, effect.nominal_at) for effect in effects]

    assert (
        ladder(some)
        == ladder(others)
        == [
            (Rung.YELLOW, YELLOW),
            (Rung.RED, RED),
            (Rung.SUPERVISION, SUPERVISION),
        ]
    )


def test_who_is_on_both_sides_of_a_duty_hears_of_its_yellow_card_once() -> None:
    history = History()
    history.send("complaint_forward", SENDER)
    history.send("designation", SUPERIOR, designee=organ(SENDER))  # it is to tell, for itself
    own = duties(history.opened)["inform_complainant", organ(SENDER)]
    assert own.counterpart == organ(SENDER)
    fired = all_of(FireRung, history.tick(own.due + timedelta(days=1)))
    (yellow,) = (each for each in fired if each.duty.id == own.id and each.rung is Rung.YELLOW)
    assert yellow.to == (organ(SENDER),)
