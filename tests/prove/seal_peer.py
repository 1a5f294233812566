"""The chapter of the seal: what the second implementation sealed travels the bus, and comes back.

Nothing of ours writes the message: Node seals it, fastavro encodes it by the registry's schema, and
librdkafka puts it on the flow with the organ's own login. What the recipient got, Node verifies.
"""

import io
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import fastavro
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.bus.clock import now
from connectors.bus.key_rows import KEYS_CSV
from connectors.bus.keyring import read_keys
from schemas.codec import Opened, current, unframe, without_vouched
from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.jwk import X25519, b64url
from schemas.messages import Message
from schemas.topics import flow_partition, inbox_of
from tests.history import PARTICIPANT, message, organ
from tests.prove.agencies import files_of
from tests.prove.chapter import Check, Ground
from tests.prove.county_sending import decided
from tests.prove.flow_writer import Watch, write
from tests.prove.letters import (
    RECEIVER,
    SENDER,
    document,
    framed,
    keyring,
    partitions,
)
from tests.prove.letters import (
    message as lead_of,
)
from tests.prove.registry_http import READER, basic, call
from tests.prove.stand import Stand, demo, records, wait_until
from tests.seal_documents import ask_node, sealed_document

SECONDS_MAX: Final = 90.0
COORDINATE_BYTES: Final = 32


def second_implementation_on_the_bus(ground: Ground) -> str:
    """Send two messages that Node sealed; let Node verify what the recipients got."""
    stand = demo(ground)
    lead = lead_of(stand, document(stand))
    plan = _plan(stand)
    for plain in (lead, plan):
        _put(stand, plain, _sealed_by_node(stand, plain))
    decided(stand, (lead, plan))
    told = [_verified_by_node(stand, RECEIVER, lead), _verified_by_node(stand, PARTICIPANT, plan)]
    assert told == [(0, 0), (1, 0)], f"withheld, masked: {told}"
    _lies_with_the_agency(stand, lead)
    (shown,) = (
        letter
        for letter in stand.objects("inbox", RECEIVER, "--limit", "100000")
        if letter["document"]["envelope"]["message_id"] == lead.envelope.message_id
    )
    assert shown["seal"] == "valid", shown["seal"]
    code = _changed_on_the_way(stand)
    return (
        f"a lead and a joint plan, sealed by Node, encoded by fastavro with the registry's schema, "
        f"written by librdkafka as {SENDER}: accepted; the lead whole in the system of {RECEIVER}, "
        f"whose connector verified it, and `yichuan inbox` says valid; the plan at {PARTICIPANT} "
        "with its content withheld; Node verifies both copies, the sender's seal and the bus's "
        f"word; one changed behind its seal: {code}"
    )


CHECKS: Final = (Check("second_implementation_on_the_bus", second_implementation_on_the_bus),)


def _plan(stand: Stand) -> Message:
    number = f"节点〔{now().year}〕{next(stand.serials)}号"
    begins, ends = ((now() + timedelta(days=days)).isoformat() for days in (7, 9))
    envelope = {"document_number": number}
    return message(
        "joint_plan", SENDER, number, now(), begins_at=begins, ends_at=ends, envelope=envelope
    )


def _sealed_by_node(stand: Stand, plain: Message, **changes: Any) -> bytes:
    """Return the body: sealed by Node, then changed where `changes` say, encoded by fastavro."""
    own = current(type(plain).__name__)
    job = {
        "job": "seal",
        "document": sealed_document(own.schema, own.encode(plain)),
        "jwk": _private_jwk(stand.home.key(SENDER)),
        "schema": own.fingerprint,
    }
    (answer,) = ask_node(job)
    schema = _registered(stand, own.fingerprint)
    read = fastavro.schemaless_reader(io.BytesIO(own.encode(plain)), schema, None)
    assert isinstance(read, dict)
    seal = {"jws": answer["jws"], "seed": answer["seed"], "salts": [], "digests": []}
    read["envelope"]["seal"] = seal
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, read | changes)
    return out.getvalue()


