"""A leaf's value as the text that its digest is over: RFC 8785 JSON, from the canonical Avro bytes.

A reader takes (bytes, position) and returns (JSON text as UTF-8, new position). The bytes have been
read by schemas/avro_reader.py before, so they are in canonical form: nothing is judged here.
schemas/SEAL.md, section 3, has the forms.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from schemas.avro_values import date_of, decimal_reader, read_instant, read_long

LeafReader = Callable[[bytes, int], tuple[bytes, int]]

_ESCAPED: Final = bytes(range(0x20)) + b'"\\'  # RFC 8785, 3.2.2.2: these and no others
_EXACT_LIMIT: Final = 2**53  # beyond it a JSON number is not exact (RFC 8785, appendix D)
_LONGER: Final = 0x80  # the top bit of a byte of a variable-length number: more follow
_SHORT: Final = tuple(b"%d" % read_long(bytes((byte,)), 0)[0] for byte in range(_LONGER))
_DAYS_CACHED: Final = 4_096  # eleven years; some 150 bytes each


def leaf_reader(schema: Any) -> LeafReader:  # noqa: ANN401 - an Avro schema is str or dict
    """Return the reader of a primitive, an enum or a logical type."""
    if isinstance(schema, str):
        return _PRIMITIVES[schema]
    kind, logical = schema["type"], schema.get("logicalType")
    if kind == "enum":
        return _enum(schema)
    if logical == "decimal":
        return _decimal(schema["precision"], schema["scale"])
    return _LOGICAL[logical] if logical else _PRIMITIVES[kind]


def json_string(text: str) -> bytes:
    """Return a JSON string as RFC 8785 writes it."""
    return json.dumps(text, ensure_ascii=False).encode()


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    size = data[at]
    if size < _LONGER:
        at += 1
        end = at + (size >> 1)
    else:
        size, at = read_long(data, at)
        end = at + size
    raw = data[at:end]
    if raw.translate(None, _ESCAPED) != raw:  # a fifth of a regular expression's time
        return json_string(raw.decode()), end
    return b'"' + raw + b'"', end


def _boolean(data: bytes, at: int) -> tuple[bytes, int]:
    return (b"true" if data[at] else b"false"), at + 1


def _integer(data: bytes, at: int) -> tuple[bytes, int]:
    if data[at] < _LONGER:  # most are counts and positions
        return _SHORT[data[at]], at + 1
    number, at = read_long(data, at)
    text = str(number).encode()
    return (text if -_EXACT_LIMIT < number < _EXACT_LIMIT else b'"' + text + b'"'), at


def _date(data: bytes, at: int) -> tuple[bytes, int]:
    days, at = read_long(data, at)
    return _day(days), at


@lru_cache(maxsize=_DAYS_CACHED)
def _day(days: int) -> bytes:
    return b'"' + date_of(days).isoformat().encode() + b'"'


def _instant(data: bytes, at: int) -> tuple[bytes, int]:
    value, at = read_instant(data, at)
    text = value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return b'"' + text.encode() + b'Z"', at


def _decimal(precision: int, scale: int) -> LeafReader:
    read_value = decimal_reader(precision, scale)

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        value, at = read_value(data, at)
        return f'"{value:.{scale}f}"'.encode(), at

    return read


def _enum(schema: Mapping[str, Any]) -> LeafReader:
    texts = tuple(json_string(symbol) for symbol in schema["symbols"])

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        return texts[data[at] >> 1], at + 1

    return read


_PRIMITIVES: Final[Mapping[str, LeafReader]] = {
    "boolean": _boolean,
    "int": _integer,
    "long": _integer,
    "string": _string,
}
_LOGICAL: Final[Mapping[str, LeafReader]] = {"date": _date, "timestamp-millis": _instant}
