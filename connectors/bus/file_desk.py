"""The attachments' part of the desk: staged before a message is sealed, put down after it came.

Called from the desk's one thread; what takes long, the store, is carrier.py's in another.
"""

import logging
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from connectors.bus import clock, metrics
from connectors.bus.agency import Agency
from connectors.bus.carrier import STAGED
from connectors.bus.ledger import Ledger
from connectors.bus.outgoing import reason, receipt_of, stage
from connectors.bus.sealing import Staged
from connectors.bus.system import Source, System, Unfit
from connectors.bus.transfers import Download, Upload
from schemas.errors import Refusal

STAGED_BYTES_MAX: Final = 8 * 1024**3  # on our disk; what is taken at once may go beyond
Job = Upload | Download  # a file that is to be carried
LOG: Final = logging.getLogger("yichuan.connector")


class FileDesk:
    """The files of one agency's messages, on their way out and in."""

    def __init__(self, agency: Agency, system: System, ledger: Ledger) -> None:
        self._agency, self._system, self._ledger = agency, system, ledger
        self._folder = agency.folder / STAGED
        self._staged: dict[Source, tuple[Staged, ...] | Refusal] = {}  # of what was collected

    @property
    def landing(self) -> Path | None:
        """Where the system wants attachments put down."""
        return self._system.landing

    def open(self) -> None:
        """Delete what a crash left half done; let what was unfit be tried once more."""
        self._tidy()
        with self._ledger.transaction():
            self._ledger.transfers.try_again()

    def is_full(self) -> bool:
        """Whether so much is staged that nothing more may be taken from the agency."""
        return self._ledger.transfers.staged_bytes() >= STAGED_BYTES_MAX

    def stage(self, taken: Iterable[Source | Unfit]) -> None:
        """Encrypt the files of what was collected: before the transaction, for it takes long."""
        for thing in taken:
            if isinstance(thing, Source) and thing.files and thing not in self._staged:
                self._staged[thing] = stage(thing, self._agency, self._ledger, self._folder)

    def of(self, thing: Source) -> tuple[Staged, ...] | Refusal:
        """Return the staged files of a source, or why they are not."""
        return self._staged.get(thing, ())

    def sealed(self) -> None:
        """Let go of what was staged for a message that was refused."""
        if self._staged:
            self._staged.clear()
            self._tidy()

    def to_carry(self, but: Collection[Job] = ()) -> tuple[Job, ...]:
        """Return which files are on their way, without `but`."""
        transfers = self._ledger.transfers
        return (*transfers.uploads(but), *transfers.downloads(but))

    def stored(self, upload: Upload) -> None:
        """Note that the store has a file whole, and let go of ours."""
        with self._ledger.transaction():
            self._ledger.transfers.uploaded(upload)
        self._tidy()
        metrics.CONNECTOR_ATTACHMENTS.labels(self._agency.alias, "up").inc()

    def landed(self, download: Download, found: Path | Refusal) -> None:
        """Put a file beside its message, or why it cannot be had.

        With the last of a message Delivered is due: all of it is in the agency's system now.
        """
        at, alias = clock.now(), self._agency.alias
        if isinstance(found, Refusal):
            metrics.CONNECTOR_ATTACHMENTS_REFUSED.labels(alias, found.code).inc()
            LOG.error("attachment refused %s of %s", found.code, download.message_id)
            self._system.attach(download.landed(notice=reason(found, at)))
            with self._ledger.transaction():
                self._ledger.transfers.refused(download, found.code)
            return
        self._system.attach(download.landed(path=found))
        with self._ledger.transaction():
            about = self._ledger.transfers.place_of(download.message_id)
            if self._ledger.transfers.downloaded(download) and about is not None:
                receipt = receipt_of(download.message_id, *about, at, self._agency)
                self._ledger.put_in_spool(receipt, at)
        found.unlink(missing_ok=True)
        metrics.CONNECTOR_ATTACHMENTS.labels(alias, "down").inc()

    def unfit(self) -> int:
        """Return how many files could not be had."""
        return self._ledger.transfers.unfit()

    def _tidy(self) -> None:
        needed = self._ledger.transfers.staged()
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name not in needed:
                path.unlink(missing_ok=True)
