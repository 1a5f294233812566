"""The known calendar ends, and the supervisor is alerted (domain, section 4, Provisional)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from schemas.messages import Tick
from schemas.parts import Flow
from services.casework.calendar_end import calendar_ends, provisional_since
from services.casework.decide import decide
from services.casework.effects import Advise
from services.casework.steps import Facts
from services.rulebook.calendar import due_at, start_of
from services.rulebook.model import Length, Rulebook, Unit
from tests.history import SENDER, SUPERVISOR, demo, message, organ

ENDS = date(2026, 12, 11)
DAY = timedelta(days=1)


def tick(topic: str = Flow.COPIES.value, partition: int = 0) -> Tick:
    return Tick(message("tick", SENDER, "tick").envelope, topic, partition)


def with_lengths(*lengths: Length) -> Rulebook:
    rules = (replace(demo().duties[0], length=length, roll=False) for length in lengths)
    return replace(demo(), duties=tuple(rules))


def test_it_ends_on_the_first_day_on_which_a_duty_that_is_opened_falls_due_past_it() -> None:
    longest = Length(15, Unit.WORKING_DAYS)
    assert longest in {rule.length for rule in demo().duties}
    calendar = demo().calendar
    assert due_at(calendar, start_of(ENDS), longest).provisional
    assert not due_at(calendar, start_of(ENDS - DAY), longest).provisional
    assert provisional_since(demo()) == ENDS


@pytest.mark.parametrize("unit", [Unit.CALENDAR_DAYS, Unit.HOURS])
def test_where_no_due_day_is_judged_it_ends_with_its_last_day(unit: Unit) -> None:
    rulebook = with_lengths(Length(90, unit))
    assert provisional_since(rulebook) == rulebook.calendar.known_until + DAY


def test_a_rule_that_is_over_or_has_not_begun_opens_no_duty() -> None:
    rulebook = with_lengths(Length(15, Unit.WORKING_DAYS))
    (rule,) = rulebook.duties
    past = replace(rule, valid_to=date(2026, 11, 30))
    to_come = replace(rule, valid_from=date(2027, 1, 1))
    rulebook = replace(rulebook, duties=(past, to_come))
    assert provisional_since(rulebook) == rulebook.calendar.known_until + DAY


def test_the_supervisor_is_told_that_days_are_a_guess_from_here_on() -> None:
    (told,) = calendar_ends(tick(), demo(), ENDS)
    assert (told.to, told.code) == (organ(SUPERVISOR), "advice.calendar_ends")
    assert "只到2026-12-31" in str(told.explanation)
    assert calendar_ends(tick(), demo(), ENDS - DAY) == ()


def test_one_partition_s_ticks_tell_it() -> None:
    assert calendar_ends(tick(partition=1), demo(), ENDS) == ()
    assert calendar_ends(tick(topic=Flow.LEADS.value), demo(), ENDS) == ()


def test_it_is_told_by_the_decision_on_a_partition_s_tick() -> None:
    decision = decide(None, tick(), Facts(), demo(), start_of(ENDS))
    assert [type(effect) for effect in decision.effects] == [Advise]
    assert decide(None, tick(), Facts(), demo(), start_of(ENDS) - DAY).effects == ()


def test_who_is_supervisor_no_more_is_not_told() -> None:
    directory = demo().directory
    gone = replace(directory.organs[organ(SUPERVISOR)], valid_to=ENDS - DAY)
    organs = {**directory.organs, gone.code: gone}
    rulebook = replace(demo(), directory=replace(directory, organs=organs))
    assert calendar_ends(tick(), rulebook, ENDS) == ()
