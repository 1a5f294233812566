"""Identifiers. Each is a NewType, so that one cannot be passed where another is meant.

Derived ids are uuid5 (RFC 9562, 5.5) over a namespace of ours, so that the same cause always
gives the same id: a repeat is the same message, and a replay gives the same bytes.
"""

import re
from hashlib import sha1
from typing import NewType
from uuid import UUID

OrganCode = NewType("OrganCode", str)  # 统一社会信用代码, GB 32100: 18 characters
Alias = NewType("Alias", str)  # [a-z0-9-]{2,24}: an organ's login, inbox and short name
DivisionCode = NewType("DivisionCode", str)  # 12 digits: GB/T 2260 and the township's six
MatterCode = NewType("MatterCode", str)  # 事项编码 of the rulebook
MessageId = NewType("MessageId", str)  # UUID text, lower case
CaseId = NewType("CaseId", str)  # UUID text, lower case; the Kafka key
DutyId = NewType("DutyId", str)  # UUID text
RuleId = NewType("RuleId", str)  # a row of the rulebook's jurisdiction table
RulebookHash = NewType("RulebookHash", str)  # SHA-256 over the rulebook's files, hex
# What a message is to everybody: an id is its sender's own, and two organs may use one.
MessageKey = tuple[OrganCode, MessageId]

NAMESPACE = UUID("6f0d7a52-6c1e-5b0f-9c55-0a3d4d9e5a01")
BUS = OrganCode("BUS")  # the sender of what the bus itself says; no organ code has three characters

# An organ's alias is its login: these are, or begin, the names of logins that are no organ's.
_RESERVED = frozenset({"admin", "attachments", "broker", "bus", "casebook"})
_RESERVED_BEGINNINGS = ("exchange", "registry")

_NAMESPACE = NAMESPACE.bytes
# The first two bits of the digit are 10 (RFC 9562, 4.1).
_VARIANTS = {digit: f"{int(digit, 16) & 3 | 8:x}" for digit in "0123456789abcdef"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID as ours are written: lower case, with hyphens."""
    return _UUID.fullmatch(text) is not None


def is_reserved(alias: str) -> bool:
    """Whether an organ may not have the alias: it would share a login that is not its own."""
    return alias in _RESERVED or alias.startswith(_RESERVED_BEGINNINGS)


def derive(*parts: str) -> str:
    """Return the UUID text that follows from the parts, whose order matters."""
    digest = sha1(_NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANTS[digest[16]]
    # As str(uuid5(NAMESPACE, …)) has it, in a third of the time: eight a message.
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def case_id_of(sender: OrganCode, opening: MessageId) -> CaseId:
    """Return the id of the case that a message opens.

    The sender is part of it: who knows beforehand how another, or the bus, will name a message
    cannot open that one's case in its place.
    """
    return CaseId(derive("case", sender, opening))


def message_id_of(organ: OrganCode, source: str, digest: str) -> MessageId:
    """Return the id of an outgoing message from where it lay and what it held.

    `source` is a row key or a file name, `digest` the SHA-256 of the content: a row corrected in
    place is a new message, the same row read twice is the same message.
    """
    return MessageId(derive("message", organ, source, digest))
