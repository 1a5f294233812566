"""The quick way for tables: all tests are collected once, and each mutant is put in after that.

A table is a value that the product asks while it runs, so it can be another one in a process that
has imported everything. Each mutant still has a forked process of its own. What survives here is
tried again with the table spoilt before anything is imported.
"""

import gc
import sys
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import pytest

from tests.mutation.child import PYTEST
from tests.mutation.killers import FOLDERS
from tests.mutation.mutant import Change, Names
from tests.mutation.served import REPO, serve

_TABLES: Final = {
    "services.casework.transitions": "TRANSITIONS",
    "services.casework.spans": "DUTIES",
}
_LOAD: Final = "services.rulebook.load"


@dataclass(slots=True)
class Stand:
    """The collected tests, and the tables that can still be changed."""

    items: dict[str, pytest.Item] = field(default_factory=dict)
    tables: dict[str, dict[Hashable, Any]] = field(default_factory=dict)
    caches: list[Any] = field(default_factory=list)  # functions that remember what they returned

    def put(self, change: Change) -> None:
        """Have the product work with the change, in this process."""
        assert change.patch is not None
        module = sys.modules[change.module]
        names = dict(vars(module))
        change.patch(names)
        if change.module == _LOAD:
            for each in self.caches:
                each.cache_clear()
            _reload(vars(module)["read_files"], names["read_files"])
            return
        table = names[_TABLES[change.module]]
        self.tables[change.module].clear()
        self.tables[change.module].update(table)

    def run(self, tests: Iterable[str]) -> tuple[str, int, int]:
        """Run these tests until one fails: the test, how many passed, how it ended."""
        notes: list[pytest.TestReport] = []
        items = [self.items[test] for test in tests if test in self.items]
        for item, following in zip(items, [*items[1:], None], strict=True):
            notes.clear()
            item.config.pluginmanager.register(_Notes(notes), "notes")
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item.config.pluginmanager.unregister(name="notes")
            if any(report.failed for report in notes):
                return item.nodeid, items.index(item), int(pytest.ExitCode.TESTS_FAILED)
        return "", len(items), int(pytest.ExitCode.OK)


class _Notes:
    def __init__(self, notes: list[pytest.TestReport]) -> None:
        self.notes = notes

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.notes.append(report)


class _Collected:
    """A pytest plugin that gives the work the collected tests instead of running them."""

    def __init__(self, stand: Stand, work: Callable[[Stand], Any]) -> None:
        self.stand, self.work, self.said = stand, work, None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.stand.items = {item.nodeid: item for item in session.items}
        self.stand.caches = [
            each for each in gc.get_objects() if hasattr(type(each), "cache_clear")
        ]
        gc.freeze()  # so that a forked process shares what it does not change
        self.said = self.work(self.stand)
        return True


def on_a_stand(work: Callable[[Stand], Any], files: Iterable[str] = FOLDERS) -> Any:
    """Collect the tests here and do the work with them. For a process of its own."""
    stand = Stand()
    serve(
        *(
            Change(module, patch=partial(_open, stand, module, name))
            for module, name in _TABLES.items()
        )
    )
    collected = _Collected(stand, work)
    pytest.main([*PYTEST, *(str(REPO / each) for each in files)], plugins=[collected])
    return collected.said


def _open(stand: Stand, module: str, name: str, names: Names) -> None:
    stand.tables[module] = dict(names[name])
    names[name] = MappingProxyType(stand.tables[module])


def _reload(before: Any, after: Any) -> None:
    """Read the demo anew wherever it is: in who reads it, in modules' constants."""
    from services.rulebook.load import bundled, load  # noqa: PLC0415 - imported by the tests
    from services.rulebook.model import Rulebook  # noqa: PLC0415

    old = load(bundled("demo"))
    everywhere = [(module, dict(vars(module))) for module in list(sys.modules.values())]
    for module, names in everywhere:
        for name, value in names.items():
            if value is before:
                setattr(module, name, after)
    new = load(bundled("demo"))
    for module, names in everywhere:
        for name, value in names.items():
            if isinstance(value, Rulebook) and value.hash == old.hash:
                setattr(module, name, new)
