"""When cycles are looked for: after a batch what is young, at times all; what stays, never."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from services.exchange import garbage
from services.exchange.garbage import Sweeps

TICKS_UNTIL_ALL = 30


class Ring:
    """What only a look for cycles finds."""

    def __init__(self) -> None:
        self.own = self


def gone() -> "ref[Ring]":
    return ref(Ring())


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


def test_nothing_is_looked_for_while_all_is_opened_and_what_is_open_stays() -> None:
    garbage.begin()
    assert not gc.isenabled()
    frozen = gc.get_freeze_count()
    garbage.keep_for_good()
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen


def test_in_a_batch_no_cycle_is_looked_for_and_after_it_what_it_left_goes() -> None:
    garbage.keep_for_good()
    left = gone()
    held = [Ring() for _ in range(100_000)]
    assert left() is not None
    Sweeps().after_batch()
    assert left() is None
    assert len(held) == 100_000


def test_what_outlived_a_batch_goes_at_a_tick_and_what_outlived_a_tick_in_time() -> None:
    garbage.keep_for_good()
    sweeps = Sweeps()
    ring = Ring()
    old = ref(ring)
    sweeps.after_batch()
    del ring
    sweeps.after_batch()
    assert old() is not None
    sweeps.at_tick()
    assert old() is None
    ring = Ring()
    oldest = ref(ring)
    for _ in range(3):
        sweeps.after_batch()
        sweeps.at_tick()
    del ring
    for _ in range(TICKS_UNTIL_ALL - 5):
        sweeps.at_tick()
    assert oldest() is not None
    sweeps.at_tick()
    assert oldest() is None
