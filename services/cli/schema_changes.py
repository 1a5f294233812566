"""What differs between two versions of a record, field by field, in words. Pure.

Lenient where schemas/compatibility.py is strict: it names what changed, whether or not that may be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.classes import FieldClass, is_lowered

Schema = Mapping[str, Any]
_NONE: Final = "-"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference at a path. `kind` is stable: added, removed, type, class and the like."""

    kind: str
    path: str
    before: str | None
    after: str | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Field:
    type: str
    nullable: bool
    has_default: bool
    confidentiality: str | None
    intake: str | None
    doc: str
    symbols: tuple[str, ...]


def changes(old: Schema, new: Schema) -> tuple[Change, ...]:
    """Return what a reader of `old` has to know of `new`, in the order of the paths."""
    before, after = dict(_fields(old)), dict(_fields(new))
    found: list[Change] = []
    for path in dict.fromkeys((*after, *before)):
        if path not in before:
            field = after[path]
            words = (f"新增字段，{_zh(field)}", f"field added: {_en(field)}")
            found.append(Change("added", path, None, field.type, *words))
        elif path not in after:
            words = (f"删除字段，原为{_zh(before[path])}", f"field removed: {_en(before[path])}")
            found.append(Change("removed", path, before[path].type, None, *words))
        else:
            found.extend(_changed(path, before[path], after[path]))
    return tuple(found)


def _changed(path: str, old: _Field, new: _Field) -> Iterator[Change]:
    if old.type != new.type:
        words = (f"类型由{old.type}改为{new.type}", f"type from {old.type} to {new.type}")
        yield Change("type", path, old.type, new.type, *words)
    if old.nullable != new.nullable:
        zh, en = (
            ("改为可空", "may be null now") if new.nullable else ("改为不可空", "never null now")
        )
        yield Change("nullable", path, _yes(old.nullable), _yes(new.nullable), zh, en)
    if old.has_default != new.has_default:
        zh, en = (
            ("增加默认值", "has a default now")
            if new.has_default
            else ("取消默认值", "no default now")
        )
        yield Change("default", path, _yes(old.has_default), _yes(new.has_default), zh, en)
    if old.confidentiality != new.confidentiality:
        was, now = old.confidentiality or _NONE, new.confidentiality or _NONE
        lowered = _lowered(old.confidentiality, new.confidentiality)
        zh = f"密级类别由{was}{'降' if lowered else '改'}为{now}"
        en = f"class {'lowered' if lowered else 'changed'} from {was} to {now}"
        yield Change("class_lowered" if lowered else "class", path, was, now, zh, en)
    if old.intake != new.intake:
        was, now = old.intake or "optional", new.intake or "optional"
        words = (f"受理要求由{was}改为{now}", f"at intake from {was} to {now}")
        yield Change("intake", path, was, now, *words)
    added = [symbol for symbol in new.symbols if symbol not in old.symbols]
    gone = [symbol for symbol in old.symbols if symbol not in new.symbols]
    if added:
        words = (f"新增枚举值{'、'.join(added)}", f"symbols added: {', '.join(added)}")
        yield Change("symbols_added", path, None, ", ".join(added), *words)
    if gone:
        words = (f"删除枚举值{'、'.join(gone)}", f"symbols removed: {', '.join(gone)}")
        yield Change("symbols_removed", path, ", ".join(gone), None, *words)
    if old.doc != new.doc:
        yield Change("doc", path, old.doc, new.doc, f"说明改为“{new.doc}”", f"text: {new.doc}")


def _lowered(old: str | None, new: str | None) -> bool:
    known = set(FieldClass)
    if old not in known:
        return False
    return new not in known or is_lowered(FieldClass(old), FieldClass(new))


def _fields(schema: Schema) -> Iterator[tuple[str, _Field]]:
    """Yield every path of a self-contained schema; a type named a second time is looked up."""
    named: dict[str, Schema] = {}
    yield from _record(schema, "", named)


def _record(schema: Schema, prefix: str, named: dict[str, Schema]) -> Iterator[tuple[str, _Field]]:
    named[_full_name(schema)] = schema
    for field in schema["fields"]:
        path = f"{prefix}.{field['name']}" if prefix else str(field["name"])
        inner, brackets, nullable = _unwrapped(field["type"], named)
        is_named = isinstance(inner, Mapping) and "name" in inner
        if is_named:
            named[_full_name(inner)] = inner
        yield (
            path,
            _Field(
                type=("array of " if brackets else "") + _type_name(inner),
                nullable=nullable,
                has_default="default" in field,
                confidentiality=field.get("confidentiality"),
                intake=field.get("intake"),
                doc=str(field.get("doc", "")),
                symbols=tuple(inner.get("symbols", ())) if is_named else (),
            ),
        )
        if is_named and inner["type"] == "record":
            yield from _record(inner, path + brackets, named)


def _unwrapped(avro: Any, named: Mapping[str, Schema]) -> tuple[Any, str, bool]:  # noqa: ANN401 - an Avro type is str, list or dict
    nullable, brackets = isinstance(avro, list), ""
    if isinstance(avro, list):
        avro = next((branch for branch in avro if branch != "null"), "null")
    if isinstance(avro, Mapping) and avro["type"] == "array":
        avro, brackets = avro["items"], "[]"
    if isinstance(avro, str):
        avro = named.get(avro, avro)
    return avro, brackets, nullable


def _type_name(avro: Any) -> str:  # noqa: ANN401 - an Avro type is str or dict
    if isinstance(avro, str):
        return avro
    if "name" in avro:
        return f"{avro['type']} {avro['name']}"
    logical = avro.get("logicalType")
    numbers = [str(avro[key]) for key in ("precision", "scale") if key in avro]
    return f"{logical}({','.join(numbers)})" if numbers else str(logical or avro["type"])


def _full_name(schema: Schema) -> str:
    name = str(schema["name"])
    return name if "." in name or "namespace" not in schema else f"{schema['namespace']}.{name}"


def _zh(field: _Field) -> str:
    return f"{'可空' if field.nullable else ''}{field.type}，类别{field.confidentiality or _NONE}"


def _en(field: _Field) -> str:
    nullable = "nullable " if field.nullable else ""
    return f"{nullable}{field.type}, class {field.confidentiality or _NONE}"


def _yes(value: object) -> str:
    return "yes" if value else "no"
