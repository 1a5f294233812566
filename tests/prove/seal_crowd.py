"""The chapter of the seal: twenty organs at once, each inbox its own, each leaf the sender's.

Two messages at once that got each other's content were another product's leak (Oxalis-NG 18).
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, Final

from confluent_kafka import KafkaError, Producer

from connectors.bus.clock import monotonic, now
from schemas.codec import Opened, current, unframe
from schemas.errors import Refusal
from schemas.ids import BUS, MessageId, OrganCode
from schemas.messages import Message
from schemas.render import to_document
from schemas.seal_list import leaves
from schemas.topics import flow_partition, inbox_of
from services.casework.effects import Deliver
from tests.history import History, is_refused, message, organ, violation
from tests.history import demo as demo_rulebook
from tests.prove.chapter import Check, Ground
from tests.prove.county_sending import outcomes
from tests.prove.letters import keyring, partitions, sealed_value
from tests.prove.stand import Stand, demo, ends_of, records, wait_until

DEPARTMENTS: Final = ("liuzhi-cgj", "liuzhi-scjg")
MESSAGES_EACH: Final = 50
MESSAGES: Final = 1_000
COPIES_TO: Final = 3  # addressees of one copy
FLUSH_SECONDS_MAX: Final = 60.0
DECIDED_SECONDS_MAX: Final = 300.0
_OF_THE_DELIVERY: Final = ("envelope.delivery", "envelope.seal")


@dataclass(frozen=True, slots=True)
class Sealed:
    """One message as it was sent: what it says, leaf by leaf, and the digest of each."""

    message: Message
    value: bytes
    says: Mapping[str, Any]
    digests: Mapping[str, bytes]


@dataclass(slots=True)
class Crowd:
    """What was sent, whom it is for, and what of it was looked at."""

    sealed: dict[MessageId, Sealed] = field(default_factory=dict)
    owed: dict[str, set[MessageId]] = field(default_factory=dict)  # inbox → what must come
    answered: dict[MessageId, str] = field(default_factory=dict)  # whose the bus's answer is
    kept: int = 0
    hidden: int = 0
    copies: int = 0
    notices: int = 0


def thousand_messages_twenty_organs(ground: Ground) -> str:
    """Send them from twenty threads; read every inbox; compare each leaf with its sender's."""
    stand = demo(ground)
    organs = demo_rulebook().directory.organs.values()
    townships = [each.alias for each in organs if each.type.value == "township"]
    senders = [*townships, *DEPARTMENTS]
    assert len(senders) * MESSAGES_EACH == MESSAGES, f"{len(senders)} organs"
    crowd = Crowd(owed={alias: set() for alias in senders})
    for alias in senders:
        for plain in _messages(stand, alias, senders):
            _add(stand, crowd, alias, plain)
    assert len(crowd.sealed) == MESSAGES, f"{len(crowd.sealed)} different messages"
    begins = {alias: ends_of(stand, alias, inbox_of(alias)) for alias in senders}
    began = monotonic()
    _at_once(stand, crowd, senders)
    wait_until(
        lambda: len(outcomes(stand, crowd.sealed)) == MESSAGES,
        DECIDED_SECONDS_MAX,
        lambda: f"{len(outcomes(stand, crowd.sealed))} of {MESSAGES} decided",
    )
    found = outcomes(stand, crowd.sealed)
    others = {each: told for each, told in found.items() if told != "accepted"}
    assert not others, f"{len(others)} not accepted: {sorted(set(others.values()))}"
    took = monotonic() - began
    for alias in senders:
        wait_until(
            lambda alias=alias: _all_there(stand, crowd, alias, begins[alias]),  # type: ignore[misc]
            DECIDED_SECONDS_MAX,
            f"everything in {inbox_of(alias)}",
        )
    for alias in senders:
        _judge(stand, crowd, alias, begins[alias])
    return (
        f"{MESSAGES} messages of {len(senders)} organs, sent by {len(senders)} threads at once, "
        f"decided in {took:.0f} s; {crowd.copies} copies and {crowd.notices} answers of the bus in "
        f"{len(senders)} inboxes, each in its own and nothing else; {crowd.kept} kept leaves, each "
        f"by value and by digest the one that its sender sealed, {crowd.hidden} withheld parts; "
        "each copy's proof leads to its sender's signature"
    )


