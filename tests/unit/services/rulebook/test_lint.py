from datetime import date

import pytest

from services.rulebook.finding import Finding, Severity
from services.rulebook.lint import lint
from tests.unit.services.rulebook.tiny import (
    CALENDAR,
    CGJ,
    COUNTY,
    FILES,
    KEYS_HEAD,
    LANGDAI_PLACE,
    YANJIAO,
    YANJIAO_PLACE,
    added,
    edited,
    files,
)

TODAY = date(2026, 6, 1)
GOOD_RULE = (
    "R9,{subject},{area},{competent},statutory,《甲法》第一条,2019-01-01,单,2019-12-01,{time}"
)


def found(contents: dict[str, bytes], on: date = TODAY) -> tuple[Finding, ...]:
    return lint(contents, CALENDAR, on)


def rule(
    subject: str = "SC-1,",
    area: str = YANJIAO_PLACE,
    competent: str = "township",
    time: str = "2020-01-01,,act,",
) -> str:
    return GOOD_RULE.format(subject=subject, area=area, competent=competent, time=time)


def test_a_sound_rulebook_has_no_findings() -> None:
    assert found(files()) == ()


def test_keys_of_organs_and_of_the_bus_itself_are_lawful() -> None:
    row = "{kid},{organ},ES256,x,y,2026-01-01T00:00:00Z,\n"
    keys = row.format(kid="k1", organ="yanjiao") + row.format(kid="k2", organ="BUS")
    assert found(files() | {"keys.csv": (KEYS_HEAD + keys).encode()}) == ()


