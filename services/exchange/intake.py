"""From bytes to a message that may be decided: frame, decode, seal, sender, place, form. Pure.

Before a seal is verified nothing in a message is believed, its sender least of all: such bytes go
to the dead letters and nobody is answered. After it, the sender hears what is wrong.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from schemas.checks import lawful_form
from schemas.codec import Opened, unframe
from schemas.errors import Malformed, Refusal
from schemas.ids import BUS, RulebookHash, case_id_of, is_uuid
from schemas.messages import Message, RulebookActivated, Tick
from schemas.parts import Secrecy
from schemas.seal import check_sender, verify
from schemas.topics import RECORDS, Author, flow_partition
from services.casebook.rows import Position
from services.exchange.office import Office


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record of a flow as the broker gives it."""

    position: Position
    key: bytes | None
    value: bytes | None
    stamped_at: datetime  # log append time


@dataclass(frozen=True, slots=True)
class Sound:
    """A message that its sender sealed, in its place and in lawful form."""

    incoming: Incoming
    opened: Opened
    schema_id: int
    body: bytes
    rulebook: RulebookHash  # by whose keys and directory it was judged


@dataclass(frozen=True, slots=True)
class Refused:
    """A message whose seal is the sender's, but which may not stand."""

    incoming: Incoming
    opened: Opened
    refusal: Refusal
    reserves_id: bool
    rulebook: RulebookHash


@dataclass(frozen=True, slots=True)
class Dead:
    """Bytes that nobody can be answered for."""

    incoming: Incoming
    refusal: Refusal
    rulebook: RulebookHash


Intake = Sound | Refused | Dead


def take_in(incoming: Incoming, office: Office) -> Intake:
    """Judge one record of a flow."""
    rulebook = office.rulebook.hash
    try:
        schema_id, body = unframe(incoming.value or b"")
    except Malformed as error:
        return Dead(incoming, Refusal(error.code, error.where), rulebook)
    codec = office.codecs.get(schema_id)
    if codec is None:
        return Dead(incoming, Refusal("message.unknown_schema", detail=str(schema_id)), rulebook)
    try:
        opened = codec.open(body)
    except Malformed as error:
        return Dead(incoming, Refusal(error.code, error.where), rulebook)
    unsealed = _seal(opened, incoming, office)
    if unsealed is not None:
        return _dead(incoming, opened, unsealed, rulebook)
    nameless = _names(opened.message, office)
    if nameless is not None:
        return _dead(incoming, opened, nameless, rulebook)
    misplaced = _place(opened.message, incoming, office)
    if misplaced is not None:
        return _answer(Refused(incoming, opened, misplaced, reserves_id=False, rulebook=rulebook))
    malformed = lawful_form(opened.message)
    if malformed is not None:
        return _answer(Refused(incoming, opened, malformed, reserves_id=True, rulebook=rulebook))
    return Sound(incoming, opened, schema_id, body, rulebook)


def _seal(opened: Opened, incoming: Incoming, office: Office) -> Refusal | None:
    signer = verify(opened, office.key, incoming.stamped_at)
    if isinstance(signer, Refusal):
        return signer
    return check_sender(opened.message.envelope, signer, office.rulebook.bus)


def _names(message: Message, office: Office) -> Refusal | None:
    """Why the sender cannot be answered, or by which ids; or None."""
    envelope = message.envelope
    if envelope.sender != BUS and office.alias(envelope.sender) is None:
        return Refusal("organ.unknown", "envelope.sender")
    for name in ("message_id", "case_id"):
        if not is_uuid(getattr(envelope, name)):
            return Refusal("message.field_invalid", f"envelope.{name}")
    return None


def _place(message: Message, incoming: Incoming, office: Office) -> Refusal | None:
    """Return why the message is not where its sealed content says it must be."""
    envelope = message.envelope
    record = RECORDS[type(message).__name__]
    topic = incoming.position.topic
    if envelope.record != record.name or envelope.flow != topic:
        return Refusal("message.misrouted", detail="flow")
    if record.author is Author.BUS and envelope.sender != BUS:
        return Refusal("message.bus_only", detail=record.name)
    if topic not in record.flows:
        return Refusal("message.misrouted", detail="flow")
    if incoming.key != envelope.case_id.encode():
        return Refusal("message.misrouted", detail="key")
    if isinstance(message, Tick | RulebookActivated):  # one into every partition
        at_home = (message.topic, message.partition) == (topic, incoming.position.partition)
        return None if at_home else Refusal("message.misrouted", detail="partition")
    if incoming.position.partition != flow_partition(incoming.key, office.partitions):
        return Refusal("message.misrouted", detail="partition")
    begins = record.begins(envelope.in_reply_to)
    if begins and envelope.case_id != case_id_of(envelope.message_id):
        return Refusal("message.misrouted", detail="case")
    return None


def _answer(refused: Refused) -> Refused | Dead:
    """The bus has no inbox to be answered in."""
    if refused.opened.message.envelope.sender == BUS:
        return _dead(refused.incoming, refused.opened, refused.refusal, refused.rulebook)
    return refused


def _dead(incoming: Incoming, opened: Opened, refusal: Refusal, rulebook: RulebookHash) -> Dead:
    """What is marked as secret leaves no copy in the dead letters either (guidance 二(一)1)."""
    if opened.message.envelope.secrecy is not Secrecy.NONE:
        incoming = replace(incoming, value=None)
    return Dead(incoming, refusal, rulebook)
