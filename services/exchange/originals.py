"""A flow's record as the originals topic keeps it. Pure.

The record's own key and value, untouched (kept_keys.py locks them), and in one header where it lay
and what the broker had stamped it with. Only the exchange's login may write the topic
(connectors/bus/layout.py), so the header is trusted as the broker's word on a flow is. Of what may
not be kept there is a note in the value's place.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.bus.layout import MESSAGE_BYTES_MAX
from schemas.errors import Broken, Refusal
from services.casebook.rows import Position, from_ms, to_ms
from services.exchange.incoming import Incoming
from services.exchange.journal import canonical
from services.exchange.packed import Unread

HEADER: Final = "yichuan-original"
# A compressed record that is longer than any message may be; the flow's own limit is of the batch.
TOO_LARGE: Final = canonical({"code": "message.too_large", "where": None, "detail": None})


@dataclass(frozen=True, slots=True)
class Copied:
    """One record of the originals topic."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    is_note: bool = False  # it stands for content that may not be kept

    @property
    def bytes(self) -> int:
        """How much of it there is to send."""
        return len(self.key) + len(self.value)


def original(incoming: Incoming, note: str | None) -> Copied:
    """Return how a record is kept; `note` stands for one whose content may not be.

    What stands for others (`Unread`) has no content; its refusal goes into the header.
    """
    key, value = incoming.key, incoming.value
    if note is None and len(key or b"") + len(value or b"") > MESSAGE_BYTES_MAX:
        note = TOO_LARGE
    if note is not None:
        key, value = None, note.encode()
    position = incoming.position
    where: dict[str, Any] = {
        "topic": position.topic,
        "partition": position.partition,
        "offset": position.offset,
        "stamp_ms": to_ms(incoming.stamped_at),
        "has_key": key is not None,
        "has_value": value is not None,
        "is_note": note is not None,
    }
    if incoming.unread is not None:
        refusal = incoming.unread.refusal
        where["unread"] = [incoming.unread.first, refusal.code, refusal.detail]
    headers = ((HEADER, canonical(where).encode()),)
    has_content = note is None and incoming.unread is None
    return Copied(key or b"", value or b"", headers, is_note=not has_content)


@dataclass(frozen=True, slots=True)
class Kept:
    """One record of a flow, read back."""

    incoming: Incoming  # of a note: without key and value
    note: str | None


def lay_at(headers: Sequence[tuple[str, bytes]]) -> Incoming:
    """Return where the record lay in its flow, without it. Raises Broken originals.unreadable."""
    return kept(None, None, headers).incoming


def kept(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Kept:
    """Return the flow's record. Raises Broken originals.unreadable."""
    try:
        where = json.loads(dict(headers)[HEADER])
        incoming = Incoming(
            Position(where["topic"], where["partition"], where["offset"]),
            key if where["has_key"] else None,
            value if where["has_value"] and not where["is_note"] else None,
            from_ms(where["stamp_ms"]),
            unread=_unread(*where["unread"]) if "unread" in where else None,
        )
        note = (value or b"").decode() if where["is_note"] else None
    except (KeyError, TypeError, ValueError) as error:
        raise Broken("originals.unreadable", detail=type(error).__name__) from error
    return Kept(incoming, note)


def _unread(first: int, code: str, detail: str) -> Unread:
    return Unread(first, Refusal(code, detail=detail))
