"""Whether a sealed message names who may be answered, and lies where it says it must. Pure."""

from schemas.errors import Refusal
from schemas.ids import BUS, case_id_of, is_uuid
from schemas.messages import Message, RulebookActivated, Tick
from schemas.parts import Envelope
from schemas.topics import RECORDS, Author, flow_partition
from services.casebook.rows import Position


def unanswerable(envelope: Envelope, *, is_known: bool) -> Refusal | None:
    """Return why the sender cannot be answered, or by which ids; or None.

    `is_known`: the directory has the sender.
    """
    if not is_known:
        return Refusal("organ.unknown", "envelope.sender")
    for name in ("message_id", "case_id"):
        if not is_uuid(getattr(envelope, name)):
            return Refusal("message.field_invalid", f"envelope.{name}")
    return None


def misplaced(
    message: Message, position: Position, key: bytes | None, partitions: int
) -> Refusal | None:
    """Return why it may not lie there, or None. `partitions`: of each flow."""
    envelope = message.envelope
    record = RECORDS[type(message).__name__]
    topic = position.topic
    if envelope.record != record.name or envelope.flow != topic:
        return Refusal("message.misrouted", detail="flow")
    if record.author is Author.BUS and envelope.sender != BUS:
        return Refusal("message.bus_only", detail=record.name)
    if topic not in record.flows:
        return Refusal("message.misrouted", detail="flow")
    if key != envelope.case_id.encode():
        return Refusal("message.misrouted", detail="key")
    if isinstance(message, Tick | RulebookActivated):  # one into every partition
        at_home = (message.topic, message.partition) == (topic, position.partition)
        return None if at_home else Refusal("message.misrouted", detail="partition")
    if position.partition != flow_partition(key, partitions):
        return Refusal("message.misrouted", detail="partition")
    begins = record.begins(envelope.in_reply_to)
    if begins and envelope.case_id != case_id_of(envelope.sender, envelope.message_id):
        return Refusal("message.misrouted", detail="case")
    return None
