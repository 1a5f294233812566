"""What the doctor asks of both ends of a connector: the bus, the agency's system, itself.

Reads: no record, no offset, no group, no folder is made.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from connectors.bus.agency import Agency, ConnectorConfig
from connectors.bus.kafka import explain, start_consumer
from connectors.database.app import DatabaseConfig, database_url, owned_by
from connectors.database.engine import open_engine, transaction
from connectors.database.owner import marked
from connectors.folder.app import FolderConfig
from deploy.local.ports import is_free
from schemas.errors import YichuanError
from schemas.parts import Flow
from schemas.topics import inbox_of
from services.cli.doctor_broker import Newest, judge_clock
from services.cli.doctor_finding import Symptom, of_error, remark, wrong
from services.cli.doctor_here import part_at
from services.cli.doctor_host import judge_parts

_CONNECT_SECONDS_MAX: Final = 6.0
_ASK_SECONDS_MAX: Final = 15.0
_FETCH_MS_MAX: Final = 3_000
_WRITABLE: Final = os.W_OK | os.X_OK
_PARTS: Final = ("outbox", "work", "sent", "refused", "inbox")
_OWNER: Final = ".connector"  # connectors/bus/alone.py
_OWNER_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """What the login sees: topics, and when the broker stamped the inbox's last record."""

    topics: frozenset[str]
    stamped_at: datetime | None


def ask_bus(agency: Agency, now: datetime) -> Iterator[Symptom]:
    """Judge whether the bus answers, takes the login, shows its topics; and its clock, by ours."""
    try:
        seen = asyncio.run(seen_by(agency))
    except YichuanError as error:
        yield of_error(error)
        return
    inbox = inbox_of(agency.alias)
    for topic in (*(flow.value for flow in Flow), inbox):
        if topic not in seen.topics:
            yield wrong("connector.topic_hidden", topic)
    if seen.stamped_at is not None:  # by one that is ahead; of one that is behind nothing tells
        for found in judge_clock([Newest((inbox, 0), seen.stamped_at, None)], now):
            if found.code == "clock.ahead":
                yield found


def look_at_system(config: ConnectorConfig, base: Path) -> Iterator[Symptom]:
    """Judge whether the agency's folder or database can be used."""
    if isinstance(config, FolderConfig):
        yield from _folder((base / config.source.folder.expanduser()).resolve(), config.organ)
    elif isinstance(config, DatabaseConfig):
        try:
            engine = open_engine(database_url(config), base)
            file = engine.url.database
            if engine.dialect.name == "sqlite" and file and not Path(file).exists():
                yield from _writable(Path(file).parent)  # to open it would make it
                return
            with transaction(engine) as connection:
                connection.exec_driver_sql("SELECT 1")
                marked(connection, owned_by(config), config.organ)
            engine.dispose()
        except YichuanError as error:
            yield of_error(error)


def look_at_page(config: ConnectorConfig) -> Iterator[Symptom]:
    """Judge what the connector says of itself, where it runs and has a port that is known."""
    if not config.metrics_port:
        return
    name = f"connector-{config.organ}"
    if is_free(config.metrics_port):
        yield remark("connector.not_running", name, str(config.metrics_port))
    else:
        yield from judge_parts([part_at(name, runs=True, port=config.metrics_port)], None)


async def seen_by(agency: Agency) -> Seen:
    """Ask as the connector would, in no group. Raises YichuanError."""
    place = TopicPartition(inbox_of(agency.alias), 0)
    consumer = await start_consumer(
        agency.settings,
        agency.credentials,
        (),
        group=None,
        client_id=f"{agency.alias}.doctor",
        seconds_max=_CONNECT_SECONDS_MAX,
    )
    try:
        async with asyncio.timeout(_ASK_SECONDS_MAX):
            topics = frozenset(await consumer.topics())
            if place.topic not in topics:
                return Seen(topics, None)
            consumer.assign([place])
            begin = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            if begin == end:
                return Seen(topics, None)
            consumer.seek(place, end - 1)
            found = await consumer.getmany(place, timeout_ms=_FETCH_MS_MAX)
    except (KafkaError, OSError, TimeoutError) as error:
        raise explain(error, where=place.topic) from error
    finally:
        await consumer.stop()
    stamps = [record.timestamp for record in found.get(place, ())]
    return Seen(topics, datetime.fromtimestamp(max(stamps) / 1_000, UTC) if stamps else None)


def _folder(root: Path, organ: str) -> Iterator[Symptom]:
    if not root.exists():
        yield from _writable(root.parent)
        return
    for folder in (root, *(root / part for part in _PARTS)):
        if folder.exists():
            yield from _writable(folder)
    try:
        with (root / _OWNER).open("rb") as file:
            noted = file.read(_OWNER_BYTES_MAX).decode("ascii", "replace").strip()
    except OSError:  # nobody's yet; what cannot be read was said of the folder
        return
    if noted not in ("", organ):
        yield wrong("folder.of_another", str(root / _OWNER), noted)


def _writable(folder: Path) -> Iterator[Symptom]:
    """Find a folder that is none, or takes nothing. One that is missing is its parent's matter."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir() or not os.access(there, _WRITABLE):
        yield wrong("folder.unusable", str(folder))
