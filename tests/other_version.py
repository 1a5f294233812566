"""A record's schema as the next version would have it, and a message sealed by it."""

import copy
from typing import Any

from schemas.avro_values import write_string
from schemas.codec import Codec, Tail, compiled, current, frame
from schemas.jwk import Signer, b64url
from schemas.jws import signed
from schemas.messages import Message
from schemas.parts import Seal
from schemas.seal_form import TYPE, payload_of

_SAID = 2  # the branch of a nullable field that has a value


def newer(record: str, confidentiality: str = "public", *, is_never_null: bool = False) -> Codec:
    """The record with one field more, `weather`, before all others."""
    schema: dict[str, Any] = copy.deepcopy(current(record).schema)  # type: ignore[arg-type] # a dict
    field = {
        "name": "weather",
        "type": "string" if is_never_null else ["null", "string"],
        "default": "" if is_never_null else None,
        "doc": "天气 | weather",
        "confidentiality": confidentiality,
        "confluent:tags": [confidentiality.upper()],
    }
    schema["fields"].insert(0, field)
    return compiled(schema)


def sealed_by(codec: Codec, message: Message, weather: str, signer: Signer) -> bytes:
    """A body as a sender of that version seals it."""
    is_never_null = codec.schema["fields"][0]["type"] == "string"
    plain = bytearray(() if is_never_null else (_SAID,))
    write_string(weather, plain)
    plain += current(codec.record).to_sign(message).signed_bytes
    seed = signer.seed(bytes(plain))
    root = codec.tree.root(bytes(plain), seed)
    jws = signed(payload_of(message.envelope, root), signer, TYPE, codec.fingerprint)
    return codec.with_tail(bytes(plain), Tail(None, Seal(jws, b64url(seed))))


def value_by(codec: Codec, number: int, message: Message, weather: str, signer: Signer) -> bytes:
    """The same as a Kafka value."""
    return frame(number, sealed_by(codec, message, weather, signer))
