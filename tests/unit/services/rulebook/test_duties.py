from datetime import date

import pytest

from schemas.errors import UserError
from schemas.ids import OrganCode
from schemas.oversight import SuspensionReason
from services.rulebook.calendar import length_text
from services.rulebook.duties import duty_rule
from services.rulebook.lint import lint
from services.rulebook.model import Extension, Length, OrganType, Unit
from tests.unit.services.rulebook.tiny import CALENDAR, CGJ, SCJG, added, rulebook

DUTY = """
[[duty]]
kind = "decide_filing"
length = "{length}"
ladder = "standard"
basis = "示例"
valid_from = {start}
{more}
"""
RULES = added(
    "duties.toml",
    DUTY.format(length="15 working days", start="2021-01-01", more='sector = "market_supervision"'),
    DUTY.format(length="3 working days", start="2021-01-01", more='record = "CaseTransfer"'),
    DUTY.format(length="9 working days", start="2026-01-01", more=""),
    DUTY.format(
        length="4 hours",
        start="2021-01-01",
        more='record = "ViolationNotice"\nauthor = "township"\nwaived_if_contact_unknown = true',
    ),
    DUTY.format(length="1 hour", start="2019-01-01", more="valid_to = 2020-12-31"),
)
CASES = {
    "the general rule": (CGJ, "LeadTransfer", "2025-06-01", "7 working days"),
    "the younger of two general rules": (CGJ, "LeadTransfer", "2026-01-01", "9 working days"),
    "the sector's rule": (SCJG, "LeadTransfer", "2026-01-01", "15 working days"),
    "the record's rule": (CGJ, "CaseTransfer", "2026-01-01", "3 working days"),
    "the sector before the record": (SCJG, "CaseTransfer", "2026-01-01", "15 working days"),
    "the rule of that time": (SCJG, "CaseTransfer", "2020-12-31", "1 hour"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_most_specific_rule_of_the_day_wins(case: str) -> None:
    organ, record, on, expected = CASES[case]
    rules = rulebook(RULES)
    owner = rules.directory.organs[OrganCode(organ)]
    rule = duty_rule(rules, "decide_filing", owner, record, date.fromisoformat(on))
    assert rule is not None
    assert length_text(rule.length) == expected


@pytest.mark.parametrize(("kind", "on"), [("no_such", "2026-01-01"), ("sign_for", "2020-12-31")])
def test_no_rule_is_told_as_none(kind: str, on: str) -> None:
    rules = rulebook()
    owner = rules.directory.organs[OrganCode(CGJ)]
    assert duty_rule(rules, kind, owner, "LeadTransfer", date.fromisoformat(on)) is None


@pytest.mark.parametrize(
    ("author", "expected", "waived"),
    [
        (OrganType.TOWNSHIP, "4 hours", True),
        (OrganType.DEPARTMENT, "9 working days", False),
        (None, "9 working days", False),
    ],
)
def test_a_rule_may_be_for_what_one_kind_of_organ_writes(
    author: OrganType | None,
    expected: str,
    waived: bool,  # noqa: FBT001 - a column of the table
) -> None:
    rules = rulebook(RULES)
    owner = rules.directory.organs[OrganCode(CGJ)]
    on = date(2026, 6, 1)
    rule = duty_rule(rules, "decide_filing", owner, "ViolationNotice", on, author)
    assert rule is not None
    assert (length_text(rule.length), rule.waived_if_contact_unknown) == (expected, waived)


def test_an_author_is_a_kind_of_organ_that_there_is() -> None:
    village = DUTY.format(length="1 hour", start="2021-01-01", more='author = "village"')
    with pytest.raises(UserError) as raised:
        rulebook(added("duties.toml", village))
    assert raised.value.code == "rules.invalid"
    assert "township" in str(raised.value)


def test_a_length_that_follows_another_is_no_second_one_at_the_time() -> None:
    old = DUTY.format(length="1 hour", start="2018-01-01", more="valid_to = 2018-12-31")
    young = DUTY.format(length="2 hours", start="{}", more="valid_to = 2019-06-30")
    for start, codes in (("2018-12-31", ["overlap"]), ("2019-01-01", [])):
        text = (old + young.format(start)).replace("decide_filing", "answer_request")
        found = lint(added("duties.toml", text), CALENDAR, date(2026, 6, 1))
        assert [each.code for each in found if each.code == "overlap"] == codes


CLOCK = """custody_wait = "10 working days"
suspend_for = ["hearing", "appraisal"]
extensions = [{ length = "15 working days", approval = "负责人批准" }]"""


def test_what_may_be_done_to_a_clock_is_read_with_its_duty() -> None:
    rules = rulebook(
        added("duties.toml", DUTY.format(length="9 working days", start="2026-01-01", more=CLOCK))
    )
    rule = rules.duties[-1]
    assert rule.custody_wait == Length(10, Unit.WORKING_DAYS)
    assert rule.suspend_for == (SuspensionReason.HEARING, SuspensionReason.APPRAISAL)
    assert rule.extensions == (Extension(Length(15, Unit.WORKING_DAYS), "负责人批准"),)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('suspend_for = ["holiday"]', "suspend_for"),
        ('suspend_for = ["unknown"]', "suspend_for"),
        ('extensions = ["15 working days"]', "extensions"),
        ('extensions = [{ length = "15 calendar days", approval = "批准" }]', "extensions"),
        ('custody_wait = "soon"', "custody_wait"),
    ],
)
def test_a_clock_of_another_kind_is_refused_with_its_key(more: str, key: str) -> None:
    contents = added(
        "duties.toml", DUTY.format(length="9 working days", start="2026-01-01", more=more)
    )
    with pytest.raises(UserError) as caught:
        rulebook(contents)
    assert key in (caught.value.detail or "")
