"""The dataclasses and the .avsc say the same, field by field: names, types, what may be null."""

import types
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from schemas import assistance, custody, disputes, joint, messages, oversight, parts, sharing
from schemas.load import avro_sources
from schemas.topics import RECORDS

MONEY_OR_QUANTITY = ({"precision": 18, "scale": 2}, {"precision": 18, "scale": 4})
WITHOUT_UNKNOWN = "Flow"  # a message on a flow that we do not know is no message of ours
PLAIN = {str: {"string"}, bool: {"boolean"}, int: {"int", "long"}}
LOGICAL = {
    date: {"type": "int", "logicalType": "date"},
    datetime: {"type": "long", "logicalType": "timestamp-millis"},
}

CLASSES: dict[str, type] = {
    found.__name__: found
    for module in (parts, sharing, assistance, custody, disputes, joint, oversight, messages)
    for found in vars(module).values()
    if isinstance(found, type)
    and found.__module__ == module.__name__
    and (is_dataclass(found) or issubclass(found, StrEnum))
}
DATACLASSES = sorted(name for name, found in CLASSES.items() if is_dataclass(found))
ENUMS = sorted(name for name in CLASSES if name not in DATACLASSES)


def _same_type(python: Any, avro: Any) -> bool:
    while hasattr(python, "__supertype__"):
        python = python.__supertype__
    if get_origin(python) in {types.UnionType, Union}:
        inner = [argument for argument in get_args(python) if argument is not types.NoneType]
        is_pair = isinstance(avro, list) and len(avro) == 2 and avro[0] == "null"
        return len(inner) == 1 and is_pair and _same_type(inner[0], avro[1])
    if get_origin(python) is tuple:
        item, ellipsis = get_args(python)
        is_array = isinstance(avro, dict) and avro.keys() == {"type", "items"}
        return ellipsis is Ellipsis and is_array and _same_type(item, avro["items"])
    if python in PLAIN:
        return isinstance(avro, str) and avro in PLAIN[python]
    if python in LOGICAL:
        return bool(avro == LOGICAL[python])
    if python is Decimal:
        decimal = {"type": "bytes", "logicalType": "decimal"}
        return avro in [decimal | numbers for numbers in MONEY_OR_QUANTITY]
    return bool(avro == f"yichuan.{python.__name__}")


def _default_of(field: Field[Any], avro: object) -> object:
    if field.default is MISSING:
        return None if isinstance(avro, list) else MISSING  # lint wants it; the code gives it
    return list(field.default) if isinstance(field.default, tuple) else field.default


def test_every_class_has_a_source_and_every_source_a_class() -> None:
    assert {f"yichuan.{name}" for name in CLASSES} == set(avro_sources())


@pytest.mark.parametrize("name", DATACLASSES)
def test_the_fields_are_the_same(name: str) -> None:
    avro = {field["name"] for field in avro_sources()[f"yichuan.{name}"]["fields"]}
    assert {field.name for field in fields(CLASSES[name])} == avro


@pytest.mark.parametrize("name", DATACLASSES)
def test_the_fields_have_the_same_types_and_optionality(name: str) -> None:
    hints = get_type_hints(CLASSES[name])
    for field in avro_sources()[f"yichuan.{name}"]["fields"]:
        assert _same_type(hints[field["name"]], field["type"]), field["name"]


@pytest.mark.parametrize("name", DATACLASSES)
def test_the_fields_have_the_same_defaults(name: str) -> None:
    by_name = {field["name"]: field for field in avro_sources()[f"yichuan.{name}"]["fields"]}
    for field in fields(CLASSES[name]):
        avro = by_name[field.name]
        assert avro.get("default", MISSING) == _default_of(field, avro["type"]), field.name


@pytest.mark.parametrize("name", DATACLASSES)
def test_the_order_is_the_dataclass_s_but_for_the_tails(name: str) -> None:
    avro = [field["name"] for field in avro_sources()[f"yichuan.{name}"]["fields"]]
    python = [field.name for field in fields(CLASSES[name])]
    moved = {"envelope"} if name in RECORDS else {"sent_at"} if name == "Envelope" else set()
    without = [[one for one in order if one not in moved] for order in (avro, python)]
    assert without[0] == without[1]


@pytest.mark.parametrize("name", ENUMS)
def test_the_symbols_are_the_same(name: str) -> None:
    symbols = avro_sources()[f"yichuan.{name}"]["symbols"]
    members = list(vars(CLASSES[name])["_value2member_map_"])
    extra = ["unknown"] if name == WITHOUT_UNKNOWN else []
    assert symbols == members + extra


def test_money_has_two_places_and_quantities_four() -> None:
    scales = {
        f"{source['name']}.{field['name']}": field["type"][1]["scale"]
        for source in avro_sources().values()
        for field in source.get("fields", ())
        if isinstance(field["type"], list)
        and isinstance(field["type"][1], dict)
        and field["type"][1].get("logicalType") == "decimal"
    }
    assert scales == {
        "Item.quantity": 4,
        "Item.estimated_value": 2,
        "Disposal.proceeds": 2,
        "Penalty.amount": 2,
        "CountedItem.quantity": 4,
        "CustodyHandover.proceeds": 2,
        "CustodyCheck.proceeds": 2,
    }


@pytest.mark.parametrize(
    ("python", "avro"),
    [
        (str, "int"),
        (int, "string"),
        (str | None, "string"),
        (str, ["null", "string"]),
        (str | None, ["string", "null"]),
        (tuple[str, ...], {"type": "array", "items": "int"}),
        (date, "int"),
        (datetime, {"type": "long", "logicalType": "timestamp-micros"}),
        (Decimal, {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 3}),
        (parts.Party, "yichuan.Item"),
        (parts.Measure, "string"),
    ],
)
def test_the_comparison_itself_sees_a_difference(python: Any, avro: Any) -> None:
    assert not _same_type(python, avro)
