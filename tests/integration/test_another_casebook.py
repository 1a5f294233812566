"""Two homes on one real broker, each with its casebook: the second is told, and stays out."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from services.cli.main import main
from tests.doctor_faults import healthy, whole_stack

REPOSITORY: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 90.0
ARGV: Final = (sys.executable, "-m", "services.exchange", "--home")
CODE: Final = "casebook.another"


def test_a_copied_home_does_not_decide_beside_the_first(
    tmp_path: Path, new_home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    home, settings = new_home(tmp_path / "home")
    with whole_stack(home, settings):
        healthy(home, settings)
        copied = tmp_path / "copied"
        shutil.copytree(home.path, copied, ignore=shutil.ignore_patterns("run", "data", "logs"))
        shutil.copytree(home.run, copied / "run", ignore=shutil.ignore_patterns("*.lock"))
        done = subprocess.run(
            (*ARGV, str(copied)),
            cwd=REPOSITORY,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert (done.returncode, CODE in done.stderr) == (3, True), done.stderr
        assert "127.0.0.1" in done.stderr
        assert CODE in told(copied, capsys)
        assert CODE not in told(home.path, capsys)


def told(home: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the codes of the doctor's findings."""
    capsys.readouterr()
    main(["doctor", "--json", "--home", str(home)])
    return {json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()}
