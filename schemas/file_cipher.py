"""A file encrypted in chunks, so that nobody ever holds it whole (the STREAM of Hoang et al. 2015).

    chunk i = AES-256-GCM(key, nonce = i (11 bytes, big-endian) ‖ last (1 byte), chunk of plaintext)

Each chunk but the last holds CHUNK_BYTES of plaintext. `last` is 1 of the last chunk and 0 of the
others, so what was cut off, put in another order or made longer does not open. A key is used for
one file only, hence the counter alone is nonce enough; the lengths follow from the file's size.
"""

from collections.abc import Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + TAG_BYTES
KEY_BYTES: Final = 32

_COUNTER_BYTES: Final = 11


def new_file_key() -> bytes:
    """Return a fresh key, for one file."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def chunks_of(size_bytes: int) -> int:
    """Return of how many chunks a file of that size is; an empty one is of one."""
    return max(1, -(-size_bytes // CHUNK_BYTES))


def sealed_bytes(size_bytes: int) -> int:
    """Return how long a file of that size is when it is encrypted."""
    return size_bytes + TAG_BYTES * chunks_of(size_bytes)


class FileCipher:
    """One file's key and size. The size says which chunk is the last."""

    __slots__ = ("_aead", "_last")

    def __init__(self, key: bytes, size_bytes: int) -> None:
        self._aead = AESGCM(key)
        self._last = chunks_of(size_bytes) - 1

    def indexes(self) -> Iterator[int]:
        """Yield the numbers of the chunks."""
        return iter(range(self._last + 1))

    def seal(self, index: int, plain: bytes) -> bytes:
        """Return a chunk encrypted."""
        return self._aead.encrypt(self._nonce(index), plain, None)

    def open(self, index: int, sealed: bytes) -> bytes | None:
        """Return a chunk decrypted; None: it is not that chunk of that file under that key."""
        try:
            return self._aead.decrypt(self._nonce(index), sealed, None)
        except InvalidTag:
            return None

    def _nonce(self, index: int) -> bytes:
        return index.to_bytes(_COUNTER_BYTES, "big") + bytes((index == self._last,))
