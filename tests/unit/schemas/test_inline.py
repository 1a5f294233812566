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


def test_every_record_has_a_fingerprint_of_its_own() -> None:
    assert sorted(records_by_fingerprint().values()) == sorted(RECORDS)