CHECKS: Final = (Check("thousand_messages_twenty_organs", thousand_messages_twenty_organs),)


def _messages(stand: Stand, alias: str, senders: list[str]) -> Iterator[Message]:
    """Yield what an organ sends: each says something that no other says."""
    code, place = organ(alias), demo_rulebook().directory.organs[organ(alias)].division
    others = [each for each in senders if each != alias]
    is_township = alias not in DEPARTMENTS
    for index in range(MESSAGES_EACH):
        number = next(stand.serials)
        told = f"第{number}件，{alias}"
        to = [organ(others[(number + step) % len(others)]) for step in range(COPIES_TO)]
        envelope: dict[str, Any] = {"document_number": f"千件〔{now().year}〕{number}号"}
        where: dict[str, Any] = {"place": place, "place_text": f"示例路{number}号"}
        if is_township and index % 5 == 0:
            yield _message(
                "lead_transfer",
                alias,
                number,
                envelope,
                violations=[violation(**where)],
                reason=f"现场检查发现：{told}",
            )
        elif is_township and index % 5 == 1:
            noticed = violation(**where)
            yield _message(
                "violation_notice", alias, number, {}, violation=noticed, dissuasion_account=told
            )
        elif index % 5 == 2:
            tasks = [{"organ": each, "task": told} for each in (code, to[0], to[1])]
            plan = {**envelope, "addressees": to[:2]}
            begins, ends = ((now() + timedelta(days=days)).isoformat() for days in (7, 9))
            when = {"begins_at": begins, "ends_at": ends}
            yield _message("joint_plan", alias, number, plan, content=told, tasks=tasks, **when)
        else:
            copied = {**envelope, "addressees": to}
            yield _message("copy", alias, number, copied, category="other", summary=told)


def _message(
    record: str, alias: str, number: int, envelope: dict[str, Any], **changes: Any
) -> Message:
    return message(record, alias, f"crowd-{number}", now(), envelope=envelope, **changes)


def _add(stand: Stand, crowd: Crowd, alias: str, plain: Message) -> None:
    """Seal it, and note for whom it is: what the core decides of it alone."""
    value = sealed_value(stand, plain, alias)
    opened = current(type(plain).__name__).open(unframe(value)[1])
    digests = leaves(opened)
    assert digests is not None
    message_id = plain.envelope.message_id
    crowd.sealed[message_id] = Sealed(opened.message, value, said(opened), digests)
    crowd.answered[message_id] = alias
    effects = History(at=now()).decide(plain)
    assert not is_refused(effects), effects
    for effect in effects:
        if isinstance(effect, Deliver):
            crowd.owed[demo_rulebook().directory.organs[effect.to].alias].add(message_id)


def _at_once(stand: Stand, crowd: Crowd, senders: list[str]) -> None:
    """Let every organ write its messages, all beginning at one moment."""
    start = Barrier(len(senders))

    def write_all(alias: str) -> list[KafkaError]:
        errors: list[KafkaError] = []
        producer = Producer(stand.client(alias) | {"acks": "all"})
        producer.list_topics(timeout=FLUSH_SECONDS_MAX)  # logged in
        own = [each for each in crowd.sealed.values() if crowd.answered[_id(each.message)] == alias]
        start.wait(FLUSH_SECONDS_MAX)
        for sealed in own:
            envelope = sealed.message.envelope
            key = envelope.case_id.encode()
            producer.produce(
                envelope.flow.value,
                sealed.value,
                key,
                flow_partition(key, partitions(stand)),
                on_delivery=lambda error, _: errors.append(error) if error else None,
            )
        assert producer.flush(FLUSH_SECONDS_MAX) == 0, f"{alias}: not acknowledged in time"
        return errors

    with ThreadPoolExecutor(len(senders)) as pool:
        for errors in pool.map(write_all, senders):
            assert not errors, errors[0].name()


