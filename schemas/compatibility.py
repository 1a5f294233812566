"""Whether two versions of a schema read each other, both ways, and keep their classes (design D7).

The registry checks FULL_TRANSITIVE itself but cannot see classes, and says little. This resolver
is pure, stricter (no promotions: int to long works in one direction only), and tells the reasons.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.avro_reader import ENVELOPE_TAIL
from schemas.classes import FieldClass, is_lowered
from schemas.lint import RECORD_TAIL

_TYPE_KEYS: Final = ("type", "logicalType", "precision", "scale", "size", "values")


@dataclass(frozen=True, slots=True)
class Break:
    """One reason why the new version may not be registered beside the old one."""

    code: str  # stable within `schema.incompatible`: field.dropped, class.lowered, …
    path: str  # as in `violations[].place`
    zh: str
    en: str


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Break, ...]:
    """Return every reason against `new`, given the registered `old`; none means it may go.

    Both are self-contained schemas (schemas/inline.py). Changes of docs, of field order before the
    tail, of intake marks, and a class that becomes stricter, are allowed.
    """
    found = _Walk(_named(old), _named(new)).types(old, new, "")
    return tuple(dict.fromkeys(found))


class _Walk:
    """Walks both schemas side by side; a pair of named types is compared once."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str]] = set()

    def types(self, old: Any, new: Any, path: str) -> Iterator[Break]:  # noqa: ANN401 - Avro types
        """Compare two types at a path."""
        old, new = self._old.get(_key(old), old), self._new.get(_key(new), new)
        if isinstance(old, list) != isinstance(new, list):
            yield Break(
                "type.nullable", path, "可空性改变", "nullable became required, or the reverse"
            )
        elif isinstance(old, list):
            yield from self._unions(old, new, path)
        elif _shape(old) != _shape(new):
            yield Break(
                "type.changed",
                path,
                f"类型由 {_label(old)} 改为 {_label(new)}",
                f"the type changed from {_label(old)} to {_label(new)}",
            )
        elif isinstance(old, Mapping):
            yield from self._composite(old, new, path)

    def _unions(self, old: list[Any], new: list[Any], path: str) -> Iterator[Break]:
        if len(old) != len(new) or old[0] != new[0]:
            yield Break(
                "type.changed", path, "联合类型的分支改变", "the branches of a union changed"
            )
            return
        for left, right in zip(old, new, strict=True):
            yield from self.types(left, right, path)

    def _composite(
        self, old: Mapping[str, Any], new: Mapping[str, Any], path: str
    ) -> Iterator[Break]:
        if old["type"] == "array":
            yield from self.types(old["items"], new["items"], f"{path}[]")
            return
        pair = (_full_name(old), _full_name(new))
        if "name" not in old or pair in self._seen:
            return
        self._seen.add(pair)
        if pair[0] != pair[1]:
            yield Break(
                "type.renamed",
                path,
                f"类型由 {pair[0]} 更名为 {pair[1]}",
                f"the type was renamed from {pair[0]} to {pair[1]}",
            )
        if old["type"] == "enum":
            yield from _enums(old, new, path)
        elif old["type"] == "record":
            yield from self._records(old, new, path)

    def _records(
        self, old: Mapping[str, Any], new: Mapping[str, Any], path: str
    ) -> Iterator[Break]:
        before = {field["name"]: field for field in old["fields"]}
        after = {field["name"]: field for field in new["fields"]}
        for name, field in before.items():
            if name not in after:
                yield from _dropped(field, _join(path, name))
        for name, field in after.items():
            where = _join(path, name)
            if name in before:
                yield from _classes(before[name], field, where)
                yield from self.types(before[name]["type"], field["type"], where)
            else:
                yield from _added(field, where)
        yield from _tails(list(before), list(after), path)


def _dropped(field: Mapping[str, Any], where: str) -> Iterator[Break]:
    if "default" not in field:
        yield Break(
            "field.dropped",
            where,
            "删除了没有默认值的字段，旧版本无法读取新消息",
            "a field without default was dropped: the old version cannot read new messages",
        )
    elif not _may_be_left_out(field["type"]):
        yield Break(
            "field.dropped",
            where,
            "删除了不可为空的字段，新版本写不出旧消息的副本",
            "a field that is never null was dropped: the new version cannot write copies of old"
            " messages",
        )


