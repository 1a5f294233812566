"""Our dataclasses to Avro bytes: the counterpart of avro_reader.py, by the same schemas.

It writes the only form that the reader takes. A compiled function raises one of UNWRITABLE for a
value that the schema cannot hold; schemas/checks.py finds those beforehand and says where.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final

from schemas.avro_reader import CLASSES, Schema
from schemas.avro_values import (
    PRIMITIVE_WRITERS,
    Writer,
    decimal_writer,
    write_date,
    write_instant,
    write_long,
)
from schemas.inline import NAMESPACE


@dataclass(frozen=True, slots=True)
class MessageWriter:
    """A record's schema compiled, in the two parts that a seal parts it into."""

    signed: Callable[[Any, bytearray], int]  # all up to and with sent_at; returns where that begins
    tail: Writer  # delivery and seal, of an envelope or of whatever else has these two


def message_writer(schema: Schema) -> MessageWriter:
    """Compile the schema of a record for which message_reader has been compiled."""
    named: dict[str, Writer] = {}
    envelope = schema["fields"][-1]["type"]
    write_own = _sequence(schema["name"], schema["fields"][:-1], named)
    write_head = _sequence(envelope["name"], envelope["fields"][:-3], named)
    write_sent = _writer(envelope["fields"][-3]["type"], named)
    write_tail = _sequence(envelope["name"], envelope["fields"][-2:], named)

    def write_signed(message: Any, out: bytearray) -> int:  # noqa: ANN401 - any record
        write_own(message, out)
        write_head(message.envelope, out)
        begin = len(out)
        write_sent(message.envelope.sent_at, out)
        return begin

    return MessageWriter(write_signed, write_tail)


def _writer(schema: Any, named: dict[str, Writer]) -> Writer:  # noqa: ANN401 - an Avro schema is str, list or dict
    if isinstance(schema, list):
        return _optional(_writer(schema[1], named))
    if isinstance(schema, str):
        return PRIMITIVE_WRITERS.get(schema) or named[schema]
    kind, logical = schema["type"], schema.get("logicalType")
    if kind in {"record", "enum"}:
        record = kind == "record"
        write = _sequence(schema["name"], schema["fields"], named) if record else _enum(schema)
        named[f"{NAMESPACE}.{schema['name']}"] = write
        return write
    if kind == "array":
        return _array(_writer(schema["items"], named))
    if kind in PRIMITIVE_WRITERS and logical is None:
        return PRIMITIVE_WRITERS[kind]
    # The reader of the same schema was compiled before and has refused any other kind.
    return _LOGICAL.get(logical) or decimal_writer(schema["precision"], schema["scale"])


def _sequence(type_name: str, record_fields: Sequence[Schema], named: dict[str, Writer]) -> Writer:
    """Write these fields of an object of the class with the type's name.

    A field of another version that we do not know is written null or empty.
    """
    names = [field["name"] for field in record_fields]
    writers = tuple(_writer(field["type"], named) for field in record_fields)
    if type_name not in CLASSES:
        return _never
    ours = {field.name for field in fields(CLASSES[type_name])}
    if len(names) > 1 and ours.issuperset(names):
        get_all = attrgetter(*names)  # one call for all fields: this is the hot path

        def write_fields(value: Any, out: bytearray) -> None:  # noqa: ANN401 - an object of that class
            for part, write_part in zip(get_all(value), writers, strict=True):
                write_part(part, out)

        return write_fields
    steps = tuple(
        (attrgetter(name) if name in ours else _nothing, write_part)
        for name, write_part in zip(names, writers, strict=True)
    )

    def write_known_fields(value: Any, out: bytearray) -> None:  # noqa: ANN401 - an object of that class
        for get, write_part in steps:
            write_part(get(value), out)

    return write_known_fields


def _never(_value: object, _out: bytearray) -> None:
    """Stands for a type that we do not know, which only a null of ours can be of."""
    raise KeyError


def _nothing(_value: object) -> None:
    """What we say of a field that we do not know; only a nullable one or a list can be so.

    schemas/compatibility.py lets no other be added or dropped.
    """


def _enum(schema: Schema) -> Writer:
    """A symbol of ours that the schema lacks is written as the schema's default."""
    symbols = schema["symbols"]
    ours: Iterable[str] = CLASSES.get(schema["name"], ())  # type: ignore[assignment] # an enum's class is iterable
    table = {
        member: symbols.index(member if member in symbols else schema["default"]) * 2
        for member in ours
        if member in symbols or "default" in schema
    }

    def write(member: Any, out: bytearray) -> None:  # noqa: ANN401 - a member of that enum
        out.append(table[member])

    return write


def _optional(inner: Writer) -> Writer:
    def write(value: Any, out: bytearray) -> None:  # noqa: ANN401 - whatever the inner one takes
        if value is None:
            out.append(0)
        else:
            out.append(2)
            inner(value, out)

    return write


def _array(inner: Writer) -> Writer:
    def write(values: tuple[Any, ...], out: bytearray) -> None:
        if values:
            write_long(len(values), out)
            for value in values:
                inner(value, out)
        out.append(0)

    return write


_LOGICAL: Final[Mapping[str, Writer]] = {"date": write_date, "timestamp-millis": write_instant}
