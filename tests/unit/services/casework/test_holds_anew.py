"""Held, and rules or organs have changed: decided anew by the law of then (domain, section 5)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from schemas.ids import RuleId
from schemas.messages import HoldReason, Routed, SettleAction, Tick
from services.casework.case import State
from services.casework.effects import Accept, Advise, Deliver, Effect, Hold, OpenDuty, Release
from services.casework.holds import held_anew, is_held
from services.casework.say import About, say
from services.casework.steps import Alike, Declined, Facts, Situation, Waiter
from services.rulebook.model import DecidingDate, Rulebook
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    SUPERVISOR,
    History,
    all_of,
    delivered_to,
    demo,
    held_lead,
    in_state,
    message,
    organ,
    the,
)
from tests.unit.services.casework.test_holds import (
    ASTRAY,
    by_reason,
    conflicting,
    without_government,
)

LATER = MONDAY + timedelta(days=30)


def filled(competent: str = f"organ:{organ(HANDLER)}") -> Rulebook:
    """The demo's rulebook, in which the organ's designation for the matter goes on."""
    rules = (
        replace(rule, valid_to=None, competent=competent) if rule.matter == NOBODYS else rule
        for rule in demo().rules
    )
    return replace(demo(), rules=tuple(rules))


def anew(
    history: History,
    rulebook: Rulebook,
    alike: tuple[Alike, ...] = (),
    declined: Declined | None = None,
) -> tuple[Effect, ...]:
    """A Tick by the rulebook looks at the held case."""
    history.rulebook, history.at = rulebook, LATER
    opening = history.sent[history.opened.opening]
    assert isinstance(opening, Routed)
    waiter = Waiter(opening, history.opened.opened_at)
    return history.decide(tick(), Facts(held=waiter, alike=alike, declined=declined))


def tick() -> Tick:
    envelope = message("tick", SENDER, "tick", LATER).envelope
    return Tick(envelope, "leads", 0)


def test_where_a_rule_fills_the_gap_it_goes_on_and_its_days_begin_then() -> None:
    history = History()
    held_lead(history)
    opening = history.opened.opening
    effects = anew(history, filled())
    assert the(Release, effects).message == opening
    assert the(Release, effects).by == list(history.sent)[-1]
    assert [alias for alias, _ in delivered_to(effects)] == [HANDLER]
    assert the(OpenDuty, effects).duty.opened_at == LATER
    assert history.opened.state is State.ISSUED
    assert history.opened.stop is None


def test_its_sender_gets_the_receipt_and_the_supervisor_hears_that_it_is_held_no_longer() -> None:
    history = History()
    assert the(Hold, held_lead(history)).to == (organ(SENDER), organ(SUPERVISOR))
    effects = anew(history, filled())
    receipt = the(Accept, effects)
    assert (receipt.message, receipt.to) == (history.opened.opening, organ(SENDER))
    assert receipt.rule == "Z-053"
    told = the(Advise, effects)
    assert (told.to, told.code) == (organ(SUPERVISOR), "advice.hold_ended")
    assert str(told.explanation).startswith("移送六枝特区综合行政执法局。")


def test_where_nobody_watches_it_goes_on_all_the_same() -> None:
    history = History()
    held_lead(history)
    book = filled()
    organs = {code: o for code, o in book.directory.organs.items() if o.alias != SUPERVISOR}
    effects = anew(history, replace(book, directory=replace(book.directory, organs=organs)))
    assert all_of(Advise, effects) == []
    assert history.opened.state is State.ISSUED


def test_the_handler_hears_of_a_possible_duplicate_as_of_any_new_letter() -> None:
    history = History()
    held_lead(history)
    other = in_state(State.ISSUED).opened
    effects = anew(history, filled(), alike=(Alike(other.id, organ(HANDLER)),))
    codes = [each.code for each in all_of(Advise, effects)]
    assert codes == ["advice.possible_duplicate", "advice.hold_ended"]


@pytest.mark.parametrize("reason", [HoldReason.GAP, HoldReason.PLACE_CONFLICT])
def test_where_nothing_of_it_has_changed_nothing_is_said(reason: HoldReason) -> None:
    history = by_reason(reason)
    before = history.opened
    assert anew(history, demo()) == ()
    assert history.opened == before


def test_who_has_a_superior_in_common_now_is_not_held_any_more() -> None:
    history = without_government()
    history.send("lead_transfer", SENDER)
    assert the(Release, anew(history, demo())).message == history.opened.opening
    assert history.opened.handler == organ(HANDLER)


def test_a_power_that_begins_later_decides_by_the_day_of_the_transfer() -> None:
    """That is the Tick's: the sender would be answered so if it sent the letter then."""
    history = History()
    held_lead(history)
    begins = date(2026, 10, 1)
    rules = [
        replace(rule, valid_from=begins, valid_to=None, deciding_date=DecidingDate.TRANSFER)
        for rule in demo().rules
        if rule.matter == NOBODYS
    ]
    later = (replace(rule, id=RuleId("Z-900")) for rule in rules)
    effects = anew(history, replace(demo(), rules=(*demo().rules, *later)))
    assert the(Accept, effects).rule == "Z-900"


def without_superior(rulebook: Rulebook) -> Rulebook:
    return replace(rulebook, directory=without_government().rulebook.directory)


