"""Where a module's source can be changed, and how: one change at a time.

Left out is what no test could tell: annotations, docstrings, decorators, `assert_never`, and what
an enum's members are called; and prose, which explains and decides nothing. Words without a space
(codes, keys, paths, marks) are changed.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_OTHER_COMPARISON: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_WORD: Final = re.compile(r"[\x21-\x7e]+")
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_SHOWN_CHARACTERS_MAX: Final = 160  # of a site's source


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the tree that holds a node, and the statement and the function it lies in."""

    parent: ast.AST
    field: str
    index: int | None
    within: str
    lines: tuple[int, ...]

    @property
    def node(self) -> ast.AST:
        """Return what lies there."""
        held = getattr(self.parent, self.field)
        found: ast.AST = held if self.index is None else held[self.index]
        return found

    def put(self, node: ast.AST) -> None:
        """Put another node there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True, slots=True)
class Site:
    """One change that can be made: at the n-th slot of the tree, its m-th way."""

    slot: int
    way: int
    lines: tuple[int, ...]  # of the node, and of the statement that it is part of
    within: str
    was: str


def sites(source: str) -> list[Site]:
    """Return every change that can be made to a module, in the order of its source."""
    return [
        Site(number, way, slot.lines, slot.within, _shown(slot.node))
        for number, slot in enumerate(_slots(ast.parse(source)))
        for way, _ in enumerate(_ways(slot))
    ]


def changed(source: str, site: Site) -> tuple[ast.Module, str]:
    """Return the module with that one change, and the source of what now stands there."""
    tree = ast.parse(source)
    slot = list(_slots(tree))[site.slot]
    list(_ways(slot))[site.way]()
    return ast.fix_missing_locations(tree), _shown(slot.node)


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:_SHOWN_CHARACTERS_MAX]


def _slots(tree: ast.Module) -> Iterator[Slot]:
    yield from _below(tree, "module", 0)


def _below(node: ast.AST, within: str, statement: int) -> Iterator[Slot]:
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "bases", "type_params"}:
            continue
        if isinstance(node, ast.Subscript) and field == "slice" and _is_type(node):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_untellable(node, field, index, child):
                continue
            inner = _name(child, within)
            here = child.lineno if isinstance(child, ast.stmt) else statement
            lines = tuple(sorted({here, getattr(child, "lineno", here)}))
            yield Slot(node, field, index if isinstance(value, list) else None, inner, lines)
            yield from _below(child, inner, here)


def _name(node: ast.AST, within: str) -> str:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return node.name if within == "module" else f"{within}.{node.name}"
    return within


def _is_type(node: ast.Subscript) -> bool:
    """`tuple[str, ...]` as a value, as in an alias."""
    return isinstance(node.value, ast.Name) and node.value.id in {
        *("tuple", "dict", "list", "frozenset", "set", "type"),
        *("Callable", "Mapping", "Iterator", "Sequence", "Iterable"),
    }


def _is_untellable(parent: ast.AST, field: str, index: int, node: ast.AST) -> bool:
    if isinstance(parent, (ast.Module, ast.ClassDef, *_FUNCTIONS)) and field == "body":
        if index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return True  # a docstring
        if isinstance(parent, ast.ClassDef) and isinstance(node, ast.Assign) and _is_enum(parent):
            return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func) == "assert_never"
    if isinstance(node, ast.match_case):
        return any("assert_never" in ast.unparse(each) for each in node.body)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)


def _is_enum(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).endswith("Enum") for base in node.bases)


def _ways(slot: Slot) -> Iterator[Callable[[], None]]:
    node = slot.node
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.BoolOp():
            yield from _booleans(slot, node)
        case ast.UnaryOp(op=ast.Not()):
            yield lambda: slot.put(node.operand)
        case ast.Constant():
            yield from _constants(node)
        case ast.BinOp() if type(node.op) in _OTHER_ARITHMETIC:
            yield lambda: setattr(node, "op", _OTHER_ARITHMETIC[type(node.op)]())
        case ast.Tuple(ctx=ast.Load()) if _is_of_values(slot):
            yield from (_dropping(node.elts, index) for index in range(len(node.elts)))
        case ast.Call():
            yield from _calls(node)
        case ast.comprehension():
            yield from (_dropping(node.ifs, index) for index in range(len(node.ifs)))
        case ast.stmt():
            yield from _statements(slot, node)
    if slot.field == "test" and isinstance(node, ast.Name | ast.Attribute | ast.Call):
        yield lambda: slot.put(ast.UnaryOp(ast.Not(), node))


def _comparisons(node: ast.Compare) -> Iterator[Callable[[], None]]:
    for index, op in enumerate(node.ops):
        yield _putting(node.ops, index, _OTHER_COMPARISON[type(op)]())


def _booleans(slot: Slot, node: ast.BoolOp) -> Iterator[Callable[[], None]]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield lambda: setattr(node, "op", other)
    if len(node.values) > 2:
        yield from (_dropping(node.values, index) for index in range(len(node.values)))
    else:
        yield lambda: slot.put(node.values[1])
        yield lambda: slot.put(node.values[0])


def _constants(node: ast.Constant) -> Iterator[Callable[[], None]]:
    value = node.value
    if isinstance(value, bool):
        yield lambda: setattr(node, "value", not value)
    elif isinstance(value, int):
        yield lambda: setattr(node, "value", value + 1)
    elif isinstance(value, str) and _WORD.fullmatch(value):
        yield lambda: setattr(node, "value", value + "~")


def _is_of_values(slot: Slot) -> bool:
    return slot.field not in {"slice", "type"} and not isinstance(slot.parent, ast.Return)


def _calls(node: ast.Call) -> Iterator[Callable[[], None]]:
    plain = not any(isinstance(each, ast.Starred) for each in node.args)
    if len(node.args) > 1 and plain and ast.unparse(node.func) not in {"isinstance", "zip"}:
        first, second = node.args[:2]
        yield lambda: node.args.__setitem__(slice(0, 2), [second, first])
    if isinstance(node.func, ast.Name) and node.func.id == "replace":
        yield from (
            _dropping(node.keywords, index)
            for index, keyword in enumerate(node.keywords)
            if keyword.arg is not None
        )


def _statements(slot: Slot, node: ast.stmt) -> Iterator[Callable[[], None]]:
    match node:
        case ast.Return(value=ast.Tuple(elts=elements)):
            yield lambda: setattr(node, "value", ast.Constant(None))
            yield from (_dropping(elements, index) for index in range(len(elements)))
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield lambda: setattr(node, "value", ast.Constant(None))
        case ast.If(orelse=[]) if isinstance(node.body[-1], ast.Return | ast.Continue | ast.Raise):
            yield lambda: slot.put(ast.Pass())
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield lambda: slot.put(ast.Pass())


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _dropping(held: list[ast.expr] | list[ast.keyword], index: int) -> Callable[[], None]:
    return lambda: held.__delitem__(index)


def _putting(held: list[ast.cmpop], index: int, op: ast.cmpop) -> Callable[[], None]:
    return lambda: held.__setitem__(index, op)
