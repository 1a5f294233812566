"""The tables that a rulebook makes of its rows."""

from datetime import date, timedelta

from schemas.ids import Alias, DivisionCode, OrganCode
from services.rulebook.indexes import areas_above, by_area, by_subject, turns
from services.rulebook.model import Directory, Division, Organ, OrganType
from tests.unit.services.rulebook.tiny import CITY, COUNTY, PROVINCE, YANJIAO_PLACE, rulebook

TINY = rulebook()
COUNTY_CODE, LAST_DAY = DivisionCode(COUNTY), date(2026, 6, 30)


def test_rules_stand_by_subject_and_by_area_in_their_order() -> None:
    assert {key: [rule.id for rule in found] for key, found in by_subject(TINY.rules).items()} == {
        "city": ["R1"],
        "CG-1": ["R2"],
        "SC-1": ["R3"],
    }
    there = by_area(TINY.rules)
    assert set(there) == {COUNTY, YANJIAO_PLACE}
    assert set(there[DivisionCode(COUNTY)]) == {"city", "SC-1"}


def test_a_division_has_itself_and_all_above_it_though_a_row_is_its_own_parent() -> None:
    above = areas_above(TINY.divisions, {})
    assert above[DivisionCode(YANJIAO_PLACE)] == (YANJIAO_PLACE, COUNTY, CITY, PROVINCE)
    own = DivisionCode("441900000000")
    assert areas_above({own: Division(own, "东莞市", "county", own)}, {}) == {own: (own,)}
    lost = DivisionCode("999900000000")
    assert areas_above({own: Division(own, "某县", "county", lost)}, {}) == {own: (own, lost)}


def test_a_turn_is_a_first_day_and_the_day_after_a_last_one() -> None:
    spans = [(date(2026, 1, 1), date(2026, 6, 30)), (date(2026, 1, 1), None)]
    assert turns([*spans, (date(2026, 2, 1), date.max)]) == {
        date(2026, 1, 1),
        date(2026, 2, 1),
        date(2026, 7, 1),
    }


def test_a_directory_knows_on_which_days_organs_come_and_go() -> None:
    assert TINY.directory.turns == {date(2019, 1, 1)}
    ends = Organ(
        OrganCode("x"), Alias("x"), "某局", OrganType.DEPARTMENT, COUNTY_CODE, valid_to=LAST_DAY
    )
    directory = Directory({ends.code: ends}, {}, {})
    assert directory.turns == {LAST_DAY + timedelta(days=1)}  # it had no beginning
