"""A message in which every field is filled, and what of it is seen afterwards, leaf by leaf."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Any

from schemas.avro_reader import CLASSES
from schemas.inline import schema_of
from schemas.messages import Message
from services.confidentiality.kinds import Kind, kind_of

_AT = datetime(2026, 9, 28, 1, 0, tzinfo=UTC)
_PLAIN = {
    "date": date(1990, 5, 20),
    "timestamp-millis": _AT,
    "decimal": Decimal("10.00"),
    "boolean": True,
    "int": 7,
    "long": 7,
}
_INDEX = re.compile(r"\[\d+\]")
# What a value of each kind looks like, so that its mask applies; {0} is its own in every field.
_LOOKS = {
    Kind.NAME: "欧阳{0:04}",
    Kind.PHONE: "1380013{0:04}",
    Kind.IDENTITY: "52020319900101{0:04}",
    Kind.CODE: "CODE-{0:04}-2026",
    Kind.ADDRESS: "六枝特区岩脚镇第{0:04}号",
    Kind.PLACE: "岩脚镇第{0:04}摊位",
    Kind.TEXT: "文字{0:04}",
    Kind.REFERENCE: "reference-{0:04}",
}


def filled(record: str, numbers: Iterator[int] | None = None) -> Message:
    """Return a message with two of everything and no field left out, no two strings alike.

    With `numbers` shared, no two strings of several messages are alike either.
    """
    return _value(schema_of(record), "", "", {}, numbers or count(1))  # type: ignore[no-any-return] # by the schema


def leaves(message: Message) -> dict[str, Any]:
    """Return every leaf by its path with positions, what the copy itself fills left out."""
    found = dict(_leaves(message, ""))
    return {
        path: value
        for path, value in found.items()
        if not path.startswith(("envelope.delivery", "envelope.seal"))
    }


def contract(path: str) -> str:
    """Return the contract's path of a leaf: without positions, and of a list its own."""
    return _INDEX.sub("[]", path).removesuffix("[]")


def _value(schema: Any, owner: str, name: str, named: dict[str, Any], number: Any) -> Any:
    if isinstance(schema, list):
        return _value(schema[1], owner, name, named, number)
    schema = named.get(schema, schema) if isinstance(schema, str) else schema
    kind = schema if isinstance(schema, str) else schema.get("logicalType", schema["type"])
    if kind in {"record", "enum"}:
        named[f"yichuan.{schema['name']}"] = schema
        cls = CLASSES[schema["name"]]
        if kind == "enum":
            return cls(schema["symbols"][0])
        parts = {
            each["name"]: _value(each["type"], schema["name"], each["name"], named, number)
            for each in schema["fields"]
        }
        return cls(**parts)
    if kind == "array":
        return tuple(_value(schema["items"], owner, name, named, number) for _ in range(2))
    if kind == "string" and name == "place":
        return "520203102000"
    if kind == "string":
        return _LOOKS[kind_of(owner, name)].format(next(number))
    return _PLAIN[kind]


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        prefix = f"{path}." if path else ""
        return [
            leaf
            for each in fields(value)
            for leaf in _leaves(getattr(value, each.name), prefix + each.name)
        ]
    if isinstance(value, tuple):
        return [leaf for i, part in enumerate(value) for leaf in _leaves(part, f"{path}[{i}]")]
    return [(path, value.value if isinstance(value, Enum) else value)]
