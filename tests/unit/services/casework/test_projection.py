"""A calendar changes: open duties are counted anew; what was fired, closed or old stays."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from schemas.messages import HoldReason, Rung, SettleAction
from services.casework.case import Case, Closing, Duty
from services.casework.effects import Advise, FireRung, MoveDuty
from services.casework.projection import _counted, is_outdated, planned, reproject
from services.rulebook.model import Length, Rulebook, Unit
from tests.history import HANDLER, MONDAY, SENDER, SHANGHAI, History, demo, organ

DUE = datetime(2026, 9, 23, 0, 0, tzinfo=SHANGHAI)  # of the lead's sign_for, opened on MONDAY
NEXT = DUE + timedelta(days=1)
WEDNESDAY_9 = datetime(2026, 9, 23, 9, 0, tzinfo=SHANGHAI)


def changed(
    *off: date, known_until: date | None = None, workdays: tuple[date, ...] = ()
) -> Rulebook:
    """The demo under a calendar with other days."""
    calendar = demo().calendar
    calendar = replace(
        calendar,
        days_off=calendar.days_off | set(off),
        workdays=calendar.workdays | set(workdays),
        known_until=known_until or calendar.known_until,
    )
    return replace(demo(), calendar=calendar)


def opened() -> History:
    history = History()
    history.send("lead_transfer", SENDER)
    return history


def owed(case: Case | None, kind: str = "sign_for") -> Duty:
    assert case is not None
    return next(duty for duty in case.duties if duty.kind == kind)


TUESDAY_OFF = date(2026, 9, 22)


def test_the_same_calendar_moves_nothing() -> None:
    case = opened().case
    assert case is not None
    assert not is_outdated(case, demo())
    assert reproject(case, demo(), WEDNESDAY_9).effects == ()
    assert reproject(case, demo(), WEDNESDAY_9).case == case


def test_an_open_duty_moves_with_an_entry_and_both_organs_are_told() -> None:
    case = opened().case
    assert case is not None
    assert owed(case).due == DUE
    moved = reproject(case, changed(TUESDAY_OFF), WEDNESDAY_9)
    first, *told = moved.effects
    assert isinstance(first, MoveDuty)
    assert (first.was, first.duty.due, first.reason) == (DUE, NEXT, "calendar")
    assert first.message == case.opening
    assert [(each.to, each.code) for each in told if isinstance(each, Advise)] == [
        (organ(HANDLER), "advice.duty_moved"),
        (organ(SENDER), "advice.duty_moved"),
    ]
    again = moved.case
    assert again is not None
    assert reproject(again, changed(TUESDAY_OFF), WEDNESDAY_9).effects == ()


def test_it_moves_back_when_the_calendar_does() -> None:
    case = opened().case
    assert case is not None
    there = reproject(case, changed(TUESDAY_OFF), WEDNESDAY_9).case
    assert there is not None
    assert reproject(there, demo(), WEDNESDAY_9).case == case


def test_advice_about_two_changes_of_one_duty_is_two_messages() -> None:
    case = opened().case
    assert case is not None
    first = reproject(case, changed(TUESDAY_OFF), WEDNESDAY_9).effects
    second = reproject(case, changed(TUESDAY_OFF, date(2026, 9, 23)), WEDNESDAY_9).effects
    salts = {each.salt for each in (*first, *second) if isinstance(each, Advise)}
    assert len(salts) == 2


def test_a_calendar_that_comes_back_is_told_again_by_a_message_of_its_own() -> None:
    case = opened().case
    assert case is not None
    times = [WEDNESDAY_9 + timedelta(hours=each) for each in range(3)]
    calendars = (changed(TUESDAY_OFF), demo(), changed(TUESDAY_OFF))
    salts = []
    for rulebook, at in zip(calendars, times, strict=True):
        moved = reproject(case, rulebook, at)
        case = moved.case
        assert case is not None
        salts += [each.salt for each in moved.effects if isinstance(each, Advise)]
    assert len(salts) == 2 * 3
    assert len(set(salts)) == 3


def test_a_fired_card_is_annotated_and_not_erased_and_not_fired_again() -> None:
    history = opened()
    history.tick(WEDNESDAY_9)
    history.rulebook = changed(TUESDAY_OFF)
    history.tick(WEDNESDAY_9 + timedelta(hours=1))
    yellow = next(rung for rung in owed(history.case).ladder if rung.rung is Rung.YELLOW)
    assert (yellow.nominal_at, yellow.fired_at) == (WEDNESDAY_9, WEDNESDAY_9)
    assert yellow.would_be_at == WEDNESDAY_9 + timedelta(days=1)
    effects = history.tick(datetime(2026, 9, 24, 18, 0, tzinfo=SHANGHAI))
    assert effects == ()
    # Red counts from where yellow would be: Thursday 24, then 28, 29, 30 (25 to 27 are 中秋).
    (red,) = history.tick(datetime(2026, 9, 30, 9, 0, tzinfo=SHANGHAI))
    assert isinstance(red, FireRung)
    assert red.rung is Rung.RED


def test_a_card_that_would_fall_where_it_fell_has_no_note() -> None:
    history = opened()
    history.tick(WEDNESDAY_9)
    history.rulebook = changed(date(2026, 11, 20))
    assert history.tick(WEDNESDAY_9 + timedelta(hours=1)) == ()
    yellow = next(rung for rung in owed(history.case).ladder if rung.rung is Rung.YELLOW)
    assert yellow.would_be_at is None


def test_no_card_falls_on_a_day_that_became_a_holiday_even_before_anything_was_activated() -> None:
    history = opened()
    history.rulebook = changed(TUESDAY_OFF)
    effects = history.tick(WEDNESDAY_9)  # the Tick that the old date brings
    assert [type(effect) for effect in effects] == [MoveDuty, Advise, Advise]
    assert owed(history.case).due == NEXT


def test_a_signing_is_judged_by_the_date_that_the_new_calendar_gives() -> None:
    history = opened()
    history.rulebook = changed(TUESDAY_OFF)
    history.at = DUE + timedelta(hours=10)
    history.send("signed_for", HANDLER)
    assert owed(history.case).closing is Closing.MET


def test_a_closed_duty_stays_as_it_was() -> None:
    history = opened()
    history.send("signed_for", HANDLER)
    before = owed(history.case)
    history.rulebook = changed(TUESDAY_OFF)
    history.tick(MONDAY + timedelta(hours=3))
    assert owed(history.case) == before


def test_a_duty_from_before_terms_were_kept_keeps_its_date() -> None:
    case = opened().case
    assert case is not None
    old = replace(case, duties=tuple(replace(duty, term=None) for duty in case.duties))
    assert not is_outdated(old, changed(TUESDAY_OFF))
    assert reproject(old, changed(TUESDAY_OFF), WEDNESDAY_9).case == old


def test_a_frozen_case_waits_with_its_dates_and_goes_on_with_those_of_the_new_calendar() -> None:
    history = opened()
    frozen_by = history.next("signed_for", HANDLER)
    history.freeze(frozen_by)
    history.rulebook = changed(TUESDAY_OFF)
    assert history.case is not None
    assert history.case.stop is not None
    assert history.case.stop.reason is HoldReason.FROZEN
    assert history.tick(WEDNESDAY_9) == ()
    effects = history.settle(SettleAction.DISCARD)
    assert [type(each) for each in effects[-3:]] == [MoveDuty, Advise, Advise]
    assert owed(history.case).due == NEXT


def test_a_provisional_date_becomes_certain_and_gains_its_cards_when_the_calendar_comes() -> None:
    history = History(at=datetime(2026, 12, 31, 10, 0, tzinfo=SHANGHAI))
    history.send("lead_transfer", SENDER)
    before = owed(history.case)
    assert before.provisional
    assert {rung.rung for rung in before.ladder} <= {Rung.REMINDER}
    assert history.case is not None
    known = changed(date(2027, 1, 1), known_until=date(2027, 12, 31))
    moved = reproject(history.case, known, WEDNESDAY_9)
    (entry, *_) = moved.effects
    assert isinstance(entry, MoveDuty)
    assert not entry.duty.provisional
    # 1 January is a Friday off; the working day after is Monday 4.
    assert entry.duty.due == datetime(2027, 1, 5, 0, 0, tzinfo=SHANGHAI)
    assert [r.rung for r in entry.duty.ladder if r.rung is not Rung.REMINDER] == [
        Rung.YELLOW,
        Rung.RED,
        Rung.SUPERVISION,
    ]


def test_a_date_that_stays_but_is_certain_now_has_its_entry_too() -> None:
    history = History(at=datetime(2026, 12, 31, 10, 0, tzinfo=SHANGHAI))
    history.send("lead_transfer", SENDER)
    assert history.case is not None
    entry = reproject(history.case, changed(known_until=date(2027, 12, 31)), WEDNESDAY_9).effects[0]
    assert isinstance(entry, MoveDuty)
    assert (entry.reason, entry.was) == ("calendar_known", entry.duty.due)


def test_a_new_length_is_for_new_duties_only() -> None:
    history = opened()
    longer = tuple(
        replace(rule, length=Length(9, Unit.WORKING_DAYS)) if rule.kind == "sign_for" else rule
        for rule in demo().duties
    )
    both = replace(changed(TUESDAY_OFF), duties=longer)
    history.rulebook = both
    history.tick(MONDAY + timedelta(hours=3))
    assert owed(history.case).due == NEXT
    other = History(rulebook=both)
    other.send("lead_transfer", SENDER)
    assert owed(other.case).due > NEXT + timedelta(days=7)


def test_hours_run_through_a_changed_calendar_and_only_their_cards_move() -> None:
    history = History(at=datetime(2026, 9, 21, 16, 0, tzinfo=SHANGHAI))
    history.send("violation_notice", SENDER)
    before = owed(history.case)
    assert history.case is not None
    assert before.term is not None
    moved = reproject(history.case, changed(TUESDAY_OFF), WEDNESDAY_9)
    assert moved.effects == ()
    after = owed(moved.case)
    assert after.due == before.due
    yellow = {rung.rung: rung.nominal_at for rung in after.ladder}[Rung.YELLOW]
    assert yellow == WEDNESDAY_9
    assert planned(before.term, before.opened_at, demo().calendar)[1] == before.ladder


def test_a_wait_for_what_is_handed_over_is_counted_anew_by_a_new_calendar() -> None:
    def signed(rulebook: Rulebook) -> History:
        history = History(rulebook=rulebook, at=datetime(2026, 12, 24, 10, 0, tzinfo=SHANGHAI))
        history.send("case_transfer", SENDER)
        history.send("signed_for", "liuzhi-scjg")
        return history

    known = changed(date(2027, 1, 1), known_until=date(2027, 12, 31))
    history = signed(demo())
    assert owed(history.case, "decide_filing").provisional
    history.rulebook = known
    history.tick(history.at + timedelta(hours=1))
    moved = owed(history.case, "decide_filing")
    assert moved.due == owed(signed(known).case, "decide_filing").due
    assert not moved.provisional


def test_what_begins_on_one_day_has_one_plan_and_each_its_own_reminder() -> None:
    term = owed(opened().case).term
    assert term is not None
    early, late = MONDAY.replace(hour=8), MONDAY  # the reminder is of 9:00 on this day
    for first, then in ((early, late), (late, early)):
        _counted.cache_clear()
        plans = {at: planned(term, at, demo().calendar) for at in (first, then)}
        (due, owes), (same_due, owes_less) = plans[early], plans[late]
        assert due is same_due
        assert [each.rung for each in owes] == [Rung.REMINDER, *(r.rung for r in owes_less)]
        assert all(a is b for a, b in zip(owes[1:], owes_less, strict=True))


def test_what_runs_in_hours_has_a_plan_of_its_own() -> None:
    term = owed(opened().case).term
    assert term is not None
    term = replace(term, length=Length(4, Unit.HOURS))
    dues = [planned(term, MONDAY + timedelta(minutes=m), demo().calendar)[0].at for m in (0, 1)]
    assert dues == [MONDAY + timedelta(hours=4), MONDAY + timedelta(hours=4, minutes=1)]
