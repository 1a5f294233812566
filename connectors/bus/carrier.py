"""Carries attachments: staged files up to the store, stored ones down for the agency.

Works in a thread of its own (connector.py), so that a large file delays neither the agency's
documents nor the inbox. A job may be cut off after each part, and goes on there.
"""

import threading
from contextlib import suppress
from pathlib import Path

from connectors.bus.agency import Agency
from connectors.bus.blobs import PART_BYTES, BlobStore, part_bytes, parts_of
from connectors.bus.transfers import Download, Upload
from connectors.bus.unsealing import fetched
from schemas.errors import Refusal, Unavailable
from schemas.ids import OrganCode

STAGED = "staged"  # of the connector's folder: encrypted, on their way up
LANDED = "landed"  # of the connector's folder: on their way down, where the system has no place


class Carrier:
    """One agency's way to the store."""

    def __init__(self, agency: Agency, store: BlobStore, landing: Path | None = None) -> None:
        self._agency = agency
        self._stopping = threading.Event()
        self._store: BlobStore = _Watched(store, self._stopping)
        self._staged = agency.folder / STAGED
        self._landing = landing or agency.folder / LANDED

    def stop(self) -> None:
        """End the job in hand at its next part."""
        self._stopping.set()

    def upload(self, upload: Upload) -> None:
        """Store what is not stored yet of a staged file.

        Raises Unavailable attachment.store_unavailable, attachment.staging_failed.
        """
        store_file(self._store, self._agency.organ, self._staged / upload.blob, upload)

    def download(self, download: Download) -> Path | Refusal:
        """Fetch an attachment and verify it; return where it lies. Raises Unavailable."""
        sender, message_id = download.message
        place = self._landing / f"{sender}-{message_id}-{download.position}"
        older = f"{message_id}-{download.position}"  # where a release of before put it down
        with suppress(OSError):
            for name in (older, f".{older}.sealed", f".{older}.plain"):
                (self._landing / name).unlink(missing_ok=True)
        if place.exists():
            return place  # whole: nothing gets its name before
        refusal = fetched(
            download.wanted, self._store, self._agency.organ, self._agency.openers, place
        )
        return refusal or place


def store_file(store: BlobStore, owner: OrganCode, path: Path, upload: Upload) -> None:
    """Store the parts that are not there whole. Raises Unavailable."""
    blob, whole = upload.blob, upload.sealed_bytes
    try:
        with path.open("rb") as file:
            for index in range(parts_of(whole)):
                expected = part_bytes(whole, index)
                if store.size(owner, blob, index) != expected:
                    file.seek(index * PART_BYTES)
                    store.put(owner, blob, index, file.read(expected))
    except OSError as error:
        detail = type(error).__name__
        raise Unavailable("attachment.staging_failed", detail=detail) from error


class _Watched:
    """A store that gives up between two parts when the process is told to stop."""

    def __init__(self, store: BlobStore, stopping: threading.Event) -> None:
        self._store, self._stopping = store, stopping

    def size(self, owner: OrganCode, blob: str, index: int) -> int | None:
        self._look()
        return self._store.size(owner, blob, index)

    def put(self, owner: OrganCode, blob: str, index: int, data: bytes) -> None:
        self._look()
        self._store.put(owner, blob, index, data)

    def get(self, owner: OrganCode, blob: str, index: int) -> bytes | None:
        self._look()
        return self._store.get(owner, blob, index)

    def delete(self, owner: OrganCode, blob: str) -> None:
        self._store.delete(owner, blob)

    def _look(self) -> None:
        if self._stopping.is_set():
            raise Unavailable("attachment.store_unavailable", detail="stopping")
