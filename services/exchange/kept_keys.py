"""The cases' keys beside the casebook: what is locked in the originals topic must open again.

A casebook that was restored from an older backup lacks the keys of cases that came later, and still
has those that were erased since. The topic `case-keys` has both: each key as it is locked in the
casebook, under its name, before anything locked under it is written to another topic; and an empty
record in its place once it was erased. Kafka keeps the last record of each name (compaction), so an
erased key leaves the broker's disk within some twenty minutes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.clock import now
from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import explain, start_consumer
from schemas.ids import CaseId, is_uuid
from schemas.topics import CASE_KEYS, ORIGINALS
from services.casebook.case_keys import CaseKeys, KeyName, name_for
from services.casebook.letters import LOCKED, opened_letter, sealed_record
from services.casebook.retry import patiently
from services.casebook.store import Casebook
from services.exchange.incoming import Incoming
from services.exchange.journal import canonical
from services.exchange.originals import Copied, Kept, kept, original
from services.exchange.reading import records_until

ERASED_CODE: Final = "case.erased"
ERASED: Final = canonical({"code": ERASED_CODE, "where": None, "detail": None})
_READ_MAX: Final = 1_000

Wrapped = Mapping[KeyName, bytes | None]


def locked(
    casebook: Casebook, copies: Iterable[tuple[Incoming, Copied]]
) -> tuple[list[Copied], Wrapped]:
    """Return the records locked, and the keys that they were locked under.

    A note holds nothing to be locked. Raises Unavailable casebook.unavailable.
    """
    return patiently(_locked, casebook, list(copies))


async def keep_keys(producer: AIOKafkaProducer, wrapped: Wrapped) -> None:
    """Write keys to their topic; returns when the broker has them. Raises KafkaError."""
    for name, value in wrapped.items():
        await producer.send_and_wait(CASE_KEYS, value, key=name.encode())


def opened(casebook: Casebook, records: Sequence[Any]) -> list[Kept]:
    """Return records of the originals topic as flows' records; an erased one is a note.

    Raises Broken originals.unreadable, casebook.unreadable.
    """
    return patiently(_opened, casebook, records)


def opened_record(
    keys: CaseKeys, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
) -> Kept:
    """Return one record of the originals topic as its flow's; an erased one is a note.

    Raises Broken originals.unreadable, casebook.unreadable, casebook.key_missing.
    """
    named = dict(headers)
    if LOCKED not in named:  # a note, or of a release before
        return kept(key, value, headers)
    bare = kept(None, None, headers)
    plain = opened_letter(keys, ORIGINALS, bare.incoming.position, named, value or b"")
    return Kept(bare.incoming, ERASED) if plain is None else kept(*plain, headers)


async def restore_keys(settings: Settings, login: Credentials, casebook: Casebook) -> None:
    """Give the casebook the keys that it lacks, and take from it those that were erased.

    Raises Unavailable kafka.unreachable, topics.missing.
    """
    found: dict[KeyName, bytes | None] = {}
    place = TopicPartition(CASE_KEYS, 0)
    reader = await start_consumer(settings, login, (), group=None, client_id="exchange-keys")
    try:
        reader.assign([place])
        end = (await reader.end_offsets([place]))[place]
        await reader.seek_to_beginning(place)
        async for records in records_until(reader, place, end, _READ_MAX):
            found |= {(record.key or b"").decode(): record.value for record in records}
    except KafkaError as error:
        raise explain(error, where=CASE_KEYS) from error
    finally:
        await reader.stop()
    patiently(_take_over, casebook, found)


def _locked(
    casebook: Casebook, copies: Sequence[tuple[Incoming, Copied]]
) -> tuple[list[Copied], Wrapped]:
    found: list[Copied] = []
    used: dict[KeyName, bytes | None] = {}
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        keys.load(filter(None, (_case_of(incoming) for incoming, _ in copies)))
        for incoming, copied in copies:
            if copied.is_note:
                found.append(copied)
                continue
            at = incoming.stamped_at if incoming.is_stamped else now()
            name = name_for(keys, _case_of(incoming), at)
            if keys.is_erased(name):  # an old log is read again: past its term
                found.append(original(incoming, ERASED))
                continue
            record = copied.key, copied.value
            value = sealed_record(keys, name, ORIGINALS, incoming.position, record)
            headers = (*copied.headers, (LOCKED, name.encode()))
            found.append(Copied(b"", value, headers))
            used[name] = keys.wrapped(name)
    return found, used


def _opened(casebook: Casebook, records: Sequence[Any]) -> list[Kept]:
    with casebook.engine.connect() as connection:
        keys = CaseKeys(connection, casebook.key)
        return [opened_record(keys, each.key, each.value, each.headers) for each in records]


def _case_of(incoming: Incoming) -> CaseId | None:
    """Return the case that the record's key names; whether there is one is not known."""
    text = (incoming.key or b"").decode("utf-8", "replace")
    return CaseId(text) if is_uuid(text) else None


def _take_over(casebook: Casebook, found: Wrapped) -> None:
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        keys.load(found)
        for name, wrapped in found.items():
            if wrapped is None:
                keys.erase(name, now())
            else:
                keys.take_over(name, wrapped)
