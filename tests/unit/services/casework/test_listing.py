"""A handover is held against what the letter lists: the receiver alone hears what it lacks."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import OrganCode
from services.casework.case import State
from services.casework.effects import Advise, Effect
from tests.history import (
    HANDLER,
    SENDER,
    History,
    all_of,
    delivered_to,
    in_state,
    is_refused,
    ledger,
    not_filed,
    organ,
    the,
    violation,
)
from tests.unit.services.casework.test_handovers import (
    ITEMS,
    LIST,
    RECEIVER,
    WHOLE,
    count,
    hand_over,
    opened,
)


def short(effects: tuple[Effect, ...]) -> list[tuple[OrganCode, str | None]]:
    """Whom the effects tell what is missing."""
    found = all_of(Advise, effects)
    return [(each.to, each.explanation) for each in found if each.code == "advice.handover_short"]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"volumes": 1}, "卷数：应有2，移交1"),
        ({"pages": 142}, "页数：应有143，移交142"),
        ({"proceeds": "1234.49"}, "处置所得：应有1234.5，移交1234.49"),
        ({"proceeds": None}, "处置所得：应有1234.5，移交0"),
        ({"items": ITEMS[:1]}, "物品2：未移交"),
        ({"items": None}, "物品1：未移交；物品2：未移交"),
        ({"items": [{"number": 1, "quantity": "1.5"}, ITEMS[1]]}, "物品1：应有2，移交1.5"),
        ({"pages": 0, "items": []}, "页数：应有143，移交0；物品1：未移交；物品2：未移交"),
    ],
)
def test_less_than_the_letter_lists_is_told_to_the_receiver(
    changes: dict[str, Any], missing: str
) -> None:
    history = opened()
    effects = hand_over(history, SENDER, RECEIVER, **changes)
    assert short(effects) == [(organ(RECEIVER), missing)]
    assert ledger(effects) == [("handover", "met"), ("custody_check", "open")]
    assert len(delivered_to(effects)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {},  # item 3 was disposed of: its proceeds come instead
        {"pages": 144},
        {"items": [*ITEMS, {"number": 3, "quantity": "1"}]},
        {"proceeds": "2000"},
    ],
)
def test_all_that_is_listed_or_more_is_no_matter(changes: dict[str, Any]) -> None:
    assert short(hand_over(opened(), SENDER, RECEIVER, **changes)) == []


def test_what_was_told_may_be_named_in_the_count_and_is_then_owed() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER, pages=142)
    account = [{"kind": "other", "account": "移送函列143页，交接单列142页"}]
    effects = count(history, RECEIVER, pages=142, discrepancies=account)
    assert ledger(effects) == [("custody_check", "met"), ("settle_discrepancy", "open")]


def test_a_complaint_s_materials_may_be_handed_over_and_are_counted_like_all() -> None:
    """二(一)3: 将相关案件材料函送. They are three pages; no duty says by when (domain, 2)."""
    history = History()
    effects = history.send("complaint_forward", SENDER)
    assert ("handover", "open") not in ledger(effects)
    (handler,) = (to for to, _ in delivered_to(effects))
    paper = {"volumes": 0, "items": [], "proceeds": "0"}
    effects = hand_over(history, SENDER, handler, **paper, pages=2)
    assert short(effects) == [(organ(handler), "页数：应有3，移交2")]
    assert ledger(effects) == [("custody_check", "open")]
    effects = count(history, handler, **paper, pages=2, discrepancies=[])
    assert ledger(effects) == [("custody_check", "met")]
    effects = history.send("filing_reply", handler, answers=[not_filed()])
    assert ("return_custody", "open") in ledger(effects)
    back = hand_over(history, handler, SENDER, **paper, pages=1)
    assert short(back) == [(organ(SENDER), "页数：应有2，移交1")]


def test_what_comes_back_is_held_against_what_was_handed_over() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER, pages=142)
    count(history, RECEIVER, **{**WHOLE, "pages": 142})
    history.send("filing_reply", RECEIVER, answers=[not_filed()])
    back = hand_over(history, RECEIVER, SENDER, **{**LIST, "pages": 142})
    assert short(back) == []
    assert ("return_custody", "met") in ledger(back)


def test_a_case_whose_letter_is_not_known_lists_nothing() -> None:
    """A child of a split case: its letter lies in the parent."""
    history = in_state(State.ISSUED)
    assert history.opened.listed is not None
    history = in_state(State.RECEIVED, history.opened.life)
    history.case = replace(history.opened, listed=None)
    effects = hand_over(history, SENDER, HANDLER, pages=0)
    assert not is_refused(effects)
    assert short(effects) == []


def test_a_notice_lists_nothing() -> None:
    history = History()
    history.send("violation_notice", SENDER)
    assert history.opened.listed is None


def test_a_further_letter_lists_anew() -> None:
    history = in_state(State.FILED)
    before = history.opened.listed
    to = {"addressees": [organ("liuzhi-jtj")], "insist_reason": "查明属交通"}
    changes = {"volumes": 5, "violations": [violation()], "envelope": to}
    effects = history.send("case_transfer", HANDLER, **changes)
    assert not is_refused(effects)
    assert before is not None
    assert history.opened.listed is not None
    assert (before.volumes, history.opened.listed.volumes) == (1, 5)
    assert the(Advise, hand_over(history, HANDLER, "liuzhi-jtj")).code == "advice.handover_short"
