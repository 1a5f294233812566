"""The exchange stands still, or is behind: nobody is late because his answer lies undecided."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.casebook.store import Casebook
from services.cli import statistics
from services.cli.main import main
from services.rulebook.load import bundled
from tests.empty_casebook import empty_casebook
from tests.history import HANDLER, MONDAY, SENDER, History, organ
from tests.office import PARTITIONS, Log, run, sent

LATER = MONDAY + timedelta(days=4)  # what the lead asks to be signed for fell due on the second
TOLD = {"open", "overdue", "breached", "kept", "time_to_sign"}


@pytest.fixture
def casebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Casebook]:
    shutil.copytree(bundled("demo"), tmp_path / "rulebook")
    monkeypatch.setattr(statistics, "now", lambda: LATER.astimezone(UTC))
    opened = empty_casebook(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()


def told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[dict[str, int], datetime, str]:
    """The figures of signing by HANDLER, as of when they are, and what is said beside them."""
    words = ["statistics", "--home", str(tmp_path), "--json", "--period", f"{MONDAY:%Y-%m}"]
    assert main(words) == 0
    printed = capsys.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    (until,) = {each["until"] for each in lines}
    found = {
        each["figure"]: each["number"]
        for each in lines
        if (each["organ"], each["detail"]) == (organ(HANDLER), "sign_for") and each["number"]
    }
    return found, datetime.fromisoformat(until), printed.err


def test_what_was_answered_in_time_is_not_late_while_the_answer_lies_undecided(
    casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history, log = History(), Log()
    lead, signed = sent(history, "lead_transfer", SENDER), history.next("signed_for", HANDLER)
    run(casebook, [log.put(lead, MONDAY)])
    waits = log.put(signed, MONDAY + timedelta(hours=2))  # and the exchange is down
    found, until, beside = told(tmp_path, capsys)
    assert found == {"open": 1}
    assert until == MONDAY + timedelta(milliseconds=1)
    assert f"{MONDAY:%Y-%m-%d %H:%M:%S}" in beside
    run(casebook, [waits, *(log.tick(LATER, each) for each in range(PARTITIONS))])
    found, until, beside = told(tmp_path, capsys)
    assert found == {"kept": 1, "time_to_sign": 1}
    assert (until, beside) == (LATER, "")


def test_what_is_behind_in_one_partition_hides_nothing_of_the_others(
    casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history, log = History(), Log()
    lead = log.put(sent(history, "lead_transfer", SENDER), MONDAY)
    others = [each for each in range(PARTITIONS) if each != lead.position.partition]
    run(casebook, [lead, *(log.tick(MONDAY, each) for each in others)])
    run(casebook, [log.tick(LATER, lead.position.partition)])
    found, until, _ = told(tmp_path, capsys)
    assert found == {"open": 1, "overdue": 1, "breached": 1}
    assert until == MONDAY + timedelta(milliseconds=1)