def _all_there(stand: Stand, crowd: Crowd, alias: str, begins: dict[int, int]) -> bool:
    got = [_id(each.message) for each, _ in _inbox(stand, alias, begins) if _is_copy(each)]
    return crowd.owed[alias] <= set(got)


def _judge(stand: Stand, crowd: Crowd, alias: str, begins: dict[int, int]) -> None:
    """Every record of an inbox is the organ's, and each copy is there once, as it was sealed."""
    got: list[MessageId] = []
    for opened, where in _inbox(stand, alias, begins):
        envelope = opened.message.envelope
        if _is_copy(opened) and envelope.message_id in crowd.sealed:
            assert envelope.delivery is not None
            assert envelope.delivery.to == organ(alias), f"{where}: for {envelope.delivery.to}"
            got.append(envelope.message_id)
            compare(crowd, opened, where)
            continue
        about = envelope.in_reply_to
        if envelope.sender == BUS and about in crowd.answered and envelope.record == "Accepted":
            assert crowd.answered[about] == alias, f"{where}: an answer to {crowd.answered[about]}"
            crowd.notices += 1
        assert _concerns(opened, organ(alias)), f"{where}: a {envelope.record} of somebody else"
    assert sorted(got) == sorted(crowd.owed[alias]), f"{inbox_of(alias)}: missing, doubled or more"


def compare(crowd: Crowd, opened: Opened, where: str) -> None:
    """Each leaf that the copy shows has the value and the digest of the one that was sealed."""
    sealed = crowd.sealed[_id(opened.message)]
    delivery = opened.message.envelope.delivery
    digests, shown = leaves(opened), said(opened)
    assert delivery is not None
    assert digests is not None, f"{where}: no proof"
    hidden = (*delivery.withheld, *delivery.masked)
    for path, value in shown.items():
        if path in delivery.masked:
            continue
        assert sealed.says.get(path) == value, f"{where}: {path} is not what was sealed"
        assert sealed.digests[path] == digests[path], f"{where}: the digest of {path}"
        crowd.kept += 1
    for path in sealed.says.keys() - shown.keys():
        covered = any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in hidden)
        assert covered, f"{where}: {path} is gone and not listed"
    crowd.hidden += len(hidden)
    crowd.copies += 1


def _inbox(stand: Stand, alias: str, begins: dict[int, int]) -> Iterator[tuple[Opened, str]]:
    """Yield what lies in an inbox, each with a seal that holds, read by the organ's own login."""
    topic = inbox_of(alias)
    for record in records(stand, alias, topic, begins):
        where = f"{topic}@{record.offset()}"
        at = datetime.fromtimestamp(record.timestamp()[1] / 1000, tz=UTC)
        opened = keyring(stand).open(record.value() or b"", at)
        assert not isinstance(opened, Refusal), f"{where}: {opened.code}"
        yield opened, where


def said(opened: Opened) -> dict[str, Any]:
    """Return path → value of what a message says, as documents have it, without its delivery."""
    found: dict[str, Any] = {}
    _flatten(to_document(opened.message), "", found)
    return {path: value for path, value in found.items() if not path.startswith(_OF_THE_DELIVERY)}


def _flatten(value: Any, path: str, found: dict[str, Any]) -> None:
    if isinstance(value, dict) and value:
        for name, each in value.items():
            _flatten(each, f"{path}.{name}" if path else name, found)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            _flatten(each, f"{path}[{index}]", found)
    elif value is not None:
        found[path] = value


def _is_copy(opened: Opened) -> bool:
    return opened.message.envelope.delivery is not None


def _concerns(opened: Opened, code: OrganCode) -> bool:
    """Whether a record that is none of the thousand is for this organ."""
    envelope = opened.message.envelope
    if envelope.delivery is not None:
        return envelope.delivery.to == code
    return envelope.sender == BUS and code in (envelope.addressees or (code,))


def _id(plain: Message) -> MessageId:
    return plain.envelope.message_id
