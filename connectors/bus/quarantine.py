"""Inbox values that could not be read, verified or written: kept whole until they can be.

Each lies as `<offset>-<broker's time in ms>.value` beside its `.reason.json`, readable by the
owner only. They are tried again at every start, as after a new keys.csv.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from connectors.bus.durable import make_folder
from connectors.bus.outgoing import as_text, reason
from connectors.bus.private import write_private, write_private_bytes
from schemas.errors import Broken, Refusal

KEPT_MAX: Final = 1_000  # more than that is no bad message but a mistake of ours, or of the set-up
TRIED_BYTES_MAX: Final = 16 * 1024**2  # tried again at once; the last value may go beyond


class Record(NamedTuple):
    """One value of the inbox as the broker gives it."""

    offset: int
    timestamp_ms: int
    value: bytes


class Quarantine:
    """The folder of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder, 0o700)

    def put(self, record: Record, refusal: Refusal, at: datetime) -> None:
        """Keep a value with the reason. Raises Broken connector.quarantine_full."""
        path = self._path(record)
        if not path.exists() and self.count() >= KEPT_MAX:
            raise Broken("connector.quarantine_full", where=str(self._folder))
        write_private(path.with_suffix(".reason.json"), as_text(reason(refusal, at)))
        write_private_bytes(path, record.value)

    def count(self) -> int:
        """Return how many are kept."""
        return sum(1 for _ in self._folder.glob("[0-9]*.value"))

    def batches(self) -> Iterator[tuple[Record, ...]]:
        """Yield them in the order of the inbox, as many at once as TRIED_BYTES_MAX says."""
        batch, read_bytes = list[Record](), 0
        for path in sorted(self._folder.glob("[0-9]*.value")):
            offset, _, stamp = path.stem.partition("-")
            batch.append(Record(int(offset), int(stamp), path.read_bytes()))
            read_bytes += len(batch[-1].value)
            if read_bytes >= TRIED_BYTES_MAX:
                yield tuple(batch)
                batch, read_bytes = [], 0
        if batch:
            yield tuple(batch)

    def release(self, record: Record) -> None:
        """Forget one that has been dealt with."""
        path = self._path(record)
        path.unlink(missing_ok=True)
        path.with_suffix(".reason.json").unlink(missing_ok=True)

    def _path(self, record: Record) -> Path:
        return self._folder / f"{record.offset:012d}-{record.timestamp_ms}.value"
