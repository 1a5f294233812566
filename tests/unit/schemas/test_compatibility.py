"""schemas/compatibility.py, held against fastavro's own reading in both directions."""

import copy
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from fastavro.read import SchemaResolutionError
from hypothesis import given
from hypothesis import strategies as st

from schemas.classes import RANK, FieldClass
from schemas.compatibility import breaks
from schemas.inline import inline, schema_of
from schemas.load import avro_sources
from schemas.topics import RECORDS

Sources = dict[str, dict[str, Any]]
Change = Callable[[Sources], object]

NEW_FIELD = {
    "name": "remark",
    "type": ["null", "string"],
    "default": None,
    "doc": "备注 | Remark",
    "confidentiality": "internal",
    "confluent:tags": ["INTERNAL"],
}

HOPS = {**NEW_FIELD, "name": "hops", "type": "int", "default": 0}
LIST = {**NEW_FIELD, "type": {"type": "array", "items": "string"}, "default": []}


def _lead(change: Change) -> dict[str, Any]:
    sources = copy.deepcopy(avro_sources())
    change(sources)
    return inline("yichuan.LeadTransfer", sources)


def _fields(sources: Sources, owner: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sources[f"yichuan.{owner}"]["fields"]
    return found


def _edit(owner: str, name: str, **changes: object) -> Change:
    def change(sources: Sources) -> None:
        next(field for field in _fields(sources, owner) if field["name"] == name).update(changes)

    return change


def _drop(owner: str, name: str) -> Change:
    def change(sources: Sources) -> None:
        fields = _fields(sources, owner)
        fields[:] = [field for field in fields if field["name"] != name]

    return change


def _add(owner: str, field: dict[str, Any]) -> Change:
    return lambda sources: _fields(sources, owner).insert(0, field)


def _unmark(owner: str, name: str, key: str) -> Change:
    def change(sources: Sources) -> None:
        next(field for field in _fields(sources, owner) if field["name"] == name).pop(key)

    return change


_VALUES = {
    "string": "x",
    "boolean": True,
    "int": 7,
    "long": 7,
    "decimal": Decimal("1.50"),
    "date": date(2026, 9, 28),
    "timestamp-millis": datetime(2026, 9, 28, 9, tzinfo=UTC),
}


def _sample(avro: Any, named: dict[str, Any], *, bare: bool) -> Any:
    """Return a value, one element in every array; bare: null in place of nullable strings."""
    if isinstance(avro, list):
        return None if bare and "string" in avro else _sample(avro[-1], named, bare=bare)
    avro = named.get(avro, avro) if isinstance(avro, str) else avro
    kind = avro if isinstance(avro, str) else avro.get("logicalType") or avro["type"]
    if kind in _VALUES:
        return _VALUES[kind]
    if kind == "array":
        return [_sample(avro["items"], named, bare=bare)]
    named[f"yichuan.{avro['name']}"] = avro
    if kind == "enum":
        return next(symbol for symbol in reversed(avro["symbols"]) if symbol != "unknown")
    return {field["name"]: _sample(field["type"], named, bare=bare) for field in avro["fields"]}


def _reads(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether fastavro reads messages of each version with the other as the reader's schema."""
    return all(
        _reads_one(writer, reader, bare=bare)
        for writer, reader in ((old, new), (new, old))
        for bare in (False, True)
    )


def _reads_one(writer: dict[str, Any], reader: dict[str, Any], *, bare: bool) -> bool:
    written, wanted = (
        fastavro.parse_schema(copy.deepcopy(schema), named_schemas={})
        for schema in (writer, reader)
    )
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, written, _sample(writer, {}, bare=bare))
    buffer.seek(0)
    try:
        fastavro.schemaless_reader(buffer, written, wanted)
    except SchemaResolutionError:
        return False
    return True


ALLOWED = {
    "a nullable field with default is added": _add("Violation", NEW_FIELD),
    "a field with default is dropped": _drop("Party", "phone"),
    "a list with default is added": _add("Item", LIST),
    "a list with default is dropped": _drop("Delivery", "keys"),
    "a doc changes": _edit("Party", "name", doc="名称 | The name"),
    "an intake mark changes": _edit("LeadTransfer", "legal_basis", intake="filled"),
    "a class becomes stricter": _edit("Item", "condition", confidentiality="investigative"),
    "personal becomes complainant": _edit("Party", "name", confidentiality="complainant"),
    "a symbol is added beside a default": lambda all_: all_["yichuan.Measure"]["symbols"].append(
        "frozen"
    ),
    "a symbol is removed beside a default": lambda all_: all_["yichuan.Measure"]["symbols"].remove(
        "sealed"
    ),
    "fields before the tail change places": lambda all_: _fields(all_, "Party").reverse(),
}

REFUSED: dict[str, tuple[Change, str, str]] = {
    "a field without default is dropped": (
        _drop("Violation", "place"),
        "violations[].place",
        "field.dropped",
    ),
    "a field is added without default": (
        _add("Item", {key: value for key, value in NEW_FIELD.items() if key != "default"}),
        "items[].remark",
        "field.added",
    ),
    "a field that is never null is added": (
        _add("Item", HOPS),
        "items[].hops",
        "field.added",
    ),
    "a field that is never null is dropped": (
        _drop("Envelope", "secrecy"),
        "envelope.secrecy",
        "field.dropped",
    ),
    "a type changes": (
        _edit("Violation", "number", type="string"),
        "violations[].number",
        "type.changed",
    ),
    "an int is promoted to a long": (
        _edit("Violation", "number", type="long"),
        "violations[].number",
        "type.changed",
    ),
    "the scale of a decimal changes": (
        _edit(
            "Item",
            "quantity",
            type=["null", {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}],
        ),
        "items[].quantity",
        "type.changed",
    ),
    "a date becomes a plain int": (
        _edit("Violation", "found_on", type=["null", "int"]),
        "violations[].found_on",
        "type.changed",
    ),
    "a nullable field becomes required": (
        _edit("LeadTransfer", "reason", type="string", default=""),
        "reason",
        "type.nullable",
    ),
    "a required field becomes nullable": (
        _edit("Violation", "matter", type=["null", "string"], default=None),
        "violations[].matter",
        "type.nullable",
    ),
    "the branches of a union change": (
        _edit("LeadTransfer", "reason", type=["null", "string", "int"]),
        "reason",
        "type.changed",
    ),
    "an array becomes a single value": (
        _edit("LeadTransfer", "parties", type=["null", "yichuan.Party"]),
        "parties",
        "type.changed",
    ),
    "elements of an array change": (
        _edit("Envelope", "addressees", type={"type": "array", "items": "int"}),
        "envelope.addressees[]",
        "type.changed",
    ),
    "a class is lowered": (
        _edit("Party", "name", confidentiality="public"),
        "parties[].name",
        "class.lowered",
    ),
    "a class changes to one beside it": (
        _edit("Party", "name", confidentiality="business"),
        "parties[].name",
        "class.lowered",
    ),
    "a class is lost": (
        _unmark("Party", "name", "confidentiality"),
        "parties[].name",
        "class.lost",
    ),
    "a class becomes an unknown word": (
        _edit("Party", "name", confidentiality="private"),
        "parties[].name",
        "class.lost",
    ),
    "the envelope is no longer last": (
        lambda all_: _fields(all_, "LeadTransfer").reverse(),
        "",
        "tail.changed",
    ),
    "the seal is no longer the envelope's last": (
        lambda all_: _fields(all_, "Envelope").insert(0, _fields(all_, "Envelope").pop()),
        "envelope",
        "tail.changed",
    ),
    "a field is added behind the envelope": (
        lambda all_: _fields(all_, "LeadTransfer").append(NEW_FIELD),
        "",
        "tail.changed",
    ),
}

# What Avro itself cannot see, or forgives: classes, places of fields, the meaning of numbers.
AVRO_WOULD_READ = {
    "a field that is never null is added",
    "a field that is never null is dropped",
    "the scale of a decimal changes",
    "a date becomes a plain int",
    "a class is lowered",
    "a class changes to one beside it",
    "a class is lost",
    "a class becomes an unknown word",
    "the envelope is no longer last",
    "the seal is no longer the envelope's last",
    "a field is added behind the envelope",
}


@pytest.mark.parametrize("record", RECORDS)
def test_a_schema_is_compatible_with_itself(record: str) -> None:
    assert breaks(schema_of(record), schema_of(record)) == ()


@pytest.mark.parametrize("case", ALLOWED)
def test_a_lawful_change_is_allowed_and_reads_both_ways(case: str) -> None:
    old, new = schema_of("LeadTransfer"), _lead(ALLOWED[case])
    assert new != old
    assert breaks(old, new) == ()
    assert _reads(old, new)


@pytest.mark.parametrize("case", REFUSED)
def test_a_breaking_change_is_refused_with_path_and_reason(case: str) -> None:
    change, path, code = REFUSED[case]
    found = breaks(schema_of("LeadTransfer"), _lead(change))
    assert [(entry.path, entry.code) for entry in found] == [(path, code)]
    assert found[0].zh
    assert found[0].en


@pytest.mark.parametrize("case", REFUSED)
def test_avro_itself_agrees_wherever_it_can_see_the_break(case: str) -> None:
    old, new = schema_of("LeadTransfer"), _lead(REFUSED[case][0])
    assert _reads(old, new) == (case in AVRO_WOULD_READ)


def _enum(symbols: list[str], **more: str) -> dict[str, Any]:
    return {"type": "enum", "name": "Colour", "namespace": "yichuan", "symbols": symbols, **more}


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        (_enum(["a"]), _enum(["a", "b"]), ["enum.symbol_added"]),
        (_enum(["a", "b"]), _enum(["a"]), ["enum.symbol_removed"]),
        (_enum(["a", "b"]), _enum(["a", "c"]), ["enum.symbol_removed", "enum.symbol_added"]),
        (_enum(["a"], default="a"), _enum(["a", "b"], default="a"), []),
        (_enum(["a", "b"], default="a"), _enum(["a"], default="a"), []),
        (_enum(["a", "b"]), _enum(["a"], default="a"), []),
    ],
)
def test_symbols_come_and_go_only_beside_a_default(
    old: dict[str, Any], new: dict[str, Any], codes: list[str]
) -> None:
    assert [entry.code for entry in breaks(old, new)] == codes


