"""The contracts as a list: every record, every path, with type, class and what a sender owes.

`yichuan schemas docs` prints it; tools and people read their fields from here, so its keys are
stable (design, section 5).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from schemas.classes import Intake
from schemas.inline import schema_of
from schemas.load import avro_sources
from schemas.topics import RECORDS


@dataclass(frozen=True, slots=True)
class Path:
    """One field: `violations[].place`, `envelope.officers[].certificate`."""

    path: str
    type: str  # string, int, date, instant, decimal(18,2), enum Measure, array of Item, …
    nullable: bool
    confidentiality: str
    required: bool  # a sender owes it, wherever the part that holds it is given
    filled: bool  # a document leaves it out: the connector, the CLI or the exchange fills it
    zh: str
    en: str
    symbols: Mapping[str, str] | None = None  # of an enum: symbol → 中文 | English


@dataclass(frozen=True, slots=True)
class Description:
    """One record."""

    record: str  # snake_case, as documents and the command line write it
    full_name: str
    zh: str
    doc_zh: str
    doc_en: str
    author: str  # organ or bus
    opens: str | None  # the flow whose case it opens
    flows: tuple[str, ...]
    subjects: tuple[str, ...]
    paths: tuple[Path, ...]


@cache
def describe(record: str) -> Description:
    """Describe a record by its name (`LeadTransfer`). Raises KeyError for an unknown one."""
    entry, schema = RECORDS[record], schema_of(record)
    doc_zh, doc_en = _doc(schema)
    owed = frozenset(schema.get("requires", ()))
    return Description(
        record=entry.snake,
        full_name=entry.full_name,
        zh=entry.zh,
        doc_zh=doc_zh,
        doc_en=doc_en,
        author=entry.author,
        opens=entry.opens,
        flows=tuple(entry.flows),
        subjects=entry.subjects,
        paths=tuple(_paths(schema, "", owed)),
    )


def _paths(
    schema: Mapping[str, Any], prefix: str, owed: frozenset[str], *, filled: bool = False
) -> Iterator[Path]:
    for field in schema["fields"]:
        path = f"{prefix}.{field['name']}" if prefix else field["name"]
        all_filled = filled or field.get("intake") == Intake.FILLED
        yield _path(path, field, required_here=path in owed, filled=all_filled)
        inner, brackets = _without_wrapping(field["type"])
        if isinstance(inner, Mapping) and inner["type"] == "record":
            yield from _paths(inner, path + brackets, owed, filled=all_filled)


def _path(path: str, field: Mapping[str, Any], *, required_here: bool, filled: bool) -> Path:
    nullable = isinstance(field["type"], list)
    inner, brackets = _without_wrapping(field["type"])
    intake = field.get("intake")
    must = intake == Intake.REQUIRED or (intake is None and not nullable and "default" not in field)
    zh, en = _doc(field)
    is_enum = isinstance(inner, Mapping) and inner["type"] == "enum"
    return Path(
        path=path,
        type=("array of " if brackets else "") + _type_name(inner),
        nullable=nullable,
        confidentiality=field["confidentiality"],
        required=(must or required_here) and not filled,
        filled=filled,
        zh=zh,
        en=en,
        symbols=inner["symbol_docs"] if is_enum else None,
    )


def _without_wrapping(avro: Any) -> tuple[Any, str]:  # noqa: ANN401 - an Avro type is str, list or dict
    """Return the type inside `["null", …]` and array, written out, and `[]` if it was an array."""
    if isinstance(avro, list):
        avro = avro[1]
    brackets = ""
    if isinstance(avro, Mapping) and avro["type"] == "array":
        avro, brackets = avro["items"], "[]"
    if isinstance(avro, str) and avro in avro_sources():
        # Used before in this schema: the source has its fields, whose types are names again.
        avro = avro_sources()[avro]
    return avro, brackets


def _type_name(avro: Any) -> str:  # noqa: ANN401 - an Avro type is str or dict
    if isinstance(avro, str):
        return avro
    match avro.get("logicalType") or avro["type"]:
        case "decimal":
            return f"decimal({avro['precision']},{avro['scale']})"
        case "timestamp-millis":
            return "instant"
        case "record" | "enum" as kind:
            return f"{kind} {avro['name']}"
        case other:
            return str(other)


def _doc(node: Mapping[str, Any]) -> tuple[str, str]:
    zh, _, en = node["doc"].partition(" | ")
    return zh, en
