"""An exchange whose organs have encryption keys, and messages with attachments that are stored."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from schemas.file_key import Claim, Openers, jwk_of_opener, new_opener, unwrap, wrap
from schemas.ids import BUS, OrganCode
from schemas.messages import Message
from schemas.parts import Attachment
from services.exchange.office import Office
from services.rulebook.model import PublicKey
from tests.history import HANDLER, SENDER, organ
from tests.office import office

_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def private() -> dict[OrganCode, X25519PrivateKey]:
    """The keys of the bus and of every organ of the demo."""
    return {code: new_opener() for code in (BUS, *office().rulebook.directory.organs)}


def openers_of(code: OrganCode) -> Openers:
    """What one of them opens files' keys by."""
    key = private()[code]
    return {jwk_of_opener(key).kid: key}


@cache
def files_office() -> Office:
    """The office of `tests/office.py`, with those keys."""
    base = office()
    keys = dict(base.rulebook.directory.keys)
    for code, key in private().items():
        jwk = jwk_of_opener(key)
        keys[jwk.kid] = PublicKey(jwk.kid, code, jwk.algorithm, jwk.x, jwk.y, _SINCE)
    directory = replace(base.rulebook.directory, keys=keys)
    rulebook = replace(base.rulebook, directory=directory)
    return replace(base, rulebook=rulebook, openers=openers_of(BUS))


def without_key(code: OrganCode) -> Office:
    """The same where one organ has no encryption key."""
    found = files_office()
    directory = found.rulebook.directory
    keys = {
        kid: key
        for kid, key in directory.keys.items()
        if (key.organ, key.algorithm) != (code, "X25519")
    }
    return replace(found, rulebook=replace(found.rulebook, directory=replace(directory, keys=keys)))


def attached(message: Message, name: str = "照片.jpg", file_key: bytes = bytes(32)) -> Message:
    """The message with one attachment more, as a connector claims it."""
    envelope = message.envelope
    blob, sha256 = (hashlib.sha256(f"{name} {of}".encode()).hexdigest() for of in ("blob", "file"))
    claim = Claim(envelope.bus, envelope.sender, envelope.message_id, blob, sha256, 5)
    jwk = jwk_of_opener(private()[BUS])
    key = wrap(file_key, claim, BUS, jwk.kid, jwk.x)
    found = Attachment(name, "image/jpeg", 5, sha256, blob, key)
    attachments = (*(envelope.attachments or ()), found)
    return replace(message, envelope=replace(envelope, attachments=attachments))


def opened_by(message: Message, code: OrganCode) -> list[bytes | None]:
    """The files' keys that an organ opens of a copy."""
    envelope = message.envelope
    assert envelope.delivery is not None
    wrapped = {each.blob: each.key for each in envelope.delivery.keys}
    found = []
    for each in envelope.attachments or ():
        assert each.blob is not None
        assert each.sha256 is not None
        claim = Claim(envelope.bus, envelope.sender, envelope.message_id, each.blob, each.sha256, 5)
        found.append(unwrap(wrapped.get(each.blob, ""), claim, code, openers_of(code)))
    return found


def sender_and_handler() -> tuple[OrganCode, OrganCode]:
    """Who sends, and who gets it."""
    return organ(SENDER), organ(HANDLER)
