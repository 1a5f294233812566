"""Writes schemas/vectors/seal anew: `python -m tests.house.seal_vectors`.

Only after schemas/SEAL.md itself has changed: who has another implementation tests it by these. The
schema is frozen with them, so that a new field of a record changes nothing here.
"""

import base64
import hashlib
import json
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from schemas.batch import value_digest
from schemas.codec import Codec, Opened, current
from schemas.ids import BUS, OrganCode
from schemas.jwk import PrivateKeyObject, b64url, jwk_of, signer_of
from schemas.messages import CaseTransfer, Message
from schemas.parts import Contact, Delivery, Relation
from schemas.seal import Unvouched, copied, seal_message, vouched
from schemas.seal_form import seed_of
from schemas.seal_open import extract, sealed_parts
from tests.any_message import SENDER, SENT_AT, SteadySigner, default_message
from tests.seal_documents import sealed_document

FOLDER: Final = Path(__file__).parents[2] / "schemas" / "vectors" / "seal"
_OPENED: Final[tuple[tuple[str, ...], ...]] = (
    ("parties[0].name",),
    ("reason", "items[0].quantity"),
    ("parties", "disposals", "contact"),
)
TO: Final = OrganCode("11520203YC0001063F")


def _key(algorithm: str, label: str) -> tuple[PrivateKeyObject, dict[str, str]]:
    """Return a key that follows from a label, and its JWK with the private part."""
    seed = hashlib.sha256(label.encode()).digest()
    if algorithm == "Ed25519":
        private: PrivateKeyObject = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        public = jwk_of(private.public_key())
        return private, {"kty": "OKP", "crv": "Ed25519", "x": public.x, "d": b64url(seed)}
    number = int.from_bytes(seed, "big") >> 1
    private = ec.derive_private_key(number, ec.SECP256R1())
    public = jwk_of(private.public_key())
    members = {"kty": "EC", "crv": "P-256", "x": public.x, "y": public.y}
    return private, {**members, "d": b64url(number.to_bytes(32, "big"))}


def _transfer() -> CaseTransfer:
    """A transfer with every kind of leaf, and texts that JSON has to escape."""
    made = default_message("case_transfer")
    assert isinstance(made, CaseTransfer)
    items = tuple(
        replace(item, quantity=Decimal("1234.5"), measure_until=None) for item in made.items or ()
    )
    return replace(
        made,
        reason='引号"、反斜线\\、换行\n、制表\t、控制\u0001、删除\u007f、𠮷、é、</script>',
        items=items,
        disposals=(),
        contact=Contact(),
        envelope=replace(made.envelope, sender=SENDER),
    )


def vector(algorithm: str) -> dict[str, Any]:
    """Return one file: a message, its digests, copies of it, and a batch."""
    private, jwk = _key(algorithm, "sender")
    bus_private, bus_jwk = _key("Ed25519", "bus")
    codec = current("CaseTransfer")
    sealed = seal_message(_transfer(), SteadySigner(signer_of(private)))
    opened = codec.open(sealed.body)
    seal = opened.message.envelope.seal
    assert seal is not None
    copies = [_copy(opened, codec, *each) for each in _hidden(opened.message)]
    bodies = vouched(
        [copy for copy, _ in copies], opened.message.envelope.bus, signer_of(bus_private)
    )
    return {
        "about": "schemas/SEAL.md; the keys are no secrets",
        "algorithm": algorithm,
        "fingerprint": codec.fingerprint,
        "sender": {"organ": SENDER, "jwk": jwk},
        "bus": {"organ": BUS, "jwk": bus_jwk},
        "body": base64.b64encode(sealed.body).decode(),
        "document": sealed_document(codec.schema, sealed.body),
        "seed": seal.seed,
        "root": b64url(codec.tree.root(sealed.body, base64.urlsafe_b64decode(f"{seal.seed}=="))),
        "jws": seal.jws,
        "opened": [_opened(opened, paths) for paths in _OPENED],
        "copies": [
            {**told, "body": base64.b64encode(body).decode(), **_word(codec, copy, body)}
            for (copy, told), body in zip(copies, bodies, strict=True)
        ],
    }


def _opened(original: Opened, paths: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of the message that are opened by these paths, as a record has them."""
    seal = original.message.envelope.seal
    assert seal is not None
    found = extract(original.tree, original.body, seed_of(seal) or b"", paths)
    envelope = original.message.envelope
    return {
        "paths": paths,
        "message": envelope.message_id,
        "message_case": envelope.case_id,
        "author": envelope.sender,
        "schema": original.schema,
        "jws": seal.jws,
        "fields": [
            {"path": leaf.path, "value": leaf.value, "salt": b64url(leaf.salt)}
            for leaf in found.leaves
        ],
        "parts": [{"path": part.path, "digest": part.digest} for part in sealed_parts(found.parts)],
    }


def _hidden(message: Message) -> list[tuple[tuple[str, ...], tuple[str, ...], Message]]:
    """What each copy withholds and masks, and what it shows."""
    assert isinstance(message, CaseTransfer)
    assert message.parties
    party = replace(message.parties[0], name="王**", phone=None)
    return [
        ((), (), message),
        (("parties", "reason"), (), replace(message, parties=None, reason=None)),
        (
            ("parties[0].phone", "disposals", "contact"),
            ("parties[0].name",),
            replace(message, parties=(party, *message.parties[1:]), contact=None, disposals=None),
        ),
    ]


def _copy(
    opened: Opened, codec: Codec, withheld: tuple[str, ...], masked: tuple[str, ...], shown: Message
) -> tuple[Unvouched, dict[str, Any]]:
    delivery = Delivery(TO, Relation.COPY_RECIPIENT, "R-1", SENT_AT, withheld, masked)
    copy = copied(opened, codec, delivery, shown)
    message = codec.decode(copy.body)
    seal, found = message.envelope.seal, message.envelope.delivery
    assert seal is not None
    assert found is not None
    return copy, {
        "withheld": found.withheld,
        "masked": found.masked,
        "document": sealed_document(codec.schema, copy.body),
        "seed": seal.seed,
        "salts": seal.salts,
        "digests": seal.digests,
    }


def _word(codec: Codec, copy: Unvouched, body: bytes) -> dict[str, Any]:
    seal = codec.decode(body).envelope.seal
    assert seal is not None
    return {
        "unvouched": b64url(copy.body),
        "leaf": b64url(value_digest(codec.fingerprint, copy.body)),
        "vouched": seal.vouched,
    }


def main() -> int:
    """Write them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    schema = json.dumps(current("CaseTransfer").schema, ensure_ascii=False, indent=1)
    (FOLDER / "schema.json").write_text(schema + "\n", encoding="utf-8")
    for algorithm in ("Ed25519", "ES256"):
        text = json.dumps(vector(algorithm), ensure_ascii=False, indent=1)
        (FOLDER / f"{algorithm.lower()}.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
