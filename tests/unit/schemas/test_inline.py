"""schemas/inline.py."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest

from schemas.inline import (
    canonical_json,
    fingerprint,
    fingerprint_of,
    inline,
    records_by_fingerprint,
    schema_from,
    schema_of,
)
from schemas.load import avro_sources
from schemas.topics import RECORDS


def _definitions(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for branch in node:
            yield from _definitions(branch)
    elif isinstance(node, dict):
        if "name" in node and node.get("type") in {"record", "enum"}:
            yield node["name"]
        for field in node.get("fields", ()):
            yield from _definitions(field["type"])
        yield from _definitions(node.get("items"))


@pytest.mark.parametrize("record", RECORDS)
def test_a_registered_schema_stands_alone(record: str) -> None:
    fastavro.parse_schema(copy.deepcopy(schema_of(record)), named_schemas={})


@pytest.mark.parametrize("record", RECORDS)
def test_each_named_type_is_written_out_once(record: str) -> None:
    names = list(_definitions(schema_of(record)))
    assert len(names) == len(set(names))
    assert {"Envelope", "Seal", "Secrecy"} <= set(names)


def test_the_sources_are_left_as_they_are() -> None:
    before = canonical_json(avro_sources())
    inline("yichuan.CaseTransfer", avro_sources())
    assert canonical_json(avro_sources()) == before


def test_a_missing_shared_type_is_an_error() -> None:
    sources = {key: value for key, value in avro_sources().items() if key != "yichuan.Seal"}
    with pytest.raises(KeyError, match=r"yichuan\.Seal"):
        inline("yichuan.Tick", sources)


def test_the_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    schema = schema_of("Tick")
    reordered = json.loads(json.dumps(schema, sort_keys=True))
    assert fingerprint(reordered) == fingerprint(schema) == fingerprint_of("Tick")


@pytest.mark.parametrize(
    ("key", "value"), [("confidentiality", "public"), ("doc", "x | y"), ("intake", "filled")]
)
def test_a_changed_class_doc_or_intake_mark_changes_the_fingerprint(key: str, value: str) -> None:
    changed = copy.deepcopy(schema_of("LeadTransfer"))
    reason = next(field for field in changed["fields"] if field["name"] == "reason")
    reason[key] = value
    assert fingerprint(changed) != fingerprint_of("LeadTransfer")


def _as_java_writes_it(node: Any, *, top: bool = True) -> Any:
    """Avro's own library leaves out inherited namespaces and shortens references."""
    if isinstance(node, list):
        return [_as_java_writes_it(branch, top=False) for branch in node]
    if isinstance(node, str):
        return node.removeprefix("yichuan.")
    kept = {key: value for key, value in node.items() if top or key != "namespace"}
    if "items" in node:
        kept["items"] = _as_java_writes_it(node["items"], top=False)
    if "fields" in node:
        kept["fields"] = [
            {**field, "type": _as_java_writes_it(field["type"], top=False)}
            for field in node["fields"]
        ]
    return kept


@pytest.mark.parametrize("record", RECORDS)
def test_a_schema_that_a_registry_wrote_anew_is_the_same_schema(record: str) -> None:
    text = json.dumps(_as_java_writes_it(schema_of(record)))
    assert text != json.dumps(schema_of(record))
    assert schema_from(text) == schema_of(record)


def test_full_names_and_wrapped_primitives_are_brought_to_one_form() -> None:
    text = json.dumps(
        {
            "type": "record",
            "name": "cn.Odd",
            "fields": [
                {"name": "a", "type": {"type": "string"}},
                {"name": "b", "type": {"type": "int", "logicalType": "date"}},
                {"name": "c", "type": {"type": "enum", "name": "other.Colour", "symbols": ["x"]}},
                {"name": "d", "type": "other.Colour"},
                {"name": "e", "type": "Odd"},
            ],
        }
    )
    found = schema_from(text)
    assert (found["namespace"], found["name"]) == ("cn", "Odd")
    types = [field["type"] for field in found["fields"]]
    assert types[0] == "string"
    assert types[1] == {"type": "int", "logicalType": "date"}
    assert (types[2]["namespace"], types[2]["name"]) == ("other", "Colour")
    assert types[3:] == ["other.Colour", "cn.Odd"]


def test_a_type_outside_every_namespace_keeps_its_short_name() -> None:
    text = '{"type": "record", "name": "Odd", "fields": [{"name": "a", "type": "Odd"}]}'
    assert schema_from(text)["fields"][0]["type"] == "Odd"


@pytest.mark.parametrize("text", ['"string"', "[]", '{"type": "enum"}', "{", "7"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$|Expecting"):
        schema_from(text)


def test_every_record_has_a_fingerprint_of_its_own() -> None:
    assert sorted(records_by_fingerprint().values()) == sorted(RECORDS)
