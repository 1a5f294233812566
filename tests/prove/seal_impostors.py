"""The chapter of the seal, on the running stack: each bit counts, and nobody speaks for another.

What an organ may write with its own login is any bytes to any flow. Each attempt must be refused
under its code and recorded as a dead letter that the operator sees, and change nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from confluent_kafka import KafkaError, Producer
from sqlalchemy import select

from connectors.bus.clock import now
from schemas.codec import current
from schemas.ids import CaseId, MessageId, case_id_of, derive
from schemas.jwk import signer_from_pem
from schemas.messages import Message, Rejected, SignedFor
from schemas.parts import Envelope, Seal
from schemas.seal import seal_message
from schemas.topics import DEAD_LETTERS, flow_partition, inbox_of
from services.casebook.store import open_for_reading
from services.casebook.tables import MESSAGES
from tests.history import History, message, organ
from tests.prove.chapter import Check, Ground
from tests.prove.county_letters import MARKET, arrived, records_of, story
from tests.prove.county_sending import decided, outcomes
from tests.prove.flow_writer import LEADS, Place, Watch, write
from tests.prove.letters import (
    RECEIVER,
    SENDER,
    document,
    framed,
    partitions,
    sealed_value,
)
from tests.prove.letters import (
    message as lead_of,
)
from tests.prove.stand import Stand, demo, records, wait_until

STRANGER: Final = "mugang"  # has a key and a login, and nothing to do with the case
SECONDS_MAX: Final = 240.0
FLUSH_SECONDS_MAX: Final = 60.0
BITS: Final = 8


def bits_and_impostors(ground: Ground) -> str:
    """Flip every bit of a sealed message, on the flow; then try each way to be another."""
    stand = demo(ground)
    lead = lead_of(stand, document(stand))
    _put(stand, lead, sealed_value(stand, lead), SENDER)
    decided(stand, [lead])
    flipped, codes = _bits(stand, lead)
    refused = ", ".join(f"{number} {code}" for code, number in sorted(codes.items()))
    told = _impostors(stand)
    return (
        f"each of {flipped} bits of a sealed SignedFor flipped on its flow: "
        f"{refused}, none taken, and the whole one taken after them; {told}"
    )


def _bits(stand: Stand, lead: Message) -> tuple[int, Counter[str]]:
    """Write the message once for each of its bits, flipped; then as it is."""
    envelope = lead.envelope
    history = History(at=now())
    history.decide(lead)
    plain = history.next("signed_for", RECEIVER, envelope={"in_reply_to": envelope.message_id})
    mine = MessageId(derive("prove", "bits", envelope.message_id))
    signed = replace(plain, envelope=replace(plain.envelope, message_id=mine))
    assert isinstance(signed, SignedFor)
    value = sealed_value(stand, signed, RECEIVER)
    watch = Watch.begin(stand)
    flips = [_flipped(value, position) for position in range(len(value) * BITS)]
    places = _write_all(stand, signed.envelope, flips)
    codes: dict[Place, str] = {}

    def all_dead() -> bool:
        codes.update(_dead(stand, watch))
        return all(place in codes for place in places)

    wait_until(all_dead, SECONDS_MAX, lambda: f"{len(codes)} of {len(places)} dead letters")
    assert mine not in outcomes(stand, [mine]), "a flipped one was decided"
    _put(stand, signed, value, RECEIVER)
    decided(stand, [signed])
    return len(places), Counter(codes[place] for place in places)


def _impostors(stand: Stand) -> str:
    """Try to speak for another, to another bus, in another case; return what was tried."""
    lead = lead_of(stand, document(stand))
    sealed = seal_message(lead, signer_from_pem(stand.home.key(SENDER).read_bytes()))
    watch = Watch.begin(stand)
    tried = _dead_ways(stand, lead, sealed.message.envelope.seal)
    places = {place for _, _, place in tried}
    for what, code, place in tried:
        seen = watch.dead(place)
        assert seen == code, f"{what}: {seen}, not {code}"
    _are_listed(stand, places)
    whole = framed(stand, "LeadTransfer", sealed.body)
    own = lead.envelope.case_id.encode()
    other = (flow_partition(own, partitions(stand)) + 1) % partitions(stand)
    keyed = (
        ("another case's key", LEADS, other, b"another"),
        ("another partition", LEADS, other, own),
        ("another flow", "copies", flow_partition(own, partitions(stand)), own),
    )
    for what, topic, partition, key in keyed:
        begin = Watch.begin(stand)
        write(stand, topic, partition, key, whole, STRANGER)
        answer = begin.answer(lead.envelope.message_id)
        assert isinstance(answer, Rejected), f"{what}: {type(answer).__name__}"
        assert answer.code == "message.misrouted", f"{what}: {answer.code}"
    message_id = lead.envelope.message_id
    assert "accepted" not in outcomes(stand, [message_id]).values(), "one of them was taken"
    _put(stand, lead, whole, SENDER)
    decided(stand, [lead])  # none of them used its id up
    told = ", ".join(what for what, _, _ in tried)
    misplaced = ", ".join(what for what, *_ in keyed)
    return (
        f"{told}: each a dead letter with its code that `yichuan dead list` shows; its own seal "
        f"under {misplaced}: message.misrouted, and its sender is told; then its sender's, accepted"
    )


def _dead_ways(stand: Stand, lead: Message, seal: Seal | None) -> list[tuple[str, str, Place]]:
    """Write each lie; return what it is, the code that it must get, and where it lies."""
    assert seal is not None
    envelope = lead.envelope
    case = CaseId(derive("prove", "other case", envelope.message_id))
    elsewhere = replace(lead, envelope=replace(envelope, bus="another"))
    lies: tuple[tuple[str, dict[str, Any]], ...] = (
        ("another case under the seal", {"case_id": case, "seal": seal}),
        ("another sender under the seal", {"sender": organ(STRANGER), "seal": seal}),
        ("another id under the seal", {"message_id": case, "seal": seal}),
        ("no seal", {}),
        ("a word of the bus's claimed", {"seal": replace(seal, vouched="x~0~1~")}),
    )
    codes = {"no seal": "seal.missing"}
    found = [
        (
            "another's name under one's own seal",
            "seal.not_the_senders",
            _put(stand, lead, sealed_value(stand, lead, STRANGER), STRANGER),
        ),
        (
            "a seal for another bus",
            "seal.other_bus",
            _put(stand, elsewhere, sealed_value(stand, elsewhere), SENDER),
        ),
    ]
    for what, changes in lies:
        changed: Any = replace(lead, envelope=replace(envelope, **changes))
        value = framed(stand, "LeadTransfer", current("LeadTransfer").encode(changed))
        place = _put(stand, changed, value, STRANGER)
        found.append((what, codes.get(what, "seal.invalid"), place))
    return found


def message_ids_of_others(ground: Ground) -> str:
    """Use an id before its owner does: forged, in a reply of one's own, in an opening of one's own.

    The last opens a case of the stranger's own, for the sender is part of a case's id. Then both
    have to reach the recipients' own systems, one with files and one with rows, and be Delivered.
    """
    stand = demo(ground)
    told = [_said_again(stand), _used_in_a_reply(stand)]
    mine, theirs = lead_of(stand, document(stand)), _copy_of(stand, STRANGER, RECEIVER)
    squatter = _renamed(theirs, mine, is_opening=True)
    _decided_both(stand, mine, squatter)
    found = _outcomes_by_sender(stand, mine.envelope.message_id)
    assert found[organ(SENDER)] == "accepted", (
        f"{'; '.join(told)}; but an opening in one's own name under an id of another's, sent "
        f"before that other's own ({found[organ(STRANGER)]}), takes the case that follows from "
        f"the id: the owner's opening is {found[organ(SENDER)]}"
    )
    _both_arrive(stand, RECEIVER, mine, squatter)
    copy = _copy_of(stand, SENDER, MARKET)
    squatter = _renamed(_copy_of(stand, STRANGER, MARKET), copy, is_opening=True)
    _decided_both(stand, copy, squatter)
    _both_arrive(stand, MARKET, copy, squatter)
    return (
        f"{'; '.join(told)}; in an opening of one's own, to the owner's recipient: both are "
        f"accepted, and both reach its own system, one with files ({RECEIVER}) and one with rows "
        f"({MARKET}), each once and Delivered"
    )


CHECKS: Final = (
    Check("bits_and_impostors", bits_and_impostors),
    Check("message_ids_of_others", message_ids_of_others),
)


def _said_again(stand: Stand) -> str:
    """Let a stranger write what another sealed, byte for byte, once more."""
    mine = lead_of(stand, document(stand))
    value = sealed_value(stand, mine)
    _put(stand, mine, value, SENDER)
    decided(stand, [mine])
    before = len(records(stand, RECEIVER, inbox_of(RECEIVER)))
    _put(stand, mine, value, STRANGER)
    watch = Watch.begin(stand)
    watch.goes_on(flow_partition(mine.envelope.case_id.encode(), partitions(stand)))
    copies = [
        record
        for record in records(stand, RECEIVER, inbox_of(RECEIVER))[before:]
        if mine.envelope.message_id.encode() in (record.value() or b"")
    ]
    assert not copies, "what was said again was delivered again"
    return "another's sealed message said again by a stranger's login: no second copy"


def _used_in_a_reply(stand: Stand) -> str:
    """Let a stranger use the id first, in a reply of its own; the owner's opening is accepted."""
    to_stranger = _copy_of(stand, RECEIVER, STRANGER)
    _put(stand, to_stranger, sealed_value(stand, to_stranger, RECEIVER), RECEIVER)
    decided(stand, [to_stranger])
    history = History(at=now())
    history.decide(to_stranger)
    envelope = {"in_reply_to": to_stranger.envelope.message_id}
    reply = history.next("signed_for", STRANGER, envelope=envelope)
    mine = lead_of(stand, document(stand))
    _decided_both(stand, mine, _renamed(reply, mine, is_opening=False))
    found = _outcomes_by_sender(stand, mine.envelope.message_id)
    assert found == {organ(SENDER): "accepted", organ(STRANGER): "accepted"}, found
    return "an id of another's used first in a reply of one's own: both accepted, each its own"


