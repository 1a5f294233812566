import os
from pathlib import Path

import pytest

from connectors.bus.home import Home, Settings
from connectors.bus.sections import KafkaSection, PortsSection, RegistrySection
from deploy.local import processes, stack, status
from deploy.local.wording import say
from schemas.errors import UserError


def given_cluster() -> Settings:
    return Settings(
        kafka=KafkaSection(bootstrap="kafka.example:9094,second.example:9094"),
        registry=RegistrySection(url="https://registry.example/apis/ccompat/v7"),
    )


def test_with_a_given_cluster_there_is_nothing_to_start(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        stack.up(Home(tmp_path / "home"), given_cluster(), print)
    assert refused.value.code == "stack.external"
    assert not (tmp_path / "home").exists()


def test_the_status_of_a_given_cluster_says_whether_it_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, int]] = []

    def answers(host: str, port: int) -> bool:
        asked.append((host, port))
        return host == "registry.example"

    monkeypatch.setattr(status, "answers", answers)
    kafka, registry = status.status(Home(tmp_path), given_cluster())
    assert asked == [("kafka.example", 9094), ("registry.example", 443)]
    assert (kafka.local, kafka.running, kafka.pid) == (False, False, None)
    assert (registry.local, registry.running) == (False, True)


def test_a_stack_on_ports_of_its_own_is_found_by_its_home_while_it_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`status` showed the default ports, and `doctor` found errors where there were none."""
    home = Home(tmp_path)
    monkeypatch.setattr(stack, "_components", lambda *_: [])
    monkeypatch.setattr(stack, "_await", lambda *_: None)
    monkeypatch.setenv("YICHUAN_PORTS__BASE", "21000")
    stack.up(home, home.settings(), print)
    monkeypatch.delenv("YICHUAN_PORTS__BASE")
    assert home.settings().bootstrap == "127.0.0.1:21000"
    kafka, registry = status.status(home, home.settings())
    assert (kafka.port, registry.port) == (21_000, 21_010)
    home.config.write_text("[ports]\nbase = 22000\n", encoding="utf-8")
    assert home.settings().ports.base == 22_000  # what is configured wins
    home.config.unlink()
    stack.down(home, print)
    assert home.settings().ports == PortsSection()


def test_of_a_stack_that_is_down_no_port_is_shown(tmp_path: Path) -> None:
    """They were the default ones, which another home's stack may have."""
    home = Home(tmp_path)
    shown = status.status(home, home.settings())
    assert [(one.running, one.port, one.address) for one in shown] == [(False, None, "")] * 2


def test_of_a_stack_whose_ports_nobody_noted_those_are_shown_on_which_it_listens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    up = processes.Process("kafka", os.getpid(), 0.0, (), tmp_path)
    monkeypatch.setattr(processes, "running", lambda *_: up)
    monkeypatch.setattr(status, "listening_ports", lambda _: (21_000, 21_001))
    kafka, _ = status.status(home, home.settings())
    assert (kafka.port, kafka.address, kafka.listening) == (21_000, "127.0.0.1:21000", True)
    monkeypatch.setattr(status, "listening_ports", lambda _: ())  # it has only just begun
    kafka, _ = status.status(home, home.settings())
    assert (kafka.port, kafka.address, kafka.listening) == (None, "", False)


def test_down_in_an_empty_home_is_harmless(tmp_path: Path) -> None:
    assert stack.down(Home(tmp_path / "home"), print) == ()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("language", "text"), [("zh", "好"), ("", "好"), ("en", "good")])
def test_progress_is_in_the_language_asked_for(
    monkeypatch: pytest.MonkeyPatch, language: str, text: str
) -> None:
    monkeypatch.setenv("YICHUAN_LANG", language)
    assert say("好", "good") == text
