from datetime import date

import pytest

from services.rulebook import compare
from services.rulebook.compare import Shift, shifts, townships
from services.rulebook.compare_parts import DutyShift, changed_days, duty_shifts, entries
from services.rulebook.jurisdiction import Answer, Question, route
from services.rulebook.model import DecidingDate, Rulebook
from tests.unit.services.rulebook.tiny import (
    CGJ,
    CITY,
    COUNTY,
    LANGDAI_PLACE,
    SCJG,
    YANJIAO,
    YANJIAO_PLACE,
    added,
    edited,
    files,
    rulebook,
)

TINY = rulebook()
BACK = date(2026, 7, 1)  # from when CG-1 at Yanjiao is the county's again


def changed(file: str, old: str, new: str) -> Rulebook:
    return rulebook(edited(file, old, new))


def told(old: Rulebook, new: Rulebook) -> list[tuple[object, ...]]:
    return [
        (s.matter, s.places, s.before, s.after, s.since, s.until, s.decided_by)
        for s in shifts(old, new)
    ]


def test_a_rulebook_differs_from_itself_in_nothing() -> None:
    assert shifts(TINY, TINY) == ()
    assert duty_shifts(TINY, TINY) == ()
    assert changed_days(TINY, TINY) == {}
    assert list(entries(TINY, TINY)) == []


def test_another_wording_of_the_same_competence_is_no_difference() -> None:
    old = f"R3,SC-1,,{COUNTY},organ:scjg,statutory"
    new = f"R9,,market,{COUNTY},kind:market_supervision,statutory"
    assert shifts(TINY, changed("jurisdiction.csv", old, new)) == ()


def test_what_decides_nothing_is_not_asked_and_a_successor_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Question] = []

    def counted(rulebook: Rulebook, question: Question) -> Answer:
        asked.append(question)
        return route(rulebook, question)

    monkeypatch.setattr(compare, "route", counted)
    line = f"urban_management,{COUNTY},"
    moved = changed("organs.csv", f"{line},,,2019-01-01,,", f"{line},,新街1号,2019-01-01,,")
    assert moved != TINY
    assert shifts(TINY, moved) == ()
    assert asked == []
    merged = changed("organs.csv", f"{line},,,2019-01-01,,", f"{line},,,2019-01-01,2026-06-30,scjg")
    assert {(s.before, s.after, s.since) for s in shifts(TINY, merged)} == {((CGJ,), (SCJG,), BACK)}
    assert {question.matter for question in asked} == {"CG-1", "CG-2"}


def test_a_power_taken_back_says_from_whom_to_whom_since_when_and_by_which_date() -> None:
    kept = changed("jurisdiction.csv", "2021-10-01,2026-06-30,filed", "2021-10-01,,filed")
    filed = DecidingDate.FILED
    assert told(kept, TINY) == [
        ("CG-1", (YANJIAO_PLACE,), ("township",), (CGJ,), BACK, None, filed)
    ]
    assert told(TINY, kept) == [
        ("CG-1", (YANJIAO_PLACE,), (CGJ,), ("township",), BACK, None, filed)
    ]


def test_a_rule_without_a_beginning_is_told_when_it_ends() -> None:
    old, ever = "2019-12-01,2020-01-01,,act", "2019-12-01,0001-01-01"
    forever = changed("jurisdiction.csv", old, f"{ever},,act")
    for_now = changed("jurisdiction.csv", old, f"{ever},2026-12-31,act")
    gone = [s for s in shifts(forever, for_now) if s.matter == "CG-2"]
    assert [(s.before, s.after, s.since) for s in gone] == [((CGJ,), (), date(2027, 1, 1))]


def test_the_deciding_date_is_that_of_the_rule_that_turns() -> None:
    found = []
    for clause in ("act", "found", "filed", "transfer"):
        kept = changed("jurisdiction.csv", "2026-06-30,filed", f",{clause}")
        ended = changed("jurisdiction.csv", "2026-06-30,filed", f"2026-06-30,{clause}")
        found += [shift.decided_by for shift in shifts(kept, ended)]
    assert found == list(DecidingDate)


def test_a_difference_that_ends_says_its_last_day() -> None:
    later = changed("jurisdiction.csv", "2021-10-01,2026-06-30", "2021-10-01,2026-08-31")
    assert told(TINY, later) == [
        (
            "CG-1",
            (YANJIAO_PLACE,),
            (CGJ,),
            ("township",),
            BACK,
            date(2026, 8, 31),
            DecidingDate.FILED,
        )
    ]


def test_two_differences_one_after_the_other_are_told_apart() -> None:
    line = f"R4,CG-1,,{YANJIAO_PLACE},organ:scjg,statutory,《城市道路管理条例》第四十二条,"
    line += "1996-10-01,清单,2019-12-01,2026-09-01,,act,"
    kept = changed("jurisdiction.csv", "2021-10-01,2026-06-30,filed", "2021-10-01,,filed")
    new = rulebook(added("jurisdiction.csv", line))
    assert [(s.after, s.since, s.until) for s in shifts(kept, new)] == [
        ((CGJ,), BACK, date(2026, 8, 31)),
        ((SCJG,), date(2026, 9, 1), None),
    ]  # fmt: skip


