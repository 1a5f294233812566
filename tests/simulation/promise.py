"""How a broken promise is told: which, and where. No content of a message is in it."""

import sqlite3
from typing import Any


class BrokenPromise(AssertionError):
    """A promise of design.md, section 1, is broken. Its number stands first."""

    def __init__(self, promise: str, where: object) -> None:
        """Say which, and where."""
        super().__init__(f"{promise}: {where}")


def hold(kept: bool, promise: str, where: Any) -> None:  # noqa: FBT001 - a statement, as assert is
    """Raise BrokenPromise unless it is kept."""
    if not kept:
        if isinstance(where, sqlite3.Row):
            names = ("record", "outcome", "code", "topic", "partition", "offset")
            where = tuple(where[name] for name in names)
        raise BrokenPromise(promise, where)