def _both_arrive(stand: Stand, agency: str, mine: Message, theirs: Message) -> None:
    """See that an agency's own system gets both, and that the bus hears so of each."""
    for one in (theirs, mine):
        envelope = one.envelope
        missed = f"{envelope.record} of {envelope.sender} in {agency}'s own system, Delivered"
        wait_until(lambda case=envelope.case_id: _is_delivered(stand, agency, case), 60.0, missed)  # type: ignore[misc]
        got = records_of(arrived(stand, agency, envelope.case_id))
        assert got.count(envelope.record) == 1, f"{agency} got {got}"


def _is_delivered(stand: Stand, agency: str, case: str) -> bool:
    """Whether the bus has heard from the agency's connector that it has the case's letter."""
    states = {each["organ"]["alias"]: each["state"] for each in story(stand, case)["recipients"]}
    return states.get(agency) in {"delivered", "signed"}


def _copy_of(stand: Stand, sender: str, to: str) -> Message:
    number = f"借号〔{now().year}〕{next(stand.serials)}号"
    envelope = {"addressees": [organ(to)], "document_number": number}
    return message("copy", sender, number, now(), category="other", envelope=envelope)


def _renamed(theirs: Message, mine: Message, *, is_opening: bool) -> Message:
    """Return a stranger's message under the id of another's."""
    ids: dict[str, Any] = {"message_id": mine.envelope.message_id}
    if is_opening:
        ids["case_id"] = case_id_of(organ(STRANGER), mine.envelope.message_id)
    changed: Any = replace(theirs, envelope=replace(theirs.envelope, **ids))
    return changed  # type: ignore[no-any-return] # of the same record


