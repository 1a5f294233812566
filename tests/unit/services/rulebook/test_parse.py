from dataclasses import replace
from datetime import date, time

import pytest

from schemas.errors import UserError
from schemas.ids import BUS, DivisionCode, MatterCode, OrganCode
from services.rulebook.calendar import is_workday
from services.rulebook.model import Length, Line, Mode, OrganType, RungDays, Unit
from services.rulebook.parse import content_hash, parse
from tests.unit.services.rulebook.tiny import (
    CALENDAR,
    CGJ,
    COUNTY,
    FILES,
    KEYS_HEAD,
    SCJG,
    YANJIAO,
    YANJIAO_PLACE,
    added,
    edited,
    files,
    rulebook,
)

KEY = "k1,{organ},ES256,eA,eQ,2026-01-01T00:00:00+08:00,"


def refusal(contents: dict[str, bytes]) -> tuple[str, str]:
    """Return where the files are refused, and the detail."""
    with pytest.raises(UserError) as refused:
        parse(contents, CALENDAR)
    assert refused.value.code == "rules.invalid"
    assert refused.value.where
    assert refused.value.detail
    return refused.value.where, refused.value.detail


def test_the_files_become_a_rulebook() -> None:
    tiny = rulebook()
    assert (tiny.name, tiny.bus, tiny.county) == ("tiny", "tiny-bus", COUNTY)
    scjg = tiny.directory.organs[OrganCode(SCJG)]
    assert (scjg.type, scjg.kind) == (OrganType.DEPARTMENT, "market_supervision")
    assert [superior.line for superior in scjg.superiors] == [Line.PROFESSIONAL, Line.GOVERNMENT]
    assert tiny.directory.officers[OrganCode(YANJIAO), "Y1"].name == "王一"
    assert tiny.matters[MatterCode("CG-1")].group == "city"
    assert tiny.divisions[DivisionCode(YANJIAO_PLACE)].parent == COUNTY
    assert [rule.id for rule in tiny.rules_by_subject["CG-1"]] == ["R2"]
    rule = tiny.rules[1]
    assert (rule.mode, rule.valid_to, rule.line) == (Mode.DEVOLVED, date(2026, 6, 30), 4)
    duty = tiny.duties[1]
    assert (duty.kind, duty.length) == ("decide_filing", Length(7, Unit.WORKING_DAYS))
    assert (duty.ladder.hour, duty.ladder.rung_days) == (time(9), RungDays.WORKING)


def test_an_organ_is_named_by_alias_or_code_and_both_mean_the_code() -> None:
    tiny = rulebook(edited("jurisdiction.csv", "organ:scjg", f"organ:{SCJG}"))
    assert tiny.rules == rulebook().rules
    assert tiny.rules[2].competent == f"organ:{SCJG}"


def test_keys_are_read_when_they_are_there_the_buss_own_too() -> None:
    keys = files() | {
        "keys.csv": (
            KEYS_HEAD
            + KEY.format(organ="yanjiao")
            + "\n"
            + KEY.format(organ="BUS").replace("k1", "k2")
        ).encode()
    }
    tiny = rulebook(keys)
    assert tiny.directory.keys["k1"].organ == YANJIAO
    assert tiny.directory.keys["k1"].valid_from.isoformat() == "2026-01-01T00:00:00+08:00"
    assert tiny.directory.keys["k1"].valid_to is None
    assert tiny.directory.keys["k2"].organ == BUS


def test_what_excel_adds_is_read_over() -> None:
    text = FILES["matters.csv"].replace("\n", "\r\n") + ",,\r\n\r\n"
    contents = files() | {"matters.csv": b"\xef\xbb\xbf" + text.encode()}
    assert rulebook(contents).matters == rulebook().matters


def test_a_quoted_remark_is_a_remark() -> None:
    assert rulebook(added("matters.csv", '"# 说明, 两列"')).matters == rulebook().matters


def test_the_rulebooks_own_days_lie_over_the_librarys() -> None:
    tiny = rulebook(added("calendar.csv", "2026-10-10,off,改休", "2026-10-01,workday,改班"))
    assert not is_workday(tiny.calendar, date(2026, 12, 30))
    assert not is_workday(tiny.calendar, date(2026, 10, 10))
    assert is_workday(tiny.calendar, date(2026, 10, 1))
    assert tiny.calendar.known_until == CALENDAR.known_until


def test_the_rulebook_may_say_that_it_knows_more_of_the_calendar() -> None:
    longer = added("rulebook.toml", "calendar_known_until = 2027-12-31")
    assert rulebook(longer).calendar.known_until == date(2027, 12, 31)