def test_places_with_the_same_difference_stand_together_each_with_its_own_township() -> None:
    line = f"R4,CG-2,,{COUNTY},township,devolved,《中华人民共和国行政处罚法》第二十四条,"
    line += "2021-07-15,决定,2021-09-01,2027-01-01,,act,"
    both = f"R5,CG-2,,{COUNTY},kind:urban_management,statutory,《城市道路管理条例》第四十二条,"
    both += "1996-10-01,清单,2019-12-01,2020-01-01,2026-12-31,act,"
    (found,) = shifts(TINY, rulebook(added("jurisdiction.csv", line, both)))
    assert (found.places, found.after) == ((YANJIAO_PLACE, LANGDAI_PLACE), ("township",))
    assert found.since == date(2027, 1, 1)


def test_only_a_transitional_clause_is_told_for_the_cases_it_is_about() -> None:
    by_act = changed("jurisdiction.csv", "2026-06-30,filed", "2026-06-30,act")
    starts, found = shifts(TINY, by_act)
    assert (starts.since, starts.begun) == (date(2021, 10, 1), DecidingDate.ACT)
    assert found == Shift(
        matter=found.matter,
        places=found.places,
        before=(CGJ,),
        after=("township",),
        since=BACK,
        until=None,
        decided_by=None,
        basis="《中华人民共和国行政处罚法》第二十四条",
        begun=DecidingDate.ACT,
    )


def test_a_matter_that_is_gone_is_nobodys() -> None:
    less = rulebook(files(matters_csv="code,name,group\nCG-1,占道经营,city\nCG-2,乱扔垃圾,city\n"))
    gone = [s for s in shifts(TINY, less) if s.matter == "SC-1"]
    assert [(s.before, s.after, s.basis) for s in gone] == [((SCJG,), (), None)]


def test_a_county_without_townships_is_asked_as_a_whole() -> None:
    bare = rulebook()
    assert townships(bare) == (YANJIAO_PLACE, LANGDAI_PLACE)
    county = rulebook(
        files(
            divisions_csv=f"code,name,level,parent\n{COUNTY},六枝特区,county,\n",
            jurisdiction_csv=rulebook_rules(),
        )
    )
    assert townships(county) == (COUNTY,)


def rulebook_rules() -> str:
    """The head of jurisdiction.csv alone."""
    text = files()["jurisdiction.csv"].decode().splitlines()
    return text[1] + "\n"


DUTY = """
[[duty]]
kind = "{kind}"
length = "{length}"
ladder = "standard"
basis = "示例"
valid_from = {since}
{more}
"""


def duty(**values: str) -> Rulebook:
    filled = {"kind": "sign_for", "length": "2 working days", "since": "2026-07-01", "more": ""}
    return rulebook(added("duties.toml", DUTY.format(**filled | values)))


def rows(found: tuple[DutyShift, ...]) -> list[tuple[object, ...]]:
    return [(s.kind, s.sector, s.record, *s.lengths, s.since, s.until) for s in found]


def test_a_new_length_is_told_once_for_all_who_have_it() -> None:
    assert rows(duty_shifts(TINY, duty())) == [
        ("sign_for", None, None, "1 working day", "2 working days", BACK, None)
    ]


def test_a_sectors_own_length_is_told_for_the_sector() -> None:
    own = duty(more='sector = "market_supervision"')
    assert rows(duty_shifts(TINY, own)) == [
        ("sign_for", "market_supervision", None, "1 working day", "2 working days", BACK, None)
    ]
    record = duty(more='record = "CaseTransfer"')
    assert [s.record for s in duty_shifts(TINY, record)] == ["CaseTransfer"]


def test_a_length_for_a_while_has_its_last_day_and_a_new_duty_had_none_before() -> None:
    passing = duty(more="valid_to = 2026-12-31")
    assert [s.until for s in duty_shifts(TINY, passing)] == [date(2026, 12, 31)]
    new = duty(kind="answer")
    assert rows(duty_shifts(TINY, new)) == [
        ("answer", None, None, "", "2 working days", BACK, None)
    ]
    assert [s.lengths for s in duty_shifts(new, TINY)] == [("2 working days", "")]


def test_a_length_that_ends_later_is_told_from_the_day_on_which_it_would_have_ended() -> None:
    found = duty_shifts(duty(more="valid_to = 2026-12-31"), duty(more="valid_to = 2027-06-30"))
    assert [(s.since, s.until) for s in found] == [(date(2027, 1, 1), date(2027, 6, 30))]


