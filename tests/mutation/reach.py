"""Which test reaches which line, and which row of which table: found by one run of all of them.

Kept in .mutation_cache by a digest of the tree: the next run on the same tree begins at once.
"""

import hashlib
import pickle
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import process_time
from types import MappingProxyType
from typing import Any, Final

import pytest
from coverage import Coverage

from tests.mutation.child import PYTEST, ask_all
from tests.mutation.killers import may_kill, test_files
from tests.mutation.mutant import Change, Mutant, Names
from tests.mutation.served import REPO, serve

CACHE: Final = REPO / ".mutation_cache"
KEPT_MAX: Final = 3  # maps in the cache; the oldest go
_TREE: Final = ("schemas", "services", "connectors", "deploy/rulebooks", "tests", "pyproject.toml")
_APART: Final = frozenset({"proof", "prove", "integration", "faults", "house", "mutation"})
_SUFFIXES: Final = frozenset({".py", ".toml", ".csv", ".json", ".yaml", ".avsc"})


@dataclass(slots=True)
class Reach:
    """The tests with their seconds, and which of them (by number) reaches what."""

    tests: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    of: dict[Hashable, frozenset[int]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # of tests, with their digests

    def killers(self, mutant: Mutant) -> list[str]:
        """Return the tests that could kill it: the likely ones, then the quick ones."""
        found = {number for key in mutant.reached_by for number in self.of.get(key, ())}
        likely = {n for n, test in enumerate(self.tests) if test.split("::")[0] in mutant.first}

        def rank(number: int) -> tuple[bool, float]:
            return number not in likely, self.seconds[number]

        ordered = sorted(found | likely, key=rank)
        return [self.tests[n] for n in ordered if may_kill(self.tests[n], mutant)]


def reach(say: Callable[[str], None], jobs: int) -> Reach:
    """Return the map of this tree: from the cache, or by running the tests that it knows not.

    Where only tests changed, only theirs are run; anything else may reach anywhere.
    """
    kept = CACHE / f"{_digest(_others())}.pickle"
    known: Reach = pickle.loads(kept.read_bytes()) if kept.exists() else Reach()  # noqa: S301 - ours
    files = {str(path.relative_to(REPO)): _digest([path]) for path in test_files()}
    new = sorted(file for file, digest in files.items() if known.files.get(file) != digest)
    gone = known.files.keys() - files.keys()
    if new or gone:
        say(f"running {len(new)} files of tests once, to see which reaches what")
        known = _merged(known, Reach(), gone | set(new))
        for found in ask_all(partial(_run_all, new[part::jobs]) for part in range(jobs)):
            if found.failed:
                message = f"tests fail without any mutant: {', '.join(found.failed[:5])}"
                raise AssertionError(message)
            known = _merged(known, found, set())
        known.files = files
        CACHE.mkdir(exist_ok=True)
        partial_file = kept.with_suffix(".partial")
        partial_file.write_bytes(pickle.dumps(known))
        partial_file.rename(kept)
        for old in sorted(CACHE.glob("*.pickle"), key=lambda each: each.stat().st_mtime)[
            :-KEPT_MAX
        ]:
            old.unlink()
    return known


def _others() -> list[Path]:
    tops = [REPO / name for name in _TREE]
    paths = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])]
    return sorted(
        path
        for path in paths
        if path.suffix in _SUFFIXES
        and not path.name.startswith("test_")
        and not set(path.parts) & _APART
    )


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path.relative_to(REPO)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _merged(known: Reach, found: Reach, gone: set[str]) -> Reach:
    """Return what is known without the tests of some files, and with those that were found."""
    stays = [n for n, test in enumerate(known.tests) if test.split("::")[0] not in gone]
    number = {old: new for new, old in enumerate(stays)}
    of = {
        key: frozenset(number[n] for n in numbers if n in number)
        for key, numbers in known.of.items()
    }
    for key, numbers in found.of.items():
        of[key] = of.get(key, frozenset()) | {n + len(stays) for n in numbers}
    return Reach(
        [known.tests[n] for n in stays] + found.tests,
        [known.seconds[n] for n in stays] + found.seconds,
        of=of,
    )


