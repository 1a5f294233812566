"""disputes.toml: the policy on disputes is data, and what it may not say is refused."""

import pytest

from schemas.errors import UserError
from schemas.messages import NotFiledGround
from services.rulebook.compare_parts import entries
from services.rulebook.disputes import Disputes
from services.rulebook.parse import parse
from tests.history import demo
from tests.unit.services.rulebook.tiny import CALENDAR, files, rulebook

SOUND = """hops_max = 2
retransfer_by_objector = true
designee_grounds = ["no_facts", "other"]
basis = "示例政策"
"""


def test_the_policy_is_read() -> None:
    assert rulebook(files(disputes_toml=SOUND)).disputes == Disputes(
        hops_max=2,
        retransfer_by_objector=True,
        designee_grounds=frozenset({NotFiledGround.NO_FACTS, NotFiledGround.OTHER}),
        basis="示例政策",
    )


def test_without_the_file_the_stricter_values_hold() -> None:
    policy = rulebook().disputes
    assert (policy.hops_max, policy.retransfer_by_objector) == (3, False)
    assert NotFiledGround.ALREADY_HANDLED not in policy.designee_grounds


def test_the_demo_says_that_its_policy_is_illustrative() -> None:
    assert demo().disputes.basis.startswith("示例政策")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("hops_max = 2", "hops_max = 0", "hops_max"),
        ("hops_max = 2", "hops_max = 10", "hops_max"),
        ("hops_max = 2", "hops_max = true", "hops_max"),
        ("true", '"yes"', "retransfer_by_objector"),
        ('["no_facts", "other"]', "[]", "designee_grounds"),
        ('["no_facts", "other"]', '["not_ours"]', "designee_grounds"),
        ('["no_facts", "other"]', "[1]", "designee_grounds"),
        ('basis = "示例政策"', "", "basis"),
        ("hops_max = 2", "hops_max = 2\nsurprise = 1", "surprise"),
    ],
)
def test_what_it_may_not_say_is_refused(old: str, new: str, key: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(files(disputes_toml=SOUND.replace(old, new)), CALENDAR)
    assert refused.value.code == "rules.invalid"
    assert key in f"{refused.value.where} {refused.value.detail}"


def test_a_changed_policy_is_told_as_a_difference() -> None:
    (found,) = entries(
        rulebook(files(disputes_toml=SOUND)),
        rulebook(files(disputes_toml=SOUND.replace("hops_max = 2", "hops_max = 3"))),
    )
    assert (found.part, found.code) == ("head", "disputes")
    assert found.fields == {"hops_max": ("2", "3")}


def test_each_line_of_the_policy_is_compared_under_its_own_name() -> None:
    other = (
        SOUND.replace("true", "false")
        .replace('"no_facts", ', "")
        .replace("basis =", "declined_needs_new_evidence = false\nbasis =")
        .replace("hops_max = 2", "hops_max = 3")
        .replace("示例政策", "县政策")
    )
    (found,) = entries(rulebook(files(disputes_toml=SOUND)), rulebook(files(disputes_toml=other)))
    assert {name: after for name, (_, after) in found.fields.items()} == {
        "hops_max": "3",
        "retransfer_by_objector": "False",
        "declined_needs_new_evidence": "False",
        "designee_grounds": "other",
        "basis": "县政策",
    }
