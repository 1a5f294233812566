"""What the doctor asks broker and registry. Reads, and changes nothing: no record, no offset."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from confluent_kafka import Consumer, ConsumerGroupState, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from connectors.bus.admin import connect, read
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.keyring import Keyring
from connectors.bus.librdkafka import asked, asked_until_led
from connectors.bus.logins import ADMIN, REGISTRY_READER
from connectors.bus.registry import REQUESTS_AT_ONCE, SchemaIds, registry_of
from schemas.codec import Opened
from schemas.errors import UserError, YichuanError
from schemas.inline import schema_from
from schemas.load import avro_sources
from schemas.messages import Tick
from schemas.parts import Flow
from schemas.rollout import wanted as wanted_schemas
from schemas.topics import inbox_of
from services.casebook.progress import Place
from services.casebook.rows import Progress
from services.cli.doctor_broker import (
    Inbox,
    Newest,
    judge_clock,
    judge_inboxes,
    judge_layout,
    judge_logs,
    judge_undecided,
)
from services.cli.doctor_finding import Symptom, of_error, wrong
from services.cli.doctor_registry import Held, judge_registry
from services.cli.log_reader import REQUEST_SECONDS_MAX, Logged, LogReader, open_log
from services.cli.topics import layout_of
from services.exchange.another import others_in
from services.exchange.replaced import last_decided, why_another
from services.exchange.workers import GROUP
from services.rulebook.model import Rulebook

_CONNECT_SECONDS_MAX: Final = 6.0
_READ_SECONDS_MAX: Final = 15.0  # the newest record of every flow's partitions
_LIMIT: Final = {"request_timeout": REQUEST_SECONDS_MAX}
_WITHOUT_READER: Final = frozenset({ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD})


def ask_broker(
    home: Home, settings: Settings, rulebook: Rulebook | None, mark: str | None
) -> Iterator[Symptom]:
    """Judge topics, logins and rights by the directory, who comes to which inbox, who decides.

    `mark`: the casebook's, by which its exchanges are known.
    """
    if rulebook is None:
        return
    try:
        client = connect(settings, home.credentials(ADMIN), _CONNECT_SECONDS_MAX)
        aliases = sorted(organ.alias for organ in rulebook.directory.organs.values())
        wanted = layout_of(aliases, settings)
        actual = read(client, home, settings, wanted)
        yield from judge_layout(wanted, actual)
        there = [alias for alias in aliases if inbox_of(alias) in actual.topics]
        yield from judge_inboxes(list(_inboxes(client, home, settings, there)))
        if others := others_in(client, mark):
            yield wrong("casebook.another", GROUP, ", ".join(others))
    except YichuanError as error:
        yield of_error(error)


def ask_logs(
    home: Home,
    settings: Settings,
    rulebook: Rulebook | None,
    progress: Mapping[Place, Progress],
    now: datetime,
) -> Iterator[Symptom]:
    """Judge the flows' logs by the casebook's progress, and the broker's stamps by the clock."""
    try:
        with open_log(home, settings, _CONNECT_SECONDS_MAX) as log:
            spans = {place: span for flow in Flow for place, span in log.spans(flow).items()}
            reached = {place: each.next_offset for place, each in progress.items()}
            yield from judge_logs(reached, spans)
            begins = {place: begin for place, (begin, _) in spans.items()}
            ends = {place: end for place, (_, end) in spans.items()}
            yield from _replaced(log, progress, last_decided(progress, begins, ends))
            lasts = {place: max(begin, end - 1) for place, (begin, end) in spans.items()}
            newest = list(log.read(lasts, ends, _READ_SECONDS_MAX))
            first = {
                place: max(offset, spans[place][0])
                for place, offset in reached.items()
                if place in spans and offset < ends[place]
            }
            behind = {place: offset + 1 for place, offset in first.items()}
            oldest = {each.place: each.at for each in log.read(first, behind, _READ_SECONDS_MAX)}
            yield from judge_undecided(oldest, now)
    except YichuanError as error:
        yield of_error(error)
        return
    keyring = _keyring(home, rulebook)
    yield from judge_clock([_newest(record, keyring, now) for record in newest], now)


