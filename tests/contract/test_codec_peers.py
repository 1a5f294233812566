"""Our bytes against other people's code: fastavro, confluent-kafka's serializers, joserfc."""

import io
import json
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as peer
from joserfc.jwk import ECKey, OKPKey

from schemas.codec import Opened, current, frame, unframe
from schemas.inline import schema_of
from schemas.jwk import b64url, unb64url
from schemas.messages import Message
from schemas.parts import Seal
from schemas.seal import VerifiedKey, seal_message, verify
from schemas.seal_form import TYPE
from schemas.topics import BY_SNAKE, RECORDS
from tests.any_message import SENT_AT, Key, default_lead, default_message, key, messages

SUBJECT = SerializationContext("leads", MessageField.VALUE)


def _plain(value: Any) -> Any:  # what a general Avro writer takes: dicts and lists
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _parsed(record: str) -> Any:
    return fastavro.parse_schema(deepcopy(schema_of(record)), named_schemas={})


@given(st.sampled_from(sorted(RECORDS)).flatmap(messages))
def test_fastavro_reads_what_we_write(message: Message) -> None:
    record = type(message).__name__
    data = io.BytesIO(current(record).encode(message))
    assert fastavro.schemaless_reader(data, _parsed(record), None) == _plain(message)
    assert data.read() == b""


@pytest.mark.parametrize("snake", BY_SNAKE)
def test_fastavro_writes_the_bytes_that_we_write(snake: str) -> None:
    message = default_message(snake)
    record = type(message).__name__
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _parsed(record), _plain(message))
    assert out.getvalue() == current(record).encode(message)


@pytest.mark.parametrize("snake", BY_SNAKE)
def test_confluent_s_serializers_read_ours_and_write_what_we_read(snake: str) -> None:
    message = default_message(snake)
    record = type(message).__name__
    registry = SchemaRegistryClient.new_client({"url": f"mock://{snake}"})
    text = json.dumps(schema_of(record))
    schema_id = registry.register_schema("leads-value", Schema(text, "AVRO"))
    value = frame(schema_id, current(record).encode(message))
    assert AvroDeserializer(registry)(value, SUBJECT) == _plain(message)
    theirs = AvroSerializer(registry, text, conf={"auto.register.schemas": False})
    written = theirs(_plain(message), SUBJECT)
    assert written == value
    assert current(record).decode(unframe(written)[1]) == message


def _peer_key(entry: Key) -> ECKey | OKPKey:
    members = {"x": entry.x, "kid": entry.kid}
    if entry.algorithm == "ES256":
        return ECKey.import_key({"kty": "EC", "crv": "P-256", "y": entry.y, **members})
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", **members})


def _peer_private_key(entry: Key) -> ECKey | OKPKey:
    private = entry.signer._key
    if isinstance(private, EllipticCurvePrivateKey):
        return ECKey.import_key(private)
    assert isinstance(private, Ed25519PrivateKey)
    return OKPKey.import_key(private)


def _peer_registry(entry: Key) -> peer.JWSRegistry:
    return peer.JWSRegistry(algorithms=[entry.algorithm], strict_check_header=False)


by_algorithm = pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])


@by_algorithm
def test_joserfc_verifies_our_seal_and_not_over_other_bytes(algorithm: str) -> None:
    entry = key(algorithm)
    sealed = seal_message(default_lead(), entry.signer)
    opened = current("LeadTransfer").open(sealed.body)
    payload_signed = _payload_of(opened)
    assert isinstance(sealed.message.envelope.seal, Seal)
    first, _, last = sealed.message.envelope.seal.jws.split(".")
    registry = _peer_registry(entry)
    for payload, good in ((payload_signed, True), (payload_signed[:-1], False)):
        whole = peer.extract_compact(f"{first}.{b64url(payload)}.{last}".encode(), None, registry)
        assert peer.validate_compact(whole, _peer_key(entry), None, registry) is good


@by_algorithm
def test_we_verify_a_seal_that_joserfc_made(algorithm: str) -> None:
    entry = key(algorithm)
    codec = current("LeadTransfer")
    seed = bytes(range(16))
    plain = replace(
        default_lead(), envelope=replace(default_lead().envelope, seal=Seal("", b64url(seed)))
    )
    payload = _payload_of(codec.open(codec.encode(plain)))
    header = {"alg": algorithm, "kid": entry.kid, "typ": TYPE, "schema": codec.fingerprint}
    private = _peer_private_key(entry)
    whole = peer.serialize_compact(header, payload, private, registry=_peer_registry(entry))
    seal = Seal(peer.detach_content(whole), b64url(seed))
    sealed = replace(plain, envelope=replace(plain.envelope, seal=seal))
    body = codec.encode(sealed)
    assert verify(codec.open(body), entry.found, SENT_AT) == VerifiedKey(entry.kid, entry.organ)
    body = codec.encode(replace(sealed, reason="另有其故"))
    assert not isinstance(verify(codec.open(body), entry.found, SENT_AT), VerifiedKey)


def _payload_of(opened: Opened) -> bytes:
    """What a seal signs of a message whose seed is in it (schemas/SEAL.md, section 6)."""
    envelope = opened.message.envelope
    assert envelope.seal is not None
    seed = unb64url(envelope.seal.seed or "")
    assert seed is not None
    root = b64url(opened.tree.root(opened.body, seed))
    names = {"bus": envelope.bus, "case": envelope.case_id, "message": envelope.message_id}
    payload = {**names, "root": root, "sender": envelope.sender}
    return json.dumps(payload, separators=(",", ":")).encode()


@by_algorithm
def test_joserfc_gives_a_key_the_same_thumbprint(algorithm: str) -> None:
    entry = key(algorithm)
    assert _peer_key(entry).thumbprint() == entry.kid
