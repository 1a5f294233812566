"""What is asked for of a long letter is found at a cost of its length, and found as before."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.classes import FieldClass
from schemas.inline import schema_of
from services.confidentiality import asked as places
from services.confidentiality.asked import ANYBODY, TELLING, Asked, Held, asked
from services.confidentiality.redact import Redacted
from tests.any_message import default_lead

REDACTOR = TELLING.redactor(schema_of("LeadTransfer"), ANYBODY)
PATHS = st.from_regex(r"[ab](\[[01]\])?(\.[ab](\[[01]\])?){0,2}", fullmatch=True)


def held(names: int) -> Held:
    """A copy that hides all evidence, of which so many names tell who complained."""
    hidden: Redacted[Any] = Redacted(default_lead(), ("evidence",))
    told = tuple(f"evidence[{number}].name" for number in range(names))
    return Held(REDACTOR, hidden, Redacted(default_lead(), masked=told), None)


def telling(found: Asked) -> list[str]:
    return [each.path for each in found.classes if each.field_class is FieldClass.COMPLAINANT]


def test_a_request_for_a_long_list_does_not_hold_the_exchange_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[None] = []
    touches = places._touches

    def counted(path: str, other: str) -> bool:
        looks.append(None)
        return touches(path, other)

    monkeypatch.setattr(places, "_touches", counted)
    fields = ("number", "kind", "name", "original", "copy_reason", "pages", "obtained_on")
    leaves = [f"evidence[{number}].{field}" for number in range(2_000) for field in fields]
    paths = ["evidence", *(f"evidence[{number}]" for number in range(99))]
    whole, first, *_ = found = asked(paths, leaves, held(900))
    assert len(looks) <= len(paths)  # and not the leaves times what tells who complained
    assert len(found) == len(paths)
    assert whole.is_hidden
    # The name of each tells who complained: that is a class of its own, once.
    assert telling(first) == ["evidence[].name"]
    assert telling(whole) == ["evidence[].name"]


def test_what_tells_nothing_has_no_such_class() -> None:
    (found,) = asked(["evidence[1].name"], ["evidence[1].name"], held(1))
    assert found.is_hidden
    assert telling(found) == []


def test_what_is_not_there_or_not_hidden_is_not_repeated() -> None:
    for path in ("evidence[7].name", "reason"):
        (found,) = asked([path], ["evidence[1].name", "reason"], held(1))
        assert (found.path, found.is_hidden) == ("", False)


@given(st.lists(PATHS, max_size=5), PATHS)
def test_paths_touch_as_one_by_one(paths: list[str], path: str) -> None:
    one_by_one = any(places._touches(path, each) for each in paths)
    assert places._Places(paths).touch(path) == one_by_one


@given(PATHS, PATHS)
def test_a_path_lies_within_all_its_wholes_and_nothing_else(path: str, other: str) -> None:
    assert (other in places._wholes(path)) == places.is_within(path, other)