ERRORS = {
    "a wrong check digit": (
        edited("organs.csv", "11520203YC0004029K,sfj", "11520203YC0004029L,sfj"),
        "uscc organs.csv:8",
    ),
    "a code in small letters": (
        edited("organs.csv", "11520203YC0004029K,sfj", "11520203yc0004029k,sfj"),
        "uscc organs.csv:8",
    ),
    "an alias with a capital": (edited("organs.csv", ",sfj,", ",SFJ,"), "alias_form organs.csv:8"),
    "an alias that begins as a login of the bus": (
        edited("organs.csv", ",sfj,", ",exchange-2,"),
        "alias_form organs.csv:8",
    ),
    "an alias that stands twice": (
        added("organs.csv", f"11520203YC00030188,cgj,乙局,department,x,{COUNTY},,,,2019-01-01,,"),
        "repeated organs.csv:11",
    ),
    "an organ in no division": (
        edited("organs.csv", f"township,,{LANGDAI_PLACE}", "township,,520203199000"),
        "dangling organs.csv:4",
    ),
    "a department without its kind": (
        edited("organs.csv", "department,urban_management", "department,"),
        "kind_missing organs.csv:5",
    ),
    "a certificate in full-width digits": (
        edited("officers.csv", "王一,Y1,", "王一,Y\uff11,"),
        "certificate_form officers.csv:2",
    ),
    "a certificate with a blank": (
        edited("officers.csv", "王一,Y1,", "王一,Y 1,"),
        "certificate_form officers.csv:2",
    ),
    "a township with a kind": (
        edited("organs.csv", f"township,,{LANGDAI_PLACE}", f"township,x,{LANGDAI_PLACE}"),
        "kind_unexpected organs.csv:4",
    ),
    "an organ that ends before it starts": (
        edited(
            "organs.csv",
            f"supervisor,,{COUNTY},,,,2019-01-01,,",
            f"supervisor,,{COUNTY},,,,2019-01-01,2018-01-01,",
        ),
        "dates_reversed organs.csv:8",
    ),
    "a successor who is not there": (
        edited(
            "organs.csv",
            f"supervisor,,{COUNTY},,,,2019-01-01,,",
            f"supervisor,,{COUNTY},,,,2019-01-01,,heir",
        ),
        "dangling organs.csv:8",
    ),
    "two organs of one name at a time": (
        added(
            "organs.csv",
            f"11520203YC00030188,other,综合行政执法局,other_department,,{COUNTY},,,,2019-01-01,,",
        ),
        "seat_taken organs.csv:11",
    ),
    "two departments of one kind at a time": (
        added(
            "organs.csv",
            f"11520203YC00030188,other,城管局,department,urban_management,{COUNTY},,,,2020-01-01,,",
        ),
        "seat_taken organs.csv:11",
    ),
    "a department that begins on another's last day": (
        files(
            organs_csv=FILES["organs.csv"].replace(
                f"urban_management,{COUNTY},,,,2019-01-01,,",
                f"urban_management,{COUNTY},,,,2019-01-01,2030-06-30,other",
            )
            + f"11520203YC00030188,other,城管局,department,urban_management,{COUNTY},"
            ",,,2030-06-30,,\n",
        ),
        "seat_taken organs.csv:11",
    ),
    "a superior who is not there": (
        added("superiors.csv", "cgj,nobody,professional,2019-01-01,"),
        "dangling superiors.csv:10",
    ),
    "an organ above itself": (
        added("superiors.csv", "lps-gov,cgj,government,2019-01-01,"),
        "superior_cycle superiors.csv:10",
    ),
    "a superior that is gone": (
        edited(
            "organs.csv",
            ",city_department,market_supervision,520200000000,,,,2019-01-01,,",
            ",city_department,market_supervision,520200000000,,,,2019-01-01,2025-01-01,",
        ),
        "organ_expired superiors.csv:5",
    ),
    "a superior that was not there yet": (
        edited("superiors.csv", "cgj,gov,government,2019-01-01", "cgj,gov,government,2018-01-01"),
        "organ_expired superiors.csv:4",
    ),
    "an officer of nobody": (
        added("officers.csv", "nobody,周九,N1,2029-12-31"),
        "dangling officers.csv:10",
    ),
    "a key of nobody": (
        files() | {"keys.csv": f"{KEYS_HEAD}k,nobody,ES256,x,y,2026-01-01T00:00:00Z,\n".encode()},
        "dangling keys.csv:2",
    ),
    "a division whose parent is not there": (
        added("divisions.csv", "520281000000,盘州市,county,520290000000"),
        "dangling divisions.csv:7",
    ),
    "a county that is no division": (
        edited("rulebook.toml", COUNTY, "520299000000"),
        "dangling rulebook.toml",
    ),
    "a bus whose name cannot be a name": (
        edited("rulebook.toml", "tiny-bus", "Tiny Bus"),
        "bus_form rulebook.toml",
    ),
    "a county without a government": (
        edited("organs.csv", "county_government,,", "other_department,,"),
        "organ_missing rulebook.toml",
    ),
    "a county without a supervisor": (
        edited("organs.csv", "supervisor,,", "other_department,,"),
        "organ_missing rulebook.toml",
    ),
    "a basis without a law's title": (
        edited("jurisdiction.csv", "《城市道路管理条例》第四十二条", "城市道路管理条例第四十二条"),
        "basis_form jurisdiction.csv:3",
    ),
    "a basis without an article": (
        edited("jurisdiction.csv", "《城市道路管理条例》第四十二条", "《城市道路管理条例》"),
        "basis_form jurisdiction.csv:3",
    ),
    "one of two bases without an article": (
        edited("jurisdiction.csv", "《城市道路管理条例》第四十二条", "《甲法》第二条；《乙法》"),
        "basis_form jurisdiction.csv:3",
    ),
    "a basis not in force when the rule starts": (
        edited("jurisdiction.csv", "第二十四条,2021-07-15", "第二十四条,2021-10-02"),
        "basis_not_in_force jurisdiction.csv:4",
    ),
    "a rule that ends before it starts": (
        edited("jurisdiction.csv", "2026-06-30", "2021-09-30"),
        "dates_reversed jurisdiction.csv:4",
    ),
    "a rule for no matter": (
        edited("jurisdiction.csv", "R2,CG-1", "R2,CG-7"),
        "dangling jurisdiction.csv:4",
    ),
    "a rule for no group": (
        edited("jurisdiction.csv", "R1,,city", "R1,,town"),
        "dangling jurisdiction.csv:3",
    ),
    "a rule for no area": (
        edited("jurisdiction.csv", f"R2,CG-1,,{YANJIAO_PLACE}", "R2,CG-1,,520203199000"),
        "dangling jurisdiction.csv:4",
    ),
    "a rule for no organ": (
        edited("jurisdiction.csv", "organ:scjg", "organ:nobody"),
        "dangling jurisdiction.csv:5",
    ),
    "a rule for an organ that is gone": (
        edited(
            "organs.csv",
            f"department,market_supervision,{COUNTY},,,,2019-01-01,,",
            f"department,market_supervision,{COUNTY},,,,2019-01-01,2025-01-01,",
        ),
        "organ_expired jurisdiction.csv:5",
    ),
    "a rule for a kind of which there is none": (
        edited("jurisdiction.csv", "kind:urban_management", "kind:fishery"),
        "dangling jurisdiction.csv:3",
    ),
    "townships competent where one has no organ": (
        edited("jurisdiction.csv", f"R2,CG-1,,{YANJIAO_PLACE}", f"R2,CG-1,,{COUNTY}")
        | {
            "divisions.csv": (
                FILES["divisions.csv"] + f"520203103000,木岗镇,township,{COUNTY}\n"
            ).encode()
        },
        "no_township jurisdiction.csv:4",
    ),
    "a group named as a matter": (
        edited("matters.csv", "SC-1,无照经营,market", "SC-1,无照经营,CG-1"),
        "subject_clash matters.csv:4",
    ),
    "two equally specific rules at one time": (
        added("jurisdiction.csv", rule("CG-1,", competent="organ:cgj", time="2026-06-30,,filed,")),
        "overlap jurisdiction.csv:6",
    ),
    "only one of two marked concurrent": (
        added(
            "jurisdiction.csv", rule("CG-1,", competent="organ:cgj", time="2026-06-30,,filed,yes")
        ),
        "overlap jurisdiction.csv:6",
    ),
    "a duty for a sector that is not there": (
        edited("duties.toml", "roll = false", 'sector = "fishery"'),
        "dangling duties.toml:25",
    ),
    "a duty for no record": (
        edited("duties.toml", "roll = false", 'record = "Letter"'),
        "dangling duties.toml:25",
    ),
    "a duty that ends before it starts": (
        edited("duties.toml", "roll = false", "valid_to = 2020-01-01"),
        "dates_reversed duties.toml:25",
    ),
    "a duty without a length for all": (
        edited("duties.toml", "roll = false", 'sector = "urban_management"'),
        "duty_missing duties.toml",
    ),
    "a duty with two lengths at one time": (
        edited("duties.toml", '"outcome_feedback"', '"decide_case"'),
        "overlap duties.toml:33",
    ),
    "a file that cannot be read": (
        edited("officers.csv", "Y1,2029-12-31", "Y1,never"),
        "unreadable officers.csv:2",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_found_at_its_line(case: str) -> None:
    contents, expected = ERRORS[case]
    errors = [f"{e.code} {e.where}" for e in found(contents) if e.severity is Severity.ERROR]
    assert expected in errors


# The dates of a case come in the order act, found, filed, transfer: that bounds what can meet.
MEET = {
    "filed through June, transferred from July: filed before, transferred after": (
        "2026-07-01,,transfer,",
        True,
    ),
    "filed through June, transferred before it began": ("2020-01-01,2021-09-30,transfer,", False),
    "filed through June, filed from July": ("2026-07-01,,filed,", False),
    "filed through June, found from July": ("2026-07-01,,found,", False),
    "filed through June, found in June": ("2026-06-30,,found,", True),
    "both marked": ("2020-01-01,,filed,yes", True),
}


@pytest.mark.parametrize("case", MEET)
def test_rules_overlap_only_when_one_case_can_meet_both(case: str) -> None:
    time, meets = MEET[case]
    contents = added("jurisdiction.csv", rule("CG-1,", competent="organ:cgj", time=time))
    assert ("overlap" in {finding.code for finding in found(contents)}) is meets


def test_two_rules_marked_concurrent_do_not_overlap() -> None:
    marked = edited("jurisdiction.csv", "2026-06-30,filed,", "2026-06-30,filed,yes")
    line = rule("CG-1,", competent="organ:cgj", time="2020-01-01,,filed,yes")
    contents = marked | {"jurisdiction.csv": marked["jurisdiction.csv"] + line.encode()}
    assert found(contents) == ()


def test_one_organ_after_another_in_one_seat_is_lawful() -> None:
    heir = f"11520203YC00030188,cgj-2,综合行政执法局,department,urban_management,{COUNTY}"
    contents = edited(
        "organs.csv",
        f"{CGJ},cgj,综合行政执法局,department,urban_management,{COUNTY},,,,2019-01-01,,\n",
        f"{CGJ},cgj,综合行政执法局,department,urban_management,{COUNTY},,,,2019-01-01,2026-06-30,cgj-2\n{heir},,,,2026-07-01,,\n",
    )
    assert found(contents) == ()


def test_several_other_departments_in_one_county_are_lawful() -> None:
    contents = added(
        "organs.csv",
        f"11520203YC00030188,zwj,政务服务中心,other_department,,{COUNTY},,,,2019-01-01,,",
        f"11520203YC0002031D,xfj,信访局,other_department,,{COUNTY},,,,2019-01-01,,",
    )
    assert found(contents) == ()


def test_lengths_that_follow_each_other_are_lawful() -> None:
    text = FILES["duties.toml"]
    old = text[text.rindex("[[duty]]") :].replace("2021-01-01", "2019-01-01\nvalid_to = 2020-12-31")
    assert found(files(duties_toml=text + old)) == ()


WARNINGS = {
    "too few officers": (
        edited("officers.csv", "Y2,2029-12-31", "Y2,2026-05-31"),
        "officers_few organs.csv:3",
    ),
    "a rule that reaches back": (
        edited("jurisdiction.csv", "决定,2021-09-01", "决定,2021-10-02"),
        "retroactive jurisdiction.csv:4",
    ),
    "a day past the known calendar": (
        added("calendar.csv", "2027-01-01,off,元旦"),
        "calendar_unused calendar.csv:3",
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_a_warning_keeps_nothing_from_being_used(case: str) -> None:
    contents, expected = WARNINGS[case]
    assert [f"{each.code} {each.where}" for each in found(contents)] == [expected]
    assert found(contents)[0].severity is Severity.WARNING


def test_a_matter_that_nobody_has_is_a_note_with_the_day_and_the_places() -> None:
    (gap,) = found(
        edited("jurisdiction.csv", "2020-01-01,,act,\nR2", "2020-01-01,2026-12-31,act,\nR2")
    )[:1]
    assert (gap.severity, gap.code, gap.where) == (Severity.NOTE, "gap", "matters.csv:2")
    assert gap.zh == "2027-01-01 起 占道经营 在 2/2 个乡镇街道无管辖机关：岩脚镇、郎岱镇"


def test_a_gap_is_looked_for_today_too_and_many_places_are_cut_short() -> None:
    towns = [f"520203{n}000,第{n}镇,township,{COUNTY}" for n in (120, 121, 122)]
    contents = added("divisions.csv", *towns) | {
        "jurisdiction.csv": FILES["jurisdiction.csv"]
        .replace(f"R3,SC-1,,{COUNTY}", f"R3,SC-1,,{YANJIAO_PLACE}")
        .encode()
    }
    (gap,) = (each for each in found(contents) if each.code == "gap")
    assert gap.zh.startswith("2026-06-01 起 无照经营 在 4/5 个乡镇街道")
    assert gap.zh.endswith("…")


def test_the_gravest_finding_comes_first() -> None:
    contents = edited("officers.csv", "Y2,2029-12-31", "Y2,2026-05-31") | {
        "jurisdiction.csv": FILES["jurisdiction.csv"]
        .replace("organ:scjg", "organ:nobody")
        .replace("第二十四条", "")
        .encode()
    }
    severities = [each.severity for each in found(contents)]
    assert severities == sorted(severities, key=list(Severity).index)
    lines = [each.where for each in found(contents) if each.severity is Severity.ERROR]
    assert lines == ["jurisdiction.csv:4", "jurisdiction.csv:5"]


def test_a_missing_township_organ_is_named() -> None:
    contents = edited(
        "organs.csv",
        f"{YANJIAO},yanjiao,岩脚镇人民政府,township",
        f"{YANJIAO},yanjiao,岩脚镇人民政府,other_department",
    )
    (error,) = [each for each in found(contents) if each.severity is Severity.ERROR]
    assert (error.code, error.where) == ("no_township", "jurisdiction.csv:4")
    assert "岩脚镇" in error.zh
