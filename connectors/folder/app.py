"""The folder connector: configuration, and the folder as an agency's system.

[source]
folder = "exchange"     # has or gets outbox/ work/ sent/ refused/ inbox/, on one file system
poll_seconds = 0.5
encoding = "utf-8"      # of all files, in and out; "gb18030" for a system that writes and reads GBK
[map]
records = {"线索移送" = "lead_transfer"}   # optional: names of records in file names
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from connectors.bus.agency import Agency, ConnectorConfig, Section, read_config
from connectors.bus.alone import owning
from connectors.bus.home import Home
from connectors.bus.process import run
from connectors.bus.system import Arrival, Arrived, Landed, Mark, Source, Unfit
from connectors.folder.files import reachable
from connectors.folder.inbox import InFolder
from connectors.folder.outbox import Outbox
from schemas.errors import UserError
from schemas.json_text import Encoding
from schemas.secrecy import Gate


class FolderSource(Section):
    """[source]."""

    folder: Path
    poll_seconds: float = Field(0.5, gt=0, le=3600)
    encoding: Encoding = Encoding.UTF_8


class FolderConfig(ConnectorConfig):
    """The configuration of a folder connector."""

    kind: Literal["folder"]
    source: FolderSource


class Folder:
    """The folder as an agency's system (connectors/bus/system.py)."""

    def __init__(
        self,
        root: Path,
        records: dict[str, str],
        book: Path,
        gate: Gate,
        encoding: Encoding = Encoding.UTF_8,
    ) -> None:
        self._root = root
        self._outbox = Outbox(root, records, gate, encoding)
        self._inbox = InFolder(root, book, encoding)

    def open(self) -> None:
        """Make the folders. Raises UserError folder.unusable, folder.other_filesystem."""
        box, inbox = self._outbox, self._inbox
        for folder in (box.outbox, box.work, box.sent, box.refused, inbox.inbox, inbox.staging):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                other = folder.stat().st_dev != self._root.stat().st_dev
            except OSError as error:
                detail = error.strerror
                raise UserError(
                    "folder.unusable", where=str(folder), detail=detail, exit_code=3
                ) from None
            if other:  # a rename between two is no one step
                raise UserError("folder.other_filesystem", where=str(folder), exit_code=3)
        with reachable(self._root):
            box.open()
            inbox.finish()

    def collect(self, sources_max: int) -> tuple[Source | Unfit, ...]:
        """Take files, in the order of their names."""
        with reachable(self._root):
            return self._outbox.collect(sources_max)

    def mark(self, marks: Sequence[Mark]) -> None:
        """Move files to sent/ or refused/, with their notices."""
        with reachable(self._root):
            self._outbox.mark(marks)

    def deliver(self, arrivals: Sequence[Arrival]) -> Arrived:
        """Put messages into inbox/."""
        with reachable(self._root):
            return self._inbox.deliver(arrivals)

    @property
    def landing(self) -> Path | None:
        """On the file system of inbox/, so that a rename shows a whole file."""
        return self._inbox.staging

    def attach(self, landed: Landed) -> None:
        """Put an attachment beside its document."""
        with reachable(self._root):
            self._inbox.attach(landed)

    def close(self) -> None:
        """Close the book of the inbox."""
        self._inbox.close()


def run_file(path: Path, home: Home | None = None) -> None:
    """Run the connector of a configuration file until it is told to stop. Raises YichuanError."""
    config = read_config(path, FolderConfig)
    root = (path.resolve().parent / config.source.folder.expanduser()).resolve()

    def system_of(agency: Agency) -> Folder:
        book = agency.folder / "arrivals.sqlite"
        records = dict(config.map.records)
        return Folder(root, records, book, agency.gate, config.source.encoding)

    with owning(root, config.organ):
        run(config, home, system_of, config.source.poll_seconds)
