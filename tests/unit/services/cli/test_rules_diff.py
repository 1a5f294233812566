"""rules diff and schemas diff: what a person and a program get."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from schemas.inline import schema_of
from services.cli.main import main
from services.cli.schema_changes import changes
from tests.unit.services.rulebook.tiny import CGJ, FILES, YANJIAO_PLACE, edited

AVRO = Path(__file__).parents[4] / "schemas" / "avro"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YICHUAN_HOME", str(tmp_path / "home"))
    folder = tmp_path / "tiny"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def other(tiny: Path, file: str, old: str, new: str) -> Path:
    folder = tiny.with_name("other")
    if not folder.exists():
        shutil.copytree(tiny, folder)
    (folder / file).write_bytes(edited(file, old, new)[file])
    return folder


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_power_taken_back_is_said_in_words_in_both_languages(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = other(tiny, "jurisdiction.csv", "2021-10-01,2026-06-30,filed", "2021-10-01,,filed")
    assert main(["rules", "diff", str(kept), str(tiny)]) == 0
    assert (
        "占道经营 CG-1，岩脚镇：自2026-07-01起，由所在地乡镇街道改为综合行政执法局"
        "（以立案日为准，依据《城市道路管理条例》第四十二条）"
    ) in capsys.readouterr().out
    monkeypatch.setenv("YICHUAN_LANG", "en")
    assert main(["rules", "diff", str(kept), str(tiny)]) == 0
    assert (
        "占道经营 CG-1, 岩脚镇: from the township to 综合行政执法局 on 2026-07-01 "
        "(decided by the day of filing, by 《城市道路管理条例》第四十二条)"
    ) in capsys.readouterr().out


def test_every_difference_is_a_line_with_stable_keys(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = other(
        tiny, "jurisdiction.csv", "2021-10-01,2026-06-30,filed", "2021-10-01,2026-06-30,act"
    )
    other(tiny, "duties.toml", 'length = "7 working days"', 'length = "5 calendar days"')
    other(tiny, "calendar.csv", "2026-12-30,off", "2026-12-29,off")
    other(tiny, "matters.csv", "CG-2,乱扔垃圾", "CG-9,乱扔垃圾")
    assert main(["rules", "diff", str(tiny), str(new), "--json"]) == 0
    found = lines(capsys)
    by_part = {
        part: [one for one in found if one["part"] == part] for part in ("duties", "matters")
    }
    assert (by_part["duties"][0]["from"], by_part["duties"][0]["to"]) == (
        "7 working days",
        "5 calendar days",
    )
    assert "由7个工作日改为5日" in by_part["duties"][0]["zh"]
    assert [(one["subject"], one["is_new"], one["is_gone"]) for one in by_part["matters"]] == [
        ("CG-2", False, True),
        ("CG-9", True, False),
    ]
    days = [(one["subject"], one["workday"]) for one in found if one["part"] == "calendar"]
    assert days == [("2026-12-29", False), ("2026-12-30", True)]
    shift = next(one for one in found if one["subject"] == "CG-1" and one["since"] == "2026-07-01")
    assert (shift["begun"], shift["places"]) == ("act", [YANJIAO_PLACE])
    assert shift["from"] == [{"organ": CGJ, "name": "综合行政执法局"}]
    assert "此前发生、此后移送的" in shift["zh"]
    nobody = next(one for one in found if one["subject"] == "CG-2" and one["to"] == [])
    assert "无机关管辖" in nobody["zh"]
    assert "六枝特区全境" in nobody["zh"]


def test_an_equal_rulebook_changes_nothing_for_anybody(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "diff", str(tiny), str(tiny)]) == 0
    assert capsys.readouterr().out == "没有实质差别\n"
    assert main(["rules", "diff", str(tiny), "no-such-rulebook", "--json"]) == 3
    assert lines(capsys)[0]["error"]["code"] == "rules.not_found"


def test_folders_of_schemas_are_compared_field_by_field_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "avro"
    shutil.copytree(AVRO, folder)
    path = folder / "Withdrawal.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["fields"][0]["confidentiality"] = "public"
    schema["fields"].insert(
        0,
        {
            "name": "later",
            "type": ["null", "string"],
            "default": None,
            "doc": "后来 | Later",
            "confidentiality": "internal",
        },
    )
    path.write_text(json.dumps(schema), encoding="utf-8")
    command = ["schemas", "diff", "--avro", str(folder), "--against", str(AVRO)]
    assert main([*command, "--json"]) == 0
    found = lines(capsys)
    assert [(one["record"], one["path"], one["what"]) for one in found] == [
        ("withdrawal", "later", "added"),
        ("withdrawal", "reason", "class_lowered"),
    ]
    assert len(found[0]["subjects"]) == 5  # one for each flow it may lie on
    assert main(command) == 0
    assert "withdrawal later：新增字段，可空string，类别internal" in capsys.readouterr().out
    assert main(["schemas", "diff", "--against", str(AVRO)]) == 0
    assert capsys.readouterr().out == "没有差别\n"


def record(**field: Any) -> dict[str, Any]:
    base = {"name": "f", "type": "string", "doc": "甲 | A", "confidentiality": "internal"}
    return {"type": "record", "name": "R", "namespace": "n", "fields": [base | field]}


SMALL = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
LARGE = {"type": "enum", "name": "E", "symbols": ["B", "C"]}


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (record(), record(type="long"), ["type"]),
        (record(), record(type=["null", "string"], default=None), ["nullable", "default"]),
        (record(type=["null", "string"], default=None), record(), ["nullable", "default"]),
        (record(), record(confidentiality="personal"), ["class"]),
        (record(), record(confidentiality="public"), ["class_lowered"]),
        (record(), record(confidentiality=None), ["class_lowered"]),
        (record(confidentiality=None), record(), ["class"]),
        (record(), record(intake="required"), ["intake"]),
        (record(), record(doc="乙 | B"), ["doc"]),
        (record(), record(name="g"), ["added", "removed"]),
        (record(type=SMALL), record(type=LARGE), ["symbols_added", "symbols_removed"]),
        (
            record(type={"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}),
            record(type={"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2}),
            ["type"],
        ),
    ],
)
def test_each_kind_of_change_is_named(
    old: dict[str, Any], new: dict[str, Any], kinds: list[str]
) -> None:
    found = changes(old, new)
    assert [change.kind for change in found] == kinds
    assert all(change.zh and change.en for change in found)


def test_a_record_differs_from_itself_in_nothing_types_named_twice_included() -> None:
    assert changes(schema_of("CaseTransfer"), schema_of("CaseTransfer")) == ()
