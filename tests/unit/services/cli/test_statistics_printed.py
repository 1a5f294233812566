"""What `yichuan statistics` prints, as an official reads it."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from services.cli.main import main
from services.cli.statistics import _print_figures
from services.cli.statistics_figures import figures
from services.cli.statistics_items import Item, Period
from services.rulebook.calendar import ZONE
from services.rulebook.load import bundled
from tests.empty_casebook import empty_casebook
from tests.history import MONDAY, SENDER, History, demo
from tests.office import PARTITIONS, Log, run, sent

OCTOBER = datetime(2026, 10, 1, tzinfo=ZONE)


def test_what_fell_due_at_24_00_is_printed_as_of_that_day_and_each_share_says_of_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bundled("demo"), tmp_path / "rulebook")
    casebook = empty_casebook(tmp_path / "casebook.sqlite")
    history, log = History(), Log()
    run(casebook, [log.put(sent(history, "lead_transfer", SENDER), MONDAY)])
    home = ["--home", str(tmp_path), "--period", f"{MONDAY:%Y-%m}"]
    assert main(["statistics", *home]) == 0
    assert f"截至 {MONDAY:%Y-%m-%d %H:%M:%S}" in capsys.readouterr().out  # no more is decided
    ticks = [log.tick(OCTOBER, each) for each in range(PARTITIONS)]
    run(casebook, ticks)
    casebook.close()
    assert main(["statistics", *home, "--list", "breached"]) == 0
    assert "2026-09-22 24:00" in capsys.readouterr().out
    assert main(["statistics", *home, "--list", "open"]) == 0
    assert f"{MONDAY:%Y-%m-%d} 10:00:00" in capsys.readouterr().out
    assert main(["statistics", *home]) == 0
    printed = capsys.readouterr()
    assert "截至 2026-09-30 24:00" in printed.out
    assert "按期完成的占按期完成与逾期之和" in printed.err


@pytest.mark.parametrize(
    ("kept", "breached", "shown"),
    [
        (2_999, 1, ">99.9%"),
        (1, 2_999, "<0.1%"),
        (999, 1, "99.9%"),
        (1, 999, "0.1%"),
        (2, 1, "66.7%"),
        (1, 0, "100.0%"),
        (0, 1, "0.0%"),
    ],
)
def test_one_breach_of_thousands_is_not_rounded_away(
    kept: int, breached: int, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [Item("kept", "a", "", "c", "m", OCTOBER)] * kept
    items += [Item("breached", "a", "", "c", "m", OCTOBER)] * breached
    period = Period(OCTOBER.date(), OCTOBER.date(), OCTOBER)
    _print_figures(list(figures(items)), demo().directory, period)
    (row, *_) = (line for line in capsys.readouterr().out.splitlines() if "按期完成" in line)
    assert row.split()[-1] == shown
