"""What aiokafka's consumer gives of a log, with our reader of batches in its place."""

import hashlib
import struct
from collections.abc import Sequence
from typing import Any, Final

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from services.casebook.rows import Position, from_ms
from services.exchange.compression import GZIP, LZ4, NONE, OPENED_BYTES_MAX, SNAPPY, ZSTD
from services.exchange.incoming import UNSTAMPED, Incoming
from services.exchange.packed import Packed, unread
from services.exchange.record_batches import (
    HEADERS_MAX,
    RecordBatches,
    _varint,
    incoming_of,
    open_within_limits,
)

CODECS: Final = [NONE, GZIP, SNAPPY, LZ4, ZSTD]
STAMP: Final = 1_790_000_000_000
TOO_LARGE: Final = "message.batch_too_large"
PLACE: Final = TopicPartition("leads", 1)

Body = tuple[bytes | None, bytes | None]


def batch(bodies: Sequence[Body], codec: int = NONE, base: int = 0) -> bytes:
    """Return a batch as a client writes it and the broker keeps it: with its own stamp."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for number, (key, value) in enumerate(bodies):
        builder.append(number, STAMP + number, key, value, [("h", b"v"), ("none", None)])
    return stamped(builder.build(), base, attributes=codec | 8)


def stamped(written: bytes | bytearray, base: int, attributes: int) -> bytes:
    data = bytearray(written)
    struct.pack_into(">q", data, 0, base)
    struct.pack_into(">h", data, 21, attributes)
    struct.pack_into(">q", data, 35, STAMP)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data)


def at(offset: int) -> Position:
    return Position("leads", 1, offset)


def plain(first: int) -> Packed:
    return Packed(first, is_inflated=False)


def fetched(data: bytes, begin: int = 0) -> list[Any]:
    """What aiokafka's own iterator over a partition makes of it, and where it would go on."""
    records = fetcher.PartitionRecords(
        PLACE, RecordBatches(data), [], begin, None, None, check_crcs=True, isolation_level=0
    )
    found = list(records)
    assert all(record.offset >= begin for record in found)
    return [*found, records.next_fetch_offset]


def incoming(data: bytes, begin: int = 0) -> list[Incoming]:
    return [
        incoming_of(at(each.offset), each, each.timestamp) for each in fetched(data, begin)[:-1]
    ]


@pytest.mark.parametrize("codec", CODECS)
def test_records_of_every_codec_are_as_they_were_written(codec: int) -> None:
    bodies: list[Body] = [(b"k", b"v" * 300), (None, b""), (b"", None), (None, None)]
    data = batch(bodies, codec, 7) + batch([(b"l", b"w")], codec, 11)
    told = [(each.key, each.value, each.offset, each.timestamp) for each in fetched(data)[:-1]]
    assert told == [
        (*body, offset, STAMP) for offset, body in enumerate([*bodies, (b"l", b"w")], 7)
    ]
    assert fetched(data)[-1] == 12
    assert [each.position.offset for each in incoming(data, 9)] == [9, 10, 11]
    assert [each.packed for each in incoming(data, 10)] == [plain(7), plain(11)]


