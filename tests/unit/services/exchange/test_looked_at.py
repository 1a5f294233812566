"""What a partition keeps of its last Tick is another behind each day on which something turns."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from services.exchange.turned import looked_at
from tests.history import MONDAY


def test_a_rulebook_s_only_turn_is_one_as_well() -> None:
    """What was looked at before it is not what is looked at behind it."""
    turn: Any = SimpleNamespace(
        rulebook=SimpleNamespace(hash="h"), turning_days=lambda: (MONDAY.date(),)
    )
    before, behind = (looked_at(turn, MONDAY + timedelta(days=days)) for days in (-1, 1))
    assert before != behind == looked_at(turn, MONDAY + timedelta(days=2))
