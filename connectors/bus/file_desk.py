"""The attachments' part of the desk: staged before a message is sealed, put down after it came.

Called from the desk's one thread; what takes long, the store, is carrier.py's in another.
"""

import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from connectors.bus import clock, metrics
from connectors.bus.agency import Agency
from connectors.bus.aside import Aside, Place, is_full
from connectors.bus.carrier import STAGED
from connectors.bus.later import Later
from connectors.bus.ledger import Ledger
from connectors.bus.outgoing import place_of, reason, receipt_of, stage
from connectors.bus.sealing import Staged
from connectors.bus.system import Source, System, Unfit
from connectors.bus.transfers import Download, Upload
from schemas.errors import Refusal, Unavailable

STAGED_BYTES_MAX: Final = 8 * 1024**3  # on our disk; what is taken at once may go beyond
Job = Upload | Download  # a file that is to be carried
LOG: Final = logging.getLogger("yichuan.connector")


class FileDesk:
    """The files of one agency's messages, on their way out and in."""

    def __init__(self, agency: Agency, system: System, ledger: Ledger) -> None:
        self._agency, self._system, self._ledger = agency, system, ledger
        self._folder = agency.folder / STAGED
        self._staged: dict[Source, tuple[Staged, ...] | Refusal] = {}  # of what was collected
        self._aside: tuple[Source, ...] = ()  # collected; not staged, or behind what is not
        self._left: tuple[Source, ...] = ()  # aside, too, once what is ready is in the ledger
        self._later: dict[Source, Later] = {}  # what the disk had no room for

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
        """Whether so much is staged, or set aside, that nothing more may be taken."""
        return is_full(self._aside) or self._ledger.transfers.staged_bytes() >= STAGED_BYTES_MAX

    def stage(self, taken: Sequence[Source | Unfit]) -> tuple[Source | Unfit, ...]:
        """Encrypt the files of what was collected: before the transaction, for it takes long.

        Return what can be sealed. What the disk has no room for is set aside, with what may not
        overtake it, and comes first when it is tried again; by then it may fit.
        """
        at = clock.monotonic()
        self._left = self._aside
        waits = bool(self._later) and all(later.at > at for later in self._later.values())
        if not taken and (waits or not self._aside):
            return ()
        aside, ready = Aside(), list[Source | Unfit]()
        for thing in (*self._aside, *(each for each in taken if each not in self._aside)):
            if isinstance(thing, Unfit):
                ready.append(thing)
                continue
            place = self._place_of(thing) if aside.sources else None
            if aside.holds(place):
                aside.put(thing, place)
            elif self._is_staged(thing, at):
                ready.append(thing)
            else:
                aside.put(thing, self._place_of(thing))
        self._left = aside.sources
        return tuple(ready)

    def aside(self) -> int:
        """Return how many sources wait because the disk has no room for attachments."""
        return len(self._aside)

    def of(self, thing: Source) -> tuple[Staged, ...] | Refusal:
        """Return the staged files of a source, or why they are not."""
        return self._staged.get(thing, ())

    def sealed(self) -> None:
        """Note that what was ready is in the ledger; let go of what was staged for no message."""
        self._aside = self._left
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
            LOG.error("attachment refused %s of %s", found.code, ", ".join(download.message))
            self._system.attach(download.landed(notice=reason(found, at)))
            with self._ledger.transaction():
                self._ledger.transfers.refused(download, found.code)
            return
        self._system.attach(download.landed(path=found))
        with self._ledger.transaction():
            place = self._ledger.transfers.place_of(download.message)
            if self._ledger.transfers.downloaded(download) and place is not None:
                receipt = receipt_of(download.message, *place, at, self._agency)
                self._ledger.put_in_spool(receipt, at)
        found.unlink(missing_ok=True)
        metrics.CONNECTOR_ATTACHMENTS.labels(alias, "down").inc()

    def unfit(self) -> int:
        """Return how many files could not be had."""
        return self._ledger.transfers.unfit()

    def _place_of(self, source: Source) -> Place | None:
        return place_of(source, self._agency, self._ledger, clock.now())

    def _is_staged(self, source: Source, at: float) -> bool:
        """Stage a source's files, unless they wait; return whether that is done."""
        before = self._later.get(source)
        if not source.files or source in self._staged:
            return True
        if before is not None and before.at > at:
            return False
        try:
            self._staged[source] = stage(source, self._agency, self._ledger, self._folder)
        except Unavailable as error:
            if error.code != "attachment.staging_failed":
                raise
            at = clock.monotonic()  # it took its time
            self._later[source] = Later.after(before, at)
            return False
        self._later.pop(source, None)
        return True

    def _tidy(self) -> None:
        found = [each for each in self._staged.values() if not isinstance(each, Refusal)]
        unsealed = {file.blob for files in found for file in files}
        needed = self._ledger.transfers.staged() | unsealed
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name not in needed:
                path.unlink(missing_ok=True)
