"""What a process says of its program, held against the one that is installed."""

import pytest
from prometheus_client import generate_latest

from connectors.bus import metrics
from connectors.bus.build import VERSION, code
from services.casebook.migrate import head
from services.cli import doctor_here, running
from services.cli.doctor_here import part_at
from services.cli.running import Build, build_at, installed
from services.exchange.gauges import tell_rulebooks
from tests.office import office

BEFORE = 'yichuan_build_info{part="exchange",rulebook="ab",version="0.0.9"} 1.0\n'


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What the process answers; the test puts it in."""
    shown: list[str | None] = [None]
    for module in (running, doctor_here):
        monkeypatch.setattr(module, "page", lambda *_: shown[0])
    return shown


def test_an_exchange_tells_version_code_step_and_rulebook(page: list[str | None]) -> None:
    tell_rulebooks("exchange", [office()])
    page[0] = generate_latest(metrics.REGISTRY).decode()
    found = build_at(1)
    assert found == Build(VERSION, code(), head(), office().rulebook.hash)
    assert found.is_installed
    assert part_at("exchange", runs=True, port=1).outdated is None


def test_a_process_of_before_an_upgrade_is_not_the_installed_program(
    page: list[str | None],
) -> None:
    page[0] = "# HELP x\n" + BEFORE
    found = build_at(1)
    assert found == Build("0.0.9", None, None, "ab")
    assert not found.is_installed
    part = part_at("exchange", runs=True, port=1)
    assert part.outdated == f"0.0.9 (-) != {installed()}"
    assert part.rulebook == "ab"


def test_who_does_not_answer_as_one_of_ours_has_no_program(page: list[str | None]) -> None:
    assert build_at(1) is None
    page[0] = "<html>another's page</html>"
    assert build_at(1) is None
    assert part_at("exchange", runs=True, port=1).outdated is None
