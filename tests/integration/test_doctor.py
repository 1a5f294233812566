"""`yichuan doctor` on real parts: a sound installation is sound, each planted fault is named."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.clock import monotonic
from deploy.local import processes
from services.cli.doctor import examine
from services.cli.main import main
from services.rulebook.finding import Severity
from tests.doctor_faults import (
    EXCHANGE,
    FAULTS,
    READY_SECONDS_MAX,
    healthy,
    second_writer,
    whole_stack,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, new_home: Any) -> Iterator[Any]:
    """A stack of its own: what is planted in a registry cannot be taken back."""
    made = new_home(tmp_path_factory.mktemp("doctor") / "home")
    with whole_stack(made.home, made.settings):
        yield made


def test_a_sound_installation_has_no_error_and_each_planted_fault_is_named(
    sound: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    home, settings = sound
    command = ["doctor", "--json", "--home", str(home.path)]
    healthy(home, settings)
    assert main(command) == 0
    with second_writer(home):
        found = examine(home, settings)
    assert [s.code for s in found if s.severity is Severity.ERROR] == ["casebook.in_use"]

    for fault in FAULTS:
        fault.plant(home, settings)
    capsys.readouterr()
    assert main(command) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for fault in FAULTS:
        named = [
            line
            for line in lines
            if line["code"] == fault.code and line["where"].startswith(fault.where)
        ]
        assert named, (fault.told, lines)
        assert named[0]["severity"] == "error"
        assert named[0]["remedy_zh"]
        assert named[0]["remedy_en"]
    planted = {fault.code for fault in FAULTS}
    others = [line for line in lines if line["severity"] == "error" and line["code"] not in planted]
    assert others == []
    assert refuses_to_start(home)


def refuses_to_start(home: Any) -> bool:
    """Whether an exchange started on a log that is shorter than its casebook stops, saying so."""
    home.key("bus").chmod(0o600)
    assert main(["topics", "apply", "--home", str(home.path)]) == 0
    argv = (sys.executable, "-m", "services.exchange", "--home", str(home.path))
    started = processes.start(home, EXCHANGE, argv, os.environ)
    until = monotonic() + READY_SECONDS_MAX
    while processes.is_alive(started):
        assert monotonic() < until, "it goes on"
        time.sleep(0.2)
    return "log.shorter copies/1" in started.log.read_text(encoding="utf-8")


def test_a_home_that_is_not_there_and_a_broken_configuration_cannot_be_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json", "--home", str(tmp_path / "none")]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "home.missing"
    (tmp_path / "yichuan.toml").write_text("[kafka]\npartitions = 'many'\n", encoding="utf-8")
    assert main(["doctor", "--json", "--home", str(tmp_path)]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "home.config_invalid"


def test_a_home_where_nothing_runs_is_an_error_with_what_to_do(
    tmp_path: Path, new_home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made = new_home(tmp_path / "home")
    made.home.path.chmod(0o700)
    assert main(["doctor", "--json", "--home", str(made.home.path)]) == 1
    codes = {json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()}
    assert {
        "connector.rulebook_missing",
        "casebook.missing",
        "home.login_missing",
        "registry.ids_missing",
        "part.stopped",
    } <= codes