def _added(field: Mapping[str, Any], where: str) -> Iterator[Break]:
    if "default" not in field:
        yield Break(
            "field.added",
            where,
            "新增字段没有默认值，新版本无法读取旧消息",
            "a field was added without default: the new version cannot read old messages",
        )
    elif not _may_be_left_out(field["type"]):
        yield Break(
            "field.added",
            where,
            "新增字段不可为空，旧版本写不出新消息的副本",
            "a field that is never null was added: the old version cannot write copies of new"
            " messages",
        )


def _may_be_left_out(avro: Any) -> bool:  # noqa: ANN401 - an Avro type
    """Whether a copy by who does not know the field can be without it (schemas/avro_writer.py)."""
    return isinstance(avro, list) or (isinstance(avro, Mapping) and avro["type"] == "array")


def _classes(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Break]:
    was, now = old.get("confidentiality"), new.get("confidentiality")
    if was is None:
        return  # lint refuses a source without class; what was registered by others may lack it
    if now is None or now not in set(FieldClass):
        yield Break(
            "class.lost",
            path,
            f"字段失去密级类别（原为 {was}）",
            f"the field lost its confidentiality class ({was})",
        )
    elif was in set(FieldClass) and is_lowered(FieldClass(was), FieldClass(now)):
        yield Break(
            "class.lowered",
            path,
            f"字段类别由 {was} 降为 {now}",
            f"the confidentiality class was lowered from {was} to {now}",
        )


def _enums(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Break]:
    removed = [symbol for symbol in old["symbols"] if symbol not in new["symbols"]]
    added = [symbol for symbol in new["symbols"] if symbol not in old["symbols"]]
    if removed and "default" not in new:
        yield Break(
            "enum.symbol_removed",
            path,
            f"删除了枚举值 {'、'.join(removed)} 而新版本没有默认值",
            f"symbols were removed and the new version has no default: {', '.join(removed)}",
        )
    if added and "default" not in old:
        yield Break(
            "enum.symbol_added",
            path,
            f"新增了枚举值 {'、'.join(added)} 而旧版本没有默认值",
            f"symbols were added and the old version has no default: {', '.join(added)}",
        )


def _tails(old: list[str], new: list[str], path: str) -> Iterator[Break]:
    """The seal cuts the encoded bytes before these fields (schemas/seal.py)."""
    for tail in (RECORD_TAIL, ENVELOPE_TAIL):
        if tuple(old[-len(tail) :]) == tail and tuple(new[-len(tail) :]) != tail:
            yield Break(
                "tail.changed",
                path,
                f"末尾字段须为 {'、'.join(tail)}，封签依赖其顺序",
                f"the last fields must stay {', '.join(tail)}: the seal relies on it",
            )


def _named(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - an Avro schema
    """Return full name → definition of every named type written out in the schema."""
    if isinstance(schema, list):
        return {name: found for branch in schema for name, found in _named(branch).items()}
    if not isinstance(schema, Mapping):
        return {}
    inner: dict[str, Any] = {_full_name(schema): schema} if "name" in schema else {}
    for field in schema.get("fields", ()):
        inner |= _named(field["type"])
    return inner | _named(schema.get("items"))


def _key(node: Any) -> str:  # noqa: ANN401 - an Avro type
    return node if isinstance(node, str) else ""


def _full_name(schema: Mapping[str, Any]) -> str:
    name = schema.get("name", "")
    return name if "." in name or "namespace" not in schema else f"{schema['namespace']}.{name}"


def _shape(node: Any) -> tuple[Any, ...]:  # noqa: ANN401 - an Avro type
    if isinstance(node, Mapping):
        return tuple(node.get(key) for key in _TYPE_KEYS)
    return (node, *(None for _ in _TYPE_KEYS[1:]))


def _label(node: Any) -> str:  # noqa: ANN401 - an Avro type
    if not isinstance(node, Mapping):
        return str(node)
    if "name" in node:
        return _full_name(node)
    numbers = [str(node[key]) for key in ("precision", "scale") if key in node]
    name = str(node.get("logicalType") or node["type"])
    return f"{name}({', '.join(numbers)})" if numbers else name


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
