"""A message back in its JSON form: for `yichuan inbox`, the folder connector and letters.

schemas/document.py reads what this writes. Every key is there, null when empty. Instants are
written in China's time, which is how their readers' clocks go.
"""

from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from schemas.messages import Message

CHINA: Final = timezone(timedelta(hours=8))  # no summer time since 1991


def to_document(message: Message) -> dict[str, Any]:
    """Return the message as plain JSON values, envelope first and whole."""
    document: dict[str, Any] = _plain(message)
    return document


def in_china(at: datetime) -> datetime:
    """Return the instant as China's clocks have it; the last hours of 9999, beyond them, as it is.

    Of what nobody has checked any instant may be shown.
    """
    try:
        return at.astimezone(CHINA)
    except OverflowError:
        return at


def _plain(value: Any) -> Any:  # noqa: ANN401 - a message or any part of one
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return in_china(value).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
