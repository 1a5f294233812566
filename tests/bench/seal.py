"""What a seal costs a message, before (over the whole value) and now (to the leaf): `make bench`.

Before: a signature over the encoding, as seals were until they went to the leaf; and, on a redacted
copy, one more of the exchange. Medians of RUNS runs, least and greatest beside them; one process.
"""

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from connectors.bus.clock import monotonic
from schemas.codec import Opened, current
from schemas.ids import BUS, OrganCode
from schemas.jwk import PrivateKeyObject, jwk_of, public_key, signature_is_valid, signer_of
from schemas.jws import signed
from schemas.parts import Delivery, Relation
from schemas.seal import copied, seal_message, verify, verify_copy, vouched
from schemas.sm2 import generated
from tests.any_message import SENDER, SENT_AT, Key, default_lead

RUNS: Final = 5
MESSAGES: Final = 300  # of one run
BATCH: Final = 100
LEAD: Final = default_lead()
CODEC: Final = current("LeadTransfer")


def _entry(private: PrivateKeyObject, organ: OrganCode) -> Key:
    jwk = jwk_of(private.public_key())
    return Key(signer_of(private), jwk.kid, organ, jwk.algorithm, jwk.x, jwk.y, SENT_AT, None)


def _micros(work: Callable[[], object], times: int = MESSAGES) -> dict[str, float]:
    found = []
    for _ in range(RUNS):
        begin = monotonic()
        for _ in range(times):
            work()
        found.append((monotonic() - begin) / times * 1e6)
    return {
        "median_us": round(statistics.median(found), 1),
        "least_us": round(min(found), 1),
        "greatest_us": round(max(found), 1),
    }


def measured(name: str, private: PrivateKeyObject) -> Iterator[dict[str, Any]]:
    """Yield one line for each thing measured under a key."""
    entry, bus = _entry(private, SENDER), _entry(ed25519.Ed25519PrivateKey.generate(), BUS)
    signer, whole = entry.signer, CODEC.to_sign(LEAD).signed_bytes
    signature = signer.sign(whole)
    key = public_key(entry.algorithm, entry.x, entry.y)
    opened = CODEC.open(seal_message(LEAD, signer).body)

    def line(what: str, work: Callable[[], object], times: int = MESSAGES) -> dict[str, Any]:
        return {"key": name, "what": what, "bytes": len(opened.body), **_micros(work, times)}

    yield line("seal, before", lambda: signed(CODEC.to_sign(LEAD).signed_bytes, signer, "before"))
    yield line("seal, now", lambda: seal_message(LEAD, signer))
    yield line("verify, before", lambda: signature_is_valid(key, signature, whole))
    # Another seed each time would be another message: what is remembered is taken away instead.
    yield line("verify, now", lambda: _forgetful(opened, entry))
    yield line("digests alone", lambda: opened.tree.root(opened.body, bytes(16)))
    delivery = Delivery(SENDER, Relation.SUPERIOR, None, SENT_AT, ("reason",), ("parties[0].name",))
    assert LEAD.parties
    shown = replace(LEAD, reason=None, parties=(replace(LEAD.parties[0], name="王**"),))
    copies = [copied(opened, CODEC, delivery, shown) for _ in range(BATCH)]
    yield line("redacted copy", lambda: copied(opened, CODEC, delivery, shown))
    yield line("vouch, one", lambda: vouched(copies[:1], LEAD.envelope.bus, bus.signer))
    yield line("vouch, 100 at once", lambda: vouched(copies, LEAD.envelope.bus, bus.signer), 3)
    (body,) = vouched(copies[:1], LEAD.envelope.bus, bus.signer)
    copy = CODEC.open(body)
    keys = {entry.kid: entry, bus.kid: bus}
    yield line("verify a copy", lambda: _forgetful_copy(copy, keys))
    yield {"key": name, "what": "bytes of a redacted copy", "bytes": len(body)}


def _forgetful(opened: Opened, entry: Key) -> object:
    _forget()
    return verify(opened, entry.found, SENT_AT)


def _forgetful_copy(opened: Opened, keys: dict[str, Key]) -> object:
    _forget()
    return verify_copy(opened, keys.get, SENT_AT, LEAD.envelope.bus)


def _forget() -> None:
    from schemas import jws  # noqa: PLC0415 - what is remembered is no part of it

    jws._holds.cache_clear()


def main() -> int:
    """Print them as JSON lines."""
    private: dict[str, PrivateKeyObject] = {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate(),
        "SM2-SM3": generated(),
    }
    for name, key in private.items():
        for found in measured(name, key):
            print(json.dumps(found, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
