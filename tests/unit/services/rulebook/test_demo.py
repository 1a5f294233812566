"""The bundled demo rulebook keeps what its README and the issue promise."""

from collections import Counter
from datetime import date, timedelta

import pytest
from stdnum.cn import uscc

from schemas.ids import DivisionCode, MatterCode, OrganCode
from schemas.messages import Rung
from services.rulebook.calendar import due_at, length_text, rung_times
from services.rulebook.directory import common_superior, find, superiors_of, supervisor_of
from services.rulebook.duties import duty_rule
from services.rulebook.finding import Severity
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.lint import lint
from services.rulebook.load import bundled, library_calendar, load, read_files
from services.rulebook.model import DecidingDate, Mode, Organ, OrganType
from tests.unit.services.rulebook.tiny import china

DEMO = load(bundled("demo"))
YANJIAO_PLACE = DivisionCode("520203102000")
TODAY = date(2026, 10, 15)


def organ(alias: str) -> Organ:
    found = find(DEMO.directory, alias, TODAY)
    assert found is not None
    return found


def test_it_has_no_lint_errors_and_only_the_notes_that_it_tells() -> None:
    findings = lint(read_files(bundled("demo")), library_calendar(), TODAY)
    assert [each for each in findings if each.severity is not Severity.NOTE] == []
    widened = ["clearance_widens"] * 2  # what the forwarder needs to answer the complainant
    over = ["expired"] * 11  # kept for the cases of their time: the powers taken back, Z-053
    assert [each.code for each in findings] == [*widened, *over, "gap", "gap"]


def test_it_has_the_organs_that_the_issue_asks_for() -> None:
    types = Counter(each.type for each in DEMO.directory.organs.values())
    assert types[OrganType.TOWNSHIP] == 18
    assert types[OrganType.DEPARTMENT] >= 7
    assert len(DEMO.directory.organs) - 18 > 20  # beside the townships, one that writes to 20
    assert types[OrganType.COUNTY_GOVERNMENT] == types[OrganType.SUPERVISOR] == 1
    assert types[OrganType.CITY_GOVERNMENT] == 1
    assert types[OrganType.CITY_DEPARTMENT] >= 1
    assert types[OrganType.OTHER_DEPARTMENT] >= 10


@pytest.mark.parametrize("each", DEMO.directory.organs.values(), ids=lambda each: each.alias)
def test_every_organ_has_a_code_of_right_form_and_three_officers(each: Organ) -> None:
    assert uscc.is_valid(each.code)
    assert each.code.startswith("11")  # registered by the 机构编制 authority, a 机关
    officers = [key for key in DEMO.directory.officers if key[0] == each.code]
    valid = [key for key in officers if DEMO.directory.officers[key].valid_to >= TODAY]
    assert len(valid) >= 3
    assert each.phone.startswith("0858-0000")  # no subscriber's number begins with a zero


def test_certificates_and_names_of_officers_are_nobodys_twice() -> None:
    officers = DEMO.directory.officers.values()
    assert len({each.certificate for each in officers}) == len(officers)
    assert len({each.name for each in officers}) == len(officers)


def test_every_matter_has_a_rule_with_law_and_article() -> None:
    assert len(DEMO.matters) >= 30
    subjects = set(DEMO.rules_by_subject)
    assert {str(code) for code in DEMO.matters} <= subjects


def test_the_county_has_all_its_townships_and_each_is_on_the_bus() -> None:
    county = {each.code for each in DEMO.divisions.values() if each.parent == DEMO.county}
    assert len(county) == 18
    seats = [o for o in DEMO.directory.organs.values() if o.type is OrganType.TOWNSHIP]
    assert {seat.division for seat in seats} == county


def test_every_organ_but_the_top_one_has_its_government_above_it() -> None:
    for each in DEMO.directory.organs.values():
        above = [up.alias for up in superiors_of(DEMO.directory, each.code, TODAY)]
        county = "lps-gov" if each.division != DEMO.county and "lps" in each.alias else "liuzhi-gov"
        wanted = {"lps-gov": [], "liuzhi-gov": ["lps-gov"]}.get(each.alias, [county])
        assert above[:1] == wanted


