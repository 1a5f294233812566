"""Each codec of Kafka's, opened within a limit."""

import gzip
import struct
from collections.abc import Callable
from typing import Final

import cramjam
import pytest
from aiokafka import codec as aiokafkas

from schemas.errors import Malformed
from services.exchange.compression import GZIP, LZ4, NONE, SNAPPY, ZSTD, opened

TEXT: Final = "关于占道经营的移送函".encode() * 400
LIMIT: Final = 65_536

Write = Callable[[bytes], bytes]


def raw_snappy(data: bytes) -> bytes:
    """As librdkafka writes it."""
    return bytes(cramjam.snappy.compress_raw(data))


WRITERS: Final = [
    pytest.param(GZIP, gzip.compress, id="gzip"),
    pytest.param(SNAPPY, raw_snappy, id="snappy raw"),
    pytest.param(SNAPPY, aiokafkas.snappy_encode, id="snappy framed as Java does"),
    pytest.param(LZ4, aiokafkas.lz4_encode, id="lz4"),
    pytest.param(ZSTD, aiokafkas.zstd_encode, id="zstd"),
]


def test_what_is_not_compressed_is_as_it_came() -> None:
    assert bytes(opened(NONE, memoryview(TEXT), 1)) == TEXT


@pytest.mark.parametrize(("codec", "write"), WRITERS)
@pytest.mark.parametrize("size", [0, 1, len(TEXT)])
def test_what_was_written_is_read(codec: int, write: Write, size: int) -> None:
    assert bytes(opened(codec, memoryview(write(TEXT[:size])), LIMIT)) == TEXT[:size]


@pytest.mark.parametrize(("codec", "write"), WRITERS)
def test_so_much_is_read_and_not_a_byte_more(codec: int, write: Write) -> None:
    assert len(opened(codec, memoryview(write(bytes(LIMIT))), LIMIT)) == LIMIT
    with pytest.raises(Malformed, match=r"message\.batch_too_large"):
        opened(codec, memoryview(write(bytes(LIMIT + 1))), LIMIT)


@pytest.mark.parametrize(("codec", "write"), WRITERS)
def test_what_is_cut_short_or_of_another_codec_cannot_be_read(codec: int, write: Write) -> None:
    whole = write(TEXT)
    for data in (b"", whole[:-1], whole[:19], whole[: len(whole) // 2], b"\xff" * 40):
        with pytest.raises(Malformed, match=r"message\.batch_unreadable"):
            opened(codec, memoryview(data), LIMIT)


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT)[:-5] + b"\0" * 5,
        gzip.compress(TEXT) + gzip.compress(TEXT),
        gzip.compress(TEXT) + b"behind",
    ],
    ids=["another sum", "two members", "something behind"],
)
def test_gzip_is_one_whole_member(data: bytes) -> None:
    with pytest.raises(Malformed, match=r"message\.batch_unreadable"):
        opened(GZIP, memoryview(data), LIMIT)


@pytest.mark.parametrize(
    "behind", [b"\0", struct.pack(">i", 9), struct.pack(">i", -4), struct.pack(">i", 0)]
)
def test_a_frame_of_snappy_s_whose_blocks_do_not_fit_cannot_be_read(behind: bytes) -> None:
    with pytest.raises(Malformed, match=r"message\.batch_unreadable"):
        opened(SNAPPY, memoryview(aiokafkas.snappy_encode(TEXT) + behind), LIMIT)


def test_a_number_that_is_no_codec_cannot_be_read() -> None:
    with pytest.raises(Malformed, match=r"message\.batch_unreadable"):
        opened(7, memoryview(TEXT), LIMIT)
