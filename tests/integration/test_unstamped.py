"""By whose clock a record is stamped, on the real broker: what a writer can do about it, what not.

And a flow whose setting was changed while the exchange ran: it stops, and nothing is lost.
"""

import asyncio
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import InvalidTimestampError, KafkaError
from aiokafka.record.util import calc_crc32c

from connectors.bus.admin import carry_out, connect
from connectors.bus.changes import SetConfig
from connectors.bus.clock import now
from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import start_consumer, start_producer
from connectors.bus.layout import EXCHANGE as LOGIN
from connectors.bus.layout import STAMPED_BY, THE_BROKER
from connectors.bus.stamps import stamped_by_writers
from deploy.local import processes
from schemas.messages import Accepted
from services.cli.main import main
from services.exchange.record_batches import open_within_limits
from tests.doctor_faults import EXCHANGE, healthy
from tests.prove.flow_writer import LEADS, Place, Watch, write
from tests.prove.letters import SENDER, message_on, sealed_value
from tests.prove.stand import Stand, wait_until

REFUSED: Final = str(InvalidTimestampError.__name__)
REPOSITORY: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 180.0  # a Tick each ten seconds, and what it waits for
TEN_YEARS_MS: Final = 3650 * 86_400_000
BY_WRITER: Final = "CreateTime"
CODE: Final = "message.unstamped"
BROKERS_BIT: Final = 8  # of the batch's attributes: LogAppendTime
Stamp = tuple[int, int]  # type and time, as they are read


@pytest.fixture(scope="module")
def stand(own_stand: Stand) -> Stand:
    """A stack of its own: its exchange is stopped by what happens here."""
    return own_stand


async def _put(
    settings: Settings, login: Credentials, topic: str, record: tuple[bytes, bytes], bits: int
) -> int | str:
    """Write a batch made by hand, its time ten years ago; return its offset, or the refusal."""
    producer = await start_producer(settings, login, client_id="test")
    try:
        batch = producer.create_batch()
        ago = int(now().timestamp() * 1000) - TEN_YEARS_MS
        batch.append(key=record[0], value=record[1], timestamp=ago)
        batch.close()
        built = batch._build

        def by_hand() -> bytes:
            data = bytearray(built())
            struct.pack_into(">h", data, 21, struct.unpack_from(">h", data, 21)[0] | bits)
            struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
            return bytes(data)

        batch.get_data_buffer = by_hand
        batch._build = by_hand
        sent = await (await producer.send_batch(batch, topic, partition=0))
        return int(sent.offset)
    except KafkaError as error:
        return type(error).__name__
    finally:
        await producer.stop()


async def _stamp(settings: Settings, login: Credentials, topic: str, offset: int) -> Stamp:
    reader = await start_consumer(settings, login, (), group=None, client_id="test")
    try:
        place = TopicPartition(topic, 0)
        reader.assign([place])
        reader.seek(place, offset)
        record = await asyncio.wait_for(reader.getone(), SECONDS_MAX)
        return int(record.timestamp_type), int(record.timestamp)
    finally:
        await reader.stop()


def set_to(stand: Stand, topic: str, value: str) -> None:
    """Change who stamps, as the exchange's login may; wait until the broker does so."""
    client = connect(stand.settings, stand.home.credentials(LOGIN))
    carry_out(client, stand.home, stand.settings, [SetConfig(topic, STAMPED_BY, "", value)])
    login = stand.home.credentials(LOGIN)

    def is_told() -> bool:
        found: tuple[str, ...] = asyncio.run(
            stamped_by_writers(stand.settings, login, [topic, "leads"])
        )
        return (topic in found) is (value == BY_WRITER)

    wait_until(is_told, SECONDS_MAX, f"{topic} set to {value}")


def test_on_a_flow_the_broker_stamps_what_a_writer_dated_and_refuses_what_says_it_did(
    stand: Stand,
) -> None:
    watch, login = Watch.begin(stand), stand.home.credentials(SENDER)
    put = asyncio.run(_put(stand.settings, login, "notifications", (b"k", b"by hand"), 0))
    assert isinstance(put, int)
    open_within_limits()
    reader = stand.home.credentials(LOGIN)
    kind, stamp = asyncio.run(_stamp(stand.settings, reader, "notifications", put))
    assert kind == 1
    assert abs(stamp - now().timestamp() * 1000) < SECONDS_MAX * 1000
    assert watch.dead(Place("notifications", 0, put)) == "message.malformed"
    told = _put(stand.settings, login, "notifications", (b"k", b"by hand"), BROKERS_BIT)
    assert asyncio.run(told) == REFUSED
    watch.goes_on(0)


def test_where_writers_stamp_none_of_them_can_say_that_the_broker_did(stand: Stand) -> None:
    """On an inbox that nobody reads here: what a batch says of its stamp is not what is kept."""
    login, topic = stand.home.credentials("admin"), "inbox.mugang"
    client = connect(stand.settings, login)
    change = [SetConfig(topic, STAMPED_BY, "", BY_WRITER)]
    carry_out(client, stand.home, stand.settings, change)

    def kind_of(bits: int) -> int:
        put = asyncio.run(_put(stand.settings, login, topic, (b"k", b"{}"), bits))
        assert isinstance(put, int)
        return asyncio.run(_stamp(stand.settings, login, topic, put))[0]

    try:
        wait_until(lambda: kind_of(0) == 0, SECONDS_MAX, "a writer's stamp")
        assert kind_of(BROKERS_BIT) == 0
    finally:
        change = [SetConfig(topic, STAMPED_BY, "", THE_BROKER)]
        carry_out(client, stand.home, stand.settings, change)


def test_a_flow_that_is_set_to_writers_time_stops_the_exchange_and_nothing_is_lost(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch.begin(stand)
    set_to(stand, LEADS, BY_WRITER)
    stopped = stand.home.logs / f"{EXCHANGE}.log"
    wait_until(lambda: processes.running(stand.home, EXCHANGE) is None, STOP_SECONDS_MAX, "a stop")
    assert "log.unstamped" in stopped.read_text(encoding="utf-8")
    lead = message_on(stand, 1)
    case = lead.envelope.case_id.encode()
    place = write(stand, LEADS, 1, case, sealed_value(stand, lead))
    argv = (sys.executable, "-m", "services.exchange", "--home", str(stand.home.path))
    again = subprocess.run(
        argv, cwd=REPOSITORY, check=False, capture_output=True, text=True, timeout=STOP_SECONDS_MAX
    )
    assert (again.returncode, "log.unstamped" in again.stderr) == (70, True)
    capsys.readouterr()
    assert main(["doctor", "--home", str(stand.home.path)]) == 1
    assert STAMPED_BY in capsys.readouterr().out
    assert main(["topics", "apply", "--home", str(stand.home.path)]) == 0
    processes.start(stand.home, EXCHANGE, argv, os.environ, cwd=REPOSITORY)
    healthy(stand.home, stand.settings)  # it runs, and a Tick was stamped by the broker
    assert watch.dead(place) == CODE
    capsys.readouterr()
    assert main(["dead", "retry", CODE, "--json", "--home", str(stand.home.path)]) == 0
    assert json.loads(capsys.readouterr().out)["letters"] == 1  # no Tick among them
    behind = Watch.begin(stand)
    assert isinstance(watch.answer(lead.envelope.message_id), Accepted)
    behind.goes_on(1)
    assert main(["dead", "retry", CODE, "--json", "--home", str(stand.home.path)]) == 1
    assert main(["replay", "--json", "--home", str(stand.home.path)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["same"]
