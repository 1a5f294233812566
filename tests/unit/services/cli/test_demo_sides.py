"""One document as two recipients hold it, and what the demo finds wrong with it."""

from typing import Any

import pytest

from services.cli.demo_letter_words import CALLER
from services.cli.demo_outcomes import side_lines
from services.cli.demo_sides import Held, Sides, paths, wrong_sides

MASKED = "另有群众来电（****）反映"


def copy_for(relation: str, reason: str | None, **delivery: list[str]) -> dict[str, Any]:
    told = {"relation": relation, "withheld": [], "masked": [], **delivery}
    envelope = {"record": "RoutingAssignment", "message_id": "m", "delivery": told, "seal": {}}
    return {"reason": reason, "basis": "示例政策", "envelope": envelope}


def pair_of(other: dict[str, Any]) -> tuple[Held, Held]:
    sides = Sides({})
    sides.arrived("yanjiao", other)
    sides.arrived("liuzhi-cgj", copy_for("handler", f"另有群众来电（{CALLER}）反映"))
    pair = sides.pair()
    assert pair is not None
    return pair


REDACTED = copy_for("sender", MASKED, masked=["reason"], withheld=["basis"])
REDACTED["basis"] = None


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (REDACTED, ""),
        (copy_for("sender", f"另有群众来电（{CALLER}）反映"), "sees the caller's number"),
        (copy_for("sender", MASKED), "not told that the reason was changed"),
    ],
    ids=["redacted", "not redacted", "redacted in silence"],
)
def test_where_the_exchange_redacts_the_sender_must_not_see_the_number(
    other: dict[str, Any], found: str
) -> None:
    assert found in wrong_sides(pair_of(other))
    assert bool(wrong_sides(pair_of(other))) == bool(found)


def test_a_handler_that_does_not_see_all_is_wrong() -> None:
    handler, other = pair_of(REDACTED)
    assert "does not see all" in wrong_sides((other, handler))


def test_a_document_that_reached_only_one_is_no_pair() -> None:
    sides = Sides({})
    sides.arrived("yanjiao", REDACTED)
    sides.arrived("yanjiao", {"envelope": {"record": "Copy", "message_id": "n"}})
    assert sides.pair() is None
    assert "two recipients" in wrong_sides(None)


def test_what_is_masked_or_withheld_is_marked_and_listed_even_when_it_is_gone() -> None:
    pair = pair_of(REDACTED)
    assert "basis" in list(paths(*pair))
    text = "\n".join(side_lines(pair))
    assert "〔遮蔽〕" in text
    assert "〔不提供〕" in text
    assert CALLER in text
