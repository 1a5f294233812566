"""Edits of one file: a rule is taken out of Python, a table, a schema. Text in, text out.

An edit that finds nothing to take out raises NothingToTake: a rule that is not there carries
nothing.
"""

import ast
import json
import re
from typing import Final

_REFUSING: Final = frozenset({"Refusal"})


class NothingToTake(Exception):
    """The file does not hold what was to be taken out of it."""


class _Silent(ast.NodeTransformer):
    """Takes every refusal of one code out: what it refused goes on to the next statement."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.taken = 0

    def _is_it(self, node: ast.expr | None) -> bool:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=code), *_]):
                return name in _REFUSING and code == self.code
            case ast.Tuple(elts=[ast.Constant(value=code), *_]):
                return code == self.code
            case _:
                return False

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if self._is_it(node.value):
            self.taken += 1
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        for refused, other in ((node.body, node.orelse), (node.orelse, node.body)):
            if self._is_it(refused):
                self.taken += 1
                kept: ast.AST = self.visit(other)
                return kept
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self._is_it(node):
            self.taken += 1
            return ast.copy_location(ast.Constant(value=None), node)
        return self.generic_visit(node)


def without_refusal(source: str, code: str) -> str:
    """Return the module in which nothing is refused with the code any more."""
    silent = _Silent(code)
    tree = silent.visit(ast.parse(source))
    if not silent.taken:
        raise NothingToTake(code)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def without_function(source: str, name: str) -> str:
    """Return the module in which the function does nothing and returns None."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.body = [ast.Return(value=ast.Constant(value=None))]
            return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    raise NothingToTake(name)


def without_rung(source: str, rung: str) -> str:
    """Return the module in which no tuple that begins with this rung is listed any more."""
    taken = 0

    def is_it(element: ast.expr) -> bool:
        match element:
            case ast.Tuple(elts=[ast.Attribute(value=ast.Name(id="Rung"), attr=attr), *_]):
                return attr == rung
            case _:
                return False

    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple):
            kept = [element for element in node.elts if not is_it(element)]
            taken += len(node.elts) - len(kept)
            node.elts = kept
    if not taken:
        raise NothingToTake(rung)
    return ast.unparse(tree) + "\n"


def without_member(source: str, enum: str, symbol: str) -> str:
    """Return the module whose enum lacks the member of this value; who names it gets UNKNOWN."""
    tree = ast.parse(source)
    member = None
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == enum:
            for line in list(node.body):
                match line:
                    case ast.Assign(
                        targets=[ast.Name(id=name)], value=ast.Constant(value=value)
                    ) if value == symbol:
                        member = name
                        node.body.remove(line)
                    case _:
                        pass
    if member is None:
        raise NothingToTake(f"{enum}.{symbol}")
    return forgetting(ast.unparse(tree) + "\n", enum, member)


def forgetting(source: str, enum: str, member: str) -> str:
    """Return the module in which `enum.member` is `enum.UNKNOWN`."""
    return re.sub(rf"\b{enum}\.{member}\b", f"{enum}.UNKNOWN", source)


def without_symbol(source: str, symbol: str) -> str:
    """Return the enum's .avsc without the symbol."""
    schema = json.loads(source)
    if symbol not in schema["symbols"]:
        raise NothingToTake(symbol)
    schema["symbols"].remove(symbol)
    schema.get("symbol_docs", {}).pop(symbol, None)
    return json.dumps(schema, ensure_ascii=False, indent=2)


def without_need(source: str, path: str) -> str:
    """Return the .avsc of a record that no longer asks for the field, or path, at intake."""
    schema = json.loads(source)
    if path in schema.get("requires", ()):
        schema["requires"].remove(path)
        return json.dumps(schema, ensure_ascii=False, indent=2)
    for field in schema["fields"]:
        if field["name"] == path and field.get("intake") == "required":
            del field["intake"]
            return json.dumps(schema, ensure_ascii=False, indent=2)
    raise NothingToTake(path)


def without_line(source: str, beginning: str) -> str:
    """Return the table without its one row that begins so."""
    lines = source.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(beginning)]
    if len(lines) - len(kept) != 1:
        raise NothingToTake(beginning)
    return "".join(kept)


def without_duty_rule(source: str, kind: str, record: str | None) -> str:
    """Return duties.toml without the rule of the kind, or without that of kind and record."""
    head, *rules = re.split(r"(?m)^(?=\[\[duty\]\])", source)
    kept = [rule for rule in rules if not _is_rule(rule, kind, record)]
    if len(kept) == len(rules):
        raise NothingToTake(kind)
    return "".join((head, *kept))


def without_setting(source: str, kind: str, key: str) -> str:
    """Return duties.toml in which the rules of the kind no longer say the key."""
    head, *rules = re.split(r"(?m)^(?=\[\[duty\]\])", source)
    cut = [
        re.sub(rf"(?ms)^{key} = (?:\[$.*?^\]|[^\n]*)\n", "", rule)
        if _is_rule(rule, kind, None)
        else rule
        for rule in rules
    ]
    if cut == rules:
        raise NothingToTake(f"{kind}.{key}")
    return "".join((head, *cut))


def _is_rule(rule: str, kind: str, record: str | None) -> bool:
    named = f'kind = "{kind}"\n' in rule
    return named and (record is None or f'record = "{record}"\n' in rule)
