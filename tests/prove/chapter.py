"""What a chapter of the proof is made of: promises as data, checks as functions, JSON results."""

import json
import os
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from tests.postgresql import Server

REPO: Final = Path(__file__).resolve().parents[2]
PROMISES: Final = Path(__file__).with_name("promises.toml")
OUTPUT_TAIL_CHARACTERS: Final = 2000  # of a failed command, shown with the failure
_OF_MAKE: Final = {
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
}  # of the `make prove` around


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of what was promised."""

    id: str
    text: str
    is_long: bool


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Where checks run. What one check starts for several (a demo) is ended through `ends`.

    Hashable by identity, so that `functools.cache` on a function of it makes a shared stand once.
    """

    repo: Path
    scratch: Path  # removed at the end of the run
    ends: ExitStack
    server: Server | None = None  # where stands keep their casebooks; None: SQLite in the home
    brokers: int = 1  # of a stand under fire

    def command(
        self,
        *argv: str | Path,
        seconds_max: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        exit_code: int = 0,
    ) -> str:
        """Run to its end and return stdout; AssertionError when it exits with another code.

        `env` is laid over the environment. Output goes through files: what the command leaves
        running may keep them open, a pipe would be waited for.
        """
        surroundings = {key: value for key, value in os.environ.items() if key not in _OF_MAKE}
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            done = subprocess.run(
                [str(part) for part in argv],
                cwd=cwd or self.repo,
                env={**surroundings, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=seconds_max,
                check=False,
            )
            out.seek(0)
            err.seek(0)
            printed, complained = out.read(), err.read()
        if done.returncode != exit_code:
            tail = (printed + complained)[-OUTPUT_TAIL_CHARACTERS:]
            message = f"{argv[0]} exited {done.returncode}, not {exit_code}: {tail}"
            raise AssertionError(message)
        return printed


@dataclass(frozen=True, slots=True)
class Check:
    """How a promise is shown: returns the figure, or raises AssertionError saying what was seen."""

    id: str
    run: Callable[[Ground], str]


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found, as committed in tests/proof/<chapter>.json."""

    promise: str
    result: str  # PASS or FAIL
    figure: str
    seconds: float
    when: str  # RFC 3339
    commit: str
    cores: int


def forget_settings() -> None:
    """Take the caller's settings away: each stand has its own; a proof is of those."""
    for name in tuple(os.environ):
        if name.startswith("YICHUAN_") and name != "YICHUAN_CACHE":
            del os.environ[name]


def promises_of(chapter: str) -> dict[str, Promise]:
    """Return the chapter's promises in their order; KeyError when there is no such chapter."""
    table = tomllib.loads(PROMISES.read_text(encoding="utf-8"))[chapter]
    return {
        id_: Promise(id_, entry["promise"], is_long=entry.get("long", False))
        for id_, entry in table.items()
    }


def unmatched(promises: Mapping[str, Promise], checks: tuple[Check, ...]) -> list[str]:
    """Return what is wrong between promises and checks; empty when each has exactly one."""
    ids = [check.id for check in checks]
    return [
        *(f"{id_}: promised, but has no check" for id_ in promises if id_ not in ids),
        *(f"{id_}: a check without a promise" for id_ in ids if id_ not in promises),
        *(f"{id_}: more than one check" for id_ in sorted(set(ids)) if ids.count(id_) > 1),
    ]


def read_results(path: Path) -> dict[str, Result]:
    """Return earlier results by promise; none when the file does not exist."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    return {id_: Result(**entry) for id_, entry in document.items()}


def write_results(
    path: Path, promises: Mapping[str, Promise], results: Mapping[str, Result]
) -> None:
    """Write the results in the order of the promises."""
    document = {id_: asdict(results[id_]) for id_ in promises if id_ in results}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
