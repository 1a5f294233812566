"""What `yichuan statistics` prints, as an official reads it."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from services.cli.main import main
from services.rulebook.calendar import ZONE
from services.rulebook.load import bundled
from tests.empty_casebook import empty_casebook
from tests.history import MONDAY, SENDER, History
from tests.office import PARTITIONS, Log, run, sent

OCTOBER = datetime(2026, 10, 1, tzinfo=ZONE)


def test_what_fell_due_at_24_00_is_printed_as_of_that_day_and_each_share_says_of_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bundled("demo"), tmp_path / "rulebook")
    casebook = empty_casebook(tmp_path / "casebook.sqlite")
    history, log = History(), Log()
    run(casebook, [log.put(sent(history, "lead_transfer", SENDER), MONDAY)])
    ticks = [log.tick(OCTOBER, each) for each in range(PARTITIONS)]
    run(casebook, ticks)
    casebook.close()
    home = ["--home", str(tmp_path), "--period", f"{MONDAY:%Y-%m}"]
    assert main(["statistics", *home, "--list", "breached"]) == 0
    assert "2026-09-22 24:00" in capsys.readouterr().out
    assert main(["statistics", *home, "--list", "open"]) == 0
    assert f"{MONDAY:%Y-%m-%d} 10:00:00" in capsys.readouterr().out
    assert main(["statistics", *home]) == 0
    printed = capsys.readouterr()
    assert "截至 2026-09-30 24:00" in printed.out
    assert "按期完成的占按期完成与逾期之和" in printed.err
