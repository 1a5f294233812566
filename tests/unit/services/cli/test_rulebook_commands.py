"""rules lint and show, route, deadline: what a person and a program get."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.cli.main import main
from tests.history import demo
from tests.unit.services.rulebook.tiny import CGJ, FILES, YANJIAO, YANJIAO_PLACE


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny rulebook's folder, in an empty home."""
    monkeypatch.setenv("YICHUAN_HOME", str(tmp_path / "home"))
    folder = tmp_path / "tiny"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def ask(*arguments: str, rulebook: Path) -> int:
    return main([*arguments, "--rulebook", str(rulebook), "--json"])


ROUTE = ("route", "--from", "yanjiao", "--place", YANJIAO_PLACE, "--matter", "CG-1")


def test_lint_of_a_sound_rulebook_ends_well(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "lint", str(tiny)]) == 0
    assert "错误 0 项" in capsys.readouterr().out
    assert main(["rules", "lint", str(tiny), "--json"]) == 0
    assert all(line["severity"] != "error" for line in lines(capsys))


def test_people_read_how_grave_a_finding_is_and_which_day_decides_in_their_language(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = FILES["jurisdiction.csv"].replace("《城市道路管理条例》", "")
    assert main([*ROUTE, "--rulebook", str(tiny)]) == 0
    assert "违法行为发生日 2" in capsys.readouterr().out
    (tiny / "jurisdiction.csv").write_text(broken, encoding="utf-8")
    assert main(["rules", "lint", str(tiny)]) == 1
    printed = capsys.readouterr().out
    assert " 错误 " in printed
    assert "error" not in printed
    monkeypatch.setenv("YICHUAN_LANG", "en")
    assert main(["rules", "lint", str(tiny)]) == 1
    assert " error " in capsys.readouterr().out


def test_lint_of_a_faulty_rulebook_says_no_with_every_finding(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = FILES["jurisdiction.csv"].replace("《城市道路管理条例》", "")
    (tiny / "jurisdiction.csv").write_text(broken, encoding="utf-8")
    assert main(["rules", "lint", str(tiny), "--json"]) == 1
    (answer,) = lines(capsys)
    assert answer["error"]["code"] == "rules.lint_failed"
    assert answer["error"]["where"] == "jurisdiction.csv:3"
    assert answer["findings"][0]["code"] == "basis_form"
    assert main(["rules", "lint", str(tiny)]) == 1
    assert "jurisdiction.csv:3" in capsys.readouterr().out


PARTS = {
    "organs": (8, "alias"),
    "divisions": (5, "parent"),
    "matters": (3, "group"),
    "jurisdiction": (3, "deciding_date"),
    "duties": (4, "ladder"),
    "calendar": (1, "known_until"),
}


@pytest.mark.parametrize("part", PARTS)
def test_show_prints_one_object_a_line(
    part: str, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count, key = PARTS[part]
    assert ask("rules", "show", part, rulebook=tiny) == 0
    shown = lines(capsys)
    assert len(shown) >= count
    assert all(key in line for line in shown)
    assert len({tuple(line) for line in shown}) == 1  # every key on every line
    assert main(["rules", "show", part, "--rulebook", str(tiny)]) == 0
    assert part in capsys.readouterr().out


def test_clearances_are_shown_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "clearances", "--rulebook", "demo", "--json"]) == 0
    shown = lines(capsys)
    assert len(shown) == len(demo().clearances.rows)
    assert set(shown[0]) == {"relation", "field_class", "path", "treatment", "basis", "line"}
    assert {each["relation"] for each in shown} >= {"handler", "copy_recipient"}


def test_an_organ_is_shown_with_superiors_officers_and_keys(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("rules", "show", "organs", rulebook=tiny)
    organ = next(line for line in lines(capsys) if line["alias"] == "yanjiao")
    assert organ["code"] == YANJIAO
    assert organ["superiors"] == [
        {"organ": "11520203YC0004010N", "line": "government", "from": "2019-01-01", "to": None}
    ]
    assert [officer["certificate"] for officer in organ["officers"]] == ["Y1", "Y2"]
    assert organ["keys"] == []


def test_route_explains_rule_by_rule(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dates = ("--act-date", "2026-06-25", "--found-date", "2026-07-03", "--transfer-date")
    assert ask(*ROUTE, *dates, "2026-07-05", rulebook=tiny) == 0
    (answer,) = lines(capsys)
    assert answer["verdict"] == "competent"
    assert [organ["alias"] for organ in answer["organs"]] == ["cgj"]
    assert (answer["rule"], answer["basis"]) == ("R1", "《城市道路管理条例》第四十二条")
    assert [(rule["rule"], rule["standing"]) for rule in answer["considered"]] == [
        ("R2", "ended"),
        ("R1", "wins"),
    ]
    assert (answer["act_date"], answer["filed_date"]) == ("2026-06-25", None)
    assert answer["place_conflict"] is None


def test_route_takes_a_date_left_out_from_the_step_after_it(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(*ROUTE, "--filed-date", "2026-06-30", "--transfer-date", "2026-07-05", rulebook=tiny)
    (answer,) = lines(capsys)
    assert (answer["found_date"], answer["act_date"]) == ("2026-06-30", "2026-06-30")
    assert answer["own_matter"] is True
    assert [organ["code"] for organ in answer["organs"]] == [YANJIAO]


def test_route_says_when_text_and_code_disagree(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(*ROUTE, "--address", "郎岱镇某村", rulebook=tiny) == 0
    (answer,) = lines(capsys)
    assert (answer["verdict"], answer["organs"]) == ("place_conflict", [])
    assert answer["place_conflict"]["name"] == "郎岱镇"


def test_route_tells_people_the_same(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filed = ("--filed-date", "2026-06-30", "--address", "郎岱镇某村")
    assert main([*ROUTE, *filed, "--rulebook", str(tiny)]) == 0
    told = capsys.readouterr().out
    assert "结论：由岩脚镇人民政府管辖。" in told
    assert "移送机关自己有管辖权" in told
    assert "地点文字指向郎岱镇" in told


UNKNOWN = {
    "organ.unknown": ("--from", "nobody"),
    "place.unknown": ("--place", "520203199000"),
    "matter.unknown": ("--matter", "XX-9"),
}


@pytest.mark.parametrize("code", UNKNOWN)
def test_route_refuses_what_the_rulebook_does_not_know(
    code: str, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option, value = UNKNOWN[code]
    arguments = list(ROUTE)
    arguments[arguments.index(option) + 1] = value
    assert ask(*arguments, rulebook=tiny) == 2
    (answer,) = lines(capsys)
    assert (answer["error"]["code"], answer["error"]["where"]) == (code, option)


def test_deadline_counts_day_by_day(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("deadline", "--from", "2026-09-30T10:00:00+08:00", "--length", "2 working days")
    assert ask(*given, rulebook=tiny) == 0
    (answer,) = lines(capsys)
    assert answer["due"] == "2026-10-10T00:00:00+08:00"
    assert answer["last_day"] == "2026-10-09"
    assert answer["provisional"] is False
    counted = {day["date"]: day["number"] for day in answer["days"]}
    assert len(counted) == 10
    assert {day: number for day, number in counted.items() if number} == {
        "2026-10-08": 1,
        "2026-10-09": 2,
    }


STARTS = {
    "a date alone is its midnight in China": ("2026-09-28", "2026-09-28T00:00:00+08:00"),
    "a time without offset is China's": ("2026-09-28T09:30", "2026-09-28T09:30:00+08:00"),
    "another offset is told in China's": ("2026-09-28T01:30:00Z", "2026-09-28T09:30:00+08:00"),
}


@pytest.mark.parametrize("case", STARTS)
def test_deadline_reads_the_start(
    case: str, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, expected = STARTS[case]
    assert ask("deadline", "--from", given, "--length", "4 hours", rulebook=tiny) == 0
    (answer,) = lines(capsys)
    assert (answer["from"], answer["days"]) == (expected, [])


def test_deadline_tells_people_of_holidays_rolls_and_guesses(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rolled = ("deadline", "--from", "2026-10-05", "--length", "5 calendar days", "--roll")
    assert main([*rolled, "--rulebook", str(tiny)]) == 0
    assert "调休上班" in capsys.readouterr().out
    monkeypatch.setenv("YICHUAN_LANG", "en")
    further = ("deadline", "--from", "2026-12-30", "--length", "3 calendar days", "--roll")
    assert main([*further, "--rulebook", str(tiny)]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("rolled on", "a guess", "Provisional", "holiday"))


@pytest.mark.parametrize(
    ("start", "length", "code"),
    [
        ("soon", "1 hour", "deadline.start_invalid"),
        ("9999-12-30", "5 working days", "deadline.start_invalid"),
        ("0001-01-01", "4 hours", "deadline.start_invalid"),
        ("0001-01-01T00:00:00+14:00", "4 hours", "deadline.start_invalid"),
        ("2026-09-28", "a while", "deadline.length_invalid"),
    ],
)
def test_deadline_refuses_what_it_cannot_count(
    start: str, length: str, code: str, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("deadline", "--from", start, "--length", length, rulebook=tiny) == 2
    assert lines(capsys)[0]["error"]["code"] == code


def test_without_a_choice_the_homes_copy_is_used_and_else_the_configured_one(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "show", "matters", "--json"]) == 0
    assert len(lines(capsys)) > 30  # the bundled demo
    (tmp_path / "home").mkdir()
    tiny.rename(tmp_path / "home" / "rulebook")
    assert main(["rules", "show", "organs", "--json"]) == 0
    assert CGJ in {organ["code"] for organ in lines(capsys)}
    assert main(["rules", "show", "matters", "--json"]) == 0
    assert len(lines(capsys)) == 3
    assert main(["rules", "show", "matters", "--rulebook", "none", "--json"]) == 3
    assert lines(capsys)[0]["error"]["code"] == "rules.not_found"


@pytest.mark.parametrize("seen", ["home/rulebook", "the one configured"])
def test_lint_says_which_rulebook_it_has_looked_at_where_none_was_named(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seen: str
) -> None:
    """Once one is in force it is its copy, not what the configuration names."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "yichuan.toml").write_text(f'[bus]\nrulebook = "{tiny}"\n', encoding="utf-8")
    folder = tiny
    if seen == "home/rulebook":
        folder = shutil.copytree(tiny, home / "rulebook")
    assert main(["rules", "lint", "--home", str(home)]) == 0
    assert f"检查的是 {folder}；" in capsys.readouterr().err
