"""What was promised is checked: a promise without a check cannot be proved, nor forgotten."""

import pytest

from tests.prove.chapter import Check, Promise, promises_of, unmatched
from tests.prove.run import CHAPTERS


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_every_promise_has_its_check(chapter: str) -> None:
    assert unmatched(promises_of(chapter), CHAPTERS[chapter]) == []


def test_a_promise_without_a_check_is_found() -> None:
    promises = {"kept": Promise("kept", "…", is_long=False)}
    assert unmatched(promises, ()) == ["kept: promised, but has no check"]


def test_a_check_without_a_promise_and_a_second_one_are_found() -> None:
    checks = tuple(Check("stray", lambda _: "") for _ in range(2))
    assert unmatched({}, checks) == [
        "stray: a check without a promise",
        "stray: a check without a promise",
        "stray: more than one check",
    ]
