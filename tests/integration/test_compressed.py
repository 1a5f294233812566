"""What clients compress: each codec is served; a bomb and a broken batch stop nobody."""

import asyncio
import itertools
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cramjam
import pytest
from aiokafka.record._crecords import default_records
from confluent_kafka import Producer

from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import start_producer
from deploy.local import processes
from deploy.local import stack as local_stack
from schemas.messages import Accepted
from services.cli.log_reader import open_log
from services.cli.main import main
from tests.doctor_faults import EXCHANGE
from tests.prove.flow_writer import LEADS, Place, Watch, exchange_pids
from tests.prove.letters import SENDER, message_on, sealed_value
from tests.prove.stand import Stand, wait_until

REPOSITORY: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 60.0
MEMORY_MB_MAX: Final = 400  # of the exchange, at its greatest: its limit is 512
LINGER_MS: Final = 500
_KILOBYTES: Final = 1024


@pytest.fixture(scope="module")
def stand(own_stand: Stand) -> Stand:
    """A stack of its own: how much memory its exchange took is asked of it."""
    return own_stand


def put(
    stand: Stand,
    partition: int,
    *records: tuple[bytes, bytes],
    codec: str,
    linger_ms: int = LINGER_MS,
) -> list[Place]:
    """Write records as one batch of librdkafka's."""
    places: list[Place] = []

    def note(error: Any, record: Any) -> None:
        assert error is None, error.name()
        places.append(Place(record.topic(), record.partition(), record.offset()))

    own = {"acks": "all", "message.max.bytes": 1_000_000_000, "batch.size": 1_000_000_000}
    most = {"batch.num.messages": 1_000_000, "linger.ms": linger_ms, "compression.type": codec}
    producer = Producer(stand.client(SENDER) | own | most)
    for key, value in records:
        producer.produce(LEADS, value, key, partition, on_delivery=note)
    assert producer.flush(SECONDS_MAX) == 0
    return places


def letter(stand: Stand, partition: int) -> tuple[str, tuple[bytes, bytes]]:
    lead = message_on(stand, partition)
    record = lead.envelope.case_id.encode(), sealed_value(stand, lead)
    return lead.envelope.message_id, record


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_letters_of_every_codec_are_decided(stand: Stand, codec: str) -> None:
    watch = Watch.begin(stand)
    wanted = [letter(stand, 0) for _ in range(3)]
    put(stand, 0, *(record for _, record in wanted), codec=codec)
    for message_id, _ in wanted:
        assert isinstance(watch.answer(message_id), Accepted)
    assert exchange_pids(stand) == watch.exchanges


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_a_bomb_is_one_dead_letter_and_the_letter_behind_it_is_decided(
    stand: Stand, codec: str
) -> None:
    """What lz4 makes of it is at most 255 times smaller than it: some megabytes have to do."""
    size = 100_000_000 if codec == "lz4" else 300_000_000
    watch = Watch.begin(stand)
    (place,) = put(stand, 1, (b"k", bytes(size)), codec=codec)
    assert watch.dead(place) == "message.batch_too_large"
    watch.goes_on(1)


def test_junk_that_is_larger_than_a_message_does_not_stop_the_other_dead_letters(
    stand: Stand,
) -> None:
    watch = Watch.begin(stand)
    (large,) = put(stand, 1, (b"k", bytes(1_200_000)), codec="gzip")
    (small,) = put(stand, 2, (b"k", b"junk"), codec="none")
    assert watch.dead(large) == "message.too_large"
    assert watch.dead(small) == "message.malformed"
    watch.goes_on(1)


