"""What is asked to be seen: whether it is hidden, by which row, of which classes."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.classes import FieldClass
from schemas.inline import schema_of
from schemas.messages import Message
from schemas.parts import Relation
from schemas.sharing import Complainant, ComplaintForward
from services.confidentiality.asked import (
    ANYBODY,
    TELLING,
    Asked,
    Held,
    asked,
    contract_path,
    is_within,
)
from services.confidentiality.places import Places
from services.confidentiality.redact import Redactor
from services.rulebook.clearances import clearance
from tests.any_message import default_lead, default_message
from tests.history import demo

PLACES = Places(demo().divisions)
PARTY = ("parties[0].name", "parties[0].uscc")


def ask(message: Message, relation: Relation, *paths: str, leaves: tuple[str, ...]) -> list[Asked]:
    schema = schema_of(type(message).__name__)
    redactor = Redactor(schema, relation, demo().clearances, PLACES)
    held = Held(
        redactor,
        redactor(message),
        TELLING.redactor(schema, ANYBODY)(message),
        clearance(demo().clearances, relation, FieldClass.COMPLAINANT, ""),
    )
    return list(asked(paths, leaves, held))


def rows(relation: Relation, field_class: FieldClass) -> str:
    row = clearance(demo().clearances, relation, field_class, "")
    assert row is not None
    return f"clearances.csv:{row.line}"


def test_a_field_that_is_masked_or_withheld_is_hidden_by_its_row() -> None:
    leaves = ("parties[0].name", "reason")
    name, reason = ask(default_lead(), Relation.FORMER_HOLDER, *leaves, leaves=leaves)
    assert name.withheld_by == rows(Relation.FORMER_HOLDER, FieldClass.PERSONAL)
    assert reason.withheld_by == rows(Relation.FORMER_HOLDER, FieldClass.INVESTIGATIVE)
    assert name.withheld_basis
    assert {(each.path, each.field_class) for each in name.classes} == {
        ("parties", FieldClass.INTERNAL),
        ("parties[].name", FieldClass.PERSONAL),
    }


def test_what_is_shown_or_not_there_is_not_hidden_and_its_path_is_not_repeated() -> None:
    leaves = ("parties[0].name", "legal_basis")
    paths = ("legal_basis", "parties[9].name", "nothing")
    found = ask(default_lead(), Relation.FORMER_HOLDER, *paths, leaves=leaves)
    assert found == [Asked("")] * 3
    assert not any(each.is_hidden for each in found)


def test_a_whole_that_holds_something_hidden_counts_with_all_its_classes() -> None:
    (found,) = ask(default_lead(), Relation.FORMER_HOLDER, "parties[0]", leaves=PARTY)
    assert found.is_hidden
    assert {each.path for each in found.classes} == {"parties", "parties[].name", "parties[].uscc"}
    assert {each.field_class for each in found.classes} >= {FieldClass.PERSONAL}


def test_what_cannot_be_null_is_public_and_no_class_of_its_own() -> None:
    leaves = (*PARTY, "parties[0].kind")
    (found,) = ask(default_lead(), Relation.FORMER_HOLDER, "parties[0]", leaves=leaves)
    assert "parties[].kind" not in {each.path for each in found.classes}


def complaint(**changes: Any) -> ComplaintForward:
    found = default_message("complaint_forward")
    assert isinstance(found, ComplaintForward)
    who = Complainant("欧阳小明", "13800138000", None)
    return replace(found, complainant=who, **changes)


@pytest.mark.parametrize(
    ("summary", "tells"),
    [
        ("举报人欧阳小明称有人占道", True),
        ("有人占道，详询138-0013-8000", True),
        ("有人占道，详询0858-5321234", True),  # any number may be the complainant's
        ("有人占道经营", False),
    ],
)
def test_a_text_that_tells_who_complained_is_of_that_class_too(summary: str, tells: bool) -> None:  # noqa: FBT001
    (found,) = ask(complaint(summary=summary), Relation.PARTICIPANT, "summary", leaves=("summary",))
    assert found.is_hidden
    classes = {each.field_class for each in found.classes}
    assert (FieldClass.COMPLAINANT in classes) is tells
    assert FieldClass.INVESTIGATIVE in classes


def test_a_text_that_is_shown_but_for_what_it_tells_is_hidden_by_the_row_of_who_complained() -> (
    None
):
    message = complaint(summary="举报人欧阳小明称有人占道")
    (found,) = ask(message, Relation.SENDER, "summary", leaves=("summary",))
    assert found.withheld_by == rows(Relation.SENDER, FieldClass.COMPLAINANT)
    assert FieldClass.COMPLAINANT in {each.field_class for each in found.classes}


def test_who_complained_is_of_that_class_alone_and_to_a_stranger_nothing_has_one() -> None:
    leaves = ("complainant.name", "complainant.phone")
    (found,) = ask(complaint(), Relation.SUPERIOR, "complainant", leaves=leaves)
    assert {each.field_class for each in found.classes} == {FieldClass.COMPLAINANT}
    (unknown,) = ask(complaint(), Relation.UNKNOWN, "summary", leaves=("summary",))
    assert (unknown.withheld_by, unknown.withheld_basis) == ("clearances.csv", None)
    assert {each.field_class for each in unknown.classes} == {None}


def test_paths() -> None:
    assert contract_path("parties[12].phone") == "parties[].phone"
    for path, whole, within in (
        ("reason", "reason", True),
        ("reasons", "reason", False),
        ("parties[0].name", "parties", True),
        ("parties[0].name", "parties[0]", True),
        ("parties[10].name", "parties[1]", False),
        ("parties", "parties[0]", False),
    ):
        assert is_within(path, whole) is within
