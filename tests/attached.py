"""A message with attachments between two agencies of `agency_home`, carried over a real store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.bus.agency import Agency
from connectors.bus.blobs import BlobStore, Directory
from connectors.bus.carrier import Carrier
from connectors.bus.desk import Desk
from connectors.bus.transfers import Upload
from schemas.errors import Refusal
from schemas.messages import Message
from tests.agency_home import THEM, County, document, written
from tests.agency_sides import FolderSide, Side

RECORD = "lead_transfer"


def carry(desk: Desk, county: County, alias: str, store: BlobStore) -> list[Path | Refusal | None]:
    """Carry what is on its way, as the connector's fourth loop does."""
    carrier = Carrier(county.agency(alias), store, desk.files.landing)
    found: list[Path | Refusal | None] = []
    for job in desk.files.to_carry():
        if isinstance(job, Upload):
            carrier.upload(job)
            desk.files.stored(job)
            found.append(None)
        else:
            landed = carrier.download(job)
            desk.files.landed(job, landed)
            found.append(landed)
    return found


@dataclass
class Sender:
    """yanjiao, which works with a folder."""

    county: County
    root: Path
    store: BlobStore
    desks: list[Desk] = field(default_factory=list)
    side: FolderSide = field(init=False)

    def __post_init__(self) -> None:
        """Make its folder."""
        self.side = FolderSide(self.root)

    def put(self, name: str, files: Mapping[str, bytes], content: str | None = None) -> Path:
        """Put a document with files beside it into outbox/; return the folder of the files."""
        folder = self.root / "outbox" / f"{name}.{RECORD}.files"
        folder.mkdir(parents=True)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        self.side.put(name, RECORD, content or document(RECORD))
        return folder

    def desk(self) -> Desk:
        """Open the connector's desk anew; the one before is let go as by kill -9."""
        return opened_anew(self.desks, self.county.agency("yanjiao"), self.side)

    def close(self) -> None:
        """Let go of what was opened."""
        let_go(self.desks)

    def sent(self, files: Mapping[str, bytes], name: str = "a") -> Message:
        """Send a document with files, store them, and return the sealed message."""
        self.put(name, files)
        desk = self.desk()
        taken(desk)
        carry(desk, self.county, "yanjiao", self.store)
        (head,) = desk.waiting(10)
        desk.published(written([head]))
        return self.county.opened(head.value)


@dataclass
class Receiver:
    """liuzhi-cgj, which works with a folder or a database."""

    county: County
    side: Side
    store: BlobStore
    desks: list[Desk] = field(default_factory=list)

    def desk(self) -> Desk:
        """Open the connector's desk anew."""
        return opened_anew(self.desks, self.county.agency("liuzhi-cgj"), self.side)

    def close(self) -> None:
        """Let go of what was opened."""
        let_go(self.desks)

    def got(self, sent: Message, offset: int = 0) -> list[Path | Refusal | None]:
        """Take a copy in and carry what it entitles to."""
        desk = self.desk()
        assert desk.take_in([self.county.copy(sent, offset, to=THEM)]) == frozenset()
        return carry(desk, self.county, "liuzhi-cgj", self.store)


def opened_anew(desks: list[Desk], agency: Agency, side: Side | FolderSide) -> Desk:
    """Let go of the desks, and open another for the agency, which is the only one then."""
    let_go(desks)
    desk = Desk(agency, side.system())
    desks.append(desk)
    desk.open()
    return desk


def let_go(desks: list[Desk]) -> None:
    """Close the desks."""
    for desk in desks:
        desk.close()
    desks.clear()


def taken(desk: Desk) -> None:
    """Look often enough: files must stand still from one look to the next."""
    for _ in range(3):
        desk.take_out()


NewStore = Callable[[Path], BlobStore]


def directory(path: Path) -> Directory:
    """Return a store in a folder."""
    return Directory(path / "store")