@given(st.lists(st.tuples(st.none() | st.binary(), st.none() | st.binary()), min_size=1))
def test_they_are_what_aiokafka_s_own_reader_gives(bodies: list[Body]) -> None:
    data = batch(bodies, base=3)
    ours, theirs = RecordBatches(data).next_batch(), MemoryRecords(data).next_batch()
    assert ours is not None
    assert isinstance(theirs, DefaultRecordBatch)
    for name in ("base_offset", "next_offset", "is_control_batch", "is_transactional"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.validate_crc()
    names = ("offset", "timestamp", "timestamp_type", "key", "value")
    wanted = [(*(getattr(e, name) for name in names), tuple(e.headers)) for e in theirs]
    assert [each[:6] for each in ours] == wanted


def test_of_many_headers_the_first_are_given() -> None:
    builder = DefaultRecordBatchBuilder(2, NONE, 0, -1, -1, -1, 1 << 20)
    builder.append(0, STAMP, b"k", b"v", [(str(n), b"") for n in range(1_000)])
    builder.append(1, STAMP, b"l", b"w", [])
    first, second, _ = fetched(bytes(builder.build()))
    assert first.headers == tuple((str(n), b"") for n in range(HEADERS_MAX))
    assert (second.key, second.value, second.headers) == (b"l", b"w", ())


def test_a_client_s_own_stamp_is_no_time_of_the_exchange_s() -> None:
    builder = DefaultRecordBatchBuilder(2, NONE, 0, -1, -1, -1, 1 << 20)
    for number in range(3):
        builder.append(number, STAMP + number, b"k", b"v", [])
    data = bytes(builder.build())
    told = [each.timestamp for each in fetched(data)[:-1]]
    assert told == [STAMP, STAMP + 1, STAMP + 2]
    assert [each.stamped_at for each in incoming(data)] == [UNSTAMPED] * 3
    assert [each.is_stamped for each in incoming(batch([(b"k", b"v")]))] == [True]
    (broken,) = incoming(stamped(batch([(b"k", b"v")]), 2, 5))  # neither codec nor stamp
    assert (broken.unread is not None, broken.is_stamped) == (True, False)


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_a_batch_that_is_too_large_is_one_record_that_stands_for_its_offsets(codec: int) -> None:
    bomb = batch([(b"k", bytes(OPENED_BYTES_MAX // 2))] * 3, codec, 5)
    data = batch([(b"a", b"b")], base=4) + bomb + batch([(b"c", b"d")], base=8)
    before, missing, behind = incoming(data)
    assert (before.value, behind.value) == (b"b", b"d")
    assert missing == Incoming(at(7), None, None, from_ms(STAMP), unread=unread(TOO_LARGE, 5, 7))
    assert missing.first == 5
    assert incoming(data, 6)[0] == missing  # also for who had come into the middle of it


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD, 5])
def test_a_batch_that_its_codec_finds_wrong_is_one_too(codec: int) -> None:
    data = batch([(b"k", b"v")] * 3)
    (found,) = incoming(stamped(data, 2, codec | 8))
    assert (found.first, found.position.offset) == (2, 4)
    assert found.unread == unread("message.batch_unreadable", 2, 4)


@pytest.mark.parametrize("place", [61, 64, 65, 67])
def test_behind_a_record_that_is_broken_the_rest_of_its_batch_is_not_read(place: int) -> None:
    """Its length, its offset, the length of its key or of its value is another."""
    data = bytearray(batch([(b"k", b"v")]))
    good = bytes(data)
    data[place] = 0x7E
    (found,) = incoming(stamped(data, 2, 8))
    assert found.unread == unread("message.batch_unreadable", 2, 2)
    both = stamped(good, 2, 8)[:61] + good[61:] + bytes(data[61:])
    two = bytearray(both)
    struct.pack_into(">i", two, 8, len(two) - 12)
    struct.pack_into(">i", two, 23, 1)  # the last offset's delta
    struct.pack_into(">i", two, 57, 2)  # number of records
    first, rest = incoming(stamped(two, 2, 8))
    assert (first.value, rest.unread) == (b"v", unread("message.batch_unreadable", 3, 3))


def test_numbers_without_end_are_no_numbers() -> None:
    data = bytearray(batch([(b"k", b"v" * 20)]))
    data[61:72] = b"\xff" * 11
    assert incoming(stamped(data, 0, 8))[0].unread == unread("message.batch_unreadable", 0, 0)


def test_a_number_is_of_64_bits_at_most() -> None:
    """One of a megabyte would be put together for hours."""
    greatest = memoryview(b"\xff" * 9 + b"\x01")
    assert _varint(greatest, 0) == (-(2**63), 10)
    with pytest.raises(ValueError, match=r"^$"):
        _varint(memoryview(b"\xff" * 10 + b"\x01"), 0)


def test_what_was_many_times_smaller_on_the_wire_is_told_to_be_so() -> None:
    (blown,) = incoming(batch([(b"k", bytes(100_000))], GZIP))
    assert blown.packed == Packed(0, is_inflated=True)
    (large,) = incoming(batch([(b"k", bytes(100_000))]))
    assert large.packed == plain(0)


@pytest.mark.parametrize(("zeros", "is_inflated"), [(230_000, False), (420_000, True)])
def test_texts_that_repeat_themselves_are_no_blown_up_batch_and_what_is_beyond_them_is(
    zeros: int, *, is_inflated: bool
) -> None:
    content = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(312))
    (found,) = incoming(batch([(b"k", content + bytes(zeros))], GZIP))
    assert found.packed == Packed(0, is_inflated=is_inflated)


def test_a_batch_of_the_broker_s_own_holds_nothing_of_a_client_s() -> None:
    data = stamped(batch([(b"k", b"v")]), 0, 0x20 | 8) + batch([(b"l", b"w")], base=1)
    assert [each.key for each in incoming(data)] == [b"l"]


def test_half_a_batch_at_the_end_is_left_for_the_next_fetch() -> None:
    data = batch([(b"k", b"v")])
    for cut in (len(data) - 1, 16, 5, 0):
        batches = RecordBatches(data[:cut])
        assert (batches.has_next(), batches.next_batch()) == (False, None)
        assert batches.size_in_bytes() == cut
    assert RecordBatches(None).size_in_bytes() == 0
    assert not RecordBatches(bytes(20)).has_next()


def test_another_sum_or_version_is_no_batch_of_ours() -> None:
    data = bytearray(batch([(b"k", b"v")]))
    data[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        fetched(bytes(data))
    data[16] = 1
    with pytest.raises(CorruptRecordException):
        fetched(bytes(data))


def test_aiokafka_s_consumers_are_given_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name by which its fetcher makes what it iterates over."""
    assert fetcher.MemoryRecords in (MemoryRecords, RecordBatches)
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)
    open_within_limits()
    assert fetcher.MemoryRecords is RecordBatches