def test_what_is_broken_inside_is_one_dead_letter(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker opens a batch, too, and takes none that it cannot; it asks no sum of lz4's."""

    def broken(payload: Any, _level: int = 0) -> bytes:
        whole = cramjam.lz4.Compressor(content_checksum=True, block_linked=False)
        whole.compress(bytes(payload))
        frame = bytes(whole.finish())
        return frame[:-1] + bytes([frame[-1] ^ 1])

    monkeypatch.setattr(default_records, "lz4_encode", broken)
    watch = Watch.begin(stand)
    offsets = asyncio.run(_put_with(stand.settings, stand.home.credentials(SENDER), 3))
    assert watch.dead(Place(LEADS, 2, offsets[-1])) == "message.batch_unreadable"
    watch.goes_on(2)


async def _put_with(settings: Settings, login: Credentials, count: int) -> list[int]:
    """Write records as one batch of aiokafka's; return their offsets."""
    producer = await start_producer(settings, login, client_id="test")
    producer._compression_type = producer._message_accumulator._compression_type = 3
    try:
        batch = producer.create_batch()
        for number in range(count):
            batch.append(key=b"k", value=b"junk %d" % number, timestamp=None)
        batch.close()
        sent = await (await producer.send_batch(batch, LEADS, partition=2))
        return [sent.offset + number for number in range(count)]
    finally:
        await producer.stop()


def test_thousands_of_empty_records_keep_nobody_waiting(stand: Stand) -> None:
    watch = Watch.begin(stand)
    put(stand, 1, *itertools.repeat((b"", b""), 30_000), codec="gzip")
    assert watch.goes_on(0) < SECONDS_MAX / 4
    watch.goes_on(1)


def test_a_secret_behind_a_bomb_is_deleted_and_the_originals_tell_of_both(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    # On a partition of its own: what others blew up below it would be copied first, step by step.
    watch = Watch.begin(stand)
    put(stand, 3, (b"k", bytes(50_000_000)), codec="zstd")
    put(stand, 3, *letters_of(stand, 3), codec="lz4")
    (secret,) = put(stand, 3, (b"k", "绝密".encode()), codec="zstd")
    watch.goes_on(3)

    def is_gone() -> bool:
        with open_log(stand.home, stand.settings, SECONDS_MAX) as log:
            return log.spans(LEADS)[LEADS, 3][0] > secret.offset

    wait_until(is_gone, SECONDS_MAX, "the deletion of the secret")
    capsys.readouterr()
    assert main(["replay", "--json", "--home", str(stand.home.path)]) == 0
    assert json.loads(capsys.readouterr().out)["same"]


def letters_of(stand: Stand, partition: int) -> list[tuple[bytes, bytes]]:
    return [letter(stand, partition)[1] for _ in range(2)]


def test_the_next_start_and_a_replay_go_over_all_of_it_within_their_memory(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many small bombs among letters: what is opened at one time is bounded, not each alone."""
    processes.stop(stand.home, EXCHANGE, local_stack.GRACE_SECONDS)
    blown = [(b"k", bytes(900_000))] * 8
    for codec in ("gzip", "zstd"):
        for _ in range(20):
            for partition in range(3):
                put(stand, partition, *blown, codec=codec, linger_ms=5)
    put(stand, 1, (b"k", bytes(50_000_000)), codec="zstd")
    wanted = [letter(stand, partition) for partition in range(3)]
    for partition, (_, record) in enumerate(wanted):
        put(stand, partition, record, codec="zstd")
    argv = (sys.executable, "-m", "services.exchange", "--home", str(stand.home.path))
    processes.start(stand.home, EXCHANGE, argv, os.environ, cwd=REPOSITORY)
    watch = replace(Watch.begin(stand), inbox_ends={0: 0})
    for message_id, _ in wanted:
        assert isinstance(watch.answer(message_id), Accepted)
    for partition in range(3):
        watch.goes_on(partition)
    (pid,) = exchange_pids(stand).values()
    peak = peak_megabytes(pid)
    assert peak < MEMORY_MB_MAX
    capsys.readouterr()
    assert main(["replay", "--json", "--home", str(stand.home.path)]) == 0
    assert json.loads(capsys.readouterr().out)["same"]


def peak_megabytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (each for each in status.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) // _KILOBYTES
