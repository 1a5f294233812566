"""reminders.toml: what is warned of is data, and what it may not say is refused."""

from datetime import time

import pytest

from schemas.errors import UserError
from services.rulebook.compare_parts import entries
from services.rulebook.parse import parse
from services.rulebook.reminders import LimitationPolicy, MeasurePolicy, Reminders
from tests.history import demo
from tests.unit.services.rulebook.tiny import CALENDAR, files, rulebook

SOUND = """hour = 08:30:00
[limitation]
years = 2
long_years = 5
long_groups = ["food"]
lead_calendar_days = 60
basis = "行政处罚法36"
[measure]
lead_working_days = 2
basis = "行政处罚法56"
"""


def test_the_policy_is_read() -> None:
    assert rulebook(files(reminders_toml=SOUND)).reminders == Reminders(
        hour=time(8, 30),
        limitation=LimitationPolicy(2, 5, frozenset({"food"}), 60, "行政处罚法36"),
        measure=MeasurePolicy(2, "行政处罚法56"),
    )


def test_the_least_and_the_most_that_it_may_say_are_read() -> None:
    least = SOUND.replace("years = 2", "years = 1").replace("days = 2", "days = 1")
    most = SOUND.replace("long_years = 5", "long_years = 20").replace("days = 60", "days = 366")
    for text in (least, most):
        assert rulebook(files(reminders_toml=text)).reminders.limitation is not None


def test_without_the_file_nothing_is_warned_of() -> None:
    assert rulebook().reminders == Reminders(limitation=None, measure=None)


def test_each_half_stands_alone() -> None:
    policy = rulebook(files(reminders_toml=SOUND.partition("[measure]")[0])).reminders
    assert policy.measure is None
    assert policy.limitation is not None
    measure = SOUND[: SOUND.index("[limitation]")] + SOUND[SOUND.index("[measure]") :]
    assert rulebook(files(reminders_toml=measure)).reminders.limitation is None


def test_the_demo_warns_of_both_and_says_what_is_illustrative() -> None:
    policy = demo().reminders
    assert policy.limitation is not None
    assert policy.measure is not None
    assert "第三十六条" in policy.limitation.basis
    assert "示例政策" in policy.measure.basis


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("years = 2", "years = 0", "years"),
        ("years = 2", "years = 21", "years"),
        ("long_years = 5", "long_years = true", "long_years"),
        ('["food"]', "[1]", "long_groups"),
        ("lead_calendar_days = 60", "lead_calendar_days = 367", "lead_calendar_days"),
        ("lead_working_days = 2", "lead_working_days = 0", "lead_working_days"),
        ('basis = "行政处罚法36"', "", "basis"),
        ("hour = 08:30:00", "", "hour"),
        ("hour = 08:30:00", "hour = 08:30:00\nsurprise = 1", "surprise"),
        ("years = 2", "years = 2\nsurprise = 1", "surprise"),
        ("lead_working_days = 2", "lead_working_days = 2\nsurprise = 1", "surprise"),
    ],
)
def test_what_it_may_not_say_is_refused(old: str, new: str, key: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(files(reminders_toml=SOUND.replace(old, new, 1)), CALENDAR)
    assert refused.value.code == "rules.invalid"
    assert key in f"{refused.value.where} {refused.value.detail}"


def test_a_changed_policy_is_told_as_a_difference() -> None:
    (found,) = entries(
        rulebook(files(reminders_toml=SOUND)),
        rulebook(files(reminders_toml=SOUND.replace("days = 60", "days = 30"))),
    )
    assert (found.part, found.code) == ("head", "reminders")
    assert found.fields == {"limitation.lead_calendar_days": ("60", "30")}


def test_each_line_of_the_policy_is_compared_under_its_own_name() -> None:
    (found,) = entries(rulebook(), rulebook(files(reminders_toml=SOUND)))
    assert {name: after for name, (_, after) in found.fields.items()} == {
        "hour": "08:30:00",
        "limitation.years": "2",
        "limitation.long_years": "5",
        "limitation.long_groups": "food",
        "limitation.lead_calendar_days": "60",
        "limitation.basis": "行政处罚法36",
        "measure.lead_working_days": "2",
        "measure.basis": "行政处罚法56",
    }
