"""The test vectors of schemas/SEAL.md, by our seal and by the second implementation, both ways."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.batch import value_digest
from schemas.codec import Codec, compiled, current
from schemas.errors import Refusal
from schemas.ids import BUS, OrganCode
from schemas.inline import fingerprint
from schemas.jwk import b64url, jwk_of, thumbprint, unb64url
from schemas.oversight import FieldsOpened, OpenedField, SealedPart
from schemas.parts import Seal
from schemas.seal import VerifiedKey, seal_message, verify, verify_copy
from schemas.seal_open import extract, sealed_parts, verify_opened
from schemas.seal_proof import prove
from schemas.seal_tree import leaf_digest
from services.exchange.intake import Sound
from tests.any_message import SENT_AT, Key, default_message, key
from tests.history import MONDAY, SENDER, message, organ
from tests.house.seal_vectors import FOLDER
from tests.office import Log, _private, office, take
from tests.seal_documents import ask_node, sealed_document

by_algorithm = pytest.mark.parametrize("name", ["ed25519", "es256"])


def _vector(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def codec() -> Codec:
    """The frozen schema that the vectors were written with, as any older writer's."""
    return compiled(json.loads((FOLDER / "schema.json").read_text(encoding="utf-8")))


def _entry(told: dict[str, Any]) -> Key:
    jwk = told["jwk"]
    algorithm = "ES256" if jwk["kty"] == "EC" else "Ed25519"
    kid = thumbprint(algorithm, jwk["x"], jwk.get("y", ""))
    until = SENT_AT + timedelta(days=1)
    some = key("Ed25519").signer
    organ_code = OrganCode(told["organ"])
    return Key(some, kid, organ_code, algorithm, jwk["x"], jwk.get("y", ""), SENT_AT, until)


@by_algorithm
def test_the_original_of_each_vector_verifies(name: str, codec: Codec) -> None:
    vector = _vector(name)
    assert fingerprint(codec.schema) == codec.fingerprint == vector["fingerprint"]
    entry = _entry(vector["sender"])
    body = base64.b64decode(vector["body"])
    assert verify(codec.open(body), entry.found, SENT_AT) == VerifiedKey(entry.kid, entry.organ)
    seed = unb64url(vector["seed"])
    assert seed is not None
    assert b64url(codec.tree.root(body, seed)) == vector["root"]
    assert sealed_document(codec.schema, body) == vector["document"]


@by_algorithm
def test_the_copies_of_each_vector_verify_and_are_made_again(name: str, codec: Codec) -> None:
    vector = _vector(name)
    entry, bus = _entry(vector["sender"]), _entry(vector["bus"])
    assert bus.organ == BUS

    def keys(kid: str) -> Key | None:
        return entry.found(kid) or bus.found(kid)

    body, seed = base64.b64decode(vector["body"]), unb64url(vector["seed"]) or b""
    for copy in vector["copies"]:
        opened = codec.open(base64.b64decode(copy["body"]))
        found = verify_copy(opened, keys, SENT_AT, opened.message.envelope.bus)
        assert found == VerifiedKey(entry.kid, entry.organ)
        unvouched = unb64url(copy["unvouched"]) or b""
        assert b64url(value_digest(codec.fingerprint, unvouched)) == copy["leaf"]
        hidden = (*copy["withheld"], *copy["masked"])
        if hidden:
            proof = prove(codec.tree, body, seed, hidden)
            assert b64url(b"".join(proof.salts)) == "".join(copy["salts"])
            assert b64url(b"".join(proof.digests)) == "".join(copy["digests"])


