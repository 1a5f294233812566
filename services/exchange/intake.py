"""From bytes to a message that may be decided: frame, decode, seal, sender, place, form. Pure.

Before a seal is verified nothing in a message is believed, its sender least of all: such bytes go
to the dead letters and nobody is answered. After it, the sender hears what is wrong.

What the secrecy gate refuses (guidance 二(一)1, last sentence) leaves here without key and value,
so that nothing behind this can keep a copy: what goes on is ids, a code and a path.
"""

from dataclasses import dataclass, replace
from typing import TypeGuard

from connectors.bus.layout import MESSAGE_BYTES_MAX
from schemas.checks import lawful_form
from schemas.codec import Opened, unframe
from schemas.errors import Malformed, Refusal
from schemas.ids import BUS, RulebookHash
from schemas.messages import Tick
from schemas.parts import Attachment, Envelope
from schemas.seal import check_sender, verify
from schemas.secrecy import marked
from schemas.transfer_form import SHA256
from services.exchange.file_keys import claims_refusal
from services.exchange.incoming import Incoming
from services.exchange.office import Office
from services.exchange.placement import misplaced, unanswerable


@dataclass(frozen=True, slots=True)
class Sound:
    """A message that its sender sealed, in its place and in lawful form."""

    incoming: Incoming
    opened: Opened
    schema_id: int
    body: bytes
    rulebook: RulebookHash  # by whose keys and directory it was judged

    @property
    def record(self) -> str:
        """What it is; `envelope.record` says the same."""
        return type(self.opened.message).__name__

    @property
    def envelope(self) -> Envelope:
        """The message's envelope."""
        return self.opened.message.envelope

    @property
    def digest(self) -> str:
        """Of the content, SHA-256, hex."""
        return self.opened.content_digest


@dataclass(frozen=True, slots=True)
class Refused:
    """A message whose seal is the sender's, but which may not stand.

    `is_secret`: the gate refused it. Then the envelope has what it takes to answer, and no more.
    """

    incoming: Incoming
    record: str  # what it is, whatever its envelope calls it
    envelope: Envelope
    digest: str  # of the content, SHA-256, hex
    refusal: Refusal
    reserves_id: bool
    rulebook: RulebookHash | None  # None: it is secret, by whichever list
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Dead:
    """Bytes that nobody can be answered for. `is_secret`: they carry a mark, and are not here.

    `is_void`: nothing would be missed, and no dead letter is written.
    """

    incoming: Incoming
    refusal: Refusal
    rulebook: RulebookHash | None  # None: it is secret, by whichever list
    is_secret: bool = False
    is_void: bool = False


Intake = Sound | Refused | Dead


def is_tick(intake: Intake) -> TypeGuard[Sound]:
    """Whether it is a Tick of the bus."""
    return isinstance(intake, Sound) and intake.record == "Tick"


def take_in(incoming: Incoming, office: Office) -> Intake:
    """Judge one record of a flow."""
    rulebook = office.rulebook.hash
    if incoming.unread is not None:
        return Dead(incoming, incoming.unread.refusal, rulebook)
    read = _read(incoming, office)
    if isinstance(read, Refusal):
        return _unreadable(incoming, read, office)
    schema_id, body, opened = read
    if not incoming.is_stamped:
        return _without_time(incoming, opened, body, office)
    nobody = _nobody(opened, incoming, office)
    if nobody is not None and incoming.is_inflated:
        return Dead(incoming, nobody, rulebook)
    secret = marked(opened.message, office.gate, body)
    if secret is None and _is_marked_key(incoming, office):
        secret = Refusal("secrecy.marked", detail="key")
    if nobody is not None:
        return Dead(incoming, nobody, rulebook) if secret is None else secret_dead(incoming, nobody)
    if secret is not None:
        return _secret(incoming, opened, secret)
    elsewhere = misplaced(opened.message, incoming.position, incoming.key, office.partitions)
    if elsewhere is not None:
        return _refused(incoming, opened, elsewhere, office, reserves_id=False)
    malformed = lawful_form(opened.message) or claims_refusal(
        opened.message.envelope, office, incoming.stamped_at
    )
    if malformed is not None:
        return _refused(incoming, opened, malformed, office, reserves_id=True)
    return Sound(incoming, opened, schema_id, body, rulebook)


