"""The days on which another may be competent: of rules, organs, superiors, and the calendar."""

from dataclasses import replace
from datetime import date, timedelta

from services.casework.calendar_end import provisional_since
from services.casework.turns import turning_days
from services.rulebook.model import Line, Superior
from tests.history import SENDER, demo, organ

DAY = timedelta(days=1)


def test_each_first_day_and_each_day_after_a_last_one_is_told_in_order() -> None:
    days = turning_days(demo())
    assert list(days) == sorted(set(days))
    for rule in demo().rules:
        assert rule.valid_from in days
        assert rule.valid_to is None or rule.valid_to + DAY in days
    assert demo().directory.turns <= set(days)
    assert provisional_since(demo()) in days


def test_a_superior_that_changes_is_one_and_the_beginning_of_time_is_none() -> None:
    directory = demo().directory
    first, last = date(2026, 8, 1), date(2026, 8, 31)
    above = (Superior(organ(SENDER), Line.GOVERNMENT, first, last),)
    always = replace(directory.organs[organ(SENDER)], superiors=above, valid_from=date.min)
    organs = {**directory.organs, always.code: always}
    days = turning_days(replace(demo(), directory=replace(directory, organs=organs)))
    assert {first, last + DAY} <= set(days)
    assert date.min not in days
