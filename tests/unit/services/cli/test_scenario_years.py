"""Which years of guidance `yichuan simulate` plays: those of the scenario, and no others."""

import json
from datetime import date
from pathlib import Path

import pytest

from services.cli.main import main
from services.cli.scenario import Scenario, read_scenario
from services.cli.scenario_years import years_played
from tests.history import demo, organ
from tests.scenario import play

HEAD = "rulebook: demo\nstart: 2026-09-28T09:00\n"
RECORD = (
    "  - {at: 2026-09-28T10:00, from: liuzhi-cgj, send: guidance_record, label: g,"
    " body: {envelope: {addressees: [langdai, nobody-at-all]}}}\n"
)


def scenario(text: str, folder: Path) -> Scenario:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path)


def test_those_of_its_records_and_those_that_it_names_are_played(tmp_path: Path) -> None:
    text = f"{HEAD}guidance: [[liuzhi-nyj, yanjiao]]\nsteps:\n{RECORD}"
    assert years_played(scenario(text, tmp_path), demo().directory) == {
        (organ("liuzhi-nyj"), organ("yanjiao")),
        (organ("liuzhi-cgj"), organ("langdai")),
    }


def test_a_record_that_names_nobody_is_for_whom_its_example_names(tmp_path: Path) -> None:
    text = f"{HEAD}steps:\n  - {{at: 2026-09-28T10:00, from: liuzhi-cgj, send: guidance_record}}\n"
    assert years_played(scenario(text, tmp_path), demo().directory) == {
        (organ("liuzhi-cgj"), organ("yanjiao"))
    }
    nobody = text.replace("from: liuzhi-cgj", "from: nobody-at-all")
    assert years_played(scenario(nobody, tmp_path), demo().directory) == frozenset()


def test_a_pair_without_devolution_has_no_year(tmp_path: Path) -> None:
    played = play(
        f"{HEAD}guidance: [[liuzhi-swj, yanjiao]]\nsteps: [{{advance_to: 2027-02-01}}]\n", tmp_path
    )
    assert {line["code"] for line in played.lines} == {"advice.calendar_ends"}


def test_each_new_year_is_opened_on_its_first_day(tmp_path: Path) -> None:
    played = play(
        f"{HEAD}guidance: [[liuzhi-cgj, yanjiao]]\nsteps: [{{advance_to: 2028-06-01}}]\n", tmp_path
    )
    opened = [date.fromisoformat(line["at"][:10]) for line in played.of("duty_opened")]
    assert opened == [date(2026, 9, 28), date(2027, 1, 1), date(2028, 1, 1)]


def test_a_rulebook_that_comes_into_force_is_looked_at_at_once(tmp_path: Path) -> None:
    played = play(
        f"{HEAD}guidance: [[liuzhi-cgj, yanjiao]]\nsteps:\n"
        "  - {at: 2026-10-12T09:00, activate: demo, calendar: {2026-11-09: off}}\n"
        "  - {advance_to: 2026-11-01}\n",
        tmp_path,
    )
    assert len(played.of("duty_opened")) == 1  # it was open, and stays so


@pytest.mark.parametrize(
    ("guidance", "code", "where"),
    [
        ("liuzhi-cgj", "scenario.value_invalid", "guidance"),
        ("[liuzhi-cgj, yanjiao]", "scenario.value_invalid", "guidance"),
        ("[[liuzhi-cgj]]", "scenario.value_invalid", "guidance"),
        ("[[liuzhi-cgj, yanjiao, mugang]]", "scenario.value_invalid", "guidance"),
        ("[[liuzhi-cgj, 7]]", "scenario.value_invalid", "guidance"),
        ("[[liuzhi-cgj, nobody-at-all]]", "organ.unknown", "guidance"),
    ],
)
def test_what_is_wrong_with_the_pairs_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    guidance: str,
    code: str,
    where: str,
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(f"{HEAD}guidance: {guidance}\nsteps: []\n", encoding="utf-8")
    assert main(["simulate", str(path), "--json"]) == 2
    (line,) = capsys.readouterr().out.splitlines()
    error = json.loads(line)["error"]
    assert (error["code"], error["where"]) == (code, where)
