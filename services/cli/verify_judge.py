"""Whether an exported message is its sender's, and if not, what of it was changed. Pure.

An export carries, beside the document, the digest of every leaf. They prove themselves: their root
is what the sender signed. So where the document does not hold, the digests tell which leaf is not
the one that was sealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from schemas.codec import Opened, current
from schemas.errors import Malformed, Refusal
from schemas.ids import BUS
from schemas.json_form import FormError, message_from
from schemas.jwk import b64url, unb64url
from schemas.jws import Keys, VerifiedKey, header_of
from schemas.parts import Envelope
from schemas.render import to_document
from schemas.seal import check_sender, verify, verify_copy
from schemas.seal_form import received_at
from schemas.seal_list import are_the_senders, leaves
from schemas.topics import RECORDS

FORM: Final = "yichuan-export-1"


class What(StrEnum):
    """What a file is."""

    ORIGINAL = "original"  # as its sender sealed it
    COPY = "copy"  # delivered, whole
    REDACTED = "redacted"  # delivered, of which something is hidden
    BUS = "bus"  # the bus's own word: a receipt, a notice


@dataclass(frozen=True, slots=True)
class Verdict:
    """What there is to say of a file. `fault` None: all of it holds."""

    what: What
    envelope: Envelope
    kid: str | None
    fault: Refusal | None
    tampered: tuple[str, ...] = ()  # paths, where they can be named


def exported(opened: Opened) -> dict[str, Any]:
    """Return a message as a file that can be verified by itself."""
    found = leaves(opened) or {}
    return {
        "form": FORM,
        "schema": opened.schema,
        "document": to_document(opened.message),
        "leaves": {path: b64url(digest) for path, digest in found.items()},
    }


def opened_from(file: Mapping[str, Any]) -> tuple[Opened, Mapping[str, bytes]] | Refusal:
    """Return the message of an export, or of a bare document, and the digests that came with it."""
    document = file.get("document", file)
    envelope = document.get("envelope") if isinstance(document, dict) else None
    record = envelope.get("record") if isinstance(envelope, dict) else None
    if not isinstance(record, str) or record not in RECORDS or not isinstance(document, dict):
        return Refusal("verify.unreadable", where="envelope.record")
    codec = current(record)
    if file.get("schema", codec.fingerprint) != codec.fingerprint:
        return Refusal("verify.other_schema", where="schema")
    try:
        opened = codec.open(codec.encode(message_from(record, document)))
    except FormError as error:
        return Refusal("verify.unreadable", where=error.refusal.where, detail=error.refusal.code)
    except Malformed as error:
        return Refusal("verify.unreadable", detail=error.code)
    listed = file.get("leaves", {})
    if not isinstance(listed, dict) or not all(isinstance(each, str) for each in listed.values()):
        return Refusal("verify.unreadable", where="leaves")
    return opened, {path: unb64url(text) or b"" for path, text in listed.items()}


def judge(opened: Opened, listed: Mapping[str, bytes], keys: Keys) -> Verdict:
    """Return the verdict. Times are the message's own: there is no broker to ask."""
    envelope = opened.message.envelope
    seal = envelope.seal
    what = _what(envelope)
    header = header_of(seal.jws or (seal.vouched or "").partition("~")[0]) if seal else None
    kid = header.kid if header else None
    if header is not None and header.schema not in (None, opened.schema):
        return Verdict(what, envelope, kid, Refusal("verify.other_schema", where="envelope.seal"))
    fault = _fault(opened, what, keys)
    if fault is None or fault.code != "seal.invalid":
        return Verdict(what, envelope, kid, fault)
    if what is not What.BUS and _sender_holds(opened, keys):
        fault = Refusal("verify.delivery_changed", where="envelope.delivery")
        return Verdict(what, envelope, kid, fault)
    tampered: tuple[str, ...] = ()
    if listed and are_the_senders(listed, opened, keys):
        tampered = _differing(leaves(opened), listed)
    where = tampered[0] if tampered else None
    return Verdict(what, envelope, kid, Refusal("verify.tampered", where=where), tampered)


def _what(envelope: Envelope) -> What:
    if envelope.delivery is None:
        return What.BUS if envelope.sender == BUS else What.ORIGINAL
    hides = envelope.delivery.withheld or envelope.delivery.masked
    return What.REDACTED if hides else What.COPY


def _fault(opened: Opened, what: What, keys: Keys) -> Refusal | None:
    envelope = opened.message.envelope
    vouched = envelope.seal.vouched if envelope.seal else None
    found: VerifiedKey | Refusal
    if what is What.ORIGINAL or (what is What.BUS and vouched is None):
        found = verify(opened, keys, envelope.sent_at)
        if isinstance(found, VerifiedKey):
            return check_sender(envelope, found, envelope.bus)
    else:
        found = verify_copy(opened, keys, received_at(envelope), envelope.bus)
    return found if isinstance(found, Refusal) else None


def _sender_holds(opened: Opened, keys: Keys) -> bool:
    """Whether the sender's own seal stands on what is shown, whatever the exchange says."""
    found = leaves(opened)
    return found is not None and are_the_senders(found, opened, keys)


def _differing(found: Mapping[str, bytes] | None, listed: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the paths that were changed, added or removed."""
    if found is None:
        return ()
    return tuple(
        path for path in dict.fromkeys((*listed, *found)) if found.get(path) != listed.get(path)
    )


def trusting(keys: Keys, trusted: Mapping[str, str | None]) -> Keys:
    """Return the keys that are among the trusted fingerprints, and their organ's as said there."""

    def found(kid: str) -> Any:  # noqa: ANN401 - a KeyRecord or None
        key = keys(kid)
        if key is None or kid not in trusted:
            return None
        said = trusted[kid]
        return key if said in (None, key.organ) else replace(key, organ=said)  # type: ignore[type-var] # a frozen row

    return found
