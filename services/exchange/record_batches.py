"""The batches of a partition's log as aiokafka's consumers get them, opened within limits.

aiokafka opens a batch whatever comes of it, and one that it cannot open (no library, a codec that
finds it wrong) stops the consumer at every start. Here such a batch is one record that stands for
all of its offsets (`Unread`), and reading goes on behind it. Of a record's headers the first ones
are given alone: nobody reads a flow's, and half a million of them fit into one record.

The layout of a batch: Kafka's documentation, "Record Batch" and "Record"; version 2 alone, in which
every broker from 3.0 on keeps its log (KIP-724).
"""

import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.util import calc_crc32c

from connectors.bus.stamps import is_stamped
from schemas.errors import Malformed
from services.casebook.rows import Position, from_ms
from services.exchange.compression import NONE, opened
from services.exchange.incoming import UNSTAMPED, Incoming
from services.exchange.packed import Packed, Unread, unread

# A batch that was so many times smaller on the wire is none of letters: their seals alone do not
# shrink. Texts that repeat themselves reach ten or twenty.
INFLATED_TIMES: Final = 32

HEADERS_MAX: Final = 64  # of a record; ours (originals, dead letters) have a dozen

_PREFIX: Final = struct.Struct(">qiib")  # base offset, length, leader's epoch, version
_PREFIX_LEFT_OUT: Final = struct.calcsize(">qi")  # of the length
# Base offset, length, leader's epoch, version, CRC, attributes, last offset's delta, first and
# greatest stamp, producer's id and epoch, first sequence, number of records.
_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
_CRC_BEGINS: Final = struct.calcsize(">qiibI")  # behind itself
_VERSION: Final = 2
_CODEC: Final = 0x07
_BROKERS_STAMP: Final = 0x08  # the broker's word: it sets or clears it, whatever a client wrote
_TRANSACTIONAL: Final = 0x10
_CONTROL: Final = 0x20
_VARINT_BITS_MAX: Final = 63
_CUT_SHORT: Final = (IndexError, ValueError)

Headers = tuple[tuple[str, bytes | None], ...]


class Record(NamedTuple):
    """One record under the names that aiokafka asks for."""

    offset: int
    timestamp: int  # milliseconds
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    checksum: Packed | Unread  # a name that Kafka has left: no record has a sum of its own


class RecordBatches:
    """What a fetch gave of a partition, batch by batch; in the place of aiokafka's."""

    def __init__(self, data: bytes | None) -> None:
        self._data = memoryview(data or b"")
        self._at = 0

    def size_in_bytes(self) -> int:
        """Return how much there is, with a batch that was cut off at the end."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether there is another whole batch."""
        return self._end() is not None

    def next_batch(self) -> "RecordBatch | None":
        """Return it. Raises CorruptRecordException for a version that no broker keeps."""
        end = self._end()
        if end is None:
            return None
        begin, self._at = self._at, end
        return RecordBatch(self._data[begin:end])

    def _end(self) -> int | None:
        if len(self._data) - self._at < _PREFIX.size:
            return None
        length: int = _PREFIX.unpack_from(self._data, self._at)[1]
        end = self._at + _PREFIX_LEFT_OUT + length
        return end if length > 0 and end <= len(self._data) else None


