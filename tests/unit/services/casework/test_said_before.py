"""One organ's letters in one case have a limit, which is nobody else's."""

from dataclasses import replace
from types import NoneType
from typing import Any

import pytest

from schemas.errors import Refusal
from schemas.ids import BUS, MessageId, OrganCode, derive
from schemas.parts import Relation
from services.casework.case import Handed, Life, State
from services.casework.said_before import LETTERS_MAX, said_too_often
from services.casework.steps import Outcome
from tests.history import (
    HANDLER,
    PARTICIPANT,
    SENDER,
    SUPERVISOR,
    History,
    in_state,
    named,
    organ,
    refusal_of,
)

TO_SENDER = {"envelope": {"addressees": [organ(SENDER)]}}


def said(history: History, record: str, by: OrganCode, times: int) -> None:
    """Let an organ have said something so often, each time to two."""
    case = history.opened
    letters = (MessageId(derive("test", f"said {number}")) for number in range(times))
    handed = tuple(
        Handed(each, record, by, to, Relation.HANDLER, history.at)
        for each in letters
        for to in (organ(SENDER), organ(HANDLER))
    )
    history.case = replace(case, handed=(*case.handed, *handed))


@pytest.mark.parametrize(
    ("state", "life", "record", "name", "by", "changes"),
    [
        (State.SENT, Life.JOINT, "joint_outcome", "JointOutcome", SENDER, {}),
        (State.RECEIVED, Life.TRANSFER, "evidence_review", "EvidenceReview", HANDLER, {}),
        (
            State.SENT,
            Life.JOINT,
            "supervision_letter",
            "SupervisionLetter",
            SUPERVISOR,
            {**TO_SENDER, "answer_by": "2026-12-01"},
        ),
    ],
)
def test_so_many_of_one_kind_are_taken_and_no_more(
    state: State, life: Life, record: str, name: str, by: str, changes: dict[str, Any]
) -> None:
    history = in_state(state, life)
    if record == "joint_outcome":
        history.send(record, by, **changes)  # its duty is met: whatever follows is not owed
        said(history, name, organ(by), LETTERS_MAX - 2)
    else:
        said(history, name, organ(by), LETTERS_MAX - 1)
    assert "Accept" in named(history.send(record, by, **changes))
    before = history.opened
    assert refusal_of(history.send(record, by, **changes)) == "case.too_many_letters"
    assert history.opened == before


def test_what_others_said_and_what_it_said_otherwise_is_not_counted() -> None:
    history = in_state(State.RECEIVED)
    said(history, "EvidenceReview", organ(SENDER), LETTERS_MAX)
    said(history, "CaseProgress", organ(HANDLER), LETTERS_MAX)
    assert "Accept" in named(history.send("evidence_review", HANDLER))


def test_what_is_owed_may_always_be_said() -> None:
    """Else who asks without end would keep the other from an answer."""
    history = in_state(State.SENT, Life.JOINT)
    said(history, "JointPlanAnswer", organ(PARTICIPANT), LETTERS_MAX)
    assert "CloseDuty" in named(history.send("joint_plan_answer", PARTICIPANT))


def test_what_hands_nothing_to_anybody_is_not_counted() -> None:
    history = in_state(State.SENT, Life.JOINT)
    letter = next(each for each in history.opened.handed if each.to == organ(PARTICIPANT))
    said(history, "Delivered", organ(PARTICIPANT), LETTERS_MAX)
    about = {"envelope": {"in_reply_to": letter.message}}
    assert "Reject" not in named(history.send("delivered", PARTICIPANT, **about))


def test_what_the_bus_writes_for_itself_is_not_counted() -> None:
    """It follows from what others were allowed, and nobody reads why it would be refused."""
    history = in_state(State.RECEIVED)
    message = history.next("evidence_review", HANDLER)
    for sender, found in ((organ(HANDLER), Refusal), (BUS, NoneType)):
        said(history, "EvidenceReview", sender, LETTERS_MAX)
        case = history.opened
        more = Outcome(replace(case, handed=(*case.handed, case.handed[-1])))
        own = replace(message, envelope=replace(message.envelope, sender=sender))
        assert isinstance(said_too_often(case, more, own), found)
