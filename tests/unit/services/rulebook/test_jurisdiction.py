from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import DivisionCode, MatterCode
from services.rulebook.jurisdiction import ActDay, Answer, Question, Standing, Verdict, route
from services.rulebook.model import DecidingDate, Rulebook
from tests.unit.services.rulebook.tiny import (
    CGJ,
    COUNTY,
    LANGDAI_PLACE,
    SCJG,
    YANJIAO,
    YANJIAO_PLACE,
    added,
    edited,
    rulebook,
)

BASIS = "《法规》第一条,2019-01-01,单,2019-01-01,2020-01-01,,act,"
ACT, FOUND, TRANSFER = date(2026, 6, 25), date(2026, 7, 3), date(2026, 7, 5)


def question(
    matter: str = "CG-1",
    place: str = YANJIAO_PLACE,
    *,
    act: date = ACT,
    found: date = FOUND,
    filed: date | None = None,
    transfer: date = TRANSFER,
) -> Question:
    return Question(DivisionCode(place), MatterCode(matter), act, found, filed, transfer)


def standings(answer: Answer) -> dict[str, Standing]:
    return {entry.rule.id: entry.standing for entry in answer.considered}


def with_clause(clause: DecidingDate) -> Rulebook:
    return rulebook(edited("jurisdiction.csv", "2026-06-30,filed", f"2026-06-30,{clause}"))


def test_a_smaller_area_beats_a_larger_one() -> None:
    answer = route(rulebook(), question(transfer=date(2026, 6, 30)))
    assert (answer.verdict, answer.organs) == (Verdict.COMPETENT, (YANJIAO,))
    assert answer.rule is not None
    assert answer.rule.id == "R2"
    assert answer.runner_up is not None
    assert answer.runner_up.id == "R1"
    assert answer.basis == "《中华人民共和国行政处罚法》第二十四条"
    assert standings(answer) == {"R2": Standing.WINS, "R1": Standing.LESS_SPECIFIC}


def test_a_named_matter_beats_its_group_in_the_same_area() -> None:
    line = f"R4,CG-2,,{COUNTY},organ:scjg,statutory,{BASIS}"
    answer = route(rulebook(added("jurisdiction.csv", line)), question("CG-2"))
    assert answer.organs == (SCJG,)
    assert standings(answer) == {"R4": Standing.WINS, "R1": Standing.LESS_SPECIFIC}


def test_a_group_in_a_smaller_area_beats_a_named_matter_in_a_larger_one() -> None:
    line = f"R4,,market,{LANGDAI_PLACE},township,devolved,{BASIS}"
    answer = route(rulebook(added("jurisdiction.csv", line)), question("SC-1", LANGDAI_PLACE))
    assert answer.rule is not None
    assert answer.rule.id == "R4"


# Scenario 3 of the domain: the power returns to the county on 1 July; act on 25 June, found on
# 3 July, transferred on 5 July.
CLAUSES = {
    DecidingDate.ACT: YANJIAO,
    DecidingDate.FOUND: CGJ,
    DecidingDate.FILED: CGJ,
    DecidingDate.TRANSFER: CGJ,
}


@pytest.mark.parametrize("clause", DecidingDate)
def test_the_transitional_clause_says_which_date_decides(clause: DecidingDate) -> None:
    assert route(with_clause(clause), question()).organs == (CLAUSES[clause],)


def test_what_was_filed_before_the_day_stays_with_the_former_organ() -> None:
    filed = question(filed=date(2026, 6, 30))
    assert route(rulebook(), filed).organs == (YANJIAO,)
    assert route(rulebook(), replace(filed, filed_date=date(2026, 7, 1))).organs == (CGJ,)


DAYS = {
    "the day before it starts": (date(2021, 9, 30), CGJ, Standing.NOT_YET),
    "the first day": (date(2021, 10, 1), YANJIAO, Standing.WINS),
    "the last day": (date(2026, 6, 30), YANJIAO, Standing.WINS),
    "the day after it ended": (date(2026, 7, 1), CGJ, Standing.ENDED),
}


@pytest.mark.parametrize("case", DAYS)
def test_both_ends_of_a_rules_time_belong_to_it(case: str) -> None:
    day, organ, standing = DAYS[case]
    answer = route(with_clause(DecidingDate.ACT), question(act=day))
    assert answer.organs == (organ,)
    assert standings(answer)["R2"] is standing


def test_nobody_competent_is_a_gap() -> None:
    answer = route(rulebook(), question("SC-1", act=date(2019, 12, 31)))
    assert (answer.verdict, answer.organs, answer.rule, answer.basis) == (
        Verdict.GAP,
        (),
        None,
        None,
    )
    assert standings(answer) == {"R3": Standing.NOT_YET}


@pytest.mark.parametrize(
    ("matter", "place"),
    [("NO-1", YANJIAO_PLACE), ("CG-1", "990000000000")],
    ids=["matter", "place"],
)
def test_what_the_rulebook_does_not_know_is_a_gap(matter: str, place: str) -> None:
    answer = route(rulebook(), question(matter, place))
    assert answer.verdict is Verdict.GAP
    assert answer.considered == ()
    assert matter in answer.explanation_zh
    assert place in answer.explanation_zh


