"""Guidance on site, once a year, by each department in each township it devolved a matter to."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.errors import Broken
from schemas.ids import Alias, DivisionCode, OrganCode, RuleId
from schemas.messages import Rung
from schemas.sharing import GuidanceForm, GuidanceRecord
from services.casework.case import Closing
from services.casework.effects import PassDuty
from services.casework.guidance import (
    case_id,
    opening_id,
    yearly_duty,
)
from services.rulebook.guidance import (
    GuidanceYear,
    counts_for,
    guidance_years,
    guidance_years_at,
)
from services.rulebook.model import JurisdictionRule, Mode, Rulebook
from tests.history import SHANGHAI, History, demo, message, organ, the

HEIR = OrganCode("11520203YC0009998H")
IN_JUNE = date(2025, 6, 11)
IN_YANJIAO = DivisionCode("520203102001")


def pairs(year: int, rulebook: Rulebook | None = None) -> dict[tuple[str, str], GuidanceYear]:
    organs = demo().directory.organs
    found = guidance_years(rulebook or demo(), year)
    return {(organs[p.department].alias, organs[p.township].alias): p for p in found}


def of_urban_management(year: int = 2025) -> GuidanceYear:
    return pairs(year)["liuzhi-cgj", "yanjiao"]


def record(**changes: Any) -> GuidanceRecord:
    made = message("guidance_record", "liuzhi-cgj", "guidance")
    assert isinstance(made, GuidanceRecord)
    values: dict[str, Any] = {"held_on": IN_JUNE, "form": GuidanceForm.ON_SITE}
    return replace(made, **(values | changes))


def counts(given: GuidanceRecord, pair: GuidanceYear, on: date = date(2026, 1, 8)) -> bool:
    return counts_for(given, pair, demo().directory, on)


def devolved(first: date, last: date | None) -> Rulebook:
    """The demo in which CG-007 in 岩脚镇 alone is devolved, within these days."""
    rules = tuple(
        replace(rule, valid_from=first, valid_to=last) if rule.id == "S-085" else rule
        for rule in demo().rules
        if rule.mode.value != "devolved" or rule.id == "S-085"
    )
    return replace(demo(), rules=rules)


@pytest.mark.guidance(
    "二(五)·1",
    "function services.rulebook.guidance:guidance_years",
    words="涉及行政执法权下放的县级行政执法部门",
)
def test_it_is_owed_by_whoever_devolved_a_matter_to_each_township_that_has_it() -> None:
    found = pairs(2025)
    assert ("liuzhi-cgj", "yanjiao") in found  # 市容
    assert ("liuzhi-nyj", "yanjiao") in found  # ZR-004, 农村村民非法占用土地建住宅
    assert ("liuzhi-jtj", "luobie") in found  # 公路, taken back in 2026
    assert ("liuzhi-jtj", "yanjiao") not in found
    assert {pair.since for pair in found.values()} == {date(2025, 1, 1)}
    assert {pair.days_in_force for pair in found.values()} == {365}


def test_what_is_taken_back_in_mid_year_is_owed_for_that_year_and_not_the_next() -> None:
    found = pairs(2026)["liuzhi-jtj", "luobie"]
    assert found.days_in_force == 181
    assert yearly_duty(found, demo()).closing is None
    assert ("liuzhi-jtj", "luobie") not in pairs(2027)


def test_nothing_is_owed_before_the_first_devolution_and_from_then_on_in_its_year() -> None:
    rules = tuple(replace(rule, valid_from=date(2019, 1, 1)) for rule in demo().duties)
    always = replace(demo(), duties=rules)
    assert guidance_years(always, 2020) == ()
    since = pairs(2021, always)["liuzhi-cgj", "yanjiao"]
    assert (since.since, since.days_in_force) == (date(2021, 10, 1), 92)


def test_nothing_is_owed_before_the_guidance_itself_was_in_force() -> None:
    assert guidance_years(demo(), 2023) == ()
    assert guidance_years_at(demo(), IN_YANJIAO, 2023) == ()
    assert len(guidance_years(demo(), 2024)) == len(guidance_years(demo(), 2025))


def test_of_one_place_it_is_what_is_owed_in_its_township() -> None:
    found = guidance_years_at(demo(), IN_YANJIAO, 2025)
    assert set(found) == {p for (_, township), p in pairs(2025).items() if township == "yanjiao"}
    assert guidance_years_at(demo(), DivisionCode("520203999000"), 2025) == ()


def county_wide(*more: JurisdictionRule) -> Rulebook:
    """CG-002 devolved in the whole county by one row, for which the county's own rule had to end.

    A second row may stand in the county only where the first has ended.
    """
    rules = {rule.id: rule for rule in demo().rules if rule.mode.value != "devolved"}
    own = rules[RuleId("F-002")]
    row = replace(own, id=RuleId("S-1"), competent="township", mode=Mode.DEVOLVED)
    ended = replace(own, valid_to=date(2021, 9, 30))
    rules |= {own.id: ended, row.id: replace(row, valid_from=date(2021, 10, 1))}
    return replace(demo(), rules=(*rules.values(), *more))


def test_of_a_devolution_in_the_whole_county_it_is_owed_by_whose_rule_ended_for_it() -> None:
    owed = pairs(2025, county_wide())
    assert {department for department, _ in owed} == {"liuzhi-cgj"}
    assert len(owed) == 18
    # What a township has by a row of its own beside it was still the department's.
    own = next(rule for rule in demo().rules if rule.id == "S-059")
    assert pairs(2025, county_wide(own)) == owed
    # Of several that ended it is the last: another department had it earlier.
    older = next(rule for rule in demo().rules if rule.id == "F-002")
    older = replace(older, id=RuleId("F-0"), competent="kind:market_supervision")
    older = replace(older, valid_from=date(2019, 1, 1), valid_to=date(2021, 1, 31))
    assert pairs(2025, county_wide(older)) == owed


def test_the_order_of_the_matters_changes_nothing() -> None:
    matters = dict(reversed(list(demo().matters.items())))
    found = guidance_years_at(replace(demo(), matters=matters), IN_YANJIAO, 2025)
    assert found == guidance_years_at(demo(), IN_YANJIAO, 2025)
    assert len(found) > 1


def test_under_ninety_days_of_the_year_it_is_waived_on_the_books() -> None:
    for last, closing in ((date(2026, 3, 30), Closing.WAIVED), (date(2026, 3, 31), None)):
        rulebook = devolved(date(2025, 1, 1), last)
        (pair,) = guidance_years(rulebook, 2026)
        duty = yearly_duty(pair, rulebook)
        assert (pair.days_in_force, duty.closing) == ((last - date(2025, 12, 31)).days, closing)
        assert (duty.closed_at is None) is (closing is None)


def test_without_the_policy_no_year_is_too_short() -> None:
    rulebook = devolved(date(2025, 12, 31), None)
    duties = tuple(replace(rule, waived_if_in_force_under=None) for rule in rulebook.duties)
    (pair,) = guidance_years(rulebook, 2025)
    assert yearly_duty(pair, rulebook).closing is Closing.WAIVED
    assert yearly_duty(pair, replace(rulebook, duties=duties)).closing is None


@pytest.mark.guidance("二(五)·1", "length yearly_guidance", words="每年")
def test_12_due_on_31_december_yellow_on_the_first_working_day_red_three_days_later() -> None:
    duty = yearly_duty(of_urban_management(), demo())
    assert duty.due == datetime(2026, 1, 1, 0, 0, tzinfo=SHANGHAI)
    assert not duty.provisional
    rungs = {rung.rung: rung.nominal_at for rung in duty.ladder}
    # 1 to 3 January 2026 are 元旦, Sunday 4 is worked.
    assert rungs[Rung.YELLOW] == datetime(2026, 1, 4, 9, 0, tzinfo=SHANGHAI)
    assert rungs[Rung.RED] == datetime(2026, 1, 7, 9, 0, tzinfo=SHANGHAI)
    assert rungs[Rung.REMINDER] == datetime(2025, 12, 30, 9, 0, tzinfo=SHANGHAI)


def test_its_cards_wait_for_a_calendar_of_the_next_year() -> None:
    duty = yearly_duty(of_urban_management(2026), demo())
    assert [rung.rung for rung in duty.ladder] == [Rung.REMINDER]
    assert duty.due == datetime(2027, 1, 1, 0, 0, tzinfo=SHANGHAI)


@pytest.mark.guidance(
    "二(五)·1",
    "function services.rulebook.guidance:counts_for",
    words="到各有关乡(镇、街道)带领办理行政执法案件或指导有关工作",
)
@pytest.mark.parametrize("form", GuidanceForm)
def test_12_only_leading_a_case_and_guidance_on_site_count(form: GuidanceForm) -> None:
    counting = {GuidanceForm.LEADING_CASE, GuidanceForm.ON_SITE}
    assert counts(record(form=form), of_urban_management()) is (form in counting)


def test_guidance_elsewhere_in_another_year_or_of_another_department_does_not_count() -> None:
    pair = of_urban_management()
    assert counts(record(), pair)
    assert counts(record(held_on=date(2025, 12, 31)), pair)
    assert not counts(record(held_on=date(2026, 1, 1)), pair)
    assert not counts(record(held_on=None), pair)
    assert not counts(record(place=DivisionCode("520203110000")), pair)
    assert not counts(record(place=None), pair)
    assert not counts(record(form=None), pair)
    assert not counts(record(), replace(pair, township=organ("langdai")))
    assert not counts(record(), replace(pair, department=organ("liuzhi-nyj")))


def test_what_is_announced_and_not_yet_given_does_not_count() -> None:
    assert not counts(record(), of_urban_management(), on=IN_JUNE - timedelta(days=1))
    assert counts(record(), of_urban_management(), on=IN_JUNE)


def test_the_same_pair_and_year_is_one_case() -> None:
    pair = of_urban_management()
    assert case_id(pair) == case_id(replace(pair, days_in_force=1))
    others = {opening_id(each) for year in (2025, 2026) for each in guidance_years(demo(), year)}
    assert len(others) == len(guidance_years(demo(), 2025)) + len(guidance_years(demo(), 2026))
    assert yearly_duty(pair, demo()).message == opening_id(pair)


def test_a_rulebook_without_its_ladder_and_basis_is_broken() -> None:
    without = tuple(rule for rule in demo().duties if rule.kind != "yearly_guidance")
    with pytest.raises(Broken, match=r"rules\.duty_missing"):
        yearly_duty(of_urban_management(), replace(demo(), duties=without))


def merged(on: date) -> Rulebook:
    """The demo in which 综合行政执法局 ends on a day and a new bureau goes on from the next."""
    directory = demo().directory
    old = directory.organs[organ("liuzhi-cgj")]
    heir = replace(old, code=HEIR, alias=Alias("liuzhi-new"), valid_from=on + timedelta(days=1))
    gone = replace(old, valid_to=on, successor=HEIR)
    organs = {**directory.organs, old.code: gone, HEIR: heir}
    return replace(demo(), directory=replace(directory, organs=organs))


def test_a_department_that_is_merged_in_mid_year_leaves_its_duty_to_its_successor() -> None:
    rulebook = merged(date(2025, 6, 30))
    found = {(p.department, p.township): p for p in guidance_years(rulebook, 2025)}
    assert (HEIR, organ("yanjiao")) not in found
    pair = found[organ("liuzhi-cgj"), organ("yanjiao")]
    assert pair.days_in_force == 365
    of_next = {(p.department, p.township) for p in guidance_years(rulebook, 2026)}
    assert (HEIR, organ("yanjiao")) in of_next
    assert (organ("liuzhi-cgj"), organ("yanjiao")) not in of_next
    by_heir = record()
    by_heir = replace(by_heir, envelope=replace(by_heir.envelope, sender=HEIR))
    assert counts_for(by_heir, pair, rulebook.directory, date(2025, 8, 1))
    assert not counts_for(record(), pair, rulebook.directory, date(2025, 8, 1))
    assert counts_for(record(), pair, rulebook.directory, date(2025, 6, 30))


def test_a_township_that_took_another_in_is_guided_once_for_both_areas() -> None:
    directory = demo().directory
    old = replace(directory.organs[organ("langdai")], valid_to=date(2024, 12, 31))
    gone = replace(old, successor=organ("yanjiao"))
    organs = {**directory.organs, gone.code: gone}
    rulebook = replace(demo(), directory=replace(directory, organs=organs))
    years = guidance_years(rulebook, 2025)
    owed = [(p.department, p.township) for p in years]
    assert len(set(owed)) == len(owed)
    assert organ("langdai") not in {p.township for p in years}
    there = guidance_years_at(rulebook, gone.division, 2025)
    assert (organ("liuzhi-cgj"), organ("yanjiao")) in {(p.department, p.township) for p in there}
    both = {case_id(p) for p in (*there, *guidance_years_at(rulebook, IN_YANJIAO, 2025))}
    assert both <= {case_id(p) for p in years}  # on site in either place it counts for the one


def test_a_year_opened_after_the_merger_is_owed_by_the_successor_at_once() -> None:
    rulebook = merged(date(2025, 6, 30))
    history = History(rulebook=rulebook, at=datetime(2025, 8, 1, 9, 0, tzinfo=SHANGHAI))
    effects = history.send("guidance_year_opened", "yanjiao", year=2025)
    assert the(PassDuty, effects).before == organ("liuzhi-cgj")
    assert [duty.owner for duty in history.opened.duties] == [HEIR]


def test_a_matter_that_nobody_had_before_or_whose_department_is_gone_has_no_guide() -> None:
    alone = tuple(rule for rule in demo().rules if rule.mode.value == "devolved")
    assert guidance_years(replace(demo(), rules=alone), 2025) == ()
    directory = demo().directory
    organs = {code: each for code, each in directory.organs.items() if each.alias != "liuzhi-cgj"}
    gone = replace(demo(), directory=replace(directory, organs=organs))
    kept = {(directory.organs[p.department].alias) for p in guidance_years(gone, 2025)}
    assert "liuzhi-cgj" not in kept
