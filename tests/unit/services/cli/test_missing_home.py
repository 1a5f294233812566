"""Commands that look at an installation, where there is none: they say so, and nothing else."""

import errno
import json
import os
from pathlib import Path
from typing import NoReturn

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


def closed(path: Path, *_: object, **__: object) -> NoReturn:
    """What another account gets; root, which may run these tests, reads everything."""
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@pytest.mark.parametrize("given", ["--home", "YICHUAN_HOME"])
def test_a_home_of_another_account_is_told_the_same_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(Path, "read_bytes", closed)
    monkeypatch.setenv("YICHUAN_HOME", str(tmp_path))
    option = ["--home", str(tmp_path)] if given == "--home" else []
    assert main(["status", *option, "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["where"]) == ("host.refuses", str(tmp_path / "yichuan.toml"))


@pytest.mark.parametrize("verb", ["run", "doctor"])
def test_a_connectors_file_of_another_account_is_no_fault_of_a_key_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    file = tmp_path / "connector.toml"
    file.touch()
    monkeypatch.setattr(Path, "open", closed)
    assert main(["connector", verb, str(file)]) == 3
    assert (
        f"host.refuses: 本机不准读写所示文件，或者磁盘已满、只读 ({file}" in capsys.readouterr().err
    )
