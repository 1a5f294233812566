"""An attachment fetched from the store, held against its message, and decrypted.

Nothing of it is shown to the agency before all of it was verified. What was fetched so far is kept,
so a transfer that was cut off goes on, unless the disk is full of it; memory holds one part at a
time.
"""

import errno
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.bus.archives import archive_refusal
from connectors.bus.blobs import PART_BYTES, BlobStore, part_bytes, parts_of
from connectors.bus.durable import make_folder, open_new
from schemas.errors import Refusal, Unavailable
from schemas.file_cipher import SEALED_CHUNK_BYTES, FileCipher, sealed_bytes
from schemas.file_key import Claim, Openers, unwrap
from schemas.ids import OrganCode

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, or of what it takes at once


@dataclass(frozen=True, slots=True)
class Wanted:
    """An attachment that a copy entitles to: its claim, and its key, wrapped to us."""

    claim: Claim
    key: str | None  # None: the copy brought none


def fetched(
    wanted: Wanted, store: BlobStore, organ: OrganCode, openers: Openers, place: Path
) -> Refusal | None:
    """Bring an attachment to `place`, decrypted and verified, or say why that cannot be.

    Refusals: attachment.key_missing, key_wrong, missing, truncated, too_large, swapped,
    digest_wrong, and those of an archive. Raises Unavailable attachment.store_unavailable,
    attachment.staging_failed.
    """
    if wanted.key is None:
        return Refusal("attachment.key_missing")
    key = unwrap(wanted.key, wanted.claim, organ, openers)
    if key is None:
        return Refusal("attachment.key_wrong")
    sealed = place.with_name(f".{place.name}.sealed")
    plain = place.with_name(f".{place.name}.plain")
    try:
        make_folder(place.parent, 0o700)
        refusal = _downloaded(wanted.claim, store, sealed) or _decrypted(
            wanted.claim, key, sealed, plain
        )
        if refusal is None:
            refusal = archive_refusal(plain)
        if refusal is not None:
            plain.unlink(missing_ok=True)
            sealed.unlink(missing_ok=True)
            return refusal
        plain.replace(place)
        sealed.unlink()
    except OSError as error:
        if error.errno in _FULL:  # what was fetched so far is in the way of all that would fit
            for partial in (plain, sealed):
                with suppress(OSError):
                    partial.unlink(missing_ok=True)
        detail = type(error).__name__
        raise Unavailable("attachment.staging_failed", detail=detail) from error
    return None


def _downloaded(claim: Claim, store: BlobStore, sealed: Path) -> Refusal | None:
    """Fetch the parts that are not here yet; then hold the whole against its address."""
    whole = sealed_bytes(claim.size_bytes)
    if sealed.is_symlink():  # never ours: the landing place of a folder is the agency's
        sealed.unlink()
    here = sealed.stat().st_size // PART_BYTES if sealed.exists() else 0
    descriptor = os.open(sealed, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.truncate(here * PART_BYTES)
        file.seek(0, os.SEEK_END)
        for index in range(here, parts_of(whole)):
            part = store.get(claim.sender, claim.blob, index)
            if part is None:
                return Refusal("attachment.truncated" if index else "attachment.missing")
            expected = part_bytes(whole, index)
            if len(part) != expected:
                shorter = len(part) < expected
                return Refusal("attachment.truncated" if shorter else "attachment.too_large")
            file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if file.tell() == whole and store.size(claim.sender, claim.blob, parts_of(whole)) is None:
            file.seek(0)
            is_it = hashlib.file_digest(file, "sha256").hexdigest() == claim.blob
            return None if is_it else Refusal("attachment.swapped")
    return Refusal("attachment.too_large")


def _decrypted(claim: Claim, key: bytes, sealed: Path, plain: Path) -> Refusal | None:
    cipher = FileCipher(key, claim.size_bytes)
    digest = hashlib.sha256()
    with sealed.open("rb") as source, os.fdopen(open_new(plain, 0o600), "wb") as out:
        for index in cipher.indexes():
            data = cipher.open(index, source.read(SEALED_CHUNK_BYTES))
            if data is None:
                return Refusal("attachment.key_wrong")
            digest.update(data)
            out.write(data)
        out.flush()
        os.fsync(out.fileno())
    return None if digest.hexdigest() == claim.sha256 else Refusal("attachment.digest_wrong")