def test_a_code_on_two_levels_keeps_the_upper_and_a_row_is_never_its_own_parent() -> None:
    dongguan = added(
        "divisions.csv",
        "441900000000,东莞市,county,441900000000",
        "441900000000,东莞市,prefecture,440000000000",
        "441900003000,东城街道,township,441900000000",
        "429021000000,自为上级,county,429021000000",
    )
    tiny = rulebook(dongguan)
    assert tiny.divisions[DivisionCode("441900000000")].level == "prefecture"
    assert tiny.areas_of[DivisionCode("441900003000")] == (
        "441900003000",
        "441900000000",
        "440000000000",
    )
    assert tiny.areas_of[DivisionCode("429021000000")] == ("429021000000",)


def test_divisions_that_stand_above_each_other_in_a_circle_end() -> None:
    circle = edited(
        "divisions.csv",
        "520000000000,贵州省,province,",
        "520000000000,贵州省,province,520203000000",
    )
    assert len(rulebook(circle).areas_of[DivisionCode(YANJIAO_PLACE)]) == 4


def test_the_version_is_that_of_every_byte_and_of_the_librarys_calendar() -> None:
    contents = files()
    exchanged = {"organs.csv": contents["matters.csv"], "matters.csv": contents["organs.csv"]}
    versions = {
        content_hash(contents, CALENDAR),
        content_hash(contents | exchanged, CALENDAR),
        content_hash(contents, replace(CALENDAR, days_off=frozenset())),
        content_hash(edited("matters.csv", "乱扔垃圾", "乱倒垃圾"), CALENDAR),
        content_hash(contents | {"keys.csv": KEYS_HEAD.encode()}, CALENDAR),
        content_hash(contents, replace(CALENDAR, workdays=frozenset())),
        content_hash(contents, replace(CALENDAR, known_until=date(2027, 12, 31))),
    }
    assert len(versions) == 7
    assert content_hash(dict(reversed(contents.items())), CALENDAR) in versions
    assert rulebook().hash == content_hash(contents, CALENDAR)


