"""A small SQLite file that a connector keeps for itself, opened safely.

Readable by its owner only; used from one thread. A commit is on the disk before it returns (WAL,
synchronous=FULL), so what it says survives kill -9 and loss of power. A book of an older release is
brought up to date at its first opening, forward only.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connectors.bus.durable import make_folder
from schemas.errors import Unavailable, UserError

_BUSY_SECONDS_MAX: Final = 5.0


class Book:
    """An open file with these tables. Raises UserError connector.book_unusable.

    `steps`: what makes the tables of each older release those of the next one, the oldest first.
    """

    def __init__(self, path: Path, tables: str, steps: Sequence[str] = ()) -> None:
        newest = 1 + len(steps)
        make_folder(path.parent, 0o700)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self.db = sqlite3.connect(path, timeout=_BUSY_SECONDS_MAX, isolation_level=None)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")
            (version,) = self.db.execute("PRAGMA user_version").fetchone()
            for now, step in enumerate(() if version == 0 else steps, start=2):
                if version < now:
                    self.db.executescript(f"BEGIN;{step}PRAGMA user_version={now};COMMIT;")
            if version == 0:
                self.db.executescript(f"BEGIN;{tables}PRAGMA user_version={newest};COMMIT;")
        except (OSError, sqlite3.Error) as error:
            raise _unusable(path, type(error).__name__) from None
        if version > newest:
            self.db.close()
            raise _unusable(path, f"version {version}")

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is on the disk when it ends, or none of it.

        Raises Unavailable connector.book_unusable, as when the disk is full.
        """
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unavailable("connector.book_unusable", detail=type(error).__name__) from error
        finally:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")


def _unusable(path: Path, detail: str) -> UserError:
    return UserError("connector.book_unusable", where=str(path), detail=detail, exit_code=3)
