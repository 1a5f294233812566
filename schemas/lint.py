"""The house rules of the .avsc sources (design D7). A finding says where, which rule, and why.

A finding's code is of this module only; the command line's code is `schema.lint_failed`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fastavro.schema import SchemaParseException, UnknownType, parse_schema

from schemas.avro_reader import ENVELOPE_TAIL
from schemas.classes import FieldClass, Intake
from schemas.codec import compiled
from schemas.errors import Broken
from schemas.inline import NAMESPACE, fingerprint, inline
from schemas.lint_types import Source, circle, default, field_type, is_shaped, names
from schemas.topics import RECORDS

RECORD_TAIL: Final = ("envelope",)
SEAL_TAIL: Final = ("vouched",)  # and here
UNKNOWN_SYMBOL: Final = "unknown"

_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
_LATIN: Final = re.compile(r"[A-Za-z]")
_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CAMEL: Final = re.compile(r"([A-Z][a-z0-9]*)+")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One breach of a rule: `path` is Type or Type.field."""

    path: str
    code: str
    message: str


def lint(
    sources: Mapping[str, Source], checked_in: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """Return all findings, in order of path.

    `sources` is full name → .avsc. `checked_in`, full name → fingerprint, is compared with what
    the sources give; None leaves that out (a changed copy has no checked-in fingerprints).
    """
    findings = [found for name, source in sources.items() for found in _type(name, source, sources)]
    if not findings:
        findings.extend(_uncompiled(sources))
    if checked_in is not None and not findings:
        findings.extend(_fingerprints(sources, checked_in))
    return tuple(sorted(findings))


def fingerprints_of(sources: Mapping[str, Source]) -> dict[str, str]:
    """Return full name → fingerprint of every record that has an envelope, sorted by name."""
    return {
        name: fingerprint(inline(name, sources))
        for name, source in sorted(sources.items())
        if any(field["name"] == "envelope" for field in source.get("fields", ()))
    }


def _type(full_name: str, source: Source, sources: Mapping[str, Source]) -> Iterator[Finding]:
    name = str(source.get("name", ""))
    if not is_shaped(source):
        yield Finding(full_name, "type", "a source is an Avro record or enum, whole")
        return
    if source.get("namespace") != NAMESPACE or full_name != f"{NAMESPACE}.{name}":
        yield Finding(full_name, "namespace", f"the namespace is {NAMESPACE}")
    if not _CAMEL.fullmatch(name):
        yield Finding(full_name, "naming", "a type is named in CamelCase")
    yield from _doc(name, source.get("doc"))
    yield from (Finding(name, code, message) for code, message in names(source))
    if source["type"] == "enum":
        yield from _enum(name, source)
    else:
        for field in source["fields"]:
            yield from _field(name, field, sources)
        yield from _tail(name, [field["name"] for field in source["fields"]])


def _doc(path: str, doc: object) -> Iterator[Finding]:
    """`中文 | English`."""
    chinese, bar, english = doc.partition(" | ") if isinstance(doc, str) else ("", "", "")
    if not bar or not _CHINESE.search(chinese):
        yield Finding(path, "doc.zh", "the doc begins in Chinese, before ' | '")
    if not bar or not _LATIN.search(english):
        yield Finding(path, "doc.en", "the doc ends in English, after ' | '")


def _enum(name: str, source: Source) -> Iterator[Finding]:
    symbols = source["symbols"]
    if source.get("default") != UNKNOWN_SYMBOL or UNKNOWN_SYMBOL not in symbols:
        yield Finding(name, "enum.default", f"an enum has the symbol {UNKNOWN_SYMBOL} as default")
    docs = source.get("symbol_docs", {})
    for symbol in symbols:
        if not _SNAKE.fullmatch(symbol):
            yield Finding(f"{name}.{symbol}", "naming", "a symbol is named in snake_case")
        yield from _doc(f"{name}.{symbol}", docs.get(symbol))
    for stray in sorted(set(docs) - set(symbols)):
        yield Finding(f"{name}.{stray}", "enum.stray_doc", "symbol_docs names no symbol")


def _field(owner: str, field: Source, sources: Mapping[str, Source]) -> Iterator[Finding]:
    path = f"{owner}.{field['name']}"
    if not _SNAKE.fullmatch(field["name"]):
        yield Finding(path, "naming", "a field is named in snake_case")
    yield from _doc(path, field.get("doc"))
    yield from _class(path, field)
    if field.get("intake", Intake.REQUIRED) not in set(Intake):
        yield Finding(path, "intake", f"intake is one of {', '.join(Intake)}")
    faults = tuple(field_type(field["type"], sources)) or default(field, sources)
    yield from (Finding(path, code, message) for code, message in faults)


def _class(path: str, field: Source) -> Iterator[Finding]:
    klass = field.get("confidentiality")
    if klass is None:
        yield Finding(path, "class.missing", "every field has a confidentiality class")
    elif klass not in set(FieldClass):
        yield Finding(path, "class.unknown", f"a class is one of {', '.join(FieldClass)}")
    elif klass != FieldClass.PUBLIC and not isinstance(field["type"], list):
        yield Finding(path, "class.not_nullable", "what may be withheld is nullable")
    if klass is not None and field.get("confluent:tags") != [klass.upper()]:
        yield Finding(path, "class.tags", "confluent:tags holds the class in upper case")


def _tail(name: str, fields: list[str]) -> Iterator[Finding]:
    """The seal cuts encoded bytes at fixed places, so these fields stay last."""
    if name == "Envelope" and tuple(fields[-len(ENVELOPE_TAIL) :]) != ENVELOPE_TAIL:
        yield Finding(name, "tail", f"Envelope ends with {', '.join(ENVELOPE_TAIL)}")
    if name == "Seal" and tuple(fields[-1:]) != SEAL_TAIL:
        yield Finding(name, "tail", f"Seal ends with {SEAL_TAIL[0]}")
    if "envelope" in fields and tuple(fields[-1:]) != RECORD_TAIL:
        yield Finding(name, "tail", "envelope is the last field of a record")


def _uncompiled(sources: Mapping[str, Source]) -> Iterator[Finding]:
    """The rules above should leave nothing over; whoever reads a letter compiles its schema."""
    found = circle(sources)
    if found:
        yield Finding(found[0], "recursive", f"records hold each other: {', '.join(found)}")
        return
    for entry in RECORDS.values():
        if entry.full_name in sources:
            schema = inline(entry.full_name, sources)
            try:
                compiled(schema)
                parse_schema(schema, named_schemas={})  # by which agencies' own clients read
            except Broken as error:
                yield Finding(entry.full_name, "compile", f"it cannot be compiled: {error}")
            except (SchemaParseException, UnknownType, ValueError, TypeError) as error:
                yield Finding(entry.full_name, "parse", f"fastavro does not take it: {error}")


def _fingerprints(
    sources: Mapping[str, Source], checked_in: Mapping[str, str]
) -> Iterator[Finding]:
    current = fingerprints_of(sources)
    for name in sorted(set(current) | set(checked_in)):
        if current.get(name) != checked_in.get(name):
            yield Finding(
                name, "fingerprint", "fingerprints.json is stale: yichuan schemas lint --write"
            )
