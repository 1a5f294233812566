"""What the rows of the exchange tables mean. Pure; tables.py has their columns.

status of EX_OUT, as exchange platforms (前置库) have it:
    0 new        the agency wrote the row; only this is taken
    1 taken      being sent; leave it alone
    2 done       on the bus; `receipt` is filled once the bus accepted it
    3 held       by the bus, `receipt` says why and who can release it; later 2 or 9
    9 error      refused, err_code … remedy_en say why; mend the row and set status back to 0
The same content again under the same id is the same message, so the same answer; to send it anew
unchanged, count `retry` up.

EX_ANSWER, beside an outbox table of Debezium's, has the same status, ids, receipt and errors, a row
for each event; 0 does not occur. Its row deleted, the event is taken again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SM3, Hash

from schemas.errors import Refusal
from schemas.json_text import DOCUMENT_MAX_BYTES
from schemas.messages import Message
from schemas.topics import BY_SNAKE, RECORDS

ERRORS: Final = ("err_code", "err_where", "err_zh", "err_en", "remedy_zh", "remedy_en")
KEY_MAX: Final = 200  # characters of an event's id
_WHERE_MAX: Final = 200  # characters, of the columns
_WORDS_MAX: Final = 2_000
_BYTES: Final = ("utf-8", "surrogateescape")
_NO_ERROR: Final[Mapping[str, None]] = dict.fromkeys(ERRORS)


class Status(IntEnum):
    """The status of a row of EX_OUT."""

    NEW = 0
    TAKEN = 1
    DONE = 2
    HELD = 3
    ERROR = 9


@dataclass(frozen=True, slots=True)
class OutRow:
    """A row of EX_OUT as far as it matters. `payload` None: empty, or of too great a length."""

    id: int
    retry: int
    biz_type: str | None
    payload: str | None
    length: int
    sm3: str | None
    biz_key: str | None = None

    @property
    def place(self) -> str:
        """The row's key; each retry is a place of its own."""
        return f"{self.id}" + (f"#{self.retry}" if self.retry else "")

    @property
    def raw(self) -> bytes:
        """The payload's bytes; what was no UTF-8 is so again, and refused as that."""
        return (self.payload or "").encode(*_BYTES)

    @property
    def digest(self) -> str:
        """SHA-256 over what makes the message: its record and its payload."""
        kind = (self.biz_type or "").encode(*_BYTES)
        return hashlib.sha256(kind + b"\x1f" + self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of an outbox table of Debezium's. `key` empty: an id that is none.

    `payload` None: empty, or of too great a length. aggregateid is the agency's own: the document
    says what it answers. There is nothing to mend in such a row; what is mended is a new one.
    """

    key: str
    aggregatetype: str | None
    type: str | None
    payload: str | None
    length: int

    @property
    def raw(self) -> bytes:
        """The payload's bytes; what was no UTF-8 is so again, and refused as that."""
        return (self.payload or "").encode(*_BYTES)

    @property
    def digest(self) -> str:
        """SHA-256 over what makes the message: what names its record, and its payload."""
        names = [(name or "").encode(*_BYTES) for name in (self.aggregatetype, self.type)]
        return hashlib.sha256(b"\x1f".join([*names, self.raw])).hexdigest()


def event_row(values: Sequence[Any]) -> EventRow:
    """Return the event of its columns, in the order of EventRow."""
    key, aggregatetype, kind, payload, length = values
    return EventRow(key, _text(aggregatetype), _text(kind), _text(payload), length)


def event_unfitness(row: EventRow) -> Refusal | None:
    """Return why an event holds no document, before it is parsed."""
    if not row.key:
        return Refusal("row.key_invalid", where="id", detail=f"1 ≤ length ≤ {KEY_MAX}, ASCII")
    return _payload_unfitness(row)


def event_record(row: EventRow, records: Mapping[str, str]) -> str | None:
    """Return the record that `type`, else `aggregatetype`, names; None: the document must.

    `records` has the agency's own names, such as LeadTransferIssued → lead_transfer.
    """
    for name in (row.type, row.aggregatetype):
        ours = records.get(name, name) if name else None
        if ours in BY_SNAKE or ours in RECORDS:
            return ours
    return None


def out_row(values: Sequence[Any]) -> OutRow:
    """Return the row of its columns, in the order of OutRow; SQLite holds anything anywhere."""
    row_id, retry, biz_type, payload, length, sm3, biz_key = values
    texts = (_text(biz_type), _text(payload), length, _text(sm3), _text(biz_key))
    return OutRow(_number(row_id), _number(retry), *texts)


def id_of(place: str) -> int:
    """Return the row's id of its place."""
    return int(place.partition("#")[0])


def unfitness(row: OutRow) -> Refusal | None:
    """Return why a row holds no document, before it is parsed."""
    refusal = _payload_unfitness(row)
    if refusal is not None:
        return refusal
    if row.sm3 and row.sm3.strip().lower() != sm3_of(row.raw):
        return Refusal("row.digest_mismatch", where="sm3")
    return None


def record_of(row: OutRow, records: Mapping[str, str]) -> str | None:
    """Return the record that biz_type names; `records` has the agency's own names of records."""
    name = (row.biz_type or "").rstrip(" ")  # a column of the type CHAR is filled up with them
    return records.get(name, name) if name else None


def sm3_of(raw: bytes) -> str:
    """Return SM3 (GB/T 32905), hex, as exchange platforms have it beside the payload."""
    digest = Hash(SM3())
    digest.update(raw)
    return digest.finalize().hex()


def taken_values() -> dict[str, Any]:
    """Return what a row says once it is taken: nothing of an earlier attempt."""
    cleared = dict.fromkeys(("message_id", "case_id", "receipt"))
    return {"status": Status.TAKEN, **cleared, **_NO_ERROR}


def refused_values(reason: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a refused row says."""
    return {
        "status": Status.ERROR,
        "receipt": None,
        "err_code": reason["code"],
        "err_where": (reason["where"] or "")[:_WHERE_MAX] or None,
        "err_zh": _words(reason["zh"], reason["detail"]),
        "err_en": _words(reason["en"], reason["detail"]),
        "remedy_zh": reason["remedy_zh"],
        "remedy_en": reason["remedy_en"],
    }


def sent_values(*, held: bool, receipt: str | None) -> dict[str, Any]:
    """Return what a row says whose message is on the bus."""
    status = Status.HELD if held else Status.DONE
    return {"status": status, "receipt": receipt, **_NO_ERROR}


def in_values(offset: int, message: Message, payload: str) -> dict[str, Any]:
    """Return the row of EX_IN for a message."""
    envelope = message.envelope
    return {
        "batch_no": offset,
        "biz_type": RECORDS[envelope.record].snake,
        "message_id": envelope.message_id,
        "case_id": envelope.case_id,
        "sender": envelope.sender,
        "document_number": envelope.document_number,
        "in_reply_to": envelope.in_reply_to,
        "payload": payload,
        "sm3": sm3_of(payload.encode()),
    }


def _payload_unfitness(row: OutRow | EventRow) -> Refusal | None:
    if row.length > DOCUMENT_MAX_BYTES:
        return Refusal("message.too_large", detail=f"{row.length} > {DOCUMENT_MAX_BYTES}")
    if not row.payload:
        return Refusal("row.payload_missing", where="payload")
    return None


def _words(text: str, detail: str | None) -> str:
    return (f"{text} ({detail})" if detail else text)[:_WORDS_MAX]


def _number(value: Any) -> Any:  # noqa: ANN401 - SQLite holds anything anywhere
    return int(value) if isinstance(value, Decimal) else value  # a NUMERIC(18,2) gives 1.00


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return None if value is None else str(value)
