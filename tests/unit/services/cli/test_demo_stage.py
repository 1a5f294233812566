"""What the demo starts: as many exchanges as are configured, and what it never prints."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.bus.home import Home, Settings, home_at
from connectors.bus.sections import CasebookSection, ExchangeSection, PortsSection
from deploy.local import processes, stack
from schemas.errors import UserError
from services.cli import demo, demo_stage, rules_activate, schemas, topics
from services.cli.demo_scenarios import AGENCIES

BASE = 20_000
POSTGRESQL = CasebookSection(url=SecretStr("postgresql://user:secret@host/casebook"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """Return what is started, name → command; nothing runs."""
    found: dict[str, tuple[str, ...]] = {}

    def start(_home: Home, name: str, argv: tuple[str, ...], _env: Any) -> None:
        found[name] = argv

    def nothing(*_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(processes, "start", start)
    monkeypatch.setattr(demo_stage, "_await", nothing)
    commands = ((topics, "apply"), (schemas, "apply"), (rules_activate, "activate"))
    for module, name in ((stack, "up"), *commands):
        monkeypatch.setattr(module, name, nothing)
    return found


def stage(path: Path, workers: int, casebook: CasebookSection) -> tuple[demo_stage.Part, ...]:
    settings = Settings(
        ports=PortsSection(base=BASE),
        casebook=casebook,
        exchange=ExchangeSection(workers=workers),
    )
    return demo_stage.raise_stage(Home(path), settings, lambda _: None)


def test_two_exchanges_are_started_on_postgresql_each_with_its_number_and_port(
    tmp_path: Path, started: dict[str, tuple[str, ...]]
) -> None:
    parts = stage(tmp_path, 2, POSTGRESQL)
    assert [part.name for part in parts[:2]] == ["exchange", "exchange-1"]
    assert started["exchange-1"][-2:] == ("--worker", "1")
    ports = [part.port for part in parts]
    assert ports == list(range(BASE + 30, BASE + 32 + len(AGENCIES)))


def test_two_exchanges_on_sqlite_are_refused_and_nothing_is_started(
    tmp_path: Path, started: dict[str, tuple[str, ...]]
) -> None:
    with pytest.raises(UserError) as raised:
        stage(tmp_path, 2, CasebookSection())
    assert raised.value.code == "exchange.workers_need_postgresql"
    assert started == {}


def test_a_connector_whose_port_has_moved_is_ended_and_one_that_has_not_is_left(
    tmp_path: Path, started: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(processes, "stop", lambda _home, name, _grace: ended.append(name))
    stage(tmp_path, 1, CasebookSection())
    stage(tmp_path, 1, CasebookSection())
    assert ended == []
    stage(tmp_path, 2, POSTGRESQL)
    assert sorted(ended) == sorted(f"connector-{alias}" for alias in AGENCIES)
    assert started


def test_the_exchanges_of_an_earlier_demo_that_are_too_many_now_are_ended(
    tmp_path: Path, started: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = [
        processes.Process(name, 1, 0.0, (), tmp_path)
        for name in ("exchange", "exchange-1", "kafka")
    ]
    ended: list[str] = []
    monkeypatch.setattr(processes, "all_recorded", lambda _home: recorded)
    monkeypatch.setattr(processes, "stop", lambda _home, name, _grace: ended.append(name))
    stage(tmp_path, 1, CasebookSection())
    assert ended == ["exchange-1"]
    assert started


def test_the_command_that_is_printed_holds_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("YICHUAN_CASEBOOK__URL", "YICHUAN_LANGDAI_DATABASE_URL"):
        monkeypatch.setenv(name, "postgresql://user:secret@host/casebook")
    monkeypatch.setenv("YICHUAN_PORTS__BASE", "20000")
    printed = demo._command(Home(tmp_path))
    assert "secret" not in printed
    assert "YICHUAN_PORTS__BASE=20000" in printed
    assert "YICHUAN_CASEBOOK__URL=…" in printed


def test_the_demo_says_how_make_stops_this_one_and_not_the_default_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`make down` alone would end what runs in the default home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("YICHUAN_HOME", raising=False)
    assert demo._calls(home_at()).make_down == "make down"
    second = Home(tmp_path / "second one")
    assert demo._calls(second).make_down == f"make down 'YICHUAN_HOME={second.path}'"
    monkeypatch.setenv("YICHUAN_PORTS__BASE", "21000")
    assert demo._calls(second).make_down.endswith(" PORT_BASE=21000")
