from connectors.bus.later import LOOK_PAUSE_SECONDS_MAX, pause_after


def test_the_pause_after_a_long_look_has_a_limit() -> None:
    assert pause_after(3600.0) == LOOK_PAUSE_SECONDS_MAX
