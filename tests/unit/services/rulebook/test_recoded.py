"""A division whose code is changed (撤镇设街道, 撤县设市): both codes are it, under the new one."""

from collections.abc import Mapping
from datetime import date

import pytest

from schemas.ids import DivisionCode, MatterCode, OrganCode
from schemas.sharing import ContentCategory
from services.rulebook.audiences import audience_of
from services.rulebook.compare import shifts, takes_over, townships
from services.rulebook.directory import county_government_of, department_of, township_of
from services.rulebook.indexes import recodings
from services.rulebook.jurisdiction import Question, route
from services.rulebook.model import Division, Rulebook
from services.rulebook.parse import parse
from services.rulebook.place import contradicting
from tests.unit.services.rulebook.test_lint import found
from tests.unit.services.rulebook.tiny import (
    CALENDAR,
    CGJ,
    CITY,
    COUNTY,
    FILES,
    GOV,
    LANGDAI_PLACE,
    YANJIAO,
    YANJIAO_PLACE,
    files,
    rulebook,
)

SUBDISTRICT, ON = DivisionCode("520203004000"), date(2026, 6, 1)
HEAD = "code,name,level,parent,recoded_to"


def divisions(*rows: str, recoded: Mapping[str, str]) -> str:
    """Return divisions.csv with the new codes of some of its rows, and more rows."""
    _, *lines = FILES["divisions.csv"].splitlines()
    given = [f"{line},{recoded.get(line.split(',')[0], '')}" for line in lines]
    return "\n".join([HEAD, *given, *(f"{row}," for row in rows), ""])


TOWN = divisions(f"{SUBDISTRICT},岩脚街道,township,{COUNTY}", recoded={YANJIAO_PLACE: SUBDISTRICT})
AUDIENCES = (
    "id,category,matter,group,area,audience,basis,valid_from,valid_to\n"
    "A1,statistics,,,{area},township,意见二(一)1,2020-01-01,\n"
)
BOTH = (YANJIAO_PLACE, SUBDISTRICT)


def town(*, is_rewritten: bool = False) -> dict[str, bytes]:
    """The tiny county in which 岩脚镇 is a subdistrict of another code now."""
    contents = files(divisions_csv=TOWN)
    if is_rewritten:
        for name in ("organs.csv", "jurisdiction.csv"):
            contents[name] = FILES[name].replace(YANJIAO_PLACE, SUBDISTRICT).encode()
    return contents


def ask(rules: Rulebook, place: str, matter: str = "CG-1") -> tuple[OrganCode, ...]:
    asked = Question(DivisionCode(place), MatterCode(matter), ON, ON, ON, ON)
    return route(rules, asked).organs


@pytest.mark.parametrize("is_rewritten", [False, True])
def test_by_either_code_it_has_its_organ_and_its_rules(is_rewritten: bool) -> None:  # noqa: FBT001 - a table
    """Whether organs and rules are written under the old code or the new."""
    contents = town(is_rewritten=is_rewritten)
    assert found(contents) == ()
    rules = rulebook(contents)
    for place in BOTH:
        organ = township_of(rules.directory, DivisionCode(place), ON)
        assert organ is not None
        assert (organ.code, organ.division) == (YANJIAO, SUBDISTRICT)
        assert ask(rules, place) == (YANJIAO,)
        assert ask(rules, place, "CG-2") == (CGJ,)
        assert rules.areas_of[DivisionCode(place)][:2] == (SUBDISTRICT, COUNTY)
    assert ask(rules, LANGDAI_PLACE) == (CGJ,)


@pytest.mark.parametrize("place", BOTH)
def test_by_either_code_it_has_both_names(place: str) -> None:
    rules = rulebook(town())
    for text in ("岩脚镇老街1号", "岩脚街道老街1号", "岩脚老街1号"):
        assert contradicting(rules, DivisionCode(place), text) is None
        named = contradicting(rules, DivisionCode(LANGDAI_PLACE), text)
        assert named is not None
        assert named.code == SUBDISTRICT
    assert contradicting(rules, DivisionCode(place), "郎岱镇") is not None


def test_it_is_one_township_and_no_difference_to_whom_anything_is() -> None:
    rules = rulebook(town())
    assert set(townships(rules)) == {SUBDISTRICT, LANGDAI_PLACE}
    for again in (rules, rulebook(town(is_rewritten=True))):
        assert shifts(rulebook(), again) == ()
        assert shifts(again, rules) == ()


