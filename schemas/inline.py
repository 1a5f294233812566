"""What is registered: one self-contained schema per record, and its fingerprint (design D7).

The sources name shared types once; the registry wants whole schemas. So every named type stands
in full where it is first used and by its name after that, as the Avro specification asks.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from schemas.load import avro_sources
from schemas.topics import RECORDS

NAMESPACE: Final = "yichuan"
PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)


@cache
def schema_of(record: str) -> dict[str, Any]:
    """Return the self-contained schema of a record (`LeadTransfer`), as checked in.

    Cached and shared between callers: read it, never change it. Raises KeyError for a record that
    is not in schemas/topics.py.
    """
    return inline(RECORDS[record].full_name, avro_sources())


@cache
def fingerprint_of(record: str) -> str:
    """Return the fingerprint of a record's schema as it is in the sources."""
    return fingerprint(schema_of(record))


@cache
def records_by_fingerprint() -> Mapping[str, str]:
    """Return fingerprint → record name, for all records of the sources."""
    return {fingerprint_of(record): record for record in RECORDS}


def inline(full_name: str, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the type with all it names written out. Raises KeyError when a source is missing."""
    schema: dict[str, Any] = _expand(full_name, sources, set())
    return schema


def schema_from(text: str) -> dict[str, Any]:
    """Return the schema of a JSON text as a registry gives it back, in the form of `schema_of`.

    Registries write a schema anew: Apicurio leaves out the namespace that a nested type inherits,
    and shortens names to fit. Here every type has its namespace and every reference its full name
    again, so that equal schemas have equal fingerprints. Raises ValueError: no JSON, or no record.
    """
    schema = json.loads(text)
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ValueError
    restored: dict[str, Any] = _with_full_names(schema, "")
    return restored


def canonical_json(schema: object) -> str:
    """Return the one text of a schema: keys sorted, no white space, Chinese as it is."""
    return json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fingerprint(schema: object) -> str:
    """Return SHA-256 (hex) over the whole canonical text, docs and classes included.

    Avro's own parsing canonical form drops every attribute it does not know, so a lowered
    confidentiality class would leave its fingerprint unchanged. This one changes.
    """
    return hashlib.sha256(canonical_json(schema).encode()).hexdigest()


def _expand(node: Any, sources: Mapping[str, Mapping[str, Any]], seen: set[str]) -> Any:  # noqa: ANN401 - an Avro schema is str, list or dict
    if isinstance(node, list):
        return [_expand(branch, sources, seen) for branch in node]
    if isinstance(node, str):
        if not node.startswith(f"{NAMESPACE}.") or node in seen:
            return node
        seen.add(node)
        return _expand_named(sources[node], sources, seen)
    if node.get("type") == "array":
        return {**node, "items": _expand(node["items"], sources, seen)}
    return dict(node)


def _expand_named(
    source: Mapping[str, Any], sources: Mapping[str, Mapping[str, Any]], seen: set[str]
) -> dict[str, Any]:
    if source["type"] != "record":
        return dict(source)
    return {
        **source,
        "fields": [
            {**field, "type": _expand(field["type"], sources, seen)} for field in source["fields"]
        ],
    }


def _with_full_names(node: Any, namespace: str) -> Any:  # noqa: ANN401 - an Avro schema is str, list or dict
    if isinstance(node, list):
        return [_with_full_names(branch, namespace) for branch in node]
    if isinstance(node, str):
        is_named = node not in PRIMITIVES and "." not in node and namespace
        return f"{namespace}.{node}" if is_named else node
    if node["type"] == "array":
        return {**node, "items": _with_full_names(node["items"], namespace)}
    if "name" not in node:
        return node["type"] if node.keys() == {"type"} else dict(node)
    given, _, name = str(node["name"]).rpartition(".")
    namespace = given or node.get("namespace", namespace)
    whole = {**node, "name": name, "namespace": namespace}
    if node["type"] == "record":
        whole["fields"] = [
            {**field, "type": _with_full_names(field["type"], namespace)}
            for field in node["fields"]
        ]
    return whole
