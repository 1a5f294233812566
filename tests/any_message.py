"""Messages for tests: any that a schema allows, the default examples, and keys to seal them."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import strategies as st

from schemas.avro_reader import CLASSES
from schemas.codec import Codec, Opened, Tail
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import BUS, MessageId, OrganCode, case_id_of, derive
from schemas.inline import schema_of
from schemas.jwk import PrivateKeyObject, SoftwareSigner, jwk_of, signer_of
from schemas.load import default_example
from schemas.messages import LeadTransfer, Message
from schemas.parts import Delivery, Flow
from schemas.topics import BY_SNAKE, Author

SENDER = OrganCode("11520203YC0001047R")
SENT_AT = datetime(2026, 9, 28, 1, 0, 0, 123000, tzinfo=UTC)

# What a document may hold and comes back as it was: schemas/text_form.py narrows the wide forms.
_CHARACTERS = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cn", "Cs"),
    exclude_characters="".join(
        map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFF01, 0xFF5F), 0x3000))
    ),
    include_characters="\t\n\r",
)
_TEXT = st.text(_CHARACTERS, max_size=30)
_MILLIS = st.integers(-(10**13), 10**14)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    """An entry of keys.csv, with its private half."""

    signer: SoftwareSigner
    kid: str
    organ: OrganCode
    algorithm: str
    x: str
    y: str
    valid_from: datetime
    valid_to: datetime | None
    compromised_since: datetime | None = None

    def found(self, kid: str) -> "Key | None":
        """A directory that has this key only."""
        return self if kid == self.kid else None


@dataclass(frozen=True)
class SteadySigner:
    """A signer whose salts follow from the message, so that two runs give the same bytes."""

    inner: SoftwareSigner

    @property
    def kid(self) -> str:
        """That of the key."""
        return self.inner.kid

    @property
    def algorithm(self) -> str:
        """That of the key."""
        return self.inner.algorithm

    def sign(self, data: bytes) -> bytes:
        """Sign by the key."""
        return self.inner.sign(data)

    def seed(self, data: bytes) -> bytes:
        """Return 16 bytes that follow from the message."""
        return sha256(data).digest()[:16]


def with_delivery(codec: Codec, opened: Opened, delivery: Delivery) -> bytes:
    """Return the body with a delivery put in, as anybody could who has it."""
    return codec.with_tail(opened.signed_bytes, Tail(delivery, opened.message.envelope.seal))


def key(algorithm: str, organ: OrganCode = SENDER) -> Key:
    """Return a key of the organ, the same in every run; valid for a year from SENT_AT."""
    private: PrivateKeyObject
    if algorithm == "ES256":
        private = ec.derive_private_key(20260928, ec.SECP256R1())
    else:
        private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    jwk = jwk_of(private.public_key())
    until = SENT_AT + timedelta(days=365)
    return Key(signer_of(private), jwk.kid, organ, jwk.algorithm, jwk.x, jwk.y, SENT_AT, until)


def messages(record: str) -> st.SearchStrategy[Message]:
    """Return any message that the record's schema can hold, lawful or not."""
    return _strategy(schema_of(record), {})


def default_message(snake: str) -> Message:
    """Return the default example of a record as its sender would have it before sealing."""
    document = default_example(snake)
    by_bus = BY_SNAKE[snake].author is Author.BUS
    officers = document["envelope"].get("officers") or [{"organ": SENDER}]
    defaults = envelope_defaults(snake, BUS if by_bus else OrganCode(officers[0]["organ"]))
    message = read(snake, json.dumps(document).encode(), defaults)
    assert not isinstance(message, Refusal), message
    return message


def default_lead() -> LeadTransfer:
    """Return the default lead, sent by SENDER."""
    lead = default_message("lead_transfer")
    assert isinstance(lead, LeadTransfer)
    return replace(lead, envelope=replace(lead.envelope, sender=SENDER))


def envelope_defaults(snake: str, sender: OrganCode = SENDER) -> EnvelopeDefaults:
    """Return defaults under which every id and number that is answered is known, once."""
    flow = BY_SNAKE[snake].opens or Flow.LEADS

    def targets(named: str) -> tuple[Target, ...]:
        answered = MessageId(derive("message", named))
        return (Target(answered, case_id_of(sender, answered), flow),)

    message_id = MessageId(derive("message", snake))
    return EnvelopeDefaults("test", sender, message_id, SENT_AT, targets)


def _strategy(schema: Any, named: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    if isinstance(schema, list):
        return st.none() | _strategy(schema[1], named)
    if isinstance(schema, str):
        return _PRIMITIVES[schema] if schema in _PRIMITIVES else named[schema]
    kind = schema["type"]
    if kind == "array":
        items = _strategy(schema["items"], named)
        return st.lists(items, max_size=2).map(tuple)
    if kind == "enum":
        cls: Any = CLASSES[schema["name"]]
        made: st.SearchStrategy[Any] = st.sampled_from(list(cls))
    elif kind == "record":
        fields = {field["name"]: _strategy(field["type"], named) for field in schema["fields"]}
        made = st.builds(CLASSES[schema["name"]], **fields)
    else:
        return _logical(schema)
    named[f"yichuan.{schema['name']}"] = made
    return made


def _logical(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema["logicalType"]:
        case "date":
            return st.dates(date(1, 1, 1), date(9999, 12, 31))
        case "timestamp-millis":
            return _MILLIS.map(lambda millis: _EPOCH + timedelta(milliseconds=millis))
        case _:
            limit = 10 ** schema["precision"] - 1
            unit = Decimal(1).scaleb(-schema["scale"])
            return st.integers(-limit, limit).map(lambda unscaled: unscaled * unit)


_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "string": _TEXT,
}