class RecordBatch:
    """One batch. It is opened when its records are asked for, and no sooner."""

    def __init__(self, data: memoryview) -> None:
        if _PREFIX.unpack_from(data)[3] != _VERSION or len(data) < _HEADER.size:
            raise CorruptRecordException
        self._data = data
        (
            self.base_offset,
            _,
            _,
            _,
            self._crc,
            self._attributes,
            self._last_delta,
            self._first_ms,
            self._greatest_ms,
            self.producer_id,
            _,
            _,
            self._count,
        ) = _HEADER.unpack_from(data)

    @property
    def next_offset(self) -> int:
        """The offset behind it, whether or not its last record is there."""
        last: int = self.base_offset + self._last_delta
        return last + 1

    @property
    def is_control_batch(self) -> bool:
        """Whether it ends a transaction, and holds nothing of a client's."""
        return bool(self._attributes & _CONTROL)

    @property
    def is_transactional(self) -> bool:
        """Whether it is part of a transaction."""
        return bool(self._attributes & _TRANSACTIONAL)

    def validate_crc(self) -> bool:
        """Whether it is what its sender, and then the broker, wrote."""
        found: int = calc_crc32c(bytes(self._data[_CRC_BEGINS:]))
        expected: int = self._crc
        return found == expected

    def __iter__(self) -> Iterator[Record]:
        """Yield the records; for all that cannot be read one that stands for them, the last."""
        last = self.next_offset - 1
        body = self._data[_HEADER.size :]
        try:
            found = opened(self._attributes & _CODEC, body)
        except Malformed as error:
            yield self._standing_for(unread(error.code, self.base_offset, last))
            return
        is_inflated = (
            self._attributes & _CODEC != NONE and len(found) > len(self._data) * INFLATED_TIMES
        )
        packed = Packed(self.base_offset, is_inflated)
        at, due = 0, self.base_offset
        for _ in range(self._count):
            try:
                record, at = self._record(found, at, packed)
                if not due <= record.offset <= last:
                    break
            except _CUT_SHORT:
                break
            yield record
            due = record.offset + 1
        if due <= last:
            yield self._standing_for(unread("message.batch_unreadable", due, last))

    def _standing_for(self, missing: Unread) -> Record:
        stamped = int(bool(self._attributes & _BROKERS_STAMP))
        return Record(self.next_offset - 1, self._greatest_ms, stamped, None, None, (), missing)

    def _record(self, data: memoryview, at: int, packed: Packed) -> tuple[Record, int]:
        """Return a record and where the next one begins. Raises IndexError, ValueError."""
        length, at = _varint(data, at)
        end = at + length
        if length < 0 or end > len(data):
            raise ValueError
        after_ms, at = _varint(data, at + 1)  # behind the attributes, of which there are none
        delta, at = _varint(data, at)
        key, at = _bytes(data, at, end)
        value, at = _bytes(data, at, end)
        headers = _headers(data, at, end)
        is_brokers = bool(self._attributes & _BROKERS_STAMP)
        stamp = self._greatest_ms if is_brokers else self._first_ms + after_ms
        offset = self.base_offset + delta
        return Record(offset, stamp, int(is_brokers), key, value, headers, packed), end


def open_within_limits() -> None:
    """Let every aiokafka consumer of this process read so. It names no other place to say it."""
    fetcher.MemoryRecords = RecordBatches


def incoming_of(position: Position, record: Any, stamp_ms: int) -> Incoming:  # noqa: ANN401 - Faust's or aiokafka's
    """Return what a consumer gave as the exchange takes it in.

    A writer's stamp is left out: a topic that is set to CreateTime lets anybody name any time.
    """
    ours: Packed | Unread | None = record.checksum
    stamped_at = from_ms(stamp_ms) if is_stamped(record) else UNSTAMPED
    if isinstance(ours, Unread):
        return Incoming(position, None, None, stamped_at, unread=ours)
    return Incoming(position, record.key, record.value, stamped_at, packed=ours)


def _headers(data: memoryview, at: int, end: int) -> Headers:
    found: list[tuple[str, bytes | None]] = []
    count, at = _varint(data, at)
    for _ in range(min(count, HEADERS_MAX)):
        name, at = _bytes(data, at, end)
        value, at = _bytes(data, at, end)
        found.append(((name or b"").decode(errors="replace"), value))
    return tuple(found)


def _bytes(data: memoryview, at: int, end: int) -> tuple[bytes | None, int]:
    length, at = _varint(data, at)
    if length < 0:
        return None, at
    if at + length > end:
        raise ValueError
    return bytes(data[at : at + length]), at + length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return a signed number as protobuf writes it, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte <= 0x7F:  # noqa: PLR2004 - the eighth bit says that more follows
            return (value >> 1) ^ -(value & 1), at
        shift += 7
        if shift > _VARINT_BITS_MAX:
            raise ValueError
