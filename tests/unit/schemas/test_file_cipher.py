import hashlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.file_cipher import (
    CHUNK_BYTES,
    KEY_BYTES,
    SEALED_CHUNK_BYTES,
    TAG_BYTES,
    FileCipher,
    chunks_of,
    new_file_key,
    sealed_bytes,
)

KEY = bytes(range(32))


def sealed(data: bytes) -> list[bytes]:
    cipher = FileCipher(KEY, len(data))
    return [
        cipher.seal(index, data[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES])
        for index in cipher.indexes()
    ]


def opened(chunks: list[bytes], size_bytes: int) -> bytes | None:
    cipher = FileCipher(KEY, size_bytes)
    plain = [cipher.open(index, chunk) for index, chunk in enumerate(chunks)]
    return None if None in plain else b"".join(filter(None, plain))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 200_000])
def test_a_file_of_any_size_comes_back_and_its_encrypted_size_is_known(size: int) -> None:
    data = os.urandom(size)
    chunks = sealed(data)
    assert len(chunks) == chunks_of(size)
    assert sum(map(len, chunks)) == sealed_bytes(size)
    assert all(len(chunk) == SEALED_CHUNK_BYTES for chunk in chunks[:-1])
    assert opened(chunks, size) == data


def test_an_empty_file_is_one_chunk_of_a_tag() -> None:
    assert (chunks_of(0), sealed_bytes(0)) == (1, TAG_BYTES)


def test_keys_are_fresh() -> None:
    assert len(new_file_key()) == KEY_BYTES
    assert new_file_key() != new_file_key()


def test_what_was_cut_off_put_in_another_order_or_changed_does_not_open() -> None:
    size = 3 * CHUNK_BYTES
    first, second, third = sealed(os.urandom(size))
    assert opened([second, first, third], size) is None
    assert opened([first, second], 2 * CHUNK_BYTES) is None  # the second is not the last
    assert opened([first, second, third], 4 * CHUNK_BYTES) is None  # nor is the third now
    changed = bytes((third[0] ^ 1,)) + third[1:]
    assert opened([first, second, changed], size) is None


def test_another_key_does_not_open_it() -> None:
    (chunk,) = sealed(b"x")
    assert FileCipher(bytes(32), 1).open(0, chunk) is None


def test_the_form_is_that_of_the_specification() -> None:
    """schemas/ATTACHMENTS.md, section 1, by the library's plain AES-GCM."""
    data = bytes(range(256)) * 300
    first, second = sealed(data)
    aead = AESGCM(KEY)
    assert first == aead.encrypt(bytes(11) + b"\x00", data[:65_536], None)
    assert second == aead.encrypt(bytes(10) + b"\x01\x01", data[65_536:], None)
    digest = hashlib.sha256(first + second).hexdigest()
    assert digest == "0ff8ce5fc0ebf67dff9b81989cac9685b1d8a65389fe67aabb47043521c93abd"
