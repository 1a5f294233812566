"""What the .avsc itself asks of a sealed original, compiled once for each record.

- a field marked `"intake": "required"` is given: not null, and a text says something
  (schemas/text_form.py); so is each path that the record's `requires` lists. An empty list counts
  as given ("none" said outright).
- a symbol is one of ours: `unknown` stands for a newer version's and is no answer. A party may be
  unknown; schemas/checks.py says when.
- counts and amounts are not negative.
- a day or an instant is of 1900 to 2199: deadlines are counted from them, and "never" is no date.

On a delivered copy none of this holds, since fields may be withheld there.
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Final

from schemas.avro_reader import CLASSES, Schema
from schemas.errors import Refusal
from schemas.inline import NAMESPACE, schema_of
from schemas.messages import Message
from schemas.text_form import is_blank

# From a value to what is wrong with it: a code and the path from there, or None.
Check = Callable[[Any], tuple[str, str] | None]

_MISSING: Final = ("message.field_missing", "")
_INVALID: Final = ("message.field_invalid", "")
_MAY_BE_UNKNOWN: Final = frozenset({"PartyKind", "Flow", "Secrecy"})  # schemas/checks.py has them
_TEXTS: Final = ("string", ["null", "string"])
_NUMBERS: Final = frozenset({"int", "long"})
OUR_YEARS: Final = range(1900, 2200)
# Each record that requires them has a code of its own for how many there are (its own form).
_ADDRESSEES: Final = "envelope.addressees"
_CODES: Final = {  # where the law has a name for what is missing
    "envelope.in_reply_to": "reply.in_reply_to_missing",
    "envelope.officers": "transfer.officers_too_few",
}


def what_the_schema_asks(message: Message) -> Refusal | None:
    """Return the first thing that the .avsc asks of the message and that it lacks."""
    needed, check = _compiled(type(message).__name__)
    for path, get in needed:
        if _blank(get(message)):
            return Refusal(_CODES.get(path, "message.field_missing"), where=path)
    found = check(message) if check else None
    return Refusal(found[0], where=found[1].removeprefix(".")) if found else None


@cache
def _compiled(record: str) -> tuple[tuple[tuple[str, Callable[[Any], Any]], ...], Check | None]:
    schema = schema_of(record)
    owed = (path for path in schema.get("requires", ()) if path != _ADDRESSEES)
    needed = tuple((path, attrgetter(path)) for path in owed)
    return needed, _check(schema, {})


def _check(schema: Any, named: dict[str, Check | None]) -> Check | None:  # noqa: ANN401 - an Avro schema is str, list or dict
    """Return the check of a type; None when it asks nothing."""
    if isinstance(schema, list):
        return _optional(_check(schema[1], named))
    if isinstance(schema, str):
        return _not_negative if schema in _NUMBERS else named.get(schema)
    kind = schema["type"]
    if kind in {"record", "enum"}:
        check = _record(schema, named) if kind == "record" else _enum(schema)
        named[f"{NAMESPACE}.{schema['name']}"] = check
        return check
    if kind == "array":
        return _each(_check(schema["items"], named))
    return _OF_LOGICAL.get(schema.get("logicalType"))


def _record(schema: Schema, named: dict[str, Check | None]) -> Check | None:
    steps: list[tuple[str, Check]] = []
    for field in schema["fields"]:
        inner = _check(field["type"], named)
        check = inner
        if field.get("intake") == "required":
            check = _required_text if field["type"] in _TEXTS else _required(inner)
        if check is not None:
            steps.append((field["name"], check))
    getters = tuple((name, attrgetter(name), check) for name, check in steps)

    def check_record(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - an object of the type
        for name, get, check_field in getters:
            found = check_field(get(value))
            if found is not None:
                return found[0], f".{name}{found[1]}"
        return None

    return check_record if getters else None


def _required_text(value: str | None) -> tuple[str, str] | None:
    return _MISSING if is_blank(value) else None


def _required(inner: Check | None) -> Check:
    def check(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - any field but a text
        if value is None:
            return _MISSING
        return inner(value) if inner else None

    return check


def _optional(inner: Check | None) -> Check | None:
    if inner is None:
        return None
    return lambda value: None if value is None else inner(value)


def _each(inner: Check | None) -> Check | None:
    if inner is None:
        return None

    def check(values: tuple[Any, ...]) -> tuple[str, str] | None:
        for index, value in enumerate(values):
            found = inner(value)
            if found is not None:
                return found[0], f"[{index}]{found[1]}"
        return None

    return check


def _enum(schema: Schema) -> Check | None:
    unknown = getattr(CLASSES[schema["name"]], "UNKNOWN", None)
    if unknown is None or schema["name"] in _MAY_BE_UNKNOWN:
        return None
    return lambda value: _INVALID if value is unknown else None


def _not_negative(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - an int or a Decimal
    return _INVALID if value < 0 else None


def _of_our_time(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - a date or a datetime
    return None if value.year in OUR_YEARS else _INVALID


_OF_LOGICAL: Final[dict[str, Check]] = {
    "decimal": _not_negative,
    "date": _of_our_time,
    "timestamp-millis": _of_our_time,
}


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_blank(value))
