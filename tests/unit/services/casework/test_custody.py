"""Who keeps what goes with a letter, and whether it is still awaited (guidance 二(二)2)."""

from dataclasses import replace

from services.casework.custody import is_awaited
from tests.history import SENDER, History


def test_nothing_is_awaited_where_there_is_nothing_or_nobody_to_wait_for_it() -> None:
    history = History()
    history.send("case_transfer", SENDER)
    assert is_awaited(history.opened)
    assert not is_awaited(replace(history.opened, custody=None))
    assert not is_awaited(replace(history.opened, handler=None))
