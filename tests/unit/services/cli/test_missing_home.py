"""Commands that look at an installation, where there is none: they say so, and nothing else."""

import json
from pathlib import Path

import pytest

from services.cli.main import main

LOOKING = [
    ["inbox", "mugang"],
    ["trace", "x"],
    ["resend", "x", "--to", "mugang"],
    ["retention"],
    ["keys", "list"],
    ["keys", "new", "mugang"],
    ["keys", "rotate", "mugang"],
    ["keys", "revoke", "x"],
    ["dead", "list"],
    ["dead", "retry", "x"],
    ["rules", "activate"],
]


def code_of(capsys: pytest.CaptureFixture[str], home: Path, arguments: list[str]) -> str:
    assert main([*arguments, "--home", str(home), "--json"]) == 3
    code: str = json.loads(capsys.readouterr().out)["error"]["code"]
    return code


@pytest.mark.parametrize("arguments", [*LOOKING, ["replay"], ["down"]], ids=" ".join)
def test_without_a_home_it_is_the_home_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert code_of(capsys, tmp_path / "none", arguments) == "home.missing"
    (tmp_path / "file").touch()
    assert code_of(capsys, tmp_path / "file", arguments) == "home.missing"


@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
def test_a_home_that_nothing_was_applied_to_lacks_its_rulebook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert code_of(capsys, tmp_path, arguments) == "connector.rulebook_missing"


def test_the_exchange_does_not_start_without_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for home, code in ((tmp_path / "none", "home.missing"), (tmp_path, "connector.rulebook")):
        assert main(["exchange", "run", "--home", str(home)]) == 3
        assert code in capsys.readouterr().err


def test_in_a_home_where_nothing_runs_down_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["down", "--home", str(tmp_path)]) == 0
    assert "没有正在运行的进程" in capsys.readouterr().out
