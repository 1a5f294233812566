"""Dates in a letter that pass are warned of once, beforehand, and nothing is refused for them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.messages import SettleAction
from services.casework.case import State
from services.casework.effects import Advise, Effect, Write
from services.casework.kept import WatchKind
from services.casework.retention import is_at_rest
from services.rulebook.model import Rulebook
from tests.history import (
    FAILED,
    HANDLER,
    MONDAY,
    SENDER,
    SHANGHAI,
    SUPERIOR,
    History,
    all_of,
    demo,
    in_state,
    is_refused,
    organ,
    state_of,
    the,
    violation,
)

THIRD = "liuzhi-jtj"
LIMITATION, MEASURE = "advice.limitation_near", "advice.measure_expires"
# Over on 10 October 2024: the two years end on 10 October 2026, 60 days before is 11 August.
OLD = {"act_from": "2024-10-01", "act_to": "2024-10-10", "continuing": False}


def item(number: int = 1, until: str | None = "2026-09-30", **changes: Any) -> dict[str, Any]:
    measure = "seized" if until else "none"
    named = {"number": number, "name": "示例物品", "unit": "件", "quantity": "1"}
    return {**named, "measure": measure, "measure_until": until, **changes}


def at(day: int, month: int = 9, hour: int = 9, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def warned(effects: tuple[Effect, ...]) -> list[tuple[str, str]]:
    return [
        (found.code, found.to)
        for found in all_of(Advise, effects)
        if found.code in (LIMITATION, MEASURE)
    ]


def both(code: str) -> list[tuple[str, str]]:
    return [(code, organ(HANDLER)), (code, organ(SENDER))]


def lead(rulebook: Rulebook | None = None, **changes: Any) -> History:
    history = History(rulebook or demo())
    assert not is_refused(history.send("lead_transfer", SENDER, **changes))
    return history


def old(number: int = 1, **changes: Any) -> dict[str, Any]:
    return violation(number, **(OLD | changes))


def test_a_limitation_that_is_near_is_told_to_both_at_the_next_tick() -> None:
    history = lead(violations=[old()])
    effects = history.tick(MONDAY + timedelta(minutes=2))
    assert warned(effects) == both(LIMITATION)
    assert "第1项违法行为的追责时效于2026-10-10届满" in str(all_of(Advise, effects)[0].explanation)
    assert "第三十六条" in str(all_of(Advise, effects)[0].explanation)


def test_it_is_told_once() -> None:
    history = lead(violations=[old()])
    history.tick(MONDAY + timedelta(minutes=2))
    assert warned(history.tick(at(22))) == []


def test_one_that_has_passed_is_told_and_refuses_nothing() -> None:
    history = lead(violations=[old(act_from="2022-03-01", act_to="2022-03-02")])
    effects = history.tick(MONDAY + timedelta(minutes=2))
    assert warned(effects) == both(LIMITATION)
    assert state_of(history) is State.ISSUED


def test_sixty_days_before_at_nine_and_not_a_minute_earlier() -> None:
    history = lead(violations=[old(act_from="2024-12-01", act_to="2024-12-10")])
    (watch,) = history.opened.watches
    assert (watch.at, watch.last_day.isoformat()) == (at(11, 10), "2026-12-10")
    assert warned(history.tick(at(11, 10) - timedelta(minutes=1))) == []
    assert warned(history.tick(at(11, 10))) == both(LIMITATION)


def test_it_counts_from_the_end_of_the_act_and_from_its_beginning_where_it_has_none() -> None:
    days = [watch.last_day.isoformat() for watch in lead(violations=[old()]).opened.watches]
    assert days == ["2026-10-10"]
    days = [w.last_day.isoformat() for w in lead(violations=[old(act_to=None)]).opened.watches]
    assert days == ["2026-10-01"]


def test_what_is_near_on_one_day_is_told_by_number_however_the_letter_lists_it() -> None:
    history = lead(violations=[old(3), old(1), old(2)])
    assert [watch.number for watch in history.opened.watches] == [1, 2, 3]


def test_an_act_that_goes_on_has_no_limitation_running() -> None:
    assert lead(violations=[old(continuing=True, act_to=None)]).opened.watches == ()


def test_an_act_without_a_day_has_none_that_we_could_count() -> None:
    undated = violation(act_from=None, continuing=False)
    assert (
        lead(violations=[{k: v for k, v in undated.items() if v is not None}]).opened.watches == ()
    )


def test_a_leap_day_ends_on_the_last_of_february() -> None:
    history = lead(violations=[old(act_from="2024-02-29", act_to="2024-02-29")])
    assert [watch.last_day.isoformat() for watch in history.opened.watches] == ["2026-02-28"]


def test_a_group_with_the_longer_limitation_is_warned_of_by_that() -> None:
    policy = demo().reminders.limitation
    assert policy is not None
    group = demo().matters[old()["matter"]].group
    longer = replace(policy, long_groups=frozenset({group}))
    rulebook = replace(demo(), reminders=replace(demo().reminders, limitation=longer))
    (watch,) = lead(rulebook, violations=[old()]).opened.watches
    assert watch.last_day.isoformat() == "2029-10-10"


def test_what_the_rulebook_does_not_name_is_not_warned_of() -> None:
    rulebook = replace(demo(), reminders=replace(demo().reminders, limitation=None, measure=None))
    assert lead(rulebook, violations=[old()], items=[item()]).opened.watches == ()


def test_once_filed_the_limitation_is_no_longer_of_use() -> None:
    history = lead(violations=[old(act_from="2024-12-01", act_to="2024-12-10")])
    history.send("signed_for", HANDLER)
    history.send("filing_reply", HANDLER)
    assert warned(history.tick(at(12, 10))) == []
    assert [watch.told for watch in history.opened.watches] == [()]


def test_a_measure_is_warned_of_two_working_days_before_its_last_day() -> None:
    history = lead(items=[item(until="2026-10-08")])  # behind the holiday of the first week
    (watch,) = history.opened.watches
    assert (watch.kind, watch.at) == (WatchKind.MEASURE, at(29))
    assert warned(history.tick(at(29) - timedelta(seconds=1))) == []
    effects = history.tick(at(29))
    assert warned(effects) == both(MEASURE)
    assert "第1号物品上的措施于2026-10-08届满" in str(all_of(Advise, effects)[0].explanation)


def test_of_a_filed_case_only_the_handler_hears_of_a_measure() -> None:
    history = lead(items=[item()])
    history.send("signed_for", HANDLER)
    history.send("filing_reply", HANDLER)
    assert warned(history.tick(at(28))) == [(MEASURE, organ(HANDLER))]


def test_of_a_closed_case_nobody_hears_of_it() -> None:
    history = lead(items=[item()])
    for record in ("signed_for", "filing_reply", "outcome_feedback"):
        history.send(record, HANDLER)
    assert state_of(history) is State.CLOSED
    assert warned(history.tick(at(28))) == []


def test_no_item_without_a_last_day_and_none_that_was_disposed_of() -> None:
    disposal = {
        "item": 2,
        "basis": "示例",
        "disposed_on": "2026-09-20",
        "method": "变卖",
        "evidence_kept": "照片",
        "proceeds": "10.00",
        "voucher": "示例0001",
    }
    history = lead(items=[item(1, None), item(2)], disposals=[disposal])
    assert history.opened.watches == ()


def test_a_notice_is_watched_as_well() -> None:
    history = History()
    history.send("violation_notice", SENDER, violation=old())
    assert warned(history.tick(MONDAY + timedelta(minutes=2))) == both(LIMITATION)


def test_a_case_that_stands_still_is_warned_of_when_it_goes_on() -> None:
    history = lead(violations=[old()])
    history.freeze(history.next("signed_for", HANDLER))
    assert warned(history.tick(at(22))) == []
    history.settle(SettleAction.DISCARD)
    assert warned(history.tick(at(23))) == both(LIMITATION)


def test_what_is_split_off_is_watched_in_the_child_and_no_longer_in_its_parent() -> None:
    history = lead(violations=[old(1), old(2)])
    history.send("signed_for", HANDLER)
    history.send("objection", HANDLER, numbers=[2])
    effects = history.tick(at(22))
    assert [effect.explanation for effect in all_of(Advise, effects) if effect.code == LIMITATION]
    assert all("第2项" not in str(effect.explanation) for effect in all_of(Advise, effects))


def test_a_child_has_its_parent_s_limitations_and_none_of_an_act_that_goes_on() -> None:
    history = lead(violations=[old(1), old(2), old(3, continuing=True, act_to=None)])
    history.send("signed_for", HANDLER)
    record = the(Write, history.send("objection", HANDLER, numbers=[2, 3])).record
    child = History(at=history.at)
    child.decide(record)
    (own,) = [watch for watch in history.opened.watches if watch.number == 2]
    assert child.opened.watches == (own,)  # counted from the end of the act


def test_a_designee_is_warned_together_with_who_sent_the_letter() -> None:
    history = in_state(State.REFERRED)
    assert history.opened.watches == ()  # the default act goes on
    other = lead(violations=[old(act_from="2024-12-01", act_to="2024-12-10")])
    for record, sender, changes in (
        ("signed_for", HANDLER, {}),
        ("objection", HANDLER, {}),
        ("negotiation_result", HANDLER, FAILED),
        ("designation_request", HANDLER, {}),
        ("designation", SUPERIOR, {"designee": organ(HANDLER)}),
    ):
        other.send(record, sender, **changes)
    assert warned(other.tick(at(11, 10))) == both(LIMITATION)


def referred(**changes: Any) -> History:
    """A lead of which both were warned, and which is before their superior now."""
    history = lead(**changes)
    history.tick(at(29))
    for record, sender, said in (
        ("signed_for", HANDLER, {}),
        ("objection", HANDLER, {}),
        ("negotiation_result", HANDLER, FAILED),
        ("designation_request", HANDLER, {}),
    ):
        assert not is_refused(history.send(record, sender, **said))
    return history


@pytest.mark.parametrize(("alias", "codes"), [(HANDLER, []), (THIRD, [LIMITATION, MEASURE])])
def test_a_designee_is_warned_of_what_the_others_were_warned_of_before(
    alias: str, codes: list[str]
) -> None:
    history = referred(violations=[old()], items=[item()])
    effects = history.send("designation", SUPERIOR, designee=organ(alias))
    assert sorted(warned(effects)) == [(code, organ(alias)) for code in codes]
    assert warned(history.tick(at(30))) == []
    assert history.opened.due_next is not None  # for the signing, not for the days


def test_who_is_agreed_on_is_warned_of_what_came_near_while_another_had_it() -> None:
    history = lead(violations=[old(act_from="2024-12-01", act_to="2024-12-10")])
    history.send("objection", HANDLER)
    for side in (HANDLER, SENDER):
        history.send("negotiation_result", side, **on(SENDER))
    assert warned(history.tick(at(11, 10))) == [(LIMITATION, organ(SENDER))]
    history.send("objection", SENDER)
    history.send("negotiation_result", SENDER, **on(HANDLER))
    effects = history.send("negotiation_result", HANDLER, **on(HANDLER))
    assert warned(effects) == [(LIMITATION, organ(HANDLER))]


def test_a_third_that_was_agreed_on_is_warned_by_its_own_letter() -> None:
    history = lead(violations=[old()])
    history.tick(at(22))
    history.send("objection", HANDLER)
    for side in (HANDLER, SENDER):
        assert warned(history.send("negotiation_result", side, **on(THIRD))) == []


def on(handler: str) -> dict[str, Any]:
    return {"handler": organ(handler), "handles_from": "2026-10-12"}


def test_what_was_warned_of_stops_no_rest() -> None:
    history = lead(violations=[old()])
    resting = replace(history.opened, duties=())
    assert not is_at_rest(resting)
    history.tick(at(22))
    assert is_at_rest(replace(history.opened, duties=()))


@pytest.mark.parametrize("kind", list(WatchKind))
def test_a_watch_wakes_the_case(kind: WatchKind) -> None:
    history = lead(violations=[old()], items=[item()])
    (watch,) = [watch for watch in history.opened.watches if watch.kind is kind]
    rest = replace(history.opened, duties=(), watches=(watch,))
    assert rest.due_next == watch.at
