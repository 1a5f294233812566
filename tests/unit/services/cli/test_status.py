"""`yichuan status` shows the exchanges that run here, whoever started them."""

import json
from pathlib import Path

import pytest

from deploy.local import stack as local_stack
from deploy.local.ports import Holder
from services.cli import stack
from services.cli.main import main
from services.cli.running import Build, installed

CONFIG = """
[casebook]
url = "postgresql://host/casebook"
[exchange]
workers = 3
[ports]
base = 20000
"""


def test_exchanges_that_a_supervisor_started_are_shown_by_their_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "yichuan.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setattr(stack, "is_free", lambda port: port == 20_031)
    monkeypatch.setattr(stack, "holder", lambda port: Holder(port - 20_000, "python"))
    monkeypatch.setattr(stack, "build_at", lambda _: None)
    assert main(["status", "--json", "--home", str(tmp_path)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    exchanges = [(one["name"], one["pid"], one["port"]) for one in shown if one["pid"]]
    assert exchanges == [("exchange", 30, 20_030), ("exchange-2", 32, 20_032)]


@pytest.mark.parametrize(
    ("program", "build"),
    [("java", None), ("yichuan", Build("0.1.0", "c0de"))],
    ids=["broker", "connector"],
)
def test_what_another_stack_has_at_the_port_is_no_exchange_of_ours(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
    build: Build | None,
) -> None:
    (tmp_path / "yichuan.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setattr(stack, "is_free", lambda _: False)
    monkeypatch.setattr(stack, "holder", lambda _: Holder(7, program))
    monkeypatch.setattr(stack, "build_at", lambda _: build)
    assert main(["status", "--json", "--home", str(tmp_path)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["name"] for one in shown] == ["kafka", "registry"]


def test_the_version_of_each_process_is_shown_and_which_one_an_upgrade_forgot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "yichuan.toml").write_text(CONFIG, encoding="utf-8")
    builds = {20_030: installed(), 20_032: Build("0.0.9", None, "0007")}
    monkeypatch.setattr(stack, "is_free", lambda port: port == 20_031)
    monkeypatch.setattr(stack, "holder", lambda port: Holder(port - 20_000, "python"))
    monkeypatch.setattr(stack, "build_at", builds.__getitem__)
    home = ["--home", str(tmp_path)]
    assert main(["status", "--json", *home]) == 0
    shown = {one["name"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    keys = ("version", "casebook_step", "outdated")
    ours = installed()
    assert [shown["exchange"][key] for key in keys] == [ours.version, ours.casebook_step, False]
    assert [shown["exchange-2"][key] for key in keys] == ["0.0.9", "0007", True]
    assert [shown["kafka"][key] for key in keys[1:]] == [None, None]
    assert main(["status", *home]) == 0
    printed = capsys.readouterr()
    assert "0.0.9，账本 0007，不是现装的" in printed.out
    assert printed.err.rstrip().endswith("请重新启动：exchange-2")


def test_who_interrupts_up_is_told_that_what_was_started_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(local_stack, "up", interrupted)
    assert main(["up", "--home", str(tmp_path)]) == 130
    assert "yichuan down 停止" in capsys.readouterr().err