def test_a_rulebook_without_the_column_says_what_it_said() -> None:
    assert HEAD.removesuffix(",recoded_to") in FILES["divisions.csv"]
    rules, same = rulebook(), rulebook(files(divisions_csv=divisions(recoded={})))
    assert rules.recoded == {}
    assert (same.divisions, same.rules, same.directory) == (
        rules.divisions,
        rules.rules,
        rules.directory,
    )


NEW_COUNTY, NEW_CODES = "520299000000", {COUNTY[:6]: "520299"}


def county() -> dict[str, bytes]:
    """The tiny county with another code, and so its townships; organs and rules as they were."""
    old = (COUNTY, YANJIAO_PLACE, LANGDAI_PLACE)
    text = divisions(
        f"{NEW_COUNTY},六枝市,county,{CITY}",
        f"{_moved(YANJIAO_PLACE)},岩脚镇,township,{NEW_COUNTY}",
        f"{_moved(LANGDAI_PLACE)},郎岱镇,township,{COUNTY}",  # by whichever code
        recoded={code: _moved(code) for code in old},
    )
    head = FILES["rulebook.toml"].replace(COUNTY, NEW_COUNTY)
    return files(
        divisions_csv=text, rulebook_toml=head, audiences_csv=AUDIENCES.format(area=COUNTY)
    )


def _moved(code: str) -> str:
    return NEW_COUNTY[:6] + code[6:]


def test_a_county_s_code_takes_its_organs_rules_and_audiences_with_it() -> None:
    assert found(county()) == ()
    rules = rulebook(county())
    assert rules.county == NEW_COUNTY
    for place in (YANJIAO_PLACE, _moved(YANJIAO_PLACE)):
        assert ask(rules, place) == (YANJIAO,)
        kind = department_of(rules.directory, DivisionCode(place), "urban_management", ON)
        assert kind is not None
        assert kind.code == CGJ
    government = county_government_of(rules.directory, OrganCode(YANJIAO), ON)
    assert government is not None
    assert government.code == GOV
    assert shifts(rulebook(), rules) == ()
    assert takes_over(rulebook(), rules)
    for place in (COUNTY, NEW_COUNTY):
        reached = audience_of(rules, ContentCategory.STATISTICS, (), DivisionCode(place), ON)
        assert YANJIAO in reached


def test_a_rulebook_of_another_county_or_bus_takes_nobody_s_place() -> None:
    other = FILES["rulebook.toml"].replace(COUNTY, NEW_COUNTY)
    assert not takes_over(rulebook(), rulebook(files(rulebook_toml=other)))
    assert not takes_over(rulebook(county()), rulebook())  # nor does a code come back by itself
    bus = FILES["rulebook.toml"].replace("tiny-bus", "other-bus")
    assert not takes_over(rulebook(), rulebook(files(rulebook_toml=bus)))
    assert takes_over(rulebook(), rulebook())


def test_the_last_of_several_codes_stands_for_all() -> None:
    rows = [("a", "b"), ("b", "c"), ("c", None), ("x", "y"), ("y", "x"), ("z", "x"), ("s", "s")]
    given = [
        Division(DivisionCode(code), code, "township", None, DivisionCode(to) if to else None)
        for code, to in rows
    ]
    assert recodings(given) == {"a": "c", "b": "c"}


WRONG = {
    "a new code that is not there": (
        divisions(recoded={YANJIAO_PLACE: "520203004000"}),
        "dangling divisions.csv:5",
    ),
    "codes that go round": (
        divisions(recoded={YANJIAO_PLACE: LANGDAI_PLACE, LANGDAI_PLACE: YANJIAO_PLACE}),
        "recoded_in_circle divisions.csv:5",
    ),
    "a township that became a county": (
        divisions(recoded={YANJIAO_PLACE: COUNTY}),
        "recoded_level divisions.csv:5",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_new_code_that_cannot_be_is_an_error(case: str) -> None:
    text, expected = WRONG[case]
    listed = [f"{each.code} {each.where}" for each in found(files(divisions_csv=text))]
    assert expected in listed
    parse(files(divisions_csv=text), CALENDAR)  # it is read all the same: a shelf may hold it
