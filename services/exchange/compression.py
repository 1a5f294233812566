"""A batch's records, opened by each of Kafka's codecs, and never to more than a limit. Pure.

aiokafka's own functions open whatever comes: 400 kB of gzip were 400 MB, and four times that while
it was copied. What a codec finds wrong, or what is longer, is `Malformed` here.
"""

import struct
import zlib
from typing import Final

import cramjam

from schemas.errors import Malformed

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)  # Kafka's numbers of them

# A batch is 1 MiB at most on the wire (connectors/bus/layout.py), a letter 900,000 bytes, and the
# seals of letters, which no codec makes smaller, are a good part of them: a full batch opens to two
# or four times its size. Of one at a time (a partition's next one) this is held.
OPENED_BYTES_MAX: Final = 8 << 20

_GZIP_ONLY: Final = 16 + zlib.MAX_WBITS  # with gzip's head and its end
# What Java's library puts around blocks: magic, version, oldest version that reads it.
_FRAMED: Final = b"\x82SNAPPY\x00"
_FRAMED_HEADER_BYTES: Final = 16
_BLOCK_BYTES: Final = struct.Struct(">i")
_IS_FULL: Final = "failed to write whole buffer"  # Rust's word for it; tested for each codec


def opened(codec: int, data: memoryview, bytes_max: int = OPENED_BYTES_MAX) -> memoryview:
    """Return what a batch holds, uncompressed.

    Raises Malformed message.batch_too_large when it is more than `bytes_max`,
    message.batch_unreadable when the codec is none of Kafka's or finds it wrong.
    """
    if codec == NONE:
        return data
    if codec == GZIP:
        return memoryview(_gzip(data, bytes_max))
    into = memoryview(bytearray(bytes_max))  # memory only as far as it is written
    try:
        if codec == SNAPPY:
            return into[: _snappy(data, into)]
        if codec == LZ4:
            return into[: cramjam.lz4.decompress_into(bytes(data), into)]
        if codec == ZSTD:
            return into[: cramjam.zstd.decompress_into(bytes(data), into)]
    except cramjam.DecompressionError as error:
        if str(error) == _IS_FULL:
            raise Malformed("message.batch_too_large") from None
        raise Malformed("message.batch_unreadable") from None
    raise Malformed("message.batch_unreadable")


def _gzip(data: memoryview, bytes_max: int) -> bytes:
    """One member: no client of Kafka writes more."""
    reader = zlib.decompressobj(_GZIP_ONLY)
    try:
        found = reader.decompress(data, bytes_max + 1)
    except zlib.error:
        raise Malformed("message.batch_unreadable") from None
    if len(found) > bytes_max:
        raise Malformed("message.batch_too_large")
    if not reader.eof or reader.unused_data:
        raise Malformed("message.batch_unreadable")
    return found


def _snappy(data: memoryview, into: memoryview) -> int:
    """Return how much was written: of one block, or of many in Java's frame."""
    if bytes(data[: len(_FRAMED)]) != _FRAMED:
        return _block(data, into)
    at, written = _FRAMED_HEADER_BYTES, 0
    while at < len(data):
        begin = at + _BLOCK_BYTES.size
        if begin > len(data):
            raise Malformed("message.batch_unreadable")
        (length,) = _BLOCK_BYTES.unpack_from(data, at)
        at = begin + length
        if length < 0 or at > len(data):
            raise Malformed("message.batch_unreadable")
        written += _block(data[begin:at], into[written:])
    return written


def _block(data: memoryview, into: memoryview) -> int:
    block = bytes(data)
    if cramjam.snappy.decompress_raw_len(block) > len(into):
        raise Malformed("message.batch_too_large")
    return cramjam.snappy.decompress_raw_into(block, into)
