"""Deletes stored attachments that nothing needs: of erased cases, and of refused messages.

What makes an erased case unreadable is the loss of its key; this takes the encrypted files away
too. A store that is away is no reason to stop: what is left stays on the casebook's list, and is
tried with a later Tick. Each turn begins behind the last file that was tried, so that those that
cannot be deleted keep none behind them.

A store may also answer slowly, or never, as a share does whose server is gone. No Tick waits for
it: the deleting goes on beside, one turn at a time, on a thread that nobody waits for at the end.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from connectors.bus.blobs import BlobStore
from connectors.bus.clock import monotonic
from schemas.errors import Unavailable
from services.casebook.blobs import Lost, forget_files, lost_files
from services.casebook.retry import patiently
from services.casebook.store import Casebook

FILES_MAX: Final = 50  # tried in one turn; the rest in the next
FAILED_MAX: Final = 3  # files in a row: then it is the store that is away, until the next turn
TURN_SECONDS_MAX: Final = 60.0  # a store that needs longer for a turn counts as away

Deleted = tuple[Sequence[Lost], list[Lost]]  # those that were tried, those of them that are gone
Beside = Callable[[Callable[[], Deleted]], "Future[Deleted]"]


@dataclass(frozen=True, slots=True)
class _Turn:
    """Files that are being deleted."""

    files: tuple[Lost, ...]
    began: float  # monotonic seconds
    deleted: "Future[Deleted]"


def on_a_thread(work: Callable[[], Deleted]) -> "Future[Deleted]":
    """Begin it on a thread of its own, which no end of the process waits for."""
    future: Future[Deleted] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, name="shedding", daemon=True).start()
    return future


def at_once(work: Callable[[], Deleted]) -> "Future[Deleted]":
    """Do it here and now."""
    future: Future[Deleted] = Future()
    future.set_result(work())
    return future


class Shedder:
    """Works off the list, again and again from its beginning."""

    def __init__(self, casebook: Casebook, store: BlobStore, beside: Beside = on_a_thread) -> None:
        self._engine = casebook.engine
        self._store, self._beside = store, beside
        self._turn: _Turn | None = None  # that is under way
        self._done = True  # the store did what it was asked, the last time all through
        self._tried: Lost | None = None  # the last one; None: the list is begun
        self._has_failed = False  # since it was begun
        self._had_failed = False  # the time before

    def at_tick(self) -> bool:
        """Begin a turn unless one is under way; return whether the store does what it is asked.

        Raises Unavailable casebook.unavailable, and what the store raised in the last turn besides
        that it is away.
        """
        if self._turn is not None and self._turn.deleted.done():
            self._ended(self._turn)
        if self._turn is None:
            self._begin()
        is_slow = self._turn is not None and monotonic() - self._turn.began > TURN_SECONDS_MAX
        return self._done and not is_slow

    def _begin(self) -> None:
        files = patiently(self._listed)
        beside = self._beside if files else at_once  # most often there is nothing to delete
        self._turn = turn = _Turn(files, monotonic(), beside(lambda: self._deleted(files)))
        if turn.deleted.done():
            self._ended(turn)

    def _ended(self, turn: _Turn) -> None:
        """Take from the list what is gone, and note where the next turn begins."""
        self._turn = None
        tried, deleted = turn.deleted.result()
        patiently(self._forget, deleted)
        self._has_failed = self._has_failed or len(deleted) < len(tried)
        if len(tried) == FILES_MAX or len(tried) < len(turn.files):
            self._tried = tried[-1]
            self._done = not (self._has_failed or self._had_failed)
            return
        self._tried, self._had_failed, self._has_failed = None, self._has_failed, False
        self._done = not self._had_failed

    def _listed(self) -> tuple[Lost, ...]:
        with self._engine.connect() as connection:
            return lost_files(connection, FILES_MAX, self._tried)

    def _deleted(self, files: Sequence[Lost]) -> Deleted:
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
