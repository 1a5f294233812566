"""A dead letter as it lies in its topic, and as an operator may see it. Pure.

Two conventions of headers say where it came from: Kafka Connect's (`__connect.errors.*`, texts) and
Spring's (`kafka_dlt-*`, big-endian numbers); ours carry both, as texts. Headers are untrusted, and
those of foreign tools may hold an exception's words: only places and codes are shown.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from schemas.classes import FieldClass
from schemas.codec import Codec, unframe
from schemas.describe import describe
from schemas.errors import Malformed
from schemas.messages import Message
from services.casebook.letters import LOCKED
from services.casebook.rows import Position
from services.cli.log_reader import Logged

CONNECT: Final = "__connect.errors."
SPRING: Final = "kafka_dlt-original-"
CODE: Final = "yichuan-code"
MARK_OF: Final = "yichuan-retried"  # on a mark: the offset of the dead letter that it is about
MARK_HOW: Final = "yichuan-retried-as"
_SHOWN: Final = frozenset(
    {
        *(f"{CONNECT}{name}" for name in ("topic", "partition", "offset", "stage", "task.id")),
        *(f"{SPRING}{name}" for name in ("topic", "partition", "offset", "timestamp")),
        "yichuan-code",
        "yichuan-where",
        "yichuan-detail",
        LOCKED,
    }
)
_REASONS: Final = (CODE, f"{CONNECT}exception.message", "kafka_dlt-exception-message")
_CODE: Final = re.compile(r"[a-z_]+\.[a-z0-9_]+")
_NUMBER: Final = re.compile(r"[0-9]{1,19}")
NUMBER_MAX: Final = 2**63 - 1  # no broker gives a higher one, and no database takes it
_BINARY_LENGTHS: Final = (4, 8)  # Java's int and long
_TEXT_MAX: Final = 300  # characters of a header that is shown

Document = dict[str, Any]


class Retry(StrEnum):
    """What an operator did with a dead letter."""

    RESENT = "resent"  # its bytes were written again
    SETTLED = "settled"  # its case was told to decide it again
    DISCARDED = "discarded"  # its case was told to go on without it


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. `source` None: its headers name no place."""

    offset: int
    at: datetime
    key: bytes | None
    value: bytes | None  # None: refused by the secrecy gate, nothing was kept; or erased
    headers: Mapping[str, bytes]
    source: Position | None
    code: str | None
    size: int | None = None  # of a value that is left out here


@dataclass(frozen=True, slots=True)
class Mark:
    """That a dead letter was retried; it lies in the same topic, behind the letter."""

    of: int
    how: Retry
    at: datetime


def read_letter(record: Logged) -> DeadLetter | Mark:
    """Return what a record of the dead-letters topic is."""
    marked = record.headers.get(MARK_OF)
    if marked is not None and _NUMBER.fullmatch(_text(marked)):
        return Mark(int(marked), _how(record.headers.get(MARK_HOW, b"")), record.at)
    reasons = (_text(record.headers[name]) for name in _REASONS if name in record.headers)
    return DeadLetter(
        offset=record.offset,
        at=record.at,
        key=record.key or None,  # empty: the letter came without its bytes
        value=record.value,
        headers=record.headers,
        source=source_of(record.headers),
        code=next((reason for reason in reasons if _CODE.fullmatch(reason)), None),
    )


def mark_headers(of: int, how: Retry) -> list[tuple[str, bytes]]:
    """Return the headers of the mark that a letter was retried."""
    return [(MARK_OF, str(of).encode()), (MARK_HOW, how.value.encode())]


def source_of(headers: Mapping[str, bytes]) -> Position | None:
    """Return where the letter came from, by either convention; None where neither says it whole."""
    for prefix in (CONNECT, SPRING):
        topic = _text(headers.get(f"{prefix}topic", b""))
        partition = _number(headers.get(f"{prefix}partition", b""))
        offset = _number(headers.get(f"{prefix}offset", b""))
        if topic and partition is not None and offset is not None:
            return Position(topic, partition, offset)
    return None


def shown_headers(letter: DeadLetter, *, everything: bool) -> Document:
    """Return the headers that hold places and codes; of the others only how long they are."""
    return {
        name: _header(name, value, everything=everything)
        for name, value in sorted(letter.headers.items())
    }


def public_view(letter: DeadLetter, codec_of: Callable[[int], Codec | None]) -> Document:
    """Return size, digest, and the public fields of the envelope where the bytes can be read.

    Nothing of it is verified: a dead letter may say anything of itself.
    """
    value = letter.value
    if value is None:
        return {"bytes": None}
    view: Document = {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    try:
        schema_id, body = unframe(value)
        codec = codec_of(schema_id)
        if codec is None:
            return view | {"unreadable": "message.unknown_schema", "schema_id": schema_id}
        return view | {"envelope": _envelope(codec.record, codec.decode(body))}
    except Malformed as error:
        return view | {"unreadable": error.code}


def _envelope(record: str, message: Message) -> Document:
    public = {
        path.path.removeprefix("envelope.")
        for path in describe(record).paths
        if path.path.startswith("envelope.")
        and path.confidentiality == FieldClass.PUBLIC
        and not path.type.startswith("record ")
    }
    return {
        name: _plain(getattr(message.envelope, name))
        for name in message.envelope.__slots__
        if name in public
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of an envelope
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if value is None or isinstance(value, datetime) else str(value)


def _header(name: str, value: bytes, *, everything: bool) -> str:
    text = _text(value)
    if name.startswith((CONNECT, SPRING)) and (number := _number(value)) is not None:
        return str(number)
    if everything or name in _SHOWN or _CODE.fullmatch(text):
        return text[:_TEXT_MAX]
    return f"({len(value)} B)"


def _how(value: bytes) -> Retry:
    """Return what a mark says was done; of another release's words it is known that it was."""
    text = _text(value)
    return Retry(text) if text in set(Retry) else Retry.RESENT


def _number(value: bytes) -> int | None:
    if _NUMBER.fullmatch(_text(value)):
        return int(value) if int(value) <= NUMBER_MAX else None
    if len(value) in _BINARY_LENGTHS:
        return int.from_bytes(value, "big", signed=True)
    return None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
