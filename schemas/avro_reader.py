"""Avro bytes to our dataclasses, accepting one encoding of each value and no other.

Avro is not canonical: a boolean may be 0x03, a number carry needless bytes, a list come in blocks,
and a tolerant reader takes them all. Two different byte strings would then be one message, and
what was signed would not be what lies there. This reader refuses every form but the shortest, so
that no re-encoding is needed to know that the bytes are canonical; it is also several times faster
than a general reader, a re-encoding and a validation (ARCHITECTURE.md, D6, has the figures).

It reads by the writer's schema: a field that we do not know is read and dropped, one that the
writer did not know gets the default of its dataclass, a symbol that we do not know is `unknown`.
The schema is compiled once into nested functions `(bytes, position) -> (value, new position)`.

A compiled function raises one of UNREADABLE for bytes that are no canonical message. Broken
`schema.unsupported` is raised at compilation only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import partial
from typing import Any, Final

from schemas import assistance, custody, disputes, joint, messages, oversight, parts, sharing
from schemas.avro_values import (
    ARRAY_MAX,
    PRIMITIVE_READERS,
    Reader,
    decimal_reader,
    read_date,
    read_instant,
    read_long,
)
from schemas.errors import Broken
from schemas.inline import NAMESPACE

Schema = Mapping[str, Any]
Filler = Callable[[Any, bytes, int], int]

SYMBOLS_MAX: Final = 64  # of an enum: their indexes take one byte
ENVELOPE_TAIL: Final = ("sent_at", "delivery", "seal")  # the last; codec.py cuts the bytes here
CLASSES: Final[Mapping[str, type]] = {  # by the name of the Avro type
    name: kind
    for module in (parts, sharing, assistance, custody, disputes, joint, oversight, messages)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and kind.__module__ == module.__name__
}


def message_reader(schema: Schema) -> Callable[[bytes], tuple[Any, int, int]]:
    """Compile the schema of a record: a function from its bytes to the message and two positions.

    The positions are where the envelope's sent_at begins and where it ends. Before the first lies
    the content, after the second only delivery and seal (schemas/codec.py cuts there).
    """
    *own, last = schema["fields"]
    if last["name"] != "envelope" or _names(last["type"])[-3:] != ENVELOPE_TAIL:
        raise Broken("schema.unsupported", where=schema["name"], detail="the envelope is not last")
    *head, sent_at, delivery, seal = last["type"]["fields"]
    named: dict[str, Reader] = {}
    cls, envelope_cls = CLASSES[schema["name"]], CLASSES[last["type"]["name"]]
    blank, blank_envelope = _blank(cls, schema), _blank(envelope_cls, last["type"])
    fill, fill_head = _filler(cls, own, named), _filler(envelope_cls, head, named)
    fill_sent_at = _filler(envelope_cls, [sent_at], named)
    fill_tail = _filler(envelope_cls, [delivery, seal], named)
    put_envelope = _setter(cls, "envelope")

    def read(data: bytes) -> tuple[Any, int, int]:
        message, envelope = blank(), blank_envelope()
        begin = fill_head(envelope, data, fill(message, data, 0))
        end = fill_sent_at(envelope, data, begin)
        if fill_tail(envelope, data, end) != len(data):
            raise ValueError
        put_envelope(message, envelope)
        return message, begin, end

    return read


def _reader(schema: Any, named: dict[str, Reader]) -> Reader:  # noqa: ANN401 - an Avro schema is str, list or dict
    if isinstance(schema, list):
        if len(schema) != 2 or schema[0] != "null":  # noqa: PLR2004 - null and one type
            raise Broken("schema.unsupported", detail="a union of other than null and one type")
        return _optional(_reader(schema[1], named))
    if isinstance(schema, str):
        return PRIMITIVE_READERS.get(schema) or named[schema]
    kind, logical = schema["type"], schema.get("logicalType")
    if kind in {"record", "enum"}:
        read = _record(schema, named) if kind == "record" else _enum(schema)
        named[f"{NAMESPACE}.{schema['name']}"] = read
        return read
    match kind, logical:
        case "array", _:
            return _array(_reader(schema["items"], named))
        case "int", "date":
            return read_date
        case "long", "timestamp-millis":
            return read_instant
        case "bytes", "decimal":
            return decimal_reader(schema["precision"], schema["scale"])
        case _, None if kind in PRIMITIVE_READERS:
            return PRIMITIVE_READERS[kind]
        case _:
            raise Broken("schema.unsupported", detail=f"{kind} {logical or ''}".strip())


def _record(schema: Schema, named: dict[str, Reader]) -> Reader:
    if not schema["fields"]:  # a list of them would cost no bytes and have no bound
        raise Broken("schema.unsupported", where=schema["name"], detail="no fields")
    cls = CLASSES.get(schema["name"], _Unknown)
    blank = _blank(cls, schema)
    fill = _filler(cls, schema["fields"], named)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        value: Any = blank()
        return value, fill(value, data, at)

    return read


class _Unknown:
    """Stands for a record type that we do not know: read, and then dropped with its field."""


def _filler(cls: type, record_fields: Sequence[Schema], named: dict[str, Reader]) -> Filler:
    """Read these fields, in the writer's order, into an object of the class.

    A third of the cost of a frozen dataclass is its __init__; the slots are set directly.
    """
    steps = tuple(
        (_reader(field["type"], named), _setter(cls, field["name"])) for field in record_fields
    )

    def fill(target: Any, data: bytes, at: int) -> int:  # noqa: ANN401 - an object of that class
        for read, put in steps:
            value, at = read(data, at)
            put(target, value)
        return at

    return fill


def _setter(cls: type, name: str) -> Callable[[Any, Any], None]:
    slot = vars(cls).get(name)
    if cls is _Unknown or slot is None:
        return lambda _target, _value: None
    put: Callable[[Any, Any], None] = slot.__set__
    return put


def _blank(cls: type, schema: Schema) -> Callable[[], Any]:
    """Make an object of the class that has the defaults of what the writer did not know."""
    if cls is _Unknown:
        return _Unknown
    lacking = [field for field in fields(cls) if field.name not in _names(schema)]
    for field in lacking:
        if field.default is MISSING:
            raise Broken("schema.unsupported", where=f"{cls.__name__}.{field.name}")
    if not lacking:
        return partial(object.__new__, cls)
    defaults = [(_setter(cls, field.name), field.default) for field in lacking]

    def blank() -> Any:  # noqa: ANN401 - an object of that class
        value: Any = object.__new__(cls)
        for put, default in defaults:
            put(value, default)
        return value

    return blank


def _names(schema: Schema) -> tuple[str, ...]:
    return tuple(field["name"] for field in schema["fields"])


def _enum(schema: Schema) -> Reader:
    symbols = schema["symbols"]
    if len(symbols) > SYMBOLS_MAX:
        raise Broken("schema.unsupported", where=schema["name"], detail="over 64 symbols")
    cls = CLASSES.get(schema["name"])
    members = {str(member): member for member in cls} if cls else dict.fromkeys(symbols)  # type: ignore[attr-defined] # an Avro enum's class is an Enum
    unknown = members.get("unknown")
    table = {}
    for index, symbol in enumerate(symbols):
        member = members.get(symbol, unknown)
        if member is not None or cls is None:
            table[index * 2] = member

    def read(data: bytes, at: int) -> tuple[Any, int]:
        return table[data[at]], at + 1

    return read


def _optional(inner: Reader) -> Reader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        branch = data[at]
        if branch == 0:
            return None, at + 1
        if branch != 2:  # noqa: PLR2004 - branch 1, as a zigzag number
            raise ValueError
        return inner(data, at + 1)

    return read


def _array(inner: Reader) -> Reader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        if data[at] == 0:
            return (), at + 1
        count, at = read_long(data, at)
        if not 0 < count <= ARRAY_MAX:
            raise ValueError
        values: list[Any] = []
        for _ in range(count):
            value, at = inner(data, at)
            values.append(value)
        if data[at] != 0:  # a second block: one is enough, and the only canonical form
            raise ValueError
        return tuple(values), at + 1

    return read
