"""`yichuan status` shows the exchanges that run here, whoever started them."""

import json
from pathlib import Path

import pytest

from deploy.local.ports import Holder
from services.cli import stack
from services.cli.main import main

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
    assert main(["status", "--json", "--home", str(tmp_path)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    exchanges = [(one["name"], one["pid"], one["port"]) for one in shown if one["pid"]]
    assert exchanges == [("exchange", 30, 20_030), ("exchange-2", 32, 20_032)]
