"""A process of its own for each question: forked from one that has imported no product code.

What it breaks, allocates or never ends stays in it, and the fork saves the seconds in which pytest
and the libraries are imported.
"""

import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import hypothesis
import pytest

from tests.mutation.mutant import Fate
from tests.mutation.served import REPO

T = TypeVar("T")

CPU_SECONDS_MAX: Final = 60  # of one mutant; the slowest test takes under ten
MEMORY_BYTES_MAX: Final = 4 * 1024**3  # of address space: what grows without end is ended too
EXAMPLES: Final = 15  # of a property that names no number of its own
PYTEST: Final = (
    *("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-o", "timeout=0"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # the libraries are imported already
    *("--rootdir", str(REPO), "-c", str(REPO / "pyproject.toml")),
)
_ERRORS: Final = os.dup(2)  # a child's own output goes nowhere; why it broke is told here
_READ_BYTES: Final = 1 << 16


def warm() -> None:
    """Import what tests and product need of others, so that no child has to."""
    import aiohttp  # noqa: F401, PLC0415 - that it is imported is what it is for
    import alembic.command  # noqa: F401, PLC0415
    import confluent_kafka.admin  # noqa: F401, PLC0415
    import coverage  # noqa: F401, PLC0415
    import cryptography.hazmat.primitives.asymmetric.ec  # noqa: F401, PLC0415
    import fastavro  # noqa: F401, PLC0415
    import joserfc.jws  # noqa: F401, PLC0415
    import prometheus_client  # noqa: F401, PLC0415
    import pydantic_settings  # noqa: F401, PLC0415
    import rich.console  # noqa: F401, PLC0415
    import sqlalchemy  # noqa: F401, PLC0415
    import typer  # noqa: F401, PLC0415
    import yaml  # noqa: F401, PLC0415

    hypothesis.settings.register_profile(
        "mutation", derandomize=True, max_examples=EXAMPLES, database=None, deadline=None
    )
    hypothesis.settings.load_profile("mutation")


@dataclass(frozen=True, slots=True)
class Child:
    """A forked process that will say something and end."""

    pid: int
    pipe: int

    def heard(self) -> tuple[Any, int]:
        """Wait for its end; return what it said (None: nothing) and how it ended, as os.wait."""
        said = b"".join(_all_of(self.pipe))
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        return (pickle.loads(said) if said else None), status  # noqa: S301 - our own child said it


def _all_of(pipe: int) -> Iterator[bytes]:
    while chunk := os.read(pipe, _READ_BYTES):
        yield chunk


def start(work: Callable[[], Any], *, is_limited: bool = True) -> Child:
    """Fork a process that does the work, silently, and says what came of it."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    code = 1
    try:
        os.close(reading)
        _silence()
        if is_limited:
            _limit()
        said = pickle.dumps(work())
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(said)
        code = 0
    except BaseException:  # noqa: BLE001 - told before the process ends here
        os.write(_ERRORS, traceback.format_exc().encode())
    finally:
        os._exit(code)


def ask(work: Callable[[], T]) -> T:
    """Do the work in a process of its own and return what came of it."""
    return ask_all([work])[0]


def ask_all(works: Iterable[Callable[[], T]]) -> list[T]:
    """Do each work in a process of its own, all at once, and return what came of them."""
    found: list[T] = []
    for child in [start(work, is_limited=False) for work in works]:
        said, status = child.heard()
        if status:
            message = f"a child ended with {os.waitstatus_to_exitcode(status)}"
            raise RuntimeError(message)
        found.append(said)
    return found


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))


@dataclass(eq=False, slots=True)
class _Asked:
    """A pytest plugin: these tests, in this order; it notes what failed first."""

    tests: list[str]
    failed: str = ""
    passed: int = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that were asked for."""
        rank = {test: number for number, test in enumerate(self.tests)}
        asked = [item for item in items if item.nodeid in rank]
        items[:] = sorted(asked, key=lambda item: rank[item.nodeid])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot even be imported."""
        if report.failed:
            self.failed = self.failed or f"{report.nodeid} (not even collected)"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the first failure."""
        if report.failed:
            self.failed = self.failed or report.nodeid
        elif report.when == "call":
            self.passed += 1


def run_tests(tests: Iterable[str]) -> tuple[str, int, int]:
    """Run these tests here until one fails: the test, how many passed, how pytest ended."""
    asked = _Asked(list(tests))
    files = list(dict.fromkeys(str(REPO / test.split("::")[0]) for test in asked.tests))
    ended = pytest.main([*PYTEST, "-x", *files], plugins=[asked])
    return asked.failed, asked.passed, int(ended)


def fate_of(said: tuple[str, int, int] | None, status: int) -> tuple[Fate, str]:
    """Return what became of the mutant that a child ran the tests on."""
    if said is None:
        ended = os.waitstatus_to_exitcode(status)
        if ended in (-signal.SIGXCPU, -signal.SIGKILL):
            return Fate.ENDLESS, f"over {CPU_SECONDS_MAX} s of CPU"
        return Fate.UNFIT, f"ended with {ended}"
    failed, _, ended = said
    if ended == pytest.ExitCode.OK:
        return Fate.SURVIVED, ""
    if ended == pytest.ExitCode.TESTS_FAILED:
        return Fate.KILLED, failed
    if ended == pytest.ExitCode.INTERNAL_ERROR:
        return Fate.BROKEN, "pytest itself failed"
    return Fate.UNFIT, failed or f"pytest ended with {ended}"