def _decided_both(stand: Stand, mine: Message, theirs: Message) -> None:
    """Write the stranger's first, then the owner's; wait for what becomes of both."""
    both = {organ(SENDER), organ(STRANGER)}
    id_ = mine.envelope.message_id
    _put(stand, theirs, sealed_value(stand, theirs, STRANGER), STRANGER)
    missed = "the outcome of the stranger's"
    wait_until(lambda: _outcomes_by_sender(stand, id_), SECONDS_MAX, missed)
    _put(stand, mine, sealed_value(stand, mine), SENDER)
    missed = "the outcome of both"
    wait_until(lambda: both <= _outcomes_by_sender(stand, id_).keys(), SECONDS_MAX, missed)


def _outcomes_by_sender(stand: Stand, message_id: MessageId) -> dict[str, str]:
    query = select(MESSAGES.c.sender, MESSAGES.c.outcome).where(MESSAGES.c.message_id == message_id)
    engine = open_for_reading(stand.home.casebook)
    try:
        with engine.connect() as connection:
            return {row.sender: row.outcome for row in connection.execute(query)}
    finally:
        engine.dispose()


def _flipped(value: bytes, position: int) -> bytes:
    changed = bytearray(value)
    changed[position // BITS] ^= 1 << position % BITS
    return bytes(changed)


def _write_all(stand: Stand, envelope: Envelope, values: Sequence[bytes]) -> list[Place]:
    """Write values to where the message belongs, as its sender."""
    places: list[Place] = []
    errors: list[KafkaError] = []

    def note(error: KafkaError | None, record: Any) -> None:
        if error is not None:
            errors.append(error)
        else:
            places.append(Place(record.topic(), record.partition(), record.offset()))

    key = envelope.case_id.encode()
    producer = Producer(stand.client(RECEIVER) | {"acks": "all"})
    partition = flow_partition(key, partitions(stand))
    for value in values:
        producer.produce(envelope.flow.value, value, key, partition, on_delivery=note)
    assert producer.flush(FLUSH_SECONDS_MAX) == 0, "not acknowledged in time"
    assert not errors, errors[0].name()
    assert len(places) == len(values)
    return places


def _dead(stand: Stand, watch: Watch) -> dict[Place, str]:
    """Return the code of every dead letter since, by where it came from."""
    found = {}
    for letter in records(stand, "admin", DEAD_LETTERS, watch.dead_ends):
        headers: Any = letter.headers() or ()  # pairs; the stubs allow other forms, too
        told = {name: value.decode() for name, value in headers}
        place = [told[f"__connect.errors.{name}"] for name in ("topic", "partition", "offset")]
        found[Place(place[0], int(place[1]), int(place[2]))] = str(told["yichuan-code"])
    return found


def _are_listed(stand: Stand, places: set[Place]) -> None:
    """See that the operator's list has them."""
    listed = {each["source"] for each in stand.objects("dead", "list")}
    wanted = {f"{each.topic}/{each.partition}/{each.offset}" for each in places}
    assert wanted <= listed, f"not in the list: {sorted(wanted - listed)}; {sorted(listed)[-3:]}"


def _put(stand: Stand, plain: Message, value: bytes, login: str) -> Place:
    envelope = plain.envelope
    key = envelope.case_id.encode()
    partition = flow_partition(key, partitions(stand))
    return write(stand, envelope.flow.value, partition, key, value, login)
