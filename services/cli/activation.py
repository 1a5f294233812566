"""The records that bring a rulebook into force, and how far the exchange has taken them."""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

from aiokafka.errors import KafkaError

from connectors.bus.clock import monotonic, now
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import explain, start_producer
from connectors.bus.keys import BUS_LOGIN, home_signer
from connectors.bus.logins import ADMIN
from connectors.bus.registry import SchemaIds
from schemas.codec import current, frame
from schemas.errors import Unavailable
from schemas.ids import BUS, CaseId, MessageId, RulebookHash, derive
from schemas.messages import RulebookActivated
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from services.casebook.progress import Place, rulebooks_in_force
from services.casebook.store import open_for_reading
from services.rulebook.load import first_kept
from services.rulebook.model import Rulebook

_WRITE_SECONDS_MAX: Final = 30.0
_POLL_SECONDS: Final = 0.2


def not_yet_taken(home: Home, settings: Settings, rulebook: RulebookHash) -> tuple[Place, ...]:
    """Return the partitions whose next record another rulebook decides; all without a casebook.

    Raises Broken casebook.version.
    """
    first = first_kept(home.rulebooks) if home.rulebooks.is_dir() else None
    found = _in_force(home, settings)
    return tuple(
        place
        for place in _places(settings)
        if place not in found or (found[place] or first) != rulebook
    )


def write_activation(home: Home, settings: Settings, rulebook: Rulebook) -> None:
    """Write one sealed record into every partition, each acknowledged when this returns.

    Raises UserError keys.none, registry.ids_missing, Unavailable kafka.unreachable.
    """
    asyncio.run(_write(home, settings, rulebook))


def await_taken(home: Home, settings: Settings, rulebook: RulebookHash, seconds_max: float) -> None:
    """Wait until every partition is decided by it. Raises Unavailable rules.not_taken.

    What is missing then will still come into force: its record lies in the log.
    """
    deadline = monotonic() + seconds_max
    while missing := not_yet_taken(home, settings, rulebook):
        if monotonic() > deadline:
            where = ", ".join(f"{topic}/{partition}" for topic, partition in missing)
            raise Unavailable("rules.not_taken", where=where, detail=f"{seconds_max:g} s")
        time.sleep(_POLL_SECONDS)


async def _write(home: Home, settings: Settings, rulebook: Rulebook) -> None:
    records = tuple(_records(home, settings, rulebook))
    producer = await start_producer(settings, home.credentials(ADMIN), client_id="rules-activate")
    try:
        async with asyncio.timeout(_WRITE_SECONDS_MAX):
            for (topic, partition), key, value in records:
                await producer.send_and_wait(topic, value, key=key, partition=partition)
    except (KafkaError, TimeoutError) as error:
        raise explain(error, where=settings.bootstrap) from error
    finally:
        await producer.stop()


def _records(
    home: Home, settings: Settings, rulebook: Rulebook
) -> Iterator[tuple[Place, bytes, bytes]]:
    signer = home_signer(home, BUS_LOGIN)
    schema_id = SchemaIds.load(home.schema_ids).id_for(current("RulebookActivated").fingerprint)
    at = now()
    for topic, partition in _places(settings):
        flow, where = Flow(topic), (topic, str(partition))
        envelope = Envelope(
            bus=rulebook.bus,
            # By its time: a rulebook that comes back into force is another message.
            message_id=MessageId(derive("activated", rulebook.hash, *where, at.isoformat())),
            case_id=CaseId(derive("rulebooks", *where)),  # of no case; ids are UUIDs
            flow=flow,
            record="RulebookActivated",
            sender=BUS,
            sent_at=at,
        )
        message = RulebookActivated(envelope, rulebook.hash, rulebook.name, topic, partition)
        value = frame(schema_id, seal_message(message, signer).body)
        yield (topic, partition), envelope.case_id.encode(), value


def _in_force(home: Home, settings: Settings) -> dict[Place, RulebookHash | None]:
    url = settings.casebook.url.get_secret_value()
    if not url and not home.casebook.exists():
        return {}
    engine = open_for_reading(url or home.casebook)
    try:
        with engine.connect() as connection:
            return rulebooks_in_force(connection)
    finally:
        engine.dispose()


def _places(settings: Settings) -> tuple[Place, ...]:
    partitions = range(settings.kafka.partitions)
    return tuple((flow.value, partition) for flow in Flow for partition in partitions)
