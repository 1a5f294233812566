"""Takes a rule out of a copy of the product and runs the test that is to miss it.

The copy is the tree as git has it; what is taken away is edited in the copy's own files, as
anybody would edit them, and put back afterwards. Run against it: pytest, in a process of its own.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.tree import REPO, tracked
from tests.law.carriers import carrier
from tests.law.rows import Row

_PASSED: Final = 0
_FAILED: Final = 1


@dataclass(frozen=True, slots=True)
class Copy:
    """The tree in another folder, and the process that runs tests there."""

    root: Path
    process: subprocess.Popen[str]

    def run(self, tests: Iterable[str], *, write: bool = False) -> tuple[int, str]:
        """Run the tests against the copy and return pytest's exit code with what it said.

        `write`: keep the bytecode. Of an edited file it would stay.
        """
        asked, told = self.process.stdin, self.process.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps({"tests": list(tests), "write": write}) + "\n")
        asked.flush()
        code, said = json.loads(told.readline())
        return code, said

    def put(self, files: Mapping[str, str]) -> None:
        """Write these files."""
        for path, text in files.items():
            (self.root / path).write_text(text, encoding="utf-8")

    def put_back(self, paths: Iterable[str]) -> None:
        """Write the files as they are, with their times: their bytecode is good again."""
        for path in paths:
            shutil.copy2(REPO / path, self.root / path)


@contextmanager
def copied(root: Path) -> Iterator[Copy]:
    """Yield a copy of the tree in the folder."""
    for path in tracked():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPO / path, target)
    argv = [sys.executable, str(REPO / "tests" / "law" / "stage.py")]
    with subprocess.Popen(
        argv, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Copy(root, process)
        assert process.stdin is not None
        process.stdin.close()


def missed(copy: Copy, row: Row) -> str | None:
    """Take the row's carrier away; None: the test fails without it. Else what it did instead.

    An error while collecting is no failure of the test: what was taken was then more than the rule.
    """
    without = carrier(row.carrier).without
    copy.put(without)
    try:
        code, said = copy.run([row.test])
    finally:
        copy.put_back(without)
    if code == _PASSED:
        return f"{row.sentence}: {row.test} passes without {row.carrier}"
    if code != _FAILED or "\nFAILED " not in said or "\nERROR " in said:
        return f"{row.sentence}: {row.test} without {row.carrier} ends with {code}: {said[-600:]}"
    return None


def failing(copy: Copy, rows: Iterable[Row]) -> str | None:
    """Run every named test with all rules in place; None: they pass. Else what was said."""
    tests = sorted({row.test for row in rows})
    code, said = copy.run(tests, write=True)
    return None if code == _PASSED else said[-2000:]
