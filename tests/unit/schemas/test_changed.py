"""A copy with fields changed is what dataclasses.replace makes."""

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from schemas.changed import changed
from tests.history import SENDER, History


@dataclass(frozen=True, slots=True)
class _Derived:
    one: int
    two: int = 2

    def __post_init__(self) -> None:
        """Derive something."""


@dataclass(frozen=True)
class _Open:
    one: int
    two: int = 2


@dataclass(frozen=True, slots=True)
class _Alone:
    one: int


def test_it_is_what_replace_makes_of_a_case_and_the_old_one_stays() -> None:
    history = History()
    history.send("lead_transfer", SENDER)
    case = history.opened
    before = repr(case)
    made = changed(case, duties=(), handler=None)
    assert made == replace(case, duties=(), handler=None)
    assert (repr(case), changed(case)) == (before, case)
    with pytest.raises(FrozenInstanceError):
        made.handler = case.handler  # type: ignore[misc] # frozen still


def test_a_field_that_there_is_not_is_an_error() -> None:
    history = History()
    history.send("lead_transfer", SENDER)
    with pytest.raises(TypeError, match="handlers"):
        changed(history.opened, handlers=None)  # type: ignore[call-arg] # that is what is tested


@pytest.mark.parametrize("value", [_Derived(1), _Open(1), _Alone(1)])
def test_a_class_with_other_means_is_not_copied_by_slots(value: _Derived | _Open | _Alone) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        changed(value, one=3)