def _registered(stand: Stand, fingerprint: str) -> Any:
    """Return the schema as the registry gives it to an organ."""
    schema_id = keyring(stand).id_for(fingerprint)
    status, answer = call(stand, "GET", f"/schemas/ids/{schema_id}", basic(stand, READER))
    assert status == 200, f"schema {schema_id}: {status}"
    return fastavro.parse_schema(json.loads(answer["schema"]))


def _put(stand: Stand, plain: Message, body: bytes) -> Any:
    envelope = plain.envelope
    key = envelope.case_id.encode()
    partition = flow_partition(key, partitions(stand))
    value = framed(stand, envelope.record, body)
    return write(stand, envelope.flow.value, partition, key, value, SENDER)


def _verified_by_node(stand: Stand, alias: str, plain: Message) -> tuple[int, int]:
    """Let Node judge the copy in an inbox; return how many paths are withheld and masked."""
    look = partial(_copy_in, stand, alias, plain)
    opened: Opened = wait_until(look, SECONDS_MAX, f"{plain.envelope.record} at {alias}")
    seal, delivery = opened.message.envelope.seal, opened.message.envelope.delivery
    assert seal is not None
    assert seal.vouched is not None
    assert delivery is not None
    codec = current(type(plain).__name__)
    shown = {
        "document": sealed_document(codec.schema, opened.body),
        "jwk": _public_jwk(stand, organ(SENDER)),
        "schema": codec.fingerprint,
        "jws": seal.jws,
    }
    hidden = {
        "withheld": delivery.withheld,
        "masked": delivery.masked,
        "salts": seal.salts,
        "digests": seal.digests,
    }
    whole = {"job": "verify", **shown, "seed": seal.seed}
    sender = {"job": "check", **shown, **hidden} if seal.seed is None else whole
    word = {
        "job": "vouched",
        "schema": codec.fingerprint,
        "unvouched": b64url(without_vouched(opened.body, seal.vouched)),
        "vouched": seal.vouched,
        "bus": opened.message.envelope.bus,
        "jwk": _public_jwk(stand, BUS),
    }
    foreign = sender | {"jwk": _public_jwk(stand, organ(RECEIVER))}
    answers = [answer["valid"] for answer in ask_node(sender, word, foreign)]
    assert answers == [True, True, False], f"{alias}: Node says {answers}"
    return len(delivery.withheld), len(delivery.masked)


def _copy_in(stand: Stand, alias: str, plain: Message) -> Opened | None:
    for record in records(stand, alias, inbox_of(alias)):
        at = datetime.fromtimestamp(record.timestamp()[1] / 1000, tz=UTC)
        opened = keyring(stand).open(record.value() or b"", at)
        assert not isinstance(opened, Refusal), opened
        if opened.message.envelope.message_id == plain.envelope.message_id:
            assert unframe(record.value() or b"")[1] == opened.body
            return opened
    return None


def _lies_with_the_agency(stand: Stand, lead: Message) -> None:
    number = str(lead.envelope.document_number)
    files = files_of(stand, RECEIVER)
    found = wait_until(lambda: files.got(number), SECONDS_MAX, f"{number} in the agency's inbox")
    assert found["envelope"]["message_id"] == lead.envelope.message_id


def _changed_on_the_way(stand: Stand) -> str:
    """Change what Node sealed, as one who cannot seal would."""
    lead = lead_of(stand, document(stand))
    watch = Watch.begin(stand)
    place = _put(stand, lead, _sealed_by_node(stand, lead, reason="另有其故"))
    code = watch.dead(place)
    assert code == "seal.invalid", code
    return code


def _private_jwk(path: Path) -> dict[str, str]:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    numbers = key.private_numbers()
    public = numbers.public_numbers
    named = {"x": public.x, "y": public.y, "d": numbers.private_value}
    told = {name: b64url(value.to_bytes(COORDINATE_BYTES)) for name, value in named.items()}
    return {"kty": "EC", "crv": "P-256", **told}


def _public_jwk(stand: Stand, code: str) -> dict[str, str]:
    """Return the key of an organ as the directory tells it to everybody."""
    rows = read_keys(stand.home.rulebook / KEYS_CSV).values()
    (row,) = (each for each in rows if each.organ == code and each.algorithm != X25519)
    return {"kty": "EC", "crv": "P-256", "x": row.x, "y": row.y}
