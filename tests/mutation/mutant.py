"""What a mutant is: one thing in the product that is not as it was, and what became of it."""

import ast
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Names = dict[str, Any]  # of a module, when it has been executed


class Group(StrEnum):
    """Where the mutant is."""

    TRANSITIONS = "transitions"  # a row of services/casework/transitions.py
    SPANS = "spans"  # an entry of services/casework/spans.py: what opens and ends a duty
    DUTIES = "duties"  # a rule of the demo's duties.toml
    CLEARANCES = "clearances"  # a row of the demo's clearances.csv
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Change:
    """How a module is not as it was: another source, or names replaced as soon as they are there.

    The file is left alone: who imports the module gets it so, in this process.
    """

    module: str
    tree: Callable[[], ast.Module] | None = None
    patch: Callable[[Names], None] | None = None


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant. What it is called by is stable: no line numbers."""

    group: Group
    file: str  # in the repository
    within: str  # the function, or the row
    was: str
    now: str
    change: Change
    reached_by: tuple[Hashable, ...]  # lines or rows; a test that reaches none cannot kill it
    first: tuple[str, ...] = ()  # files of tests that are most likely to kill it

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tests/mutation/survivors.toml calls it by."""
        return self.file, self.within, self.was, self.now

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.group} {self.file} [{self.within}] {self.was} -> {self.now or '(nothing)'}"


class Fate(StrEnum):
    """What became of it."""

    KILLED = "killed"  # a test failed
    UNFIT = "unfit"  # it cannot even be imported: killed
    ENDLESS = "endless"  # more CPU than any test needs: killed
    SURVIVED = "survived"
    UNREACHED = "unreached"  # no test even gets there: it survives
    BROKEN = "broken"  # pytest failed, not a test: that is no kill


ALIVE = frozenset({Fate.SURVIVED, Fate.UNREACHED, Fate.BROKEN})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant, and by which test."""

    mutant: Mutant
    fate: Fate
    by: str = ""

    @property
    def is_killed(self) -> bool:
        """Whether something noticed it."""
        return self.fate not in ALIVE