def _replaced(
    log: LogReader, progress: Mapping[Place, Progress], lasts: Mapping[Place, int]
) -> Iterator[Symptom]:
    """Find flows that were made anew and have grown past what was decided of the old ones."""
    behind = {place: at + 1 for place, at in lasts.items()}
    for record in log.read(lasts, behind, _READ_SECONDS_MAX):
        why = why_another(progress[record.place].clock, record.offset, record.at)
        if why is not None and record.is_stamped:
            topic, partition = record.place
            yield wrong("log.replaced", f"{topic}/{partition}", why)


def ask_registry(home: Home, settings: Settings) -> Iterator[Symptom]:
    """Judge what the registry holds by the files, and the map of ids by the registry."""
    ids: SchemaIds | None = None
    try:
        ids = SchemaIds.load(home.schema_ids)
    except UserError as error:
        yield of_error(error)
    wanted = wanted_schemas(avro_sources())
    try:
        held = asyncio.run(_held(home, settings, tuple(wanted)))
    except YichuanError as error:
        yield of_error(error)
        return
    yield from judge_registry(wanted, held, ids)


def _inboxes(
    client: AdminClient, home: Home, settings: Settings, aliases: Sequence[str]
) -> Iterator[Inbox]:
    """Yield what each inbox holds, and how far its connector's group is where nobody reads it."""
    if not aliases:
        return
    places = {alias: TopicPartition(inbox_of(alias), 0) for alias in aliases}
    latest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call] # it has no types
    earliest: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call] # likewise
    ends = client.list_offsets(dict.fromkeys(places.values(), latest), **_LIMIT)
    begins = client.list_offsets(dict.fromkeys(places.values(), earliest), **_LIMIT)
    states = asked_until_led(partial(_states, client, aliases), "groups")
    for alias, place in places.items():
        begin = asked(begins[place].result, place.topic).offset
        end = asked(ends[place].result, place.topic).offset
        is_read = states[alias] not in _WITHOUT_READER or not end
        read_to = None if is_read else _committed(home, settings, alias, place)
        yield Inbox(alias, begin, end, read_to)


def _states(client: AdminClient, aliases: Sequence[str]) -> dict[str, ConsumerGroupState]:
    groups = client.describe_consumer_groups([_group(alias) for alias in aliases], **_LIMIT)
    return {alias: groups[_group(alias)].result().state for alias in aliases}


def _committed(home: Home, settings: Settings, alias: str, place: TopicPartition) -> int:
    """Return the group's offset. It is asked as the group, which nobody joins by that.

    Not by AdminClient.list_consumer_group_offsets: librdkafka 2.x crashes in it when the broker
    answers with an error for a partition (rd_kafka_cgrp_op on no group).
    """
    options = librdkafka_options(settings, home.credentials(ADMIN))
    consumer = Consumer(options | {"group.id": _group(alias), "enable.auto.commit": False})
    try:
        (found,) = asked(partial(consumer.committed, [place], REQUEST_SECONDS_MAX), alias)
    finally:
        consumer.close()
    return max(int(found.offset), 0)


def _group(alias: str) -> str:
    return f"{alias}.connector"


def _keyring(home: Home, rulebook: Rulebook | None) -> Keyring | None:
    """Return what a Tick is read by; None where keys or schema ids are missing, as is said."""
    try:
        return Keyring(home.rulebook, home.schema_ids, rulebook.bus) if rulebook else None
    except UserError:
        return None


def _newest(record: Logged, keyring: Keyring | None, now: datetime) -> Newest:
    """Open the record by the keys of today: its stamp is what is in question here."""
    opened = keyring.open_original(record.value or b"", now) if keyring else None
    is_tick = isinstance(opened, Opened) and isinstance(opened.message, Tick)
    sent_at = opened.message.envelope.sent_at if isinstance(opened, Opened) and is_tick else None
    return Newest(record.place, record.at, sent_at)


async def _held(home: Home, settings: Settings, subjects: Sequence[str]) -> dict[str, Held]:
    login = home.credentials(REGISTRY_READER)
    limit = asyncio.Semaphore(REQUESTS_AT_ONCE)
    async with registry_of(settings, login) as registry:

        async def held(subject: str) -> Held:
            async with limit:
                numbers = await registry.versions(subject)
                found = {number: await registry.version(subject, number) for number in numbers}
                level = await registry.compatibility(subject) if numbers else None
            return Held(level, {n: (one.id, schema_from(one.text)) for n, one in found.items()})

        every = await asyncio.gather(*(held(subject) for subject in subjects))
    return dict(zip(subjects, every, strict=True))
