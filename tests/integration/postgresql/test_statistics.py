"""`yichuan statistics` gives the same figures of the same histories, whichever database has them.

A few rows are fetched at a time, so that cases are read while decisions are still coming.
"""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from schemas.messages import Message
from services.casebook.store import Casebook, open_sqlite
from services.cli import statistics_read
from services.cli.main import main
from services.cli.statistics_figures import FIGURES
from services.rulebook.load import bundled
from tests.history import (
    FAILED,
    HANDLER,
    MONDAY,
    NOBODYS,
    PARTICIPANT,
    SENDER,
    SUPERIOR,
    History,
    organ,
    violation,
)
from tests.office import Log, open_at, run, sent

ROWS_AT_ONCE: Final = 3
TIMES: Final = 4  # each way is gone: more cases than are fetched at once
Way = list[tuple[str, str, dict[str, Any]]]
_RECEIVED: Final[Way] = [("lead_transfer", SENDER, {}), ("signed_for", HANDLER, {})]
_DISPUTED: Final[Way] = [*_RECEIVED, ("objection", HANDLER, {})]
_FOUND: Final = {"found_at": (MONDAY - timedelta(hours=5)).isoformat()}
WAYS: Final[list[Way]] = [
    [*_RECEIVED, ("filing_reply", HANDLER, {}), ("outcome_feedback", HANDLER, {})],
    [
        *_DISPUTED,
        ("negotiation_result", HANDLER, FAILED),
        ("designation_request", HANDLER, {}),
        ("designation", SUPERIOR, {"designee": organ(HANDLER)}),
    ],
    [("violation_notice", SENDER, _FOUND), ("signed_for", HANDLER, {})],
    [("violation_notice", SENDER, {**_FOUND, "violation": violation(matter=NOBODYS)})],
    [("violation_notice", SENDER, {"dissuasion": None})],
    [("joint_plan", SENDER, {}), ("joint_plan_answer", PARTICIPANT, {})],
]


@pytest.fixture
def server_s(nowhere: str) -> Iterator[Casebook]:
    opened = open_at(nowhere)
    yield opened
    opened.close()


def gone() -> Iterator[list[Message]]:
    """The messages of a case of each way, again and again, each with a number of its own."""
    for number, way in enumerate(WAYS * TIMES):
        history = History(count=100 * number)
        messages = []
        for step, (record, sender, changes) in enumerate(way):
            own = {"envelope": {"document_number": f"统〔2026〕{100 * number + step + 1}号"}}
            messages.append(sent(history, record, sender, **changes, **own))
        yield messages


def live(casebook: Casebook) -> None:
    log = Log()
    for messages in gone():
        for hour, each in enumerate(messages):
            run(casebook, [log.put(each, MONDAY + timedelta(hours=hour))])


def home(path: Path, config: str = "") -> str:
    path.mkdir()
    shutil.copytree(bundled("demo"), path / "rulebook")
    (path / "yichuan.toml").write_text(config, encoding="utf-8")
    (path / "yichuan.toml").chmod(0o600)
    return str(path)


def test_the_figures_and_their_items_are_those_of_sqlite(
    server_s: Casebook,
    nowhere: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("CASES_AT_ONCE", "DECISIONS_AT_ONCE"):
        monkeypatch.setattr(statistics_read, name, ROWS_AT_ONCE)
    monkeypatch.setattr(statistics_read, "CASES_REMEMBERED_MAX", 1)
    on_server = home(tmp_path / "server", f'[casebook]\nurl = "{nowhere}"\n')
    in_file = home(tmp_path / "file")
    of_file = open_sqlite(tmp_path / "file" / "casebook.sqlite")
    for casebook in (server_s, of_file):
        live(casebook)
    of_file.close()

    def told(place: str, *options: str) -> list[str]:
        words = ["statistics", "--home", place, "--json", "--period", f"{MONDAY:%Y}", *options]
        assert main(words) == 0
        return capsys.readouterr().out.splitlines()

    figures = told(on_server)
    assert figures == told(in_file)
    told_of = {name for name in FIGURES if told(on_server, "--list", name)}
    assert told_of >= {"time_to_close", "referred", "notify_delay", "refused", "held", "disputed"}
    for name in FIGURES:
        assert told(on_server, "--list", name) == told(in_file, "--list", name)
