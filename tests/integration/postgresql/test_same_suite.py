"""Every unit test that takes a casebook, once more: the same tests, on PostgreSQL.

They are found, not listed, so that a new one cannot be forgotten. Their fixtures are those of this
folder.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from services.casebook.store import Casebook

ROOT = Path(__file__).parents[3]
FOLDERS = ("tests/unit/services/casebook", "tests/unit/services/exchange")
GIVEN = {"casebook", "new_casebook", "nowhere"}


def modules() -> list[str]:
    """The test modules of the folders, by their dotted names."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("test_*.py"))]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]


def found() -> Iterator[tuple[str, Callable[..., Any]]]:
    """(name, test) of each test that takes a casebook; and (name, fixture) of what they take."""
    for module in modules():
        pytest.register_assert_rewrite(module)
        everything = vars(import_module(module))
        for name, value in everything.items():
            if name.startswith("test_") and GIVEN & set(signature(value).parameters):
                yield f"test_{module.rpartition('.test_')[2]}_{name.removeprefix('test_')}", value
                yield from (
                    (taken, everything[taken])
                    for taken in signature(value).parameters
                    if taken in everything
                )


FOUND = dict(found())
TESTS = {name: value for name, value in FOUND.items() if name.startswith("test_")}
globals().update(FOUND)


def test_no_fixture_hides_another_of_its_name() -> None:
    met: dict[str, object] = {}
    assert [name for name, value in found() if met.setdefault(name, value) is not value] == []


def test_it_is_postgresql(casebook: Casebook) -> None:
    assert casebook.engine.dialect.name == "postgresql"


def test_the_suite_was_found() -> None:
    assert {name.split("_")[1] for name in TESTS} >= {
        "activation",
        "batch",
        "canary",
        "case",
        "county",
        "custody",
        "desk",
        "expiring",
        "journal",
        "kept",
        "letters",
        "likeness",
        "marks",
        "measures",
        "migrate",
        "odd",
        "replay",
        "secret",
        "split",
        "work",
        "years",
    }
    assert len(TESTS) > 80