@by_algorithm
def test_the_second_implementation_passes_the_vectors(name: str) -> None:
    vector = _vector(name)
    of_sender = {"jwk": vector["sender"]["jwk"], "schema": vector["fingerprint"]}
    whole = {"document": vector["document"], "seed": vector["seed"]}
    jobs: list[dict[str, Any]] = [{"job": "verify", **whole, **of_sender, "jws": vector["jws"]}]
    for copy in vector["copies"]:
        hidden = [*copy["withheld"], *copy["masked"]]
        if hidden:
            jobs.append({"job": "check", **copy, **of_sender, "jws": vector["jws"]})
            jobs.append({"job": "prove", **whole, "hidden": hidden})
        bus = {"bus": vector["document"]["envelope"]["bus"], "jwk": vector["bus"]["jwk"]}
        jobs.append({"job": "vouched", **copy, **bus, "schema": vector["fingerprint"]})
    for job, answer in zip(jobs, ask_node(*jobs), strict=True):
        if job["job"] == "vouched":
            assert answer["leaf"] == job["leaf"]
        else:
            assert answer["root"] == vector["root"], job["job"]
        if job["job"] == "prove":
            made = next(copy for copy in vector["copies"] if answer["salts"] == copy["salts"])
            assert answer["digests"] == made["digests"]
        else:
            assert answer["valid"] is True, job["job"]


@by_algorithm
def test_the_second_implementation_refuses_what_was_changed(name: str) -> None:
    vector = _vector(name)
    of_sender = {"jwk": vector["sender"]["jwk"], "schema": vector["fingerprint"]}
    document = vector["document"] | {"legal_basis": "另有其据"}
    wrong: list[dict[str, Any]] = [
        {"job": "verify", "document": document, "seed": vector["seed"], "jws": vector["jws"]}
    ]
    copy = next(each for each in vector["copies"] if each["masked"])
    changes: list[dict[str, Any]] = [
        {"document": copy["document"] | {"legal_basis": "另有其据"}},
        {"masked": []},
        {"withheld": [*copy["withheld"], "legal_basis"]},
        {"salts": []},
        {"digests": [*copy["digests"], "A" * 43]},
    ]
    wrong += [{"job": "check", **copy, "jws": vector["jws"], **change} for change in changes]
    answers = ask_node(*({**each, **of_sender} for each in wrong))
    assert [answer["valid"] for answer in answers] == [False] * len(wrong)


def _fields_opened(told: dict[str, Any], bus: str) -> FieldsOpened:
    """The record that carries what a vector opens."""
    plain = default_message("fields_opened")
    assert isinstance(plain, FieldsOpened)
    return replace(
        plain,
        message=told["message"],
        message_case=told["message_case"],
        author=told["author"],
        received_at=SENT_AT,
        schema=told["schema"],
        jws=told["jws"],
        fields=tuple(OpenedField(**field) for field in told["fields"]),
        parts=tuple(SealedPart(**part) for part in told["parts"]),
        envelope=replace(plain.envelope, bus=bus),
    )


@by_algorithm
def test_the_opened_fields_of_each_vector_verify_and_are_made_again(
    name: str, codec: Codec
) -> None:
    vector = _vector(name)
    entry = _entry(vector["sender"])
    body, seed = base64.b64decode(vector["body"]), unb64url(vector["seed"]) or b""
    assert len(vector["opened"]) > 1
    for told in vector["opened"]:
        message = _fields_opened(told, vector["document"]["envelope"]["bus"])
        assert verify_opened(message, entry.found) == VerifiedKey(entry.kid, entry.organ)
        found = extract(codec.tree, body, seed, told["paths"])
        assert sealed_parts(found.parts) == message.parts
        assert [leaf.path for leaf in found.leaves] == [each["path"] for each in told["fields"]]


@by_algorithm
def test_the_second_implementation_opens_fields_and_verifies_them(name: str) -> None:
    vector = _vector(name)
    whole = {"document": vector["document"], "seed": vector["seed"]}
    bus = vector["document"]["envelope"]["bus"]
    of_sender = {"bus": bus, "jwk": vector["sender"]["jwk"]}
    for told in vector["opened"]:
        made, found = ask_node(
            {"job": "open", **whole, "paths": told["paths"]},
            {"job": "opened", "message": told, **of_sender},
        )
        assert made == {"parts": told["parts"], "fields": told["fields"]}
        assert (found["valid"], found["root"]) == (True, vector["root"])


