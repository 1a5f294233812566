"""Each rule of redaction taken away or opened in turn: the canary test fails without it.

Taking a row of the clearances away is tested in test_clearances_hold.
"""

import pytest

from schemas.parts import Relation
from services.confidentiality.kinds import IDENTIFYING, KINDS
from tests.canary_rules import BY_ORGANS, NEVER_HIDDEN, TOLD, Rule, canary, finding, planted, rules
from tests.history import demo
from tests.unit.services.confidentiality.canaries import leaves

RULES = [rule for rule in rules() if not rule.name.startswith("without:")]


@pytest.mark.parametrize("relation", [each for each in Relation if each is not Relation.UNKNOWN])
def test_with_every_rule_in_its_place_the_canary_test_finds_nothing(relation: Relation) -> None:
    assert list(canary(relation, demo().clearances, BY_ORGANS)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_without_a_rule_the_canary_test_finds_something(rule: Rule) -> None:
    assert finding(rule) is not None


def test_every_text_tells_of_everybody() -> None:
    texts = [value for value in leaves(planted("LeadTransfer")).values() if _tells(value)]
    assert len(texts) > 5


def test_every_field_with_a_name_number_or_address_has_its_rule() -> None:
    named = {rule.name.removeprefix("kind: ") for rule in RULES if rule.name.startswith("kind: ")}
    listed = {field for field, kind in KINDS.items() if kind in IDENTIFYING}
    assert named | NEVER_HIDDEN == listed


def _tells(value: object) -> bool:
    return isinstance(value, str) and all(number in value for number in TOLD.values())
