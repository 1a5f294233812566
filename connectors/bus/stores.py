"""Which store of attachments a home is configured for, opened.

`[attachments] store` in yichuan.toml: a folder that all connectors and the exchange reach, which
must be there; or `s3://bucket/prefix`, with the access key in credentials/attachments.toml. Empty:
a folder of the home, which is made, where the broker is the home's own, on one machine. Elsewhere
the home's folder is nobody else's: what was stored there would never reach its recipient.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.bus.blobs import BlobStore, Directory
from connectors.bus.home import Credentials, Home
from schemas.errors import Unavailable
from schemas.ids import OrganCode

LOGIN: Final = "attachments"  # of credentials/
UNSET: Final = "attachment.store_unset"
_S3: Final = "s3://"


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A folder, or a bucket with what it takes to reach it."""

    folder: Path | None
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    credentials: Credentials | None = None
    must_exist: bool = False  # of a folder: while it is not there, the store is away
    unset: bool = False  # no file can be stored or fetched until the home says where


def store_place(home: Home) -> StorePlace:
    """Return where a home's attachments are. Raises UserError home.login_missing."""
    settings = home.settings()
    section = settings.attachments
    if not section.store and not settings.stack_is_local:
        return StorePlace(None, unset=True)
    if not section.store.startswith(_S3):
        folder = Path(section.store).expanduser() if section.store else home.attachments
        absolute = folder if folder.is_absolute() else home.path / folder
        return StorePlace(absolute, must_exist=bool(section.store))
    bucket, _, prefix = section.store.removeprefix(_S3).partition("/")
    return StorePlace(
        None, bucket, prefix.strip("/"), section.endpoint, section.region, home.credentials(LOGIN)
    )


def open_store(place: StorePlace) -> BlobStore:
    """Open the store. S3's client is loaded only where it is used."""
    if place.unset:
        return _Unset()
    if place.folder is not None:
        return Directory(place.folder, must_exist=place.must_exist)
    from connectors.bus.blobs_s3 import Bucket  # noqa: PLC0415 - a library of its own, and heavy

    return Bucket(place)


class _Unset:
    """No store: whatever is asked of it waits until somebody has written where it is."""

    def size(self, owner: OrganCode, blob: str, index: int) -> int | None:
        del owner, blob, index
        raise Unavailable(UNSET)

    def put(self, owner: OrganCode, blob: str, index: int, data: bytes) -> None:
        del owner, blob, index, data
        raise Unavailable(UNSET)

    def get(self, owner: OrganCode, blob: str, index: int) -> bytes | None:
        del owner, blob, index
        raise Unavailable(UNSET)

    def delete(self, owner: OrganCode, blob: str) -> None:
        del owner, blob
        raise Unavailable(UNSET)
