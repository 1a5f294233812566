"""Deletes stored attachments that nothing needs: of erased cases, and of refused messages.

What makes an erased case unreadable is the loss of its key; this takes the encrypted files away
too. A store that is away is no reason to stop: what is left stays on the casebook's list, and is
tried with a later Tick. Each Tick begins behind the last file that was tried, so that those that
cannot be deleted keep none behind them.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from connectors.bus.blobs import BlobStore
from schemas.errors import Unavailable
from services.casebook.blobs import Lost, forget_files, lost_files
from services.casebook.retry import patiently
from services.casebook.store import Casebook

FILES_MAX: Final = 50  # tried at one Tick; the rest with the next
FAILED_MAX: Final = 3  # files in a row: then it is the store that is away, until the next Tick


class Shedder:
    """Works off the list, again and again from its beginning."""

    def __init__(self, casebook: Casebook, store: BlobStore) -> None:
        self._engine = casebook.engine
        self._store = store
        self._tried: Lost | None = None  # the last one; None: the list is begun
        self._has_failed = False  # since it was begun
        self._had_failed = False  # the time before

    async def step(self) -> bool:
        """Delete some; return whether the store did what it was asked, the last time all through.

        Raises Unavailable casebook.unavailable.
        """
        files = patiently(self._listed)
        tried, deleted = await asyncio.to_thread(self._deleted, files)
        patiently(self._forget, deleted)
        self._has_failed = self._has_failed or len(deleted) < len(tried)
        done = not (self._has_failed or self._had_failed)
        if len(tried) == FILES_MAX or len(tried) < len(files):
            self._tried = tried[-1]
            return done
        self._tried, self._had_failed, self._has_failed = None, self._has_failed, False
        return not self._had_failed

    def _listed(self) -> tuple[Lost, ...]:
        with self._engine.connect() as connection:
            return lost_files(connection, FILES_MAX, self._tried)

    def _deleted(self, files: Sequence[Lost]) -> tuple[Sequence[Lost], list[Lost]]:
        """Return those that were tried, and those of them that are gone."""
        done: list[Lost] = []
        failed = 0
        for number, file in enumerate(files, 1):
            try:
                self._store.delete(file.sender, file.blob)
            except Unavailable:
                failed += 1
                if failed == FAILED_MAX:
                    return files[:number], done
            else:
                failed = 0
                done.append(file)
        return files, done

    def _forget(self, files: Sequence[Lost]) -> None:
        with self._engine.begin() as connection:
            forget_files(connection, files)
