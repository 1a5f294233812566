"""A complaint that another letter sent on: its handler can tell the complainant (二(一)3)."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.parts import Relation
from services.casework.effects import Accept, Deliver, Effect
from tests.history import (
    HANDLER,
    SENDER,
    History,
    all_of,
    delivered_to,
    is_refused,
    organ,
    the,
    violation,
)
from tests.history import (
    filed as answered,
)
from tests.unit.services.casework.test_splitting import child_of
from tests.unit.services.casework.test_succession import AFTER, merged
from tests.ways import (
    COMPLAINT,
    FOURTH,
    HEARD,
    MARKET,
    MARKETS,
    OBJECTS,
    THIRD,
    Way,
    asked,
    both,
    declined,
    designated,
    filed,
    letter,
    played,
)

SENT_ON: Way = [*HEARD, *filed(MARKET), *letter("case_transfer", MARKET, THIRD)]
AGREED: Way = [*HEARD, *OBJECTS, *both(THIRD, *MARKETS)]
OBJECTS_OF_THE_THIRD: Way = [
    ("objection", THIRD, {"competent": organ(FOURTH)}),
    ("negotiation_result", THIRD, {"agreed": False, "handler": None, "handles_from": None}),
]
UNKNOWN: dict[str, Any] = {"complainant": None, "contact_unknown": True}


def last_of(way: Way) -> tuple[Effect, ...]:
    """The effects of the last message of a way."""
    history, _ = played(way[:-1])
    record, by, changes = way[-1]
    return history.send(record, by, **changes)


def complaints(effects: tuple[Effect, ...]) -> list[tuple[str, Relation]]:
    """Who is given the letter that forwarded the complaint, and as what."""
    given = tuple(each for each in all_of(Deliver, effects) if each.record == "ComplaintForward")
    return delivered_to(given)


@pytest.mark.parametrize(
    "way", [SENT_ON, [*AGREED, *letter("lead_transfer", SENDER, THIRD)]], ids=["filed", "agreed"]
)
def test_who_gets_a_complaint_by_another_letter_gets_the_complaint_too(way: Way) -> None:
    assert complaints(last_of(way)) == [(THIRD, Relation.HANDLER)]
    history, _ = played([*way, *filed(THIRD)])
    assert not is_refused(history.send("outcome_feedback", THIRD))
    assert not is_refused(history.send("complainant_informed", THIRD, leg="outcome"))


def test_it_is_given_once_and_not_to_who_wrote_it() -> None:
    again: Way = [*AGREED, *letter("complaint_forward", SENDER, THIRD)]
    expected = [(THIRD, Relation.HANDLER), (MARKET, Relation.FORMER_HOLDER)]
    assert complaints(last_of(again)) == expected
    asked_for: Way = [*SENT_ON, *OBJECTS_OF_THE_THIRD, *asked(THIRD)]
    assert complaints(last_of([*asked_for, *designated(SENDER)])) == []
    assert complaints(last_of([*asked_for, *designated(THIRD)])) == []  # it has it already


def test_a_designee_gets_it_as_a_designee() -> None:
    way: Way = [*SENT_ON, *OBJECTS_OF_THE_THIRD, *asked(THIRD), *designated(FOURTH)]
    assert complaints(last_of(way)) == [(FOURTH, Relation.DESIGNEE)]


def test_where_nobody_can_be_told_it_stays_where_it_is() -> None:
    (first, by, _), *rest = SENT_ON
    assert complaints(last_of([(first, by, UNKNOWN), *rest])) == []


def test_of_a_part_that_was_split_off_the_parent_s_complaint_is_given() -> None:
    history = History()
    history.send("complaint_forward", SENDER, violations=[violation(1), violation(2)])
    child = child_of(history, history.send("objection", HANDLER, numbers=[2]))
    for side in (HANDLER, SENDER):
        child.send("negotiation_result", side, handler=organ(HANDLER))
    child.send("filing_reply", HANDLER, answers=[answered(2)])
    ((record, by, changes),) = letter("case_transfer", HANDLER, THIRD)
    onward = child.send(record, by, **changes, violations=[violation(2)])
    assert complaints(onward) == [(THIRD, Relation.HANDLER)]
    (copy,) = (each for each in all_of(Deliver, onward) if each.record == "ComplaintForward")
    assert (copy.author, copy.message) == (organ(SENDER), history.opened.opening)


@pytest.mark.parametrize("then", [[], filed(THIRD), declined(THIRD)], ids=["", "filed", "declined"])
def test_the_heir_of_who_has_it_gets_it(then: Way) -> None:
    history, _ = played([*SENT_ON, *then])
    history.rulebook = merged(history.rulebook, THIRD, FOURTH)
    assert complaints(history.tick(AFTER)) == [(FOURTH, Relation.HANDLER)]


def test_the_heir_of_who_has_told_the_complainant_needs_it_no_more() -> None:
    told: Way = [*declined(THIRD), ("complainant_informed", THIRD, {"leg": "outcome"})]
    history, _ = played([*SENT_ON, *told])
    history.rulebook = merged(history.rulebook, THIRD, FOURTH)
    assert complaints(history.tick(AFTER)) == []


def test_a_lead_s_handler_is_given_no_complaint() -> None:
    source = {"kind": "complaint", "register_number": "岩访〔2026〕8号"}
    lead: Way = [("lead_transfer", SENDER, {"source": source})]
    assert complaints(last_of([*lead, *filed(HANDLER)])) == []
    assert complaints(last_of(COMPLAINT)) == [(MARKET, Relation.HANDLER)]


@pytest.mark.parametrize("reply", [filed, declined])
def test_a_designee_that_answers_is_told_how_it_learns_who_complained(
    reply: Callable[[str], Way],
) -> None:
    way: Way = [*HEARD, *designated(THIRD), *reply(THIRD)]
    told = the(Accept, last_of(way)).explanation or ""
    complaint = played(way)[0].opened.opening
    assert f"（{complaint}）" in told
    assert "opening_request" in told


def test_who_has_seen_it_or_needs_not_or_cannot_is_told_no_way() -> None:
    unknown: Way = [("complaint_forward", SENDER, UNKNOWN), *designated(THIRD)]
    ways: list[Way] = [
        [*HEARD, *filed(MARKET)],
        [*HEARD, *designated(MARKET), *filed(MARKET)],  # it had it as the handler
        [*HEARD, *designated(SENDER), *filed(SENDER)],
        [*unknown, *filed(THIRD)],
        [("lead_transfer", SENDER, {}), *designated(THIRD), *filed(THIRD)],
    ]
    for way in ways:
        assert the(Accept, last_of(way)).explanation is None


HANDLED_BY_ANOTHER: dict[str, tuple[Way, str]] = {
    "a complaint, back to its sender": (
        [*HEARD, *OBJECTS, *both(SENDER, *MARKETS)],
        "negotiate met, inform_complainant superseded, decide_filing open, inform_complainant open",
    ),
    "a complaint, back to its sender, which had told of the other": (
        [*HEARD, ("complainant_informed", SENDER, {}), *OBJECTS, *both(SENDER, *MARKETS)],
        "negotiate met, decide_filing open, inform_complainant open",
    ),
    "a complaint, back to the handler that had filed it": (
        [
            *(*HEARD, *filed(MARKET), *letter("case_transfer", MARKET, THIRD)),
            ("objection", THIRD, {"competent": organ(FOURTH)}),
            *both(MARKET, THIRD, MARKET),
        ],
        "negotiate met, inform_complainant superseded, decide_case open, inform_complainant open",
    ),
    "a complaint, kept by its handler": (
        [*HEARD, *OBJECTS, *both(MARKET, *MARKETS)],
        "negotiate met, decide_filing open",
    ),
}


@pytest.mark.parametrize("row", HANDLED_BY_ANOTHER)
def test_the_complainant_is_told_when_it_goes_back_to_who_sent_it(row: str) -> None:
    way, expected = HANDLED_BY_ANOTHER[row]
    assert played(way)[1] == expected