REFUSED: dict[str, tuple[dict[str, str | None], str]] = {
    "a missing file": ({"matters.csv": None}, "matters.csv"),
    "a file that no rulebook has": ({"maters.csv": ""}, "maters.csv"),
    "a column too few": ({"matters.csv": "code,name\n"}, "matters.csv:1"),
    "a column nobody knows": ({"matters.csv": "# x\ncode,name,group,colour\n"}, "matters.csv:2"),
    "an empty file": ({"matters.csv": ""}, "matters.csv:1"),
    "a cell too many": ({"matters.csv": "code,name,group\nA,B,C,D\n"}, "matters.csv:2"),
    "an open quotation mark": ({"matters.csv": 'code,name,group\nA,"B,C\n'}, "matters.csv:2"),
    "broken TOML": ({"duties.toml": "[ladder"}, "duties.toml"),
    "ladders that are no tables": ({"duties.toml": "ladder = 1"}, "duties.toml"),
    "a ladder that is no table": ({"duties.toml": "[ladder]\nstandard = 1"}, "duties.toml"),
    "duties not written as [[duty]]": ({"duties.toml": "duty = [{kind = 'x'}]"}, "duties.toml"),
    "a table nobody knows in duties.toml": ({"duties.toml": "[rungs]\n"}, "duties.toml"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_are_refused(case: str) -> None:
    changes, where = REFUSED[case]
    contents = files()
    for name, text in changes.items():
        if text is None:
            del contents[name]
        else:
            contents[name] = text.encode()
    assert refusal(contents)[0] == where


EDITS = {
    "no date": ("officers.csv", "Y1,2029-12-31", "Y1,31.12.2029", "officers.csv:2", "valid_to"),
    "no such day": ("officers.csv", "Y1,2029-12-31", "Y1,2029-02-30", "officers.csv:2", "valid_to"),
    "an empty required cell": ("officers.csv", "王一", "", "officers.csv:2", "name"),
    "a word that is not of the list": (
        "superiors.csv",
        "yanjiao,gov,government",
        "yanjiao,gov,party",
        "superiors.csv:2",
        "line",
    ),
    "neither yes nor no": (
        "jurisdiction.csv",
        "filed,",
        "filed,maybe",
        "jurisdiction.csv:4",
        "concurrent",
    ),
    "matter and group at once": (
        "jurisdiction.csv",
        "R1,,city",
        "R1,CG-1,city",
        "jurisdiction.csv:3",
        "matter",
    ),
    "neither matter nor group": (
        "jurisdiction.csv",
        "R1,,city",
        "R1,,",
        "jurisdiction.csv:3",
        "matter",
    ),
    "a competence of no form": (
        "jurisdiction.csv",
        "kind:urban_management",
        "urban_management",
        "jurisdiction.csv:3",
        "competent",
    ),
    "a division code of no form": (
        "jurisdiction.csv",
        f"R2,CG-1,,{YANJIAO_PLACE}",
        "R2,CG-1,,520203102",
        "jurisdiction.csv:4",
        "area",
    ),
    "a level nobody knows": (
        "divisions.csv",
        "岩脚镇,township",
        "岩脚镇,town",
        "divisions.csv:5",
        "level",
    ),
    "a day neither on nor off": ("calendar.csv", "off", "holiday", "calendar.csv:2", "kind"),
    "a missing key": ("rulebook.toml", 'bus = "tiny-bus"', "", "rulebook.toml", "bus"),
    "an empty key": ("rulebook.toml", '"tiny-bus"', '""', "rulebook.toml", "bus"),
    "a key of another type": ("rulebook.toml", '"tiny-bus"', "7", "rulebook.toml", "bus"),
    "a key nobody knows": ("rulebook.toml", "bus =", "boss = 1\nbus =", "rulebook.toml", "boss"),
    "a length of no form": (
        "duties.toml",
        '"7 working days"',
        '"7 days"',
        "duties.toml:18",
        "length",
    ),
    "a ladder nobody wrote": (
        "duties.toml",
        'length = "7 working days"\nladder = "standard"',
        'length = "7 working days"\nladder = "steep"',
        "duties.toml:18",
        "ladder",
    ),
    "a duty's key nobody knows": (
        "duties.toml",
        "roll = false",
        "rolls = false",
        "duties.toml:25",
        "rolls",
    ),
    "a flag that is no boolean": (
        "duties.toml",
        "roll = false",
        "roll = 0",
        "duties.toml:25",
        "roll",
    ),
    "an instant for a date": (
        "duties.toml",
        "valid_from = 2021-01-01\n\n[[duty]] # 立案",
        "valid_from = 2021-01-01T00:00:00\n\n[[duty]] # 立案",
        "duties.toml:11",
        "valid_from",
    ),
    "rung days nobody knows": (
        "duties.toml",
        'rung_days = "working"',
        'rung_days = "lucky"',
        "duties.toml",
        "rung_days",
    ),
    "a card in hours on a ladder of days": (
        "duties.toml",
        'red_after = "3 working days"',
        'red_after = "3 hours"',
        "duties.toml",
        "ladder.standard",
    ),
    "a ladder's key nobody knows": (
        "duties.toml",
        "hour = 09:00:00",
        "hour = 09:00:00\nminute = 1",
        "duties.toml",
        "minute",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_a_cell_is_refused_with_file_line_and_column(case: str) -> None:
    file, old, new, where, column = EDITS[case]
    found, detail = refusal(edited(file, old, new))
    assert found == where
    assert detail.startswith(f"{column}：")


REPEATED = {
    "an organ's code": ("organs.csv", f"{CGJ},cgj2,别局,department,x,{COUNTY},,,,2019-01-01,,"),
    "an alias": ("organs.csv", f"{'C' * 18},cgj,别局,department,x,{COUNTY},,,,2019-01-01,,"),
    "an officer's certificate": ("officers.csv", "yanjiao,别人,Y1,2029-12-31"),
    "a division on one level": ("divisions.csv", f"{COUNTY},别县,county,520200000000"),
    "a matter": ("matters.csv", "CG-1,别的,city"),
    "a rule": ("jurisdiction.csv", FILES["jurisdiction.csv"].splitlines()[-1]),
    "a day": ("calendar.csv", "2026-12-30,workday,又上班"),
}
SAID_TWICE = {
    "an organ's code": f"code {CGJ}",
    "an alias": "alias cgj",
    "an officer's certificate": "11520203YC0001047R Y1",
    "a division on one level": f"county {COUNTY}",
    "a matter": "code CG-1",
    "a rule": f"id {FILES['jurisdiction.csv'].splitlines()[-1].split(',')[0]}",
    "a day": "date 2026-12-30",
}


@pytest.mark.parametrize("case", REPEATED)
def test_what_stands_twice_is_refused_where_it_stands_again(case: str) -> None:
    file, line = REPEATED[case]
    last = len(FILES[file].splitlines()) + 1
    where, detail = refusal(added(file, line))
    assert where == f"{file}:{last}"
    assert detail.startswith(f"{SAID_TWICE[case]}：")


def test_a_key_that_stands_twice_is_refused() -> None:
    line = KEY.format(organ="yanjiao") + "\n"
    keys = files() | {"keys.csv": (KEYS_HEAD + line + line).encode()}
    assert refusal(keys)[0] == "keys.csv:3"


@pytest.mark.parametrize("instant", ["2026-01-01", "yesterday", "2026-01-01T00:00:00", ""])
def test_a_keys_time_needs_its_offset(instant: str) -> None:
    row = f"k1,yanjiao,ES256,eA,eQ,{instant},\n"
    where, detail = refusal(files() | {"keys.csv": (KEYS_HEAD + row).encode()})
    assert where == "keys.csv:2"
    assert detail.startswith("valid_from：")


def test_another_encoding_is_refused_with_the_word_how_to_mend_it() -> None:
    where, detail = refusal(files() | {"matters.csv": FILES["matters.csv"].encode("gb18030")})
    assert where == "matters.csv"
    assert "CSV UTF-8" in detail


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.rulebook.tables.ROWS_MAX", 3)
    assert refusal(files())[0].startswith("organs.csv:3")
