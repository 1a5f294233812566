"""No text of a message holds a character that no text may hold (schemas/text_form.py).

The connector refuses them in a document; a client of an agency's own is asked here. Compiled once
for each record: every letter is looked through.
"""

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any, Final

from schemas.avro_reader import Schema
from schemas.errors import Refusal
from schemas.inline import NAMESPACE, schema_of
from schemas.messages import Message
from schemas.text_form import unfit_character

# From a value to the path from there and the character, or None.
Look = Callable[[Any], tuple[str, str] | None]

_FILLED_LATER: Final = frozenset({"Seal", "Delivery"})  # verified, or not there


def unfit_text(message: Message) -> Refusal | None:
    """Return where a text holds a character that no text may hold, or None."""
    look = _compiled(type(message).__name__)
    found = None if look is None else look(message)
    if found is None:
        return None
    return Refusal("message.character_unfit", found[0].removeprefix("."), found[1])


@cache
def _compiled(record: str) -> Look | None:
    return _look(schema_of(record), {})


def _look(schema: Any, named: dict[str, Look | None]) -> Look | None:  # noqa: ANN401 - an Avro schema is str, list or dict
    """Return the look at a type other than a text; None: there is no text in it."""
    if isinstance(schema, list):
        return _look(schema[1], named)
    if isinstance(schema, str):
        return named.get(schema)
    if schema["type"] == "array":
        is_text = schema["items"] == "string"
        return _texts if is_text else _each(_look(schema["items"], named))
    if schema["type"] != "record":
        return None
    look = None if schema["name"] in _FILLED_LATER else _record(schema, named)
    named[f"{NAMESPACE}.{schema['name']}"] = look
    return look


def _record(schema: Schema, named: dict[str, Look | None]) -> Look | None:
    texts: list[str] = []
    parts: list[tuple[str, Callable[[Any], Any], Look]] = []
    for field in schema["fields"]:
        name, avro = field["name"], field["type"]
        if avro in ("string", ["null", "string"]):
            texts.append(name)
        elif (look := _look(avro, named)) is not None:
            parts.append((name, attrgetter(name), look))
    if texts:
        # At least two names, so that a tuple comes back.
        get_all = attrgetter(*texts, texts[0])
    steps = tuple(parts)

    def look_at(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - an object of the type
        if texts and not "".join(filter(None, get_all(value))).isprintable():
            for name, unfit in _unfit(zip(texts, get_all(value), strict=False)):
                return f".{name}", unfit
        for name, get, look in steps:
            part = get(value)
            if part:
                found = look(part)
                if found is not None:
                    return f".{name}{found[0]}", found[1]
        return None

    return look_at if texts or steps else None


def _unfit(texts: Iterable[tuple[str, str | None]]) -> Iterable[tuple[str, str]]:
    """Yield where a character is unfit: most that are not printable are a line's end."""
    for place, text in texts:
        found = unfit_character(text) if text else None
        if found is not None:
            yield place, found


def _texts(values: tuple[str, ...]) -> tuple[str, str] | None:
    if "".join(values).isprintable():
        return None
    return next(iter(_unfit((f"[{index}]", text) for index, text in enumerate(values))), None)


def _each(look: Look | None) -> Look | None:
    if look is None:
        return None

    def look_at_each(values: tuple[Any, ...]) -> tuple[str, str] | None:
        for index, value in enumerate(values):
            found = look(value)
            if found is not None:
                return f"[{index}]{found[0]}", found[1]
        return None

    return look_at_each