def test_a_rule_that_wins_without_an_organ_is_a_gap_not_the_next_rules_turn() -> None:
    gone = edited(
        "organs.csv",
        f"township,,{YANJIAO_PLACE},,,,2019-01-01,,",
        f"township,,{YANJIAO_PLACE},,,,2019-01-01,2026-05-31,",
    )
    answer = route(rulebook(gone), question(filed=date(2026, 6, 1)))
    assert answer.verdict is Verdict.GAP
    assert standings(answer) == {"R2": Standing.NO_ORGAN, "R1": Standing.LESS_SPECIFIC}
    assert "没有对应机关" in answer.explanation_zh


def test_the_township_is_that_of_the_place_and_a_county_has_none() -> None:
    anywhere = edited("jurisdiction.csv", f"R2,CG-1,,{YANJIAO_PLACE}", f"R2,CG-1,,{COUNTY}")
    rules = rulebook(anywhere)
    filed = date(2026, 6, 1)
    assert route(rules, question(filed=filed)).organs == (YANJIAO,)
    assert route(rules, question(place=COUNTY, filed=filed)).verdict is Verdict.GAP


CONCURRENT = (
    f"B1,SC-1,,{LANGDAI_PLACE},kind:market_supervision,statutory,《甲法》第一条,2019-01-01,单,2019-01-01,2020-01-01,,act,yes",
    f"B2,SC-1,,{LANGDAI_PLACE},township,statutory,《乙法》第二条,2019-01-01,单,2019-01-01,2020-01-01,,act,yes",
)


def test_two_organs_with_the_power_are_both_named() -> None:
    answer = route(
        rulebook(added("jurisdiction.csv", *CONCURRENT)), question("SC-1", LANGDAI_PLACE)
    )
    assert answer.verdict is Verdict.CONCURRENT
    assert len(answer.organs) == 2
    assert answer.basis == "《甲法》第一条；《乙法》第二条"
    assert standings(answer) == {
        "B1": Standing.WINS,
        "B2": Standing.WINS,
        "R3": Standing.LESS_SPECIFIC,
    }


def test_the_explanation_tells_rule_date_and_basis_in_both_languages() -> None:
    answer = route(rulebook(), question())
    assert answer.explanation_zh == (
        "地点：岩脚镇 520203102000；事项：占道经营 CG-1。"
        "规则R2（岩脚镇）不适用：立案日（未立案的按移送日）为2026-07-05，该规则适用至2026-06-30为止。"
        "规则R1（六枝特区，综合行政执法局，法定）适用：违法行为发生日为2026-06-25，"
        "依据《城市道路管理条例》第四十二条。"
        "结论：由综合行政执法局管辖。"
    )
    assert answer.explanation_en == (
        "Place: 岩脚镇 520203102000; matter: 占道经营 CG-1. "
        "Rule R2 (岩脚镇) does not apply: the day of filing (not filed: of transfer) is 2026-07-05,"
        " it ended 2026-06-30. "
        "Rule R1 (六枝特区, 综合行政执法局, statutory) applies: the day of the act is 2026-06-25,"
        " by 《城市道路管理条例》第四十二条. "
        "Competent: 综合行政执法局."
    )


@pytest.mark.parametrize(
    ("act_day", "zh", "en"),
    [
        (ActDay.FIRST, "违法行为起始日为2026-06-25", "the first day of the act is 2026-06-25"),
        (
            ActDay.UNKNOWN,
            "违法行为发生日（未载明，按发现日）为2026-06-25",
            "the day of the act (not given: the day it was found) is 2026-06-25",
        ),
    ],
)
def test_the_explanation_states_no_day_of_the_act_that_is_none(
    act_day: ActDay, zh: str, en: str
) -> None:
    answer = route(rulebook(), replace(question(), act_day=act_day))
    assert f"适用：{zh}，" in answer.explanation_zh
    assert f"applies: {en}, " in answer.explanation_en
    assert "立案日（未立案的按移送日）为2026-07-05" in answer.explanation_zh


@given(
    matter=st.sampled_from(["CG-1", "CG-2", "SC-1"]),
    place=st.sampled_from([YANJIAO_PLACE, LANGDAI_PLACE, COUNTY]),
    act=st.dates(date(2019, 1, 1), date(2027, 1, 1)),
    waits=st.tuples(st.integers(0, 400), st.integers(0, 400)),
    clause=st.sampled_from(DecidingDate),
)
def test_the_answer_is_a_function_of_the_question_alone_and_says_what_it_did(
    matter: str, place: str, act: date, waits: tuple[int, int], clause: DecidingDate
) -> None:
    found = act + timedelta(days=waits[0])
    asked = question(matter, place, act=act, found=found, transfer=found + timedelta(days=waits[1]))
    rules = with_clause(clause)
    answer = route(rules, asked)
    assert answer == route(rules, asked)
    winners = [entry for entry in answer.considered if entry.standing is Standing.WINS]
    assert {entry.organ for entry in winners} == set(answer.organs)
    assert (answer.verdict is Verdict.GAP) is (not winners)
    assert (answer.rule is None) is (not winners)
