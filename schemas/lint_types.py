"""The house rules of the types in an .avsc: what our readers and writers can be compiled from.

Each rule yields a finding's code and its message; schemas/lint.py says where. Pure.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from schemas.avro_reader import SYMBOLS_MAX
from schemas.avro_values import INT_LIMIT, LONG_LIMIT

Source = Mapping[str, Any]
Fault = tuple[str, str]  # a finding's code and message

_PRIMITIVES: Final = frozenset({"boolean", "int", "long", "string"})
_LOGICAL: Final = frozenset({("int", "date"), ("long", "timestamp-millis"), ("bytes", "decimal")})
_LIMITS: Final = {"int": INT_LIMIT, "long": LONG_LIMIT}


def is_shaped(source: Source) -> bool:
    """Whether the parts of a source are there that everything else relies on."""
    if source.get("type") == "enum":
        symbols = source.get("symbols")
        return isinstance(symbols, list) and all(isinstance(each, str) for each in symbols)
    fields = source.get("fields")
    return (
        source.get("type") == "record"
        and isinstance(fields, list)
        and all(
            isinstance(field, Mapping) and isinstance(field.get("name"), str) and "type" in field
            for field in fields
        )
    )


def names(source: Source) -> Iterator[Fault]:
    """Judge how many fields or symbols there are, and that none has another's name."""
    is_enum = source["type"] == "enum"
    given = source["symbols"] if is_enum else [field["name"] for field in source["fields"]]
    if not given:
        yield "empty", "a record without fields, or an enum without symbols, cannot be read"
    if len(set(given)) != len(given):
        yield "twice", "two fields of a record, or two symbols, have one name"
    if is_enum and len(given) > SYMBOLS_MAX:
        yield "enum.symbols", f"an enum has {SYMBOLS_MAX} symbols at most: an index takes one byte"


def field_type(avro: Any, sources: Mapping[str, Source]) -> Iterator[Fault]:  # noqa: ANN401 - an Avro type is str, list or dict
    """Judge the type of a field."""
    if isinstance(avro, list):
        if len(avro) != 2 or avro[0] != "null" or isinstance(avro[1], list):  # noqa: PLR2004 - null and one type
            yield "union", 'a union is ["null", T], null first'
        else:
            yield from field_type(avro[1], sources)
    elif isinstance(avro, str):
        if avro not in _PRIMITIVES and avro not in sources:
            yield "type", "no such type: full names only, of a source here"
    elif not isinstance(avro, Mapping):
        yield "type", "a type is a name, a list or an object"
    elif avro.get("type") == "array":
        if isinstance(avro.get("items"), list):
            yield "union", "elements of an array are never null"
        else:
            yield from field_type(avro.get("items"), sources)
    elif (avro.get("type"), avro.get("logicalType")) not in _LOGICAL:
        yield "type", "a type is a primitive, date, timestamp-millis or decimal"
    elif avro["type"] == "bytes":
        precision, scale = avro.get("precision"), avro.get("scale")
        if not (type(precision) is type(scale) is int and 0 <= scale <= precision > 0):
            yield "decimal", "a decimal has a precision, and a scale of 0 up to that, both given"


def default(field: Source, sources: Mapping[str, Source]) -> Iterator[Fault]:
    """Judge the default of a field whose type is sound."""
    if isinstance(field["type"], list):
        if field.get("default", "") is not None:
            yield "default", "a nullable field has the default null"
    elif "default" in field and not _is_of(field["type"], field["default"], sources):
        yield "default", "a default is a value of the field's type"


def _is_of(avro: Any, value: Any, sources: Mapping[str, Source]) -> bool:  # noqa: ANN401 - a type, a value of JSON
    if isinstance(avro, list):
        return value is None
    if isinstance(avro, str) and avro in sources:
        return _is_of_named(sources[avro], value, sources)
    kind = avro if isinstance(avro, str) else avro["type"]
    if kind == "array":
        return isinstance(value, list) and all(_is_of(avro["items"], x, sources) for x in value)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in _LIMITS:
        return type(value) is int and -_LIMITS[kind] <= value < _LIMITS[kind]
    return isinstance(value, str)


def _is_of_named(source: Source, value: Any, sources: Mapping[str, Source]) -> bool:  # noqa: ANN401 - a value of JSON
    if source["type"] == "enum":
        return value in source["symbols"]
    given = {field["name"]: field for field in source["fields"]}
    return (
        isinstance(value, Mapping)
        and value.keys() <= given.keys()
        and all(
            _is_of(field["type"], value[name], sources) if name in value else "default" in field
            for name, field in given.items()
        )
    )


def circle(sources: Mapping[str, Source]) -> tuple[str, ...]:
    """Return the full names of records of which each holds the next; empty when there are none.

    A reader is compiled from the inside out.
    """
    inside = {
        name: {part for field in source.get("fields", ()) for part in _named(field["type"])}
        for name, source in sources.items()
    }
    try:
        TopologicalSorter(inside).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def _named(avro: Any) -> Iterator[str]:  # noqa: ANN401 - an Avro type
    if isinstance(avro, str):
        yield avro
    elif isinstance(avro, list):
        for branch in avro:
            yield from _named(branch)
    elif avro["type"] == "array":
        yield from _named(avro["items"])
