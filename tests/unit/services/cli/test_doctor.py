"""`yichuan doctor`: what is looked at is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.home import Home
from connectors.bus.private import write_private
from services.cli import doctor
from services.cli.doctor import examine
from services.cli.doctor_finding import Symptom, wrong


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked over a network, or of the system, gives one finding, named as who asks."""
    for name in ("ask_broker", "ask_logs", "ask_registry", "ask_certificates", "look_at_host"):

        def asked(*_: Any, name: str = name) -> Iterator[Symptom]:
            yield wrong("kafka.unreachable", name)

        monkeypatch.setattr(doctor, name, asked)


@pytest.mark.usefixtures("nobody_answers")
def test_everything_that_the_bus_rests_on_is_looked_at(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_private(home.config, '[attachments]\nstore = "gone"\n')
    home.path.chmod(0o755)
    found = examine(home, home.settings())
    assert {
        ("file.readable_by_others", str(tmp_path)),
        ("attachment.store_unavailable", "gone"),
        ("connector.rulebook_missing", str(home.rulebook)),
        ("casebook.missing", str(home.casebook)),
        ("kafka.unreachable", "ask_certificates"),
        ("kafka.unreachable", "look_at_host"),
        ("kafka.unreachable", "ask_broker"),
        ("kafka.unreachable", "ask_logs"),
        ("kafka.unreachable", "ask_registry"),
    } <= {(symptom.code, symptom.where) for symptom in found}
