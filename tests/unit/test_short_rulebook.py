"""The rulebook of short clocks is a lawful rulebook, and says what it is for."""

from datetime import date
from pathlib import Path

from services.rulebook.finding import Severity
from services.rulebook.lint import lint
from services.rulebook.load import bundled, library_calendar, load, read_files
from services.rulebook.model import RungDays, Unit
from tests.short_rulebook import DUTIES, write_short


def test_every_duty_is_of_minutes_and_every_rung_at_once(tmp_path: Path) -> None:
    short = load(write_short(tmp_path / "short"))
    demo = load(bundled("demo"))
    assert {rule.length.unit for rule in short.duties} == {Unit.MINUTES}
    assert {rule.ladder.rung_days for rule in short.duties} == {RungDays.AT_ONCE}
    assert [rule.length.amount for rule in short.duties] == [
        rule.length.amount for rule in demo.duties
    ]
    assert short.hash != demo.hash
    assert (short.bus, short.rules) == (demo.bus, demo.rules)


def test_it_may_come_into_force_and_says_that_it_is_for_tests(tmp_path: Path) -> None:
    files = read_files(write_short(tmp_path / "short"))
    found = lint(files, library_calendar(), date(2026, 9, 21))
    assert [each.code for each in found if each.severity is Severity.ERROR] == []
    assert files[DUTIES].decode().startswith("# 仅供测试")
