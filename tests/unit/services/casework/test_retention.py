"""A case's content goes when its term is over, not a moment before, and never under a hold."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.ids import CaseId, MessageId
from services.casework.case import Case, Closing, State
from services.casework.decide import decide
from services.casework.effects import Decision, Erase, Reject
from services.casework.kept import Watch, WatchKind
from services.casework.retention import (
    HELD_AGAIN_DAYS,
    expire,
    is_at_rest,
    look_at,
    rest_of,
)
from services.casework.steps import Facts
from services.rulebook.calendar import ZONE
from services.rulebook.retention import CaseOrder, KeepTerm, Retention, What
from tests.history import HANDLER, MONDAY, SENDER, History, demo, duties, in_state, is_refused

TICK = MessageId("tick")
TERMS = {"transfer": KeepTerm(10, "规定")}
TEN_YEARS = datetime(2036, 9, 21, 9, 0, tzinfo=ZONE)
SINCE = datetime(2026, 9, 21, 9, 0, tzinfo=ZONE)
SECOND = timedelta(seconds=1)


@pytest.fixture
def resting() -> Case:
    case = in_state(State.CLOSED).opened
    closed = tuple(replace(duty, closing=Closing.MET) for duty in case.duties)
    return replace(case, duties=closed)


def order(case: Case, what: What, since: date, until: date | None = None) -> CaseOrder:
    return CaseOrder(case.id, what, "法院", "文号", since, until)


def asked(
    case: Case, at: datetime, *orders: CaseOrder, terms: dict[str, KeepTerm] | None = None
) -> Decision | datetime | None:
    retention = Retention(TERMS if terms is None else terms, orders)
    return expire(case, retention, SINCE, TICK, at)


def test_it_is_erased_when_the_term_is_over_and_not_before(resting: Case) -> None:
    assert asked(resting, TEN_YEARS - SECOND) == TEN_YEARS
    found = asked(resting, TEN_YEARS)
    assert isinstance(found, Decision)
    assert found.effects == (Erase(TICK, SINCE, "规定", None),)
    assert found.case == replace(resting, erased_at=TEN_YEARS)


def test_what_still_moves_waits_or_is_erased_is_not_asked_about(resting: Case) -> None:
    assert is_at_rest(resting)
    owing = in_state(State.ISSUED).opened
    held = replace(resting, state=State.HELD)
    new = replace(resting, state=State.NEW)
    erased = replace(resting, erased_at=SINCE)
    watch = Watch(TEN_YEARS, WatchKind.LIMITATION, 1, TEN_YEARS.date(), "依据")
    warned = replace(resting, watches=(watch,))
    for case in (owing, held, new, erased, warned):
        assert not is_at_rest(case)
        assert asked(case, TEN_YEARS) is None
        assert rest_of(case, Retention(TERMS), SINCE) is None
    rest = rest_of(resting, Retention(TERMS), SINCE)
    assert rest is not None
    assert (rest.since, rest.look_at) == (SINCE, TEN_YEARS)


def test_what_was_filed_and_decided_rests_when_its_outcome_is_fed_back() -> None:
    history = in_state(State.FILED)
    assert not is_refused(history.send("case_progress", HANDLER))  # 已作出决定
    assert duties(history.opened) == {}
    assert not is_at_rest(history.opened)
    assert not is_refused(history.send("outcome_feedback", HANDLER))
    assert is_at_rest(history.opened)


def test_a_life_without_a_term_is_kept_for_ever(resting: Case) -> None:
    assert asked(resting, TEN_YEARS, terms={}) is None
    assert look_at(resting, Retention(), SINCE) is None


def test_a_term_that_begins_on_29_february_ends_on_1_march(resting: Case) -> None:
    leap = datetime(2028, 2, 29, 23, 30, tzinfo=ZONE)
    assert look_at(resting, Retention(TERMS), leap) == datetime(2038, 3, 1, 23, 30, tzinfo=ZONE)


@pytest.mark.parametrize("erase_too", [False, True])
def test_a_hold_outweighs_the_term_and_an_order_to_erase(resting: Case, *, erase_too: bool) -> None:
    hold = order(resting, What.HOLD, date(2036, 1, 1), date(2037, 5, 6))
    more = (order(resting, What.ERASE, date(2030, 1, 1)),) if erase_too else ()
    end = datetime(2037, 5, 7, 0, 0, tzinfo=ZONE)
    assert asked(resting, TEN_YEARS, hold, *more) == end
    assert asked(resting, end - SECOND, hold, *more) == end
    assert isinstance(asked(resting, end, hold, *more), Decision)


def test_a_hold_without_an_end_is_asked_about_again_and_again(resting: Case) -> None:
    hold = order(resting, What.HOLD, date(2026, 1, 1))
    again = TEN_YEARS + timedelta(days=HELD_AGAIN_DAYS)
    assert asked(resting, TEN_YEARS, hold) == again
    assert isinstance(asked(resting, again), Decision)  # the entry is gone


def test_a_hold_that_has_not_begun_or_is_another_case_s_holds_nothing(resting: Case) -> None:
    later = order(resting, What.HOLD, date(2036, 9, 22))
    other = replace(order(resting, What.HOLD, date(2026, 1, 1)), case=CaseId("another"))
    assert isinstance(asked(resting, TEN_YEARS, later, other), Decision)


def test_an_order_erases_early_by_its_own_basis_but_only_what_rests(resting: Case) -> None:
    early = order(resting, What.ERASE, date(2027, 1, 1))
    begins = datetime(2027, 1, 1, tzinfo=ZONE)
    for terms in (TERMS, {}):
        assert asked(resting, begins - SECOND, early, terms=terms) == begins
        found = asked(resting, begins, early, terms=terms)
        assert isinstance(found, Decision)
        assert found.effects == (Erase(TICK, SINCE, "文号", "法院"),)
    owing = in_state(State.ISSUED).opened
    assert asked(owing, begins, order(owing, What.ERASE, date(2027, 1, 1))) is None


def test_an_order_from_before_the_case_came_to_rest_counts_at_once(resting: Case) -> None:
    old = Retention({}, (order(resting, What.ERASE, date(2020, 1, 1)),))
    assert look_at(resting, old, SINCE) == SINCE


def test_a_letter_into_an_erased_case_is_refused_and_changes_nothing() -> None:
    history = History()
    for record, sender in (("lead_transfer", SENDER), ("signed_for", HANDLER)):
        history.decide(history.next(record, sender))
    late = history.next("filing_reply", HANDLER)
    erased = replace(history.opened, erased_at=MONDAY.astimezone(UTC))
    decision = decide(erased, late, Facts(), demo(), history.at)
    rejected = [effect for effect in decision.effects if isinstance(effect, Reject)]
    assert [effect.refusal.code for effect in rejected] == ["case.erased"]
    assert decision.case == erased
