"""Messages and their bytes: the Confluent wire format around Avro, and what a seal is made over.

The envelope is a record's last field, and sent_at, delivery and seal are the envelope's last
three. So one encoding gives three things, by cutting:

    content | sent_at | delivery | seal        the bytes as they lie in the topic
    content | sent_at | 0x00     | 0x00        what is sealed: delivery and seal null
    content | sent_at | delivery | seal, but   what the exchange vouches for: `vouched`, the seal's
              its last field, 0x00             own last field, null
    content                                    what makes two messages the same: an honest re-send
                                               has another sent_at and another seal
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from schemas.avro_reader import Schema, message_reader
from schemas.avro_values import UNREADABLE, UNWRITABLE, write_string
from schemas.avro_writer import MessageWriter, message_writer
from schemas.errors import Broken, Malformed
from schemas.inline import fingerprint, schema_of
from schemas.messages import Message
from schemas.parts import Delivery, Envelope, Seal
from schemas.seal_tree import Node, compiled_tree

ENCODED_MAX_BYTES: Final = 900_000  # of what a sender may send, seal included
UNENCODABLE: Final = "message.unencodable"
BODY_MAX_BYTES: Final = 1_000_000  # of what is read: a delivered copy carries a little more

_MAGIC: Final = 0
_PREFIX_BYTES: Final = 5
_NULL_TAIL: Final = b"\x00\x00"  # delivery and seal null
_NULL: Final = b"\x00"
_PRESENT: Final = 2  # the union's second branch

# What compiling says of a schema that holds itself, or lacks a part.
_UNCOMPILABLE: Final = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Opened:
    """A message with what its seal and its identity are judged by. Nothing is verified yet."""

    message: Message
    schema: str  # fingerprint of the writer's schema
    signed_bytes: bytes
    content_digest: str  # SHA-256, hex
    body: bytes = field(repr=False)  # all of it, delivery and seal included
    tree: Node = field(repr=False, compare=False)  # of the writer's schema: gives the digests


@dataclass(frozen=True, slots=True)
class ToSign:
    """What a message is sealed over, and what it is known by."""

    signed_bytes: bytes
    content_digest: str  # SHA-256, hex


@dataclass(frozen=True, slots=True)
class Tail:
    """What is filled after sealing: all that a copy's bytes differ in from its original's."""

    delivery: Delivery | None
    seal: Seal | None


@dataclass(frozen=True, slots=True)
class Codec:
    """One schema of one record, compiled. Make it once and keep it: compiling takes about 1 ms."""

    record: str
    fingerprint: str
    schema: Schema = field(repr=False)
    _read: Callable[[bytes], tuple[Any, int, int]] = field(repr=False)
    _writer: MessageWriter = field(repr=False)
    tree: Node = field(repr=False, compare=False)

    def decode(self, body: bytes) -> Message:
        """Return the message of a body. Raises Malformed message.malformed, message.too_large."""
        return self.open(body).message

    def open(self, body: bytes) -> Opened:
        """Return the message of a body, with the bytes that its seal is over.

        Raises Malformed message.malformed for anything but the one canonical encoding,
        message.too_large over BODY_MAX_BYTES.
        """
        if len(body) > BODY_MAX_BYTES:
            raise Malformed("message.too_large", where=self.record)
        try:
            message, begin, end = self._read(body)
        except UNREADABLE:
            raise Malformed("message.malformed", where=self.record) from None
        return Opened(
            message=message,
            schema=self.fingerprint,
            signed_bytes=body[:end] + _NULL_TAIL,
            content_digest=hashlib.sha256(body[:begin]).hexdigest(),
            body=body,
            tree=self.tree,
        )

    def encode(self, message: Message) -> bytes:
        """Return the body of a message as it is, delivery and seal included.

        Raises Broken message.unencodable: what comes from outside is checked before.
        """
        out = bytearray()
        self._write(message, out)
        self._write_tail(message.envelope, out)
        return bytes(out)

    def encode_with(self, message: Message, tail: Tail) -> bytes:
        """Return the body of a message with this delivery and seal in place of its own.

        Raises Broken message.unencodable.
        """
        out = bytearray()
        self._write(message, out)
        self._write_tail(tail, out)
        return bytes(out)

    def to_sign(self, message: Message) -> ToSign:
        """Return what a seal over the message is made over. Raises Broken message.unencodable."""
        out = bytearray()
        begin = self._write(message, out)
        digest = hashlib.sha256(out[:begin]).hexdigest()
        return ToSign(bytes(out + _NULL_TAIL), digest)

    def with_tail(self, signed_bytes: bytes, tail: Tail) -> bytes:
        """Return the body of a message whose sealed bytes are there: delivery and seal put in.

        What the sender sealed is not encoded again, so it is what it was. The bytes are of this
        codec. Raises Broken message.unencodable.
        """
        out = bytearray(signed_bytes[: -len(_NULL_TAIL)])
        self._write_tail(tail, out)
        return bytes(out)

    def _write(self, message: Message, out: bytearray) -> int:
        """Append all up to and with sent_at; return where that begins."""
        if type(message).__name__ != self.record:
            raise Broken(UNENCODABLE, where=self.record, detail="another record")
        try:
            return self._writer.signed(message, out)
        except UNWRITABLE as error:
            raise self._unencodable(error) from None

    def _write_tail(self, tail: Tail | Envelope, out: bytearray) -> None:
        try:
            self._writer.tail(tail, out)
        except UNWRITABLE as error:
            raise self._unencodable(error) from None

    def _unencodable(self, error: Exception) -> Broken:
        """Its text may hold a value of the message."""
        return Broken(UNENCODABLE, where=self.record, detail=type(error).__name__)


@cache
def current(record: str) -> Codec:
    """Return the codec of our own version of a record (`LeadTransfer`)."""
    return compiled(schema_of(record))


def compiled(schema: Schema) -> Codec:
    """Return the codec of a writer's schema, of any version.

    Raises Broken schema.unsupported for a schema that our lint would not let through, however it is
    made: others may register theirs.
    """
    try:
        reader, writer = message_reader(schema), message_writer(schema)
        tree = compiled_tree(schema)
        return Codec(schema["name"], fingerprint(schema), schema, reader, writer, tree)
    except _UNCOMPILABLE as error:
        raise Broken("schema.unsupported", detail=type(error).__name__) from error


def encode(message: Message) -> bytes:
    """Return the body of a message by our own version of its record's schema."""
    return current(type(message).__name__).encode(message)


def with_vouched(unvouched: bytes, vouched: str) -> bytes:
    """Return a body with the exchange's word in its place, the last of all."""
    out = bytearray(unvouched[:-1])
    out.append(_PRESENT)
    write_string(vouched, out)
    return bytes(out)


def without_vouched(body: bytes, vouched: str) -> bytes:
    """Return the body with `vouched` null: the other way round from `with_vouched`."""
    word = bytearray((_PRESENT,))
    write_string(vouched, word)
    return body[: -len(word)] + _NULL


def frame(schema_id: int, body: bytes) -> bytes:
    """Return a Kafka value: magic 0, the registry's id in four bytes, the body (Confluent)."""
    return bytes((_MAGIC,)) + schema_id.to_bytes(4, "big") + body


def unframe(value: bytes) -> tuple[int, bytes]:
    """Return (schema id, body) of a Kafka value. Raises Malformed message.malformed."""
    if len(value) <= _PREFIX_BYTES or value[0] != _MAGIC:
        raise Malformed("message.malformed", where="prefix")
    return int.from_bytes(value[1:_PREFIX_BYTES], "big"), value[_PREFIX_BYTES:]
