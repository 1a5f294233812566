"""Deletes stored attachments that nothing needs: of erased cases, and of refused messages.

What makes an erased case unreadable is the loss of its key; this takes the encrypted files away
too. A store that is away is no reason to stop: what is left stays on the casebook's list, and is
tried with a later Tick.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from connectors.bus.blobs import BlobStore
from schemas.errors import Unavailable
from services.casebook.blobs import Lost, forget_files, lost_files
from services.casebook.retry import patiently
from services.casebook.store import Casebook

FILES_MAX: Final = 50  # deleted at one Tick; the rest with the next


class Shedder:
    """Works off the list."""

    def __init__(self, casebook: Casebook, store: BlobStore) -> None:
        self._engine = casebook.engine
        self._store = store

    async def step(self) -> bool:
        """Delete some; return whether the store did what it was asked.

        Raises Unavailable casebook.unavailable.
        """
        files = patiently(self._listed)
        if not files:
            return True
        deleted = await asyncio.to_thread(self._deleted, files)
        patiently(self._forget, deleted)
        return len(deleted) == len(files)

    def _listed(self) -> tuple[Lost, ...]:
        with self._engine.connect() as connection:
            return lost_files(connection, FILES_MAX)

    def _deleted(self, files: Iterable[Lost]) -> list[Lost]:
        done: list[Lost] = []
        for file in files:
            try:
                self._store.delete(file.sender, file.blob)
            except Unavailable:
                break
            done.append(file)
        return done

    def _forget(self, files: Iterable[Lost]) -> None:
        with self._engine.begin() as connection:
            forget_files(connection, files)
