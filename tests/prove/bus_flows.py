"""The bus chapter: what an organ may write to a flow topic, and the exchange must not believe.

Each check writes with an organ's own login, waits for the dead letter or the Rejected with its
code, then sees a good lead through the same partition: the exchange goes on.
"""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.bus.clock import now
from schemas.codec import current, encode, frame
from schemas.errors import Refusal
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.jwk import Signer, signer_from_pem
from schemas.messages import (
    Accepted,
    CaseSettled,
    LeadTransfer,
    Message,
    Rejected,
    SettleAction,
    Tick,
)
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from schemas.topics import RECORDS, Author, flow_partition, inbox_of
from tests.any_message import default_message
from tests.prove.chapter import Check, Ground
from tests.prove.flow_writer import LEADS, Place, Watch, write
from tests.prove.letters import (
    SENDER,
    document,
    framed,
    keyring,
    message,
    message_on,
    organ,
    partitions,
    rulebook,
    sealed_value,
)
from tests.prove.stand import Stand, demo, ends_of, records

VICTIM: Final = "langdai"  # in whose name SENDER writes
RANDOM_SIZES: Final = (1, 2, 5, 6, 100, 5_000, 900_000)  # bytes
UNKNOWN_IDS: Final = (0, 999_999, 2**31 - 1)
PARTITION: Final = 0
KEY: Final = b"prove"


def flow_random_bytes(ground: Ground) -> str:
    """Write noise of many sizes, nothing, null, and noise behind a good prefix."""
    stand = demo(ground)
    noise = [_noise(size) for size in RANDOM_SIZES]
    good_prefix = framed(stand, "LeadTransfer", secrets.token_bytes(500))
    values = (*noise, b"", None, good_prefix)
    return _all_dead(stand, ((value, "message.malformed") for value in values))


def flow_unknown_schema(ground: Ground) -> str:
    """Write a good body behind ids that the registry has not."""
    stand = demo(ground)
    body = encode(message_on(stand, PARTITION))
    values = (frame(number, body) for number in UNKNOWN_IDS)
    return _all_dead(stand, ((value, "message.unknown_schema") for value in values))


def flow_wrong_key(ground: Ground) -> str:
    """Write good leads under another case's key, under none, and under an empty one."""
    stand = demo(ground)
    watch = Watch.begin(stand)
    other = message(stand, document(stand)).envelope.case_id.encode()
    for key in (other, None, b""):
        lead = message_on(stand, PARTITION)
        write(stand, LEADS, PARTITION, key, sealed_value(stand, lead))
        _is_rejected(watch, lead, "message.misrouted", "key")
        _is_accepted_at_home(watch, lead)
    return _told(watch, "3 × Rejected message.misrouted (key), each accepted under its own key")


def flow_wrong_partition(ground: Ground) -> str:
    """Write good leads to a partition, and to a flow, where they do not belong."""
    stand = demo(ground)
    watch = Watch.begin(stand)
    elsewhere = (PARTITION + 1) % partitions(stand)
    for topic, partition, what in (
        (LEADS, elsewhere, "partition"),
        (Flow.TRANSFERS.value, PARTITION, "flow"),
    ):
        lead = message_on(stand, PARTITION)
        key = lead.envelope.case_id.encode()
        write(stand, topic, partition, key, sealed_value(stand, lead))
        _is_rejected(watch, lead, "message.misrouted", what)
        _is_accepted_at_home(watch, lead)
    seconds = watch.goes_on(elsewhere)
    said = "Rejected message.misrouted (partition; another flow), each accepted in its own place"
    return f"{said}; the partition that had it went on in {seconds:.1f} s"


def flow_foreign_seal(ground: Ground) -> str:
    """Write in another organ's name, and with seals that are none."""
    stand = demo(ground)
    before = ends_of(stand, VICTIM, inbox_of(VICTIM))
    named = message(stand, document(stand, VICTIM), VICTIM)
    own = message_on(stand, PARTITION)
    stranger = framed(stand, "LeadTransfer", seal_message(own, _new_key()).body)
    told = _all_dead(
        stand,
        (
            (sealed_value(stand, named), "seal.not_the_senders"),
            (_altered(stand, own), "seal.invalid"),
            (framed(stand, "LeadTransfer", encode(own)), "seal.missing"),
            (stranger, "seal.key_unknown"),
        ),
    )
    ids = {
        opened.message.envelope.in_reply_to
        for record in records(stand, VICTIM, inbox_of(VICTIM), before)
        if not isinstance(opened := keyring(stand).open(record.value() or b"", now()), Refusal)
    }
    assert named.envelope.message_id not in ids, f"{VICTIM} was answered for what it did not write"
    return f"{told}; {VICTIM}, in whose name it was, heard nothing"


def flow_tick_by_agency(ground: Ground) -> str:
    """Write Ticks as an organ, under its own name and under the bus's."""
    stand = demo(ground)
    case = derive("ticks", LEADS, str(PARTITION))  # the very key of the bus's own
    return _bus_records(stand, [Tick(_envelope(stand, "Tick", case), LEADS, PARTITION)])