def test_another_reason_to_hold_it_is_told_to_both_and_only_once() -> None:
    history = History()
    held_lead(history)
    hold = the(Hold, anew(history, without_superior(filled())))
    assert (hold.reason, hold.code) == (HoldReason.NO_SUPERIOR, "superior.none")
    assert hold.to == (organ(SENDER), organ(SUPERVISOR))
    stop = history.opened.stop
    assert stop is not None
    assert (stop.reason, stop.code) == (HoldReason.NO_SUPERIOR, "superior.none")
    assert anew(history, without_superior(filled())) == ()


def test_what_its_sender_is_to_handle_itself_stays_held_and_both_hear_why() -> None:
    history = History()
    first = the(Hold, held_lead(history))
    hold = the(Hold, anew(history, filled("township")))
    assert (hold.reason, hold.code) == (HoldReason.GAP, "transfer.own_matter")
    assert "岩脚镇" in str(hold.explanation)
    assert history.opened.state is State.HELD
    assert anew(history, filled("township")) == ()
    about = About(history.opened.id, history.opened.flow)
    said = [
        each.message.envelope.message_id
        for effect in (first, hold)
        for each in say(effect, about, demo(), LATER)
    ]
    assert len(set(said)) == len(said) == 4  # no connector takes the second for a repeat
    assert all_of(Deliver, anew(history, filled())) != []


def test_what_its_handler_has_declined_before_stays_held_and_both_hear_why() -> None:
    history = History()
    held_lead(history)
    before = Declined(in_state(State.DECLINED).opened.id, organ(HANDLER), is_linked=False)
    hold = the(Hold, anew(history, filled(), declined=before))
    assert hold.code == "transfer.declined_before"
    assert hold.to == (organ(SENDER), organ(SUPERVISOR))
    assert history.opened.state is State.HELD
    assert anew(history, filled(), declined=before) == ()


def test_the_heir_of_its_sender_gets_the_receipt() -> None:
    history = History()
    held_lead(history)
    effects = anew(history, merged_into(filled(), "mugang"))
    assert the(Accept, effects).to == organ("mugang")
    assert history.opened.sender == organ("mugang")


def merged_into(book: Rulebook, heir: str) -> Rulebook:
    """The same with its sender merged."""
    organs = dict(book.directory.organs)
    gone = organs[organ(SENDER)]
    organs[gone.code] = replace(gone, valid_to=MONDAY.date(), successor=organ(heir))
    return replace(book, directory=replace(book.directory, organs=organs))


def test_the_heir_of_its_sender_hears_once_that_it_is_held() -> None:
    history = History()
    held_lead(history)
    hold = the(Hold, anew(history, merged_into(demo(), "mugang")))
    assert (hold.reason, hold.code) == (HoldReason.GAP, "hold.gap")
    assert hold.to == (organ("mugang"),)  # its supervisor has heard of it
    assert anew(history, merged_into(demo(), "mugang")) == ()
    assert history.opened.sender == organ(SENDER)  # who sealed it
    assert delivered_to(history.send("withdrawal", "mugang")) == []
    assert history.opened.state is State.WITHDRAWN


def test_the_heir_of_the_supervisor_hears_once_that_it_is_held() -> None:
    history = History()
    held_lead(history)
    organs, today = dict(demo().directory.organs), MONDAY.date()
    gone, heir = organs[organ(SUPERVISOR)], organ(STRANGER)
    organs[gone.code] = replace(gone, valid_to=today, successor=heir)
    organs[heir] = replace(gone, code=heir, valid_from=today + timedelta(days=1))
    book = replace(demo(), directory=replace(demo().directory, organs=organs))
    since = history.opened.stop
    assert the(Hold, anew(history, book)).to == (heir,)  # it may assign it now
    assert anew(history, book) == ()
    assert since is not None
    assert history.opened.stop == replace(since, told_at=LATER)  # held since it came


def test_what_is_held_as_once_before_is_told_by_a_message_of_its_own() -> None:
    history = History()
    effects = list(held_lead(history))
    for days, book in enumerate((without_superior(filled()), demo())):
        effects += anew(history, book)
        history.at += timedelta(days=days)
    holds = all_of(Hold, tuple(effects))
    assert [hold.code for hold in holds] == ["hold.gap", "superior.none", "hold.gap"]
    about = About(history.opened.id, history.opened.flow)
    said = [
        each.message.envelope.message_id
        for hold in holds
        for each in say(hold, about, demo(), LATER)
    ]
    assert len(set(said)) == len(said) == 6


def test_what_waited_behind_it_follows() -> None:
    history = History()
    held_lead(history)
    stray = history.next("correction", SENDER, envelope={"in_reply_to": ASTRAY})
    assert the(Hold, history.decide(stray)).reason is HoldReason.WAITING
    anew(history, filled())
    assert history.opened.waiting == ()


def test_only_what_waits_for_somebody_competent_is_held() -> None:
    history = History()
    conflicting(history)
    assert is_held(history.opened)
    assert not is_held(replace(history.opened, erased_at=LATER))
    history.freeze(history.next("correction", SENDER))
    assert not is_held(history.opened)
    history.settle(SettleAction.DISCARD)
    assert is_held(history.opened)
    assert not is_held(in_state(State.ISSUED).opened)


def test_without_the_letter_nothing_is_decided() -> None:
    history = History()
    held_lead(history)
    outcome = held_anew(history.opened, tick(), Situation(filled(), Facts(), LATER))
    assert (outcome.case, outcome.effects) == (history.opened, ())
