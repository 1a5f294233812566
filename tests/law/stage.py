"""Run as a script in a copy of the tree: runs one named test after another, each in a fork.

It has what the tests import from elsewhere in memory already, and nothing of ours: each fork reads
the product as the copy holds it at that moment. A line of JSON in, {"tests": […], "write": false};
a line out, [exit code of pytest, what it said].
"""

import contextlib
import faulthandler
import importlib
import io
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_KNOWN: Final = (
    "chinese_calendar",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization",
    "fastavro",
    "hypothesis.strategies",
    "pydantic",
    "pytest",
    "sqlalchemy",
    "stdnum.cn.uscc",
    "typer",
    "yaml",
)
SECONDS_MAX: Final = 900  # of one run: every named test once, on a loaded machine
_KNOWN_BEFORE: Final = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
_OPTIONS: Final = ("-q", "--tb=line", "-rfE", "-p", "no:cacheprovider", "-W", _KNOWN_BEFORE)


def _play(tests: list[str], said: Path, *, write: bool) -> int:
    """Run the tests here, in a fork, and return pytest's exit code."""
    import pytest  # noqa: PLC0415 - known to the parent

    sys.dont_write_bytecode = not write
    more = () if write else ("-x", "-p", "no:randomly")
    with (
        said.open("w", encoding="utf-8") as out,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        return int(pytest.main([*_OPTIONS, *more, *tests]))


def _one(tests: list[str], *, write: bool) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        child = os.fork()
        if child == 0:
            code = 70  # not one of pytest's
            try:
                faulthandler.dump_traceback_later(SECONDS_MAX, exit=True)
                code = _play(tests, said, write=write)
            except Exception:  # noqa: BLE001 - told, whatever it is: there is nobody above
                said.write_text(traceback.format_exc(), encoding="utf-8")
            finally:
                os._exit(code)  # nothing of the parent's is closed twice
        _, status = os.waitpid(child, 0)
        told = said.read_text(encoding="utf-8", errors="replace") if said.exists() else ""
        return os.waitstatus_to_exitcode(status), told


def _serve(lines: Iterable[str], answer: io.TextIOBase) -> None:
    for line in lines:
        asked = json.loads(line)
        answer.write(json.dumps(_one(asked["tests"], write=asked["write"])) + "\n")
        answer.flush()


if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())  # not the folder of this script
    for known in _KNOWN:
        importlib.import_module(known)
    _serve(sys.stdin, sys.stdout)  # type: ignore[arg-type] # a text stream