def flow_case_settled_by_agency(ground: Ground) -> str:
    """Settle a case as an organ that is a party to it; the case must not move."""
    stand = demo(ground)
    watch = Watch.begin(stand)
    lead = message_on(stand, PARTITION)
    _is_accepted_at_home(watch, lead)
    envelope = lead.envelope
    settled = CaseSettled(
        replace(_envelope(stand, "CaseSettled", envelope.case_id), in_reply_to=envelope.message_id),
        SettleAction.DISCARD,
        "试",
    )
    told = _bus_records(stand, [settled])
    (story,) = stand.objects("trace", envelope.case_id)
    outcomes = {(step["record"], step["outcome"]) for step in story["steps"]}
    assert ("CaseSettled", "accepted") not in outcomes, "the case was settled"
    return f"{told}; its case stands as it was: {story['state']}"


def flow_bus_record_by_agency(ground: Ground) -> str:
    """Write each of the bus's other records as an organ."""
    stand = demo(ground)
    return _bus_records(stand, _said_by_the_bus(stand))


CHECKS: Final = (
    Check("flow_random_bytes", flow_random_bytes),
    Check("flow_unknown_schema", flow_unknown_schema),
    Check("flow_wrong_key", flow_wrong_key),
    Check("flow_wrong_partition", flow_wrong_partition),
    Check("flow_foreign_seal", flow_foreign_seal),
    Check("flow_tick_by_agency", flow_tick_by_agency),
    Check("flow_case_settled_by_agency", flow_case_settled_by_agency),
    Check("flow_bus_record_by_agency", flow_bus_record_by_agency),
)


def _all_dead(stand: Stand, tries: Iterable[tuple[bytes | None, str]]) -> str:
    """Write each value; each must be dead-lettered with its code."""
    watch = Watch.begin(stand)
    written: list[tuple[Place, str]] = [
        (write(stand, LEADS, PARTITION, KEY, value), code) for value, code in tries
    ]
    for place, code in written:
        found = watch.dead(place)
        assert found == code, f"offset {place.offset}: {found}, not {code}"
    codes = ", ".join(dict.fromkeys(code for _, code in written))
    return _told(watch, f"{len(written)} dead letters: {codes}")


def _bus_records(stand: Stand, messages: list[Message]) -> str:
    """Write each under the organ's name (Rejected) and under the bus's (dead letter)."""
    watch = Watch.begin(stand)
    for own in messages:
        key = own.envelope.case_id.encode()
        partition = PARTITION
        if not isinstance(own, Tick):
            partition = flow_partition(key, partitions(stand))
        write(stand, LEADS, partition, key, sealed_value(stand, own))
        _is_rejected(watch, own, "message.bus_only", type(own).__name__)
        envelope = replace(own.envelope, sender=BUS)
        value = sealed_value(stand, replace(own, envelope=envelope))
        code = watch.dead(write(stand, LEADS, partition, key, value))
        assert code == "seal.not_the_senders", f"in the bus's name: {code}"
    names = ", ".join(type(own).__name__ for own in messages)
    said = f"{names}: Rejected message.bus_only; in the bus's name: dead letter"
    return _told(watch, f"{said} seal.not_the_senders")


def _is_rejected(watch: Watch, sent: Message, code: str, what: str) -> None:
    answer = watch.answer(sent.envelope.message_id)
    assert isinstance(answer, Rejected), f"{type(sent).__name__}: {type(answer).__name__}"
    assert answer.code == code, f"{type(sent).__name__}: {answer.code}, not {code}"
    assert answer.explanation == what, f"{code} says {answer.explanation}, not {what}"


def _is_accepted_at_home(watch: Watch, lead: LeadTransfer) -> None:
    """What was refused for its place reserved nothing: in its own place it is good."""
    stand = watch.stand
    again = Watch.begin(stand)
    key = lead.envelope.case_id.encode()
    partition = flow_partition(key, partitions(stand))
    write(stand, LEADS, partition, key, sealed_value(stand, lead))
    answer = again.answer(lead.envelope.message_id)
    assert isinstance(answer, Accepted), f"in its own place: {type(answer).__name__}"


def _told(watch: Watch, said: str) -> str:
    return f"{said}; a good lead behind it accepted in {watch.goes_on(PARTITION):.1f} s"


def _noise(size: int) -> bytes:
    """Return random bytes that are no frame: its first byte is 0."""
    found = bytearray(secrets.token_bytes(size))
    found[0] |= 1
    return bytes(found)


def _altered(stand: Stand, lead: LeadTransfer) -> bytes:
    """Return a sealed lead of which one number was changed after it was sealed."""
    sealed = seal_message(lead, signer_from_pem(stand.home.key(SENDER).read_bytes()))
    assert isinstance(sealed.message, LeadTransfer)
    changed = replace(sealed.message, pages=(lead.pages or 0) + 1)
    return framed(stand, "LeadTransfer", current("LeadTransfer").encode(changed))


def _new_key() -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    return signer_from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _envelope(stand: Stand, record: str, case_id: str) -> Envelope:
    """Return the envelope of a bus record under the name of SENDER."""
    number = str(next(stand.serials))
    return Envelope(
        bus=rulebook(stand).bus,
        message_id=MessageId(derive("prove", record, number)),
        case_id=CaseId(case_id),
        flow=Flow.LEADS,
        record=record,
        sender=organ(stand, SENDER).code,
        sent_at=now(),
    )


def _said_by_the_bus(stand: Stand) -> list[Message]:
    """Return the example of each other record that the bus writes, under the name of SENDER."""
    case = message_on(stand, PARTITION).envelope.case_id
    examples = [
        default_message(record.snake)
        for record in RECORDS.values()
        if record.author is Author.BUS and record.name not in {"Tick", "CaseSettled"}
    ]
    return [replace(one, envelope=_envelope(stand, one.envelope.record, case)) for one in examples]