class _Watch:
    """A pytest plugin: what each test reaches. Tables tell it the rows, coverage the lines."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.found = Reach()
        self.rows: dict[Hashable, set[int]] = {}

    def told(self, row: Hashable) -> None:
        """Note that the test that is running reached a row."""
        self.rows.setdefault(row, set()).add(len(self.found.tests) - 1)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self.found.tests.append(item.nodeid)
        self.coverage.switch_context(str(len(self.found.tests) - 1))
        began = process_time()
        try:
            return (yield)
        finally:
            self.found.seconds.append(process_time() - began)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.found.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.found.failed.append(report.nodeid)


def _run_all(files: list[str]) -> Reach:
    coverage = Coverage(
        data_file=None,
        branch=False,
        config_file=False,
        include=[f"{REPO}/services/*", f"{REPO}/schemas/*"],
    )
    watch = _Watch(coverage)
    serve(*_watched(watch.told))
    coverage.start()
    if not files:
        return watch.found
    ended = pytest.main([*PYTEST, *(str(REPO / file) for file in files)], plugins=[watch])
    coverage.stop()
    found = watch.found
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        found.failed.append(f"pytest ended with {int(ended)}")
    found.of = {row: frozenset(numbers - {-1}) for row, numbers in watch.rows.items()}
    found.of |= _lines(coverage)
    return found


def _lines(coverage: Coverage) -> dict[Hashable, frozenset[int]]:
    """Return for each line, and for each file, the tests that execute it, not by importing it."""
    data = coverage.get_data()
    same: dict[frozenset[int], frozenset[int]] = {}  # many lines are reached by the same tests
    found: dict[Hashable, frozenset[int]] = {}
    for path in data.measured_files():
        file = str(Path(path).relative_to(REPO))
        of_file: set[int] = set()
        for line, contexts in data.contexts_by_lineno(path).items():
            numbers = frozenset(int(each) for each in contexts if each)
            found["line", file, line] = same.setdefault(numbers, numbers)
            of_file |= numbers
        found["file", file] = frozenset(of_file)
    return found


def _watched(told: Callable[[Hashable], None]) -> Iterable[Change]:
    """Return the tables as they are, but telling which of their rows was asked for."""
    yield Change("services.casework.transitions", patch=partial(_watch_steps, told))
    yield Change("services.casework.spans", patch=partial(_watch_spans, told))
    yield Change("services.rulebook.duties", patch=partial(_watch_duties, told))
    yield Change("services.rulebook.clearances", patch=partial(_watch_clearances, told))


class _Row(dict[Any, Any]):
    """A row that tells which of its keys were found."""

    def __init__(self, row: Mapping[Any, Any], tell: Callable[[Any], None]) -> None:
        super().__init__(row)
        self.tell = tell

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value, and tell."""
        if key in self:
            self.tell(key)
        return super().get(key, default)

    def __getitem__(self, key: Any) -> Any:
        """Return the value, and tell."""
        self.tell(key)
        return super().__getitem__(key)


class _Steps(frozenset[Any]):
    """Steps that tell when one of them was asked for."""

    tell: Callable[[Any], None]

    def __contains__(self, step: object) -> bool:
        found = super().__contains__(step)
        if found:
            self.tell(step)
        return found


def _watch_steps(told: Callable[[Hashable], None], names: Names) -> None:
    def row(life: Any, state: Any, steps: Mapping[Any, Any]) -> _Row:
        return _Row(steps, lambda step: told(("step", str(life), str(state), str(step))))

    names["TRANSITIONS"] = MappingProxyType(
        {
            life: MappingProxyType(
                {state: row(life, state, steps) for state, steps in rows.items()}
            )
            for life, rows in names["TRANSITIONS"].items()
        }
    )


def _watch_spans(told: Callable[[Hashable], None], names: Names) -> None:
    replace = names["replace"]

    def watched(kind: str, span: Any) -> Any:
        opened = _Steps(span.opened_by)
        opened.tell = partial(_tell_opening, told, kind)
        closed = _Row(span.closed_by, lambda step: told(("ends", kind, str(step))))
        return replace(span, opened_by=opened, closed_by=closed)

    names["DUTIES"] = MappingProxyType(
        {kind: watched(kind, span) for kind, span in names["DUTIES"].items()}
    )


def _tell_opening(told: Callable[[Hashable], None], kind: str, step: object) -> None:
    told(("opens", kind, str(step)))
    told(("span", kind))


def _watch_duties(told: Callable[[Hashable], None], names: Names) -> None:
    look_up = names["duty_rule"]

    def duty_rule(*args: Any, **kwargs: Any) -> Any:
        found = look_up(*args, **kwargs)
        if found is not None:
            told(
                ("duty", found.kind, found.sector, found.record, found.author and str(found.author))
            )
        return found

    names["duty_rule"] = duty_rule


def _watch_clearances(told: Callable[[Hashable], None], names: Names) -> None:
    look_up = names["clearance"]

    def clearance(*args: Any, **kwargs: Any) -> Any:
        found = look_up(*args, **kwargs)
        if found is not None:
            told(("clearance", str(found.relation), str(found.field_class), found.path))
        return found

    names["clearance"] = clearance
