"""The real stack for the integration tests: one a session, on ports and in a home of its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from connectors.bus.home import Home, Settings
from deploy.local import processes
from deploy.local import stack as local_stack
from deploy.local.ports import is_free
from tests.doctor_faults import whole_stack
from tests.prove.chapter import Ground
from tests.prove.stand import Stand

REPOSITORY: Final = Path(__file__).parents[2]
PORTS_OF_A_STACK: Final = 60  # +0 Kafka … +10 registry, +30… metrics
FIRST_BASE: Final = 20_100  # below the ports that the system gives to clients
LAST_BASE: Final = 31_000


class Stack(NamedTuple):
    """A home and its settings; `home.settings()` gives the same in another process."""

    home: Home
    settings: Settings


NewHome = Callable[[Path], Stack]


@pytest.fixture(scope="session")
def new_home() -> NewHome:
    """Return a function that makes a home with free ports of its own at a path."""
    given: set[int] = set()

    def make(path: Path) -> Stack:
        base = _free_base(given)
        given.add(base)
        path.mkdir(parents=True, exist_ok=True)
        home = Home(path)
        text = f"[ports]\nbase = {base}\n[kafka]\nmemory_mb = 384\n[registry]\nmemory_mb = 300\n"
        home.config.write_text(text, encoding="utf-8")
        return Stack(home, home.settings())

    return make


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, new_home: NewHome) -> Iterator[Stack]:
    """Start Kafka and the registry once, and end them after the last test."""
    started = new_home(tmp_path_factory.mktemp("stack") / "home")
    ours: tuple[processes.Process, ...] = ()
    try:
        local_stack.up(started.home, started.settings, print)
        ours = processes.all_recorded(started.home)
        yield started
    finally:
        local_stack.down(started.home, print)
        # When a session stops early, pytest gives its folder free before it ends its fixtures:
        # another session may have removed the folder, and the records in it.
        for process in ours:
            processes.end(process, local_stack.GRACE_SECONDS)


def _free_base(given: set[int]) -> int:
    """Return a port base of which every port is free. Two sessions at once begin elsewhere.

    StopIteration: there is none.
    """
    bases = list(range(FIRST_BASE, LAST_BASE, PORTS_OF_A_STACK))
    first = os.getpid() % len(bases)
    return next(
        base
        for base in bases[first:] + bases[:first]
        if base not in given and all(is_free(base + offset) for offset in range(PORTS_OF_A_STACK))
    )


@pytest.fixture(scope="module")
def own_stand(tmp_path_factory: pytest.TempPathFactory, new_home: NewHome) -> Iterator[Stand]:
    """A stack with its exchange, for one module that does to it what no other should meet."""
    made = new_home(tmp_path_factory.mktemp("own") / "home")
    with whole_stack(made.home, made.settings), ExitStack() as ends:
        ground = Ground(REPOSITORY, tmp_path_factory.mktemp("commands"), ends)
        yield Stand(ground, made.home, made.settings, "")
