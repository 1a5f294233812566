"""What the soak concludes from its samples: it must see a leak, and none in a busy flat process."""

from math import sin
from typing import Final

import pytest

from tests.faults.soak import WARM_MESSAGES, Growth, growth, warmed_up
from tests.faults.watched import Sample, gained, line

MB: Final = 1 << 20
LOOKS: Final = 300  # one in six seconds for half an hour
WARM: Final = 80.0  # MB at the start


def found(mb_per_minute: float, files: int = 20, noise_mb: float = 2.0) -> Growth:
    """What is said of a process that grows so fast, with noise on it."""
    samples = samples_of(mb_per_minute, files, noise_mb)
    return growth("exchange", samples, warmed_up(samples))


def samples_of(
    mb_per_minute: float, files: int, noise_mb: float, per_look: float = 360.0
) -> list[Sample]:
    """What is seen of it; `per_look`: messages between two looks."""
    return [
        Sample(
            at=number * 6.0,
            rss_bytes=round(MB * (WARM + mb_per_minute * number / 10 + noise_mb * sin(number**2))),
            files=files + (number % 3 == 0),
            threads=5,
            messages=number * per_look,
        )
        for number in range(LOOKS)
    ]


def test_a_busy_process_that_stays_as_it_is_is_flat() -> None:
    flat = found(0.0)
    assert flat.is_flat
    assert flat.messages == 199 * 360


def test_two_megabytes_a_minute_are_a_leak_and_told_by_the_minute_and_by_the_message() -> None:
    leak = found(2.0)
    assert not leak.is_flat
    assert leak.per_minute.slope == pytest.approx(2 * MB, rel=0.1)
    assert leak.per_message.slope == pytest.approx(2 * MB / 3600, rel=0.1)


def test_what_is_too_noisy_to_be_sure_of_is_not_flat() -> None:
    assert not found(0.5, noise_mb=60.0).is_flat


def test_one_more_open_file_in_half_an_hour_is_growth() -> None:
    assert gained([17] * 20 + [18] * 20) == 1
    assert gained([17, 19, 17, 17, 17, 17, 18, 17, 17]) == 0


def test_through_too_few_samples_no_line_is_drawn() -> None:
    with pytest.raises(ValueError, match="3 samples"):
        line([(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)])


def test_the_comparison_begins_when_so_many_messages_are_through_or_not_at_all() -> None:
    slow = samples_of(0.0, 20, 0.0, per_look=40.0)
    assert warmed_up(slow) == WARM_MESSAGES / 40 * 6.0
    with pytest.raises(AssertionError, match="2990 messages only"):
        warmed_up(samples_of(0.0, 20, 0.0, per_look=10.0))
