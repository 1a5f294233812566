"""Whether an exported message is its sender's, and if not, what of it was changed. Pure.

An export carries, beside the document, the digest of every leaf. They prove themselves: their root
is what the sender signed. So where the document does not hold, the digests tell which leaf is not
the one that was sealed. What only the exchange answers for (receipts, deliveries, masked values,
who opened a field) has no digests of its own: there the bytes that it vouched for tell it.
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
from schemas.messages import Message
from schemas.oversight import FieldsOpened
from schemas.parts import Envelope
from schemas.render import to_document
from schemas.seal import check_sender, verify, verify_copy
from schemas.seal_list import are_the_senders, leaves
from schemas.seal_open import verify_opened
from schemas.topics import RECORDS

FORM: Final = "yichuan-export-1"


class What(StrEnum):
    """What a file is."""

    ORIGINAL = "original"  # as its sender sealed it
    COPY = "copy"  # delivered, whole
    REDACTED = "redacted"  # delivered, of which something is hidden
    BUS = "bus"  # the bus's own word: a receipt, a notice
    OPENED = "opened"  # fields that were withheld, opened later


@dataclass(frozen=True, slots=True)
class Export:
    """A file: a message, and what came with it to name what was changed."""

    opened: Opened
    leaves: Mapping[str, bytes]  # path → digest; empty for a bare document
    body: bytes | None = None  # the message as it lay in the inbox


@dataclass(frozen=True, slots=True)
class Verdict:
    """What there is to say of a file. `fault` None: all of it holds."""

    what: What
    message: Message
    kid: str | None  # of the sender's seal
    vouched_by: str | None  # the exchange's key, where it vouches for it
    fault: Refusal | None
    tampered: tuple[str, ...] = ()  # paths, where they can be named

    @property
    def envelope(self) -> Envelope:
        """The message's envelope."""
        return self.message.envelope


def exported(opened: Opened) -> dict[str, Any]:
    """Return a message as a file that can be verified by itself."""
    found = leaves(opened) or {}
    return {
        "form": FORM,
        "schema": opened.schema,
        "document": to_document(opened.message),
        "leaves": {path: b64url(digest) for path, digest in found.items()},
        "body": b64url(opened.body),
    }


def opened_from(file: Mapping[str, Any]) -> Export | Refusal:
    """Return the message of an export, or of a bare document, and what came with it."""
    document = file.get("document", file)
    envelope = document.get("envelope") if isinstance(document, dict) else None
    record = envelope.get("record") if isinstance(envelope, dict) else None
    if not isinstance(record, str) or record not in RECORDS or not isinstance(document, dict):
        return Refusal("verify.unreadable", where="envelope.record")
    codec = current(record)
    if "document" in file and file.get("schema", codec.fingerprint) != codec.fingerprint:
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
    digests = {path: unb64url(text) or b"" for path, text in listed.items()}
    return Export(opened, digests, unb64url(str(file.get("body", ""))) or None)


def judge(export: Export, keys: Keys) -> Verdict:
    """Return the verdict. Times are the message's own: there is no broker to ask."""
    opened = export.opened
    what = _what(opened.message)
    verdict = Verdict(what, opened.message, *_kids(opened.message), None)
    header = header_of(_jws(opened.message))
    if header is not None and header.schema not in (None, _sealed_by(opened)):
        return replace(verdict, fault=Refusal("verify.other_schema", where="envelope.seal"))
    fault = _fault(opened, what, keys)
    if fault is None or fault.code != "seal.invalid":
        return replace(verdict, fault=fault)
    tampered = _tampered(export, what, keys)
    if what is not What.BUS and _sender_holds(opened, keys):
        where = tampered[0] if tampered else "envelope.delivery"
        fault = Refusal("verify.delivery_changed", where=where)
        return replace(verdict, fault=fault, tampered=tampered)
    fault = Refusal("verify.tampered", where=tampered[0] if tampered else None)
    return replace(verdict, fault=fault, tampered=tampered)


def _what(message: Message) -> What:
    delivery = message.envelope.delivery
    if isinstance(message, FieldsOpened):
        return What.OPENED
    if delivery is None:
        return What.BUS if message.envelope.sender == BUS else What.ORIGINAL
    return What.REDACTED if delivery.withheld or delivery.masked else What.COPY


def _jws(message: Message) -> str:
    """Return the sender's seal; of what the bus says itself, the exchange's."""
    if isinstance(message, FieldsOpened):
        return message.jws or ""
    seal = message.envelope.seal
    return (seal.jws or (seal.vouched or "").partition("~")[0]) if seal else ""


def _kids(message: Message) -> tuple[str | None, str | None]:
    """Return the fingerprints that the seals name: the sender's, and the exchange's."""
    seal = message.envelope.seal
    word = (seal.vouched or "").partition("~")[0] if seal else ""
    found = header_of(_jws(message)), header_of(word)
    return found[0].kid if found[0] else None, found[1].kid if found[1] else None


def _sealed_by(opened: Opened) -> str:
    """Return the schema that the sender's seal names."""
    return opened.message.schema if isinstance(opened.message, FieldsOpened) else opened.schema


def _fault(opened: Opened, what: What, keys: Keys) -> Refusal | None:
    envelope = opened.message.envelope
    vouched = envelope.seal.vouched if envelope.seal else None
    found: VerifiedKey | Refusal
    if what is What.ORIGINAL or (what is What.BUS and vouched is None):
        found = verify(opened, keys, envelope.sent_at)
        if isinstance(found, VerifiedKey):
            return check_sender(envelope, found, envelope.bus)
    else:
        found = verify_copy(opened, keys, None, envelope.bus)
    return found if isinstance(found, Refusal) else None


def _sender_holds(opened: Opened, keys: Keys) -> bool:
    """Whether the sender's own seal stands on what is shown, whatever the exchange says."""
    if isinstance(opened.message, FieldsOpened):
        return isinstance(verify_opened(opened.message, keys), VerifiedKey)
    found = leaves(opened)
    return found is not None and are_the_senders(found, opened, keys)


def _tampered(export: Export, what: What, keys: Keys) -> tuple[str, ...]:
    """Return the paths that were changed: by the digests that the sender signed, else the bytes."""
    opened, listed = export.opened, export.leaves
    if listed and are_the_senders(listed, opened, keys):
        found = _differing(leaves(opened), listed)
        if found:
            return found
    if export.body is None:
        return ()
    try:
        whole = current(opened.message.envelope.record).open(export.body)
    except Malformed:
        return ()
    if _fault(whole, what, keys) is not None:
        return ()
    return _differing(_values(to_document(opened.message)), _values(to_document(whole.message)))


def _values(document: Any, path: str = "") -> dict[str, Any]:  # noqa: ANN401 - a JSON value
    """Return path → value of a document's leaves; what is null is not there."""
    if isinstance(document, dict):
        parts = [(f"{path}.{name}" if path else name, each) for name, each in document.items()]
    elif isinstance(document, list):
        parts = [(f"{path}[{index}]", each) for index, each in enumerate(document)]
    else:
        return {} if document is None else {path: document}
    found: dict[str, Any] = {}
    for name, each in parts:
        found |= _values(each, name)
    return found


def _differing(found: Mapping[str, Any] | None, listed: Mapping[str, Any]) -> tuple[str, ...]:
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
