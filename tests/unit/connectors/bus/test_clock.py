"""The clock of the shells."""

from datetime import timedelta

from connectors.bus import clock


def test_the_time_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_what_measures_never_goes_back() -> None:
    first = clock.monotonic()
    assert clock.monotonic() >= first
