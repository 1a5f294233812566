from itertools import count
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from connectors.bus.allowance import (
    SAVED_SECONDS,
    UNANSWERED_MAX,
    UNANSWERED_SECONDS_MAX,
    Allowance,
)
from schemas.ids import MessageId

RATE: Final = 20.0
IDS: Final = [MessageId(str(number)) for number in range(UNANSWERED_MAX)]


def test_what_was_saved_in_a_pause_goes_out_at_once_and_then_so_many_a_second() -> None:
    allowance = Allowance(RATE)
    first = allowance.room(1_000.0)
    assert first == RATE * SAVED_SECONDS
    allowance.published(IDS[:first], 1_000.0)
    assert allowance.room(1_000.0) == 0
    assert allowance.room(1_000.5) == RATE / 2
    assert allowance.room(2_000.0) == first


def test_less_than_one_a_second_is_one_now_and_then() -> None:
    allowance = Allowance(0.1)
    assert allowance.room(50.0) == 1
    allowance.published(IDS[:1], 50.0)
    assert allowance.room(59.0) == 0
    assert allowance.room(60.1) == 1


def test_who_has_many_unanswered_waits_until_one_is_answered() -> None:
    allowance = Allowance(1_000.0)
    allowance.published(IDS, 5.0)
    assert allowance.room(9.0) == 0
    allowance.answered(IDS[3])
    assert allowance.room(9.0) == 1
    allowance.answered(IDS[3])
    allowance.answered(MessageId("of a receipt that came again"))
    assert allowance.room(9.0) == 1


def test_what_is_never_answered_stops_nobody_for_ever() -> None:
    allowance = Allowance(1_000.0)
    allowance.published(IDS[:30], 5.0)
    allowance.published(IDS[30:], 6.0)
    assert allowance.room(5.0 + UNANSWERED_SECONDS_MAX) == 30
    assert allowance.room(6.0 + UNANSWERED_SECONDS_MAX) == UNANSWERED_MAX


def test_a_letter_that_is_published_again_counts_once_and_from_then() -> None:
    allowance = Allowance(1_000.0)
    allowance.published(IDS[:2], 5.0)
    allowance.published(IDS[:1], 9.0)
    assert allowance.room(10.0) == UNANSWERED_MAX - 2
    assert allowance.room(5.0 + UNANSWERED_SECONDS_MAX) == UNANSWERED_MAX - 1


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=60), st.floats(0.1, 500))
def test_whatever_happens_no_more_go_out_than_the_rate_and_the_window_allow(
    turns: list[tuple[float, bool]], rate: float
) -> None:
    allowance, at, sent, ids = Allowance(rate), 0.0, 0, count()
    out: list[tuple[float, MessageId]] = []
    for seconds, is_answered in turns:
        at += seconds
        if is_answered and out:
            allowance.answered(out.pop(0)[1])
        room = allowance.room(at)
        new = [MessageId(str(next(ids))) for _ in range(room)]
        allowance.published(new, at)
        out = [each for each in out if at - each[0] < UNANSWERED_SECONDS_MAX]
        out += [(at, each) for each in new]
        sent += room
        assert len(out) <= UNANSWERED_MAX
        assert sent <= max(rate * SAVED_SECONDS, 1.0) + rate * at + 1e-6