def test_a_subdistrict_is_no_town_so_rural_planning_is_nobodys_there() -> None:
    for place in ("520203001000", "520203104000"):
        asked = Question(DivisionCode(place), MatterCode("GH-002"), TODAY, TODAY, None, TODAY)
        answer = route(DEMO, asked)
        assert (answer.verdict is Verdict.GAP) == (place == "520203001000")


def test_powers_were_devolved_and_taken_back_under_every_transitional_clause() -> None:
    devolved = [rule for rule in DEMO.rules if rule.mode is Mode.DEVOLVED]
    taken_back = [rule for rule in devolved if rule.valid_to == date(2026, 6, 30)]
    assert len({rule.matter for rule in taken_back}) >= 4
    assert {rule.deciding_date for rule in taken_back} == set(DecidingDate)
    assert len(devolved) > len(taken_back)


TAKEN_BACK = {
    "filed: what is filed in July is the county's": ("CG-003", None, "liuzhi-cgj"),
    "filed: what was filed in June stays": ("CG-003", date(2026, 6, 30), "yanjiao"),
    "act: done in June, so the township's": ("CG-007", None, "yanjiao"),
    "found: found in July, so the county's": ("CG-008", None, "liuzhi-cgj"),
    "transfer: transferred in July, so the county's": ("CG-011", None, "liuzhi-cgj"),
}


@pytest.mark.parametrize("case", TAKEN_BACK)
def test_scenario_3_the_power_returned_on_1_july(case: str) -> None:
    matter, filed, expected = TAKEN_BACK[case]
    asked = Question(
        YANJIAO_PLACE,
        MatterCode(matter),
        act_date=date(2026, 6, 25),
        found_date=date(2026, 7, 3),
        filed_date=filed,
        transfer_date=date(2026, 7, 5),
    )
    assert route(DEMO, asked).organs == (organ(expected).code,)


def test_there_is_a_gap_and_a_concurrent_pair() -> None:
    def verdict(matter: str) -> Verdict:
        asked = Question(YANJIAO_PLACE, MatterCode(matter), TODAY, TODAY, None, TODAY)
        return route(DEMO, asked).verdict

    assert verdict("CG-013") is Verdict.GAP
    assert verdict("ZR-002") is Verdict.CONCURRENT
    assert verdict("CG-001") is Verdict.COMPETENT


def test_disputes_have_a_common_superior_and_everybody_a_supervisor() -> None:
    township, department = organ("yanjiao"), organ("liuzhi-cgj")
    above = common_superior(DEMO.directory, township.code, department.code, TODAY)
    assert above == organ("liuzhi-gov")
    watching = supervisor_of(DEMO.directory, OrganCode(township.code), TODAY)
    assert watching == organ("liuzhi-sfj")
    names = [each.alias for each in superiors_of(DEMO.directory, organ("liuzhi-scjg").code, TODAY)]
    assert names == ["liuzhi-gov", "lps-scjg"]


LENGTHS = {
    ("sign_for", "yanjiao"): "1 working day",
    ("sign_for", "liuzhi-swj"): "1 minute",
    ("decide_filing", "liuzhi-cgj"): "7 working days",
    ("decide_filing", "liuzhi-scjg"): "15 working days",
    ("decide_case", "liuzhi-cgj"): "90 calendar days",
    ("outcome_feedback", "yanjiao"): "5 working days",
}


@pytest.mark.parametrize(("kind", "alias"), LENGTHS)
def test_the_lengths_are_those_of_the_readme(kind: str, alias: str) -> None:
    rule = duty_rule(DEMO, kind, organ(alias), "LeadTransfer", TODAY)
    assert rule is not None
    assert length_text(rule.length) == LENGTHS[kind, alias]
    assert not rule.roll


def test_the_water_departments_yellow_card_falls_a_minute_after_the_opening() -> None:
    rule = duty_rule(DEMO, "sign_for", organ("liuzhi-swj"), "LeadTransfer", TODAY)
    assert rule is not None
    opened = china("2026-10-17 21:00")  # a Saturday night
    due = due_at(DEMO.calendar, opened, rule.length)
    fired = dict(rung_times(DEMO.calendar, rule.ladder, opened, due, rule.length))
    assert fired[Rung.YELLOW] == opened + timedelta(minutes=1)
    assert fired[Rung.RED] == fired[Rung.YELLOW] + timedelta(minutes=30)
    assert Rung.REMINDER not in fired