def test_a_renamed_type_is_refused() -> None:
    found = breaks(_enum(["a"]), {**_enum(["a"]), "name": "Color"})
    assert [entry.code for entry in found] == ["type.renamed"]
    assert "yichuan.Color" in found[0].en


def test_a_record_that_becomes_an_enum_is_refused_by_its_names() -> None:
    found = breaks(schema_of("Tick"), _enum(["a"]))
    assert [entry.en for entry in found] == ["the type changed from yichuan.Tick to yichuan.Colour"]


def test_the_reason_names_a_decimal_with_its_precision_and_scale() -> None:
    found = breaks(schema_of("LeadTransfer"), _lead(REFUSED["the scale of a decimal changes"][0]))
    assert found[0].en == "the type changed from decimal(18, 4) to decimal(18, 2)"


def test_a_version_registered_without_classes_by_others_may_gain_them() -> None:
    old = _lead(_unmark("Party", "name", "confidentiality"))
    assert breaks(old, schema_of("LeadTransfer")) == ()
    strange = _lead(_edit("Party", "name", confidentiality="secret-ish"))
    assert breaks(strange, schema_of("LeadTransfer")) == ()


def test_types_that_our_lint_refuses_are_still_compared() -> None:
    fixed = {"type": "fixed", "name": "Digest", "namespace": "yichuan", "size": 32}
    assert breaks(fixed, fixed) == ()
    assert [entry.code for entry in breaks(fixed, {**fixed, "size": 16})] == ["type.changed"]
    assert breaks({"type": "map", "values": "int"}, {"type": "map", "values": "string"})


def test_a_lowered_class_in_a_shared_type_is_told_once_for_all_its_places() -> None:
    old = inline("yichuan.CaseTransfer", avro_sources())
    sources = copy.deepcopy(avro_sources())
    _edit("Officer", "name", confidentiality="public")(sources)
    found = breaks(old, inline("yichuan.CaseTransfer", sources))
    assert [entry.path for entry in found] == ["envelope.officers[].name"]


@given(st.sampled_from(FieldClass), st.sampled_from(FieldClass))
def test_a_change_of_class_passes_only_upwards(was: FieldClass, now: FieldClass) -> None:
    old = _lead(_edit("LeadTransfer", "reason", confidentiality=was.value))
    new = _lead(_edit("LeadTransfer", "reason", confidentiality=now.value))
    assert bool(breaks(old, new)) == (was != now and RANK[now] <= RANK[was])