def _read(incoming: Incoming, office: Office) -> tuple[int, bytes, Opened] | Refusal:
    if incoming.bytes > MESSAGE_BYTES_MAX:  # only a codec made it small enough for the broker
        return Refusal("message.too_large")
    try:
        schema_id, body = unframe(incoming.value or b"")
        codec = office.codecs.get(schema_id)
        if codec is None:
            return Refusal("message.unknown_schema", detail=str(schema_id))
        return schema_id, body, codec.open(body)
    except Malformed as error:
        return Refusal(error.code, error.where)


def _nobody(opened: Opened, incoming: Incoming, office: Office) -> Refusal | None:
    """Why there is nobody who could be answered, or no id by which; or None."""
    signer = verify(opened, office.key, incoming.stamped_at)
    if isinstance(signer, Refusal):
        return signer
    envelope = opened.message.envelope
    is_known = envelope.sender == BUS or office.alias(envelope.sender) is not None
    return check_sender(envelope, signer, office.rulebook.bus) or unanswerable(
        envelope, is_known=is_known
    )


def secret_dead(incoming: Incoming, refusal: Refusal) -> Dead:
    """Return a dead letter without its bytes."""
    return Dead(replace(incoming, key=None, value=None), refusal, rulebook=None, is_secret=True)


def secret_refused(
    incoming: Incoming, record: str, envelope: Envelope, digest: str, refusal: Refusal
) -> Refused:
    """Return a refusal that holds nothing of what was said; its id is used all the same."""
    ids = Envelope(
        bus=envelope.bus,
        message_id=envelope.message_id,
        case_id=envelope.case_id,
        flow=envelope.flow,
        record=record,
        sender=envelope.sender,
        sent_at=incoming.stamped_at,
        # Addresses alone, so that what was stored for it is deleted.
        attachments=tuple(
            Attachment(blob=each.blob)
            for each in envelope.attachments or ()
            if SHA256.fullmatch(each.blob or "")
        )
        or None,
    )
    return Refused(
        replace(incoming, key=None, value=None),
        record,
        ids,
        digest,
        refusal,
        reserves_id=True,
        rulebook=None,
        is_secret=True,
    )


def _without_time(incoming: Incoming, opened: Opened, body: bytes, office: Office) -> Dead:
    """Nothing is judged by its writer's time: neither whose key it is sealed by, nor what is due.

    A letter is kept, for an operator to write it again under the broker's time. A Tick without a
    time says nothing.
    """
    refusal = Refusal("message.unstamped")
    if marked(opened.message, office.gate, body) or _is_marked_key(incoming, office):
        return secret_dead(incoming, refusal)
    is_void = isinstance(opened.message, Tick)
    return Dead(incoming, refusal, office.rulebook.hash, is_void=is_void)


def _secret(incoming: Incoming, opened: Opened, refusal: Refusal) -> Refused | Dead:
    message = opened.message
    if message.envelope.sender == BUS:
        return secret_dead(incoming, refusal)
    record = type(message).__name__
    return secret_refused(incoming, record, message.envelope, opened.content_digest, refusal)


def _refused(
    incoming: Incoming, opened: Opened, refusal: Refusal, office: Office, *, reserves_id: bool
) -> Refused | Dead:
    """The bus has no inbox to be answered in."""
    message = opened.message
    rulebook = office.rulebook.hash
    if message.envelope.sender == BUS:
        return Dead(incoming, refusal, rulebook)
    return Refused(
        incoming,
        type(message).__name__,
        message.envelope,
        opened.content_digest,
        refusal,
        reserves_id,
        rulebook,
    )


def _unreadable(incoming: Incoming, refusal: Refusal, office: Office) -> Dead:
    """Bytes whose parts nobody can tell apart: any place in them may be a line of its own.

    Nobody looks through what was blown up: a kilobyte on the wire would cost a megabyte's look.
    """
    if incoming.is_inflated:
        return Dead(incoming, refusal, office.rulebook.hash)
    if office.gate.in_bytes(incoming.value or b"") or _is_marked_key(incoming, office):
        return secret_dead(incoming, refusal)
    return Dead(incoming, refusal, office.rulebook.hash)


def _is_marked_key(incoming: Incoming, office: Office) -> bool:
    return office.gate.in_bytes(incoming.key or b"")