@by_algorithm
def test_neither_implementation_takes_a_field_that_was_changed(name: str) -> None:
    vector = _vector(name)
    bus = vector["document"]["envelope"]["bus"]
    told = vector["opened"][0]
    field = told["fields"][0]
    forged = OpenedField("reason.more", '"x"', b64url(bytes(16)))
    below = b64url(leaf_digest(bytes(16), b"reason.more", b'"x"'))
    wrong: list[dict[str, Any]] = [
        {"fields": [{**field, "value": '"13900000000"'}]},
        {"fields": [{**field, "path": "parties[1].name"}]},
        {"fields": [{**field, "salt": b64url(bytes(16))}]},
        {"fields": []},
        {"parts": told["parts"][1:]},
        {"parts": [*told["parts"], told["parts"][0]]},
        {"parts": list(reversed(told["parts"]))},
        {
            "fields": [
                *told["fields"],
                {"path": forged.path, "value": forged.value, "salt": forged.salt},
            ],
            "parts": [*told["parts"], {"path": forged.path, "digest": below}],
        },
        {"message": told["message_case"]},
        {"author": BUS},
        {"schema": "0" * 64},
    ]
    jwk = vector["sender"]["jwk"]
    jobs = [
        {"job": "opened", "message": {**told, **each}, "bus": bus, "jwk": jwk} for each in wrong
    ]
    other_bus = {"job": "opened", "message": told, "bus": "another", "jwk": jwk}
    assert not any(answer["valid"] for answer in ask_node(*jobs, other_bus))
    keys = _entry(vector["sender"]).found
    for each in wrong:
        assert isinstance(verify_opened(_fields_opened({**told, **each}, bus), keys), Refusal)


@pytest.mark.parametrize("snake", ["case_transfer", "complaint_forward", "signed_for"])
def test_what_the_second_implementation_seals_verifies_here(snake: str) -> None:
    vector = _vector("es256")
    entry = _entry(vector["sender"])
    plain = default_message(snake)
    plain = replace(plain, envelope=replace(plain.envelope, sender=entry.organ))
    own = current(type(plain).__name__)
    document = sealed_document(own.schema, own.encode(plain))
    job = {"job": "seal", "document": document, "jwk": vector["sender"]["jwk"]}
    (answer,) = ask_node(job | {"schema": own.fingerprint})
    sealed = replace(plain.envelope, seal=Seal(answer["jws"], answer["seed"]))
    opened = own.open(own.encode(replace(plain, envelope=sealed)))
    assert verify(opened, entry.found, SENT_AT) == VerifiedKey(entry.kid, entry.organ)


def test_what_we_seal_verifies_in_the_second_implementation() -> None:
    lead = default_message("lead_transfer")
    own = current("LeadTransfer")
    vector = _vector("ed25519")
    entry = key("Ed25519")
    sealed = seal_message(lead, entry.signer)
    seal = sealed.message.envelope.seal
    assert seal is not None
    job = {
        "job": "verify",
        "document": sealed_document(own.schema, sealed.body),
        "seed": seal.seed,
        "jws": seal.jws,
        "schema": own.fingerprint,
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": entry.x},
    }
    stranger = {"jwk": {**vector["sender"]["jwk"], "d": None}}
    valid, other = ask_node(job, job | {"jwk": stranger["jwk"]})
    assert valid["valid"] is True
    assert other["valid"] is False


def test_a_message_that_the_second_implementation_sealed_is_taken_in_by_the_exchange() -> None:
    sender = organ(SENDER)
    private = _private()[sender]
    public = jwk_of(private.public_key())
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public.x, "d": b64url(private.private_bytes_raw())}
    lead = message("lead_transfer", SENDER, "from-node", MONDAY)
    own = current("LeadTransfer")
    job = {
        "job": "seal",
        "document": sealed_document(own.schema, own.encode(lead)),
        "jwk": jwk,
        "schema": own.fingerprint,
    }
    (answer,) = ask_node(job)
    envelope = replace(lead.envelope, seal=Seal(answer["jws"], answer["seed"]))
    body = own.encode(replace(lead, envelope=envelope))
    value = b"\0" + office().own("LeadTransfer").to_bytes(4, "big") + body
    (intake,) = take(Log().raw(value, lead.envelope, MONDAY))
    assert isinstance(intake, Sound), intake
