"""The table of threats in ARCHITECTURE.md: each row names a control and a test that are there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

import pytest

from tests.house.tree import PRODUCT, REPO, read, tracked
from tests.prove.chapter import promises_of
from tests.prove.run import CHAPTERS

ROWS_MIN = 15
_NAMED = re.compile(r"`([^`]+)`")
_PROMISE = re.compile(r"prove (\w+) (\w+)")
_TEST = re.compile(r"(tests/\S+\.py)::(\w+)")
_MODULE = re.compile(r"\S+\.(?:py|toml|csv)")


def rows() -> list[tuple[str, str, str]]:
    """Return threat, control and test of each row."""
    text = read(PurePosixPath("ARCHITECTURE.md"))
    (section,) = re.findall(r"^## Threats$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[1:]]
    assert all(len(row) == 3 for row in cells), [row for row in cells if len(row) != 3]
    return [(row[0], row[1], row[2]) for row in cells]


def wrong_with(row: tuple[str, str, str]) -> Iterator[str]:
    """Yield what a row names that is not there."""
    threat, control, test = row
    modules = [name for name in _NAMED.findall(control) if _MODULE.fullmatch(name)]
    tests = _NAMED.findall(test)
    if not modules:
        yield f"{threat}: no module of a control"
    if not tests:
        yield f"{threat}: no test"
    for name in modules:
        path = PurePosixPath(name)
        if path not in tracked() or path.parts[0] not in PRODUCT:
            yield f"{threat}: {name} is no module of the product"
    for name in tests:
        promise, function = _PROMISE.fullmatch(name), _TEST.fullmatch(name)
        if promise is not None:
            chapter, id_ = promise.groups()
            if chapter not in CHAPTERS or id_ not in promises_of(chapter):
                yield f"{threat}: {name} is promised nowhere"
        elif function is None or function[2] not in _functions(function[1]):
            yield f"{threat}: {name} is no test"


@cache
def _functions(name: str) -> frozenset[str]:
    if not (REPO / name).is_file():
        return frozenset()
    tree = ast.parse(read(PurePosixPath(name)))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_each_threat_has_a_control_and_a_test_that_are_there() -> None:
    assert [wrong for row in rows() for wrong in wrong_with(row)] == []
    assert len(rows()) >= ROWS_MIN
    assert len({threat for threat, _, _ in rows()}) == len(rows())


@pytest.mark.parametrize(
    ("control", "test", "found"),
    [
        ("`schemas/seal.py`", "`prove seal cost`", []),
        ("care", "`prove seal cost`", ["x: no module of a control"]),
        ("`schemas/seal.py`", "somebody looks", ["x: no test"]),
        (
            "`schemas/none.py`",
            "`prove seal cost`",
            ["x: schemas/none.py is no module of the product"],
        ),
        (
            "`tests/office.py`",
            "`prove seal cost`",
            ["x: tests/office.py is no module of the product"],
        ),
        ("`schemas/seal.py`", "`prove seal none`", ["x: prove seal none is promised nowhere"]),
        ("`schemas/seal.py`", "`prove none cost`", ["x: prove none cost is promised nowhere"]),
        (
            "`schemas/seal.py`",
            "`tests/house/test_threats.py::test_none`",
            ["x: tests/house/test_threats.py::test_none is no test"],
        ),
        (
            "`schemas/seal.py`",
            "`tests/none.py::test_none`",
            ["x: tests/none.py::test_none is no test"],
        ),
    ],
)
def test_a_control_or_a_test_that_is_not_there_is_found(
    control: str, test: str, found: list[str]
) -> None:
    assert list(wrong_with(("x", control, test))) == found
