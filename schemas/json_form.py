"""The JSON form of a record: plain Avro, read exactly by our schema (design, section 5).

`[null, T]` untagged, decimals as strings, instants RFC 3339 with an offset, dates YYYY-MM-DD,
enums by symbol, full-width forms where schemas/text_form.py says; an unknown key is an error. The
schema itself says what is right, since a general validator is too kind where it matters: it takes
"20260928" for an instant (of 1970) and 3.5 for an exact decimal. The error names a code and a
place, never a value.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any, Final

from schemas.avro_reader import CLASSES, Schema
from schemas.avro_values import (
    ARRAY_MAX,
    INT_LIMIT,
    LONG_LIMIT,
    STRING_MAX_BYTES,
    decimal_context,
)
from schemas.errors import Refusal
from schemas.inline import NAMESPACE, schema_of
from schemas.messages import Message
from schemas.text_form import NARROWED, narrow, unfit_character

FormReader = Callable[[Any, str], Any]

_NAME_SHOWN: Final = re.compile(r"\w{1,40}")  # of an unknown key; a longer one may be a text
_NO_BOOLEAN: Final = "true / false，不加引号"
_NO_INTEGER: Final = "整数，不加引号 (1, not 1.0)"
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class FormError(Exception):
    """What is wrong in a document; it never leaves schemas/document.py."""

    def __init__(self, code: str, where: str, detail: str | None = None) -> None:
        super().__init__(code, where)
        self.refusal: Final = Refusal(code, where=where, detail=detail)


def message_from(record: str, document: Mapping[str, Any]) -> Message:
    """Return the message of a parsed document whose envelope is complete. Raises FormError."""
    message: Message = _message_reader(record)(document, "")
    return message


@cache
def _message_reader(record: str) -> FormReader:
    return _reader(schema_of(record), {})


def _reader(schema: Any, named: dict[str, FormReader]) -> FormReader:  # noqa: ANN401 - an Avro schema is str, list or dict
    if isinstance(schema, list):
        inner = _reader(schema[1], named)
        return lambda value, where: None if value is None else inner(value, where)
    if isinstance(schema, str):
        return _PRIMITIVES.get(schema) or named[schema]
    kind, logical = schema["type"], schema.get("logicalType")
    if kind in {"record", "enum"}:
        read = _record(schema, named) if kind == "record" else _enum(schema)
        named[f"{NAMESPACE}.{schema['name']}"] = read
        return read
    if kind == "array":
        return _array(_reader(schema["items"], named))
    # Our own schemas: the lint knows no other kinds.
    return _LOGICAL.get(logical) or _decimal(schema["precision"], schema["scale"])


def _record(schema: Schema, named: dict[str, FormReader]) -> FormReader:
    cls = CLASSES[schema["name"]]
    readers = {field["name"]: _reader(field["type"], named) for field in schema["fields"]}
    for name in NARROWED.get(schema["name"], ()):
        readers[name] = _narrowed(readers[name])
    nullable = {f["name"]: None for f in schema["fields"] if isinstance(f["type"], list)}
    needed = [
        f["name"] for f in schema["fields"] if f["name"] not in nullable and "default" not in f
    ]

    def read(value: Any, where: str) -> Any:  # noqa: ANN401 - any JSON in, an object of cls out
        if not isinstance(value, dict):
            raise FormError("message.field_invalid", where or "$")
        prefix = f"{where}." if where else ""
        for name in value:
            if name not in readers:
                raise FormError("message.field_unknown", prefix + shown_name(name))
        for name in needed:
            if value.get(name) is None:
                raise FormError("message.field_missing", prefix + name)
        given = {name: readers[name](part, prefix + name) for name, part in value.items()}
        return cls(**{**nullable, **given})

    return read


def shown_name(name: str) -> str:
    """Return a key of a document as an error may show it: a short word, or "?"."""
    return name if _NAME_SHOWN.fullmatch(name) else "?"


def _enum(schema: Schema) -> FormReader:
    cls: type[Enum] = CLASSES[schema["name"]]
    members = {str(member.value): member for member in cls}

    def read(value: Any, where: str) -> Enum:  # noqa: ANN401 - any JSON
        member = members.get(value) if isinstance(value, str) else None
        if member is None:
            raise FormError("message.field_invalid", where, detail=", ".join(members))
        return member

    return read


def _array(inner: FormReader) -> FormReader:
    def read(value: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - any JSON
        if not isinstance(value, list):
            raise FormError("message.field_invalid", where)
        if len(value) > ARRAY_MAX:
            raise FormError("message.field_invalid", where, detail=f"> {ARRAY_MAX}")
        return tuple(inner(part, f"{where}[{index}]") for index, part in enumerate(value))

    return read


def _narrowed(inner: FormReader) -> FormReader:
    """A code or number, or a list of them, with its full-width forms put right."""

    def read(value: Any, where: str) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, list):
            return inner([_narrow(part) for part in value], where)
        return inner(_narrow(value), where)

    return read


def _narrow(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return narrow(value) if isinstance(value, str) else value


def _string(value: Any, where: str) -> str:  # noqa: ANN401 - any JSON
    if not isinstance(value, str):
        raise FormError("message.field_invalid", where)
    unfit = unfit_character(value)
    if unfit is not None:
        raise FormError("message.character_unfit", where, detail=unfit)
    if len(value.encode()) > STRING_MAX_BYTES:
        raise FormError("message.field_invalid", where, detail=f"> {STRING_MAX_BYTES} bytes")
    return value


def _boolean(value: Any, where: str) -> bool:  # noqa: ANN401 - any JSON
    if not isinstance(value, bool):
        raise FormError("message.field_invalid", where, detail=_NO_BOOLEAN)
    return value


def _integer(limit: int) -> FormReader:
    def read(value: Any, where: str) -> int:  # noqa: ANN401 - any JSON
        if not isinstance(value, int) or isinstance(value, bool):
            raise FormError("message.field_invalid", where, detail=_NO_INTEGER)
        if not -limit <= value < limit:
            raise FormError("message.field_invalid", where, detail=f"< {limit}")
        return value

    return read


def _date(value: Any, where: str) -> date:  # noqa: ANN401 - any JSON
    value = _narrow(value)
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise FormError("message.field_invalid", where, detail="YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise FormError("message.field_invalid", where, detail="YYYY-MM-DD") from None


def _instant(value: Any, where: str) -> datetime:  # noqa: ANN401 - any JSON
    """An instant in UTC, cut to the milliseconds that Avro carries."""
    value = _narrow(value)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise FormError("message.field_invalid", where, detail="RFC 3339")
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FormError("message.field_invalid", where, detail="RFC 3339") from None
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _decimal(precision: int, scale: int) -> FormReader:
    pattern = re.compile(rf"-?(0|[1-9]\d*)(\.\d{{1,{scale}}})?", re.ASCII)
    detail = f"decimal({precision},{scale})"
    unit, exact = Decimal(1).scaleb(-scale), decimal_context(precision)

    def read(value: Any, where: str) -> Decimal:  # noqa: ANN401 - any JSON
        value = _narrow(value)
        if not isinstance(value, str) or len(value) > precision + 2 or not pattern.fullmatch(value):
            raise FormError("message.field_invalid", where, detail=detail)
        try:
            return Decimal(value).quantize(unit, context=exact)
        except InvalidOperation:
            raise FormError("message.field_invalid", where, detail=detail) from None

    return read


_PRIMITIVES: Final[Mapping[str, FormReader]] = {
    "boolean": _boolean,
    "int": _integer(INT_LIMIT),
    "long": _integer(LONG_LIMIT),
    "string": _string,
}
_LOGICAL: Final[Mapping[str, FormReader]] = {"date": _date, "timestamp-millis": _instant}