def test_an_officer_s_new_name_is_told() -> None:
    renamed = rulebook(edited("officers.csv", "yanjiao,王一,Y1", "yanjiao,王壹,Y1"))
    (found,) = entries(TINY, renamed)
    assert found.fields == {"name": ("王一", "王壹")}


def test_whatever_the_directory_says_of_an_organ_is_told_when_it_changes() -> None:
    code = "11520203YC00030188"
    before = f"{code},other,甲局,other_department,,{COUNTY},,,,2019-01-01,,"
    after = (
        f"{code},another,乙局,department,water,{CITY},张三,1234,示例路,2020-01-01,2030-12-31,cgj"
    )
    old, new = (rulebook(added("organs.csv", row)) for row in (before, after))
    (found,) = entries(old, new)
    assert (found.part, found.code, found.name) == ("organs", code, "乙局")
    assert found.fields == {
        "name": ("甲局", "乙局"),
        "alias": ("other", "another"),
        "type": ("other_department", "department"),
        "division": (COUNTY, CITY),
        "kind": ("", "water"),
        "contact": ("", "张三"),
        "phone": ("", "1234"),
        "address": ("", "示例路"),
        "valid_from": ("2019-01-01", "2020-01-01"),
        "valid_to": ("", "2030-12-31"),
        "successor": ("", CGJ),
    }


def test_a_calendar_known_for_longer_and_a_key_that_ends_are_told() -> None:
    key = "kid,organ,algorithm,x,y,valid_from,valid_to\nk1,yanjiao,ES256,x,y,2026-01-01T00:00:00Z,"
    said = 'bus = "tiny-bus"\ncalendar_known_until = '
    old, new = (
        rulebook(
            edited("rulebook.toml", 'bus = "tiny-bus"', f"{said}{known}")
            | {"keys.csv": f"{key}{until}\n".encode()}
        )
        for known, until in (("2026-12-31", ""), ("2027-12-31", "2026-07-01T00:00:00Z"))
    )
    head, ended = entries(old, new)
    assert head.fields == {"calendar_known_until": ("2026-12-31", "2027-12-31")}
    assert (ended.part, ended.code, ended.name) == ("keys", "k1", YANJIAO)
    assert ended.fields == {"valid_to": ("", "2026-07-01 00:00:00+00:00")}


def test_days_that_change_their_kind_are_listed() -> None:
    more = rulebook(added("calendar.csv", "2026-12-29,off,", "2026-12-27,workday,"))
    assert changed_days(TINY, more) == {date(2026, 12, 27): True, date(2026, 12, 29): False}


def test_what_is_listed_anew_no_more_or_otherwise_is_named_field_by_field() -> None:
    new = edited("organs.csv", "综合行政执法局,department", "城市管理局,department")
    new |= {
        "officers.csv": edited("officers.csv", "yanjiao,王一,Y1,2029", "yanjiao,王一,Y1,2028")[
            "officers.csv"
        ].replace("刘四,L2".encode(), "孙九,L9".encode()),
        "superiors.csv": edited("superiors.csv", "scjg,gov,government,2019-01-01,\n", "")[
            "superiors.csv"
        ],
        "matters.csv": edited("matters.csv", "占道经营", "占道摆摊")["matters.csv"],
    }
    found = {(e.part, e.code): e for e in entries(TINY, rulebook(new))}
    assert found["organs", CGJ].fields == {"name": ("综合行政执法局", "城市管理局")}
    assert list(found["organs", SCJG].fields) == ["superiors"]
    assert found["officers", f"{YANJIAO} Y1"].fields == {"valid_to": ("2029-12-31", "2028-12-31")}
    there = {key[1].split()[-1]: e.is_there for key, e in found.items() if key[0] == "officers"}
    assert there == {"Y1": (True, True), "L2": (True, False), "L9": (False, True)}
    assert found["matters", "CG-1"].name == "占道摆摊"
    assert not {part for part, _ in found} - {"organs", "officers", "matters"}


def test_head_divisions_and_keys_are_compared_too() -> None:
    key = "k1," + YANJIAO + ",ES256,x,y,2026-01-01T00:00:00+08:00,\n"
    new = edited("rulebook.toml", '"tiny-bus"', '"other-bus"')
    new |= {
        "divisions.csv": edited("divisions.csv", "郎岱镇", "新郎岱镇")["divisions.csv"],
        "keys.csv": ("kid,organ,algorithm,x,y,valid_from,valid_to\n" + key).encode(),
    }
    found = {(e.part, e.code): e for e in entries(TINY, rulebook(new))}
    assert found["head", "rulebook"].fields == {"bus": ("tiny-bus", "other-bus")}
    assert (found["head", "rulebook"].name, found["keys", "k1"].name) == ("rulebook.toml", YANJIAO)
    assert found["divisions", LANGDAI_PLACE].fields == {"name": ("郎岱镇", "新郎岱镇")}
    assert found["keys", "k1"].is_there == (False, True)
