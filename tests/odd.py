"""Odd messages: what comes to the wrong case, from the wrong organ, too late, or against an answer.

odd_messages.csv says, record by record, what is answered in each place. "accepted": it may come
there. "opens": it opens a case of its own.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.messages import Message
from schemas.topics import RECORDS, Author
from services.casework.case import Case, Life, State
from services.casework.decide import decide
from services.casework.effects import Reject
from services.casework.steps import Facts
from tests.history import (
    PARTS,
    STRANGER,
    SUPERIOR,
    SUPERVISOR,
    History,
    in_state,
    message,
)

TABLE: Final = Path(__file__).with_name("odd_messages.csv")
# Where a message may come that has no business there, by the table's columns.
UNKNOWN, FOREIGN, NOT_ASKED = "unknown", "foreign", "not_asked"
FINAL: Final = {
    "declined": (Life.TRANSFER, State.DECLINED),
    "closed": (Life.TRANSFER, State.CLOSED),
    "withdrawn": (Life.TRANSFER, State.WITHDRAWN),
    "notice_handled": (Life.NOTICE, State.HANDLED),
    "notice_withdrawn": (Life.NOTICE, State.WITHDRAWN),
    "information_answered": (Life.INFORMATION, State.ANSWERED),
    "information_withdrawn": (Life.INFORMATION, State.WITHDRAWN),
    "assistance_answered": (Life.ASSISTANCE, State.ANSWERED),
    "assistance_withdrawn": (Life.ASSISTANCE, State.WITHDRAWN),
    "joint_declined": (Life.JOINT, State.DECLINED),
}
PLACES: Final = (UNKNOWN, FOREIGN, NOT_ASKED, *FINAL)
ACCEPTED, OPENS = "accepted", "opens"
_OF_THE_SENDER: Final = {
    "assistance_request",
    "consultation",
    "violation_notice",
    "lead_transfer",
    "complaint_forward",
    "negotiation_result",
    "complainant_informed",
    "consultation_minutes",
    "correction",
    "custody_handover",
    "custody_settlement",
    "withdrawal",
}
_HOME: Final = {  # where a record belongs, if not in a transfer that was received
    "information_reply": (Life.INFORMATION, State.RECEIVED),
    "copy": (Life.INFORMATION, State.RECEIVED),
    "assistance_reply": (Life.ASSISTANCE, State.RECEIVED),
    "assistance_result": (Life.ASSISTANCE, State.ANSWERED),
    "handling_feedback": (Life.NOTICE, State.RECEIVED),
    "joint_plan_answer": (Life.JOINT, State.SENT),
    "joint_plan_decision": (Life.JOINT, State.SENT),
    "joint_outcome": (Life.JOINT, State.SENT),
    "outcome_feedback": (Life.TRANSFER, State.FILED),
    "case_progress": (Life.TRANSFER, State.FILED),
    "clock_change": (Life.TRANSFER, State.FILED),
    "negotiation_result": (Life.TRANSFER, State.DISPUTED),
    "designation_request": (Life.TRANSFER, State.REFERRED),
    "designation": (Life.TRANSFER, State.REFERRED),
    "correction": (Life.TRANSFER, State.HELD),
    "routing_assignment": (Life.TRANSFER, State.HELD),
}
_FROM_ABOVE: Final = {
    "designation": SUPERIOR,
    "joint_plan_decision": SUPERIOR,
    "routing_assignment": SUPERVISOR,
    "supervision_letter": SUPERVISOR,
}


@dataclass(frozen=True, slots=True)
class Odd:
    """One cell of the table: a record in a place, and what it must be answered."""

    record: str
    place: str
    code: str


def records() -> list[str]:
    """Every record that an organ may write."""
    return [record.snake for record in RECORDS.values() if record.author is Author.ORGAN]


def table() -> list[Odd]:
    """The table, cell by cell."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [
            Odd(row["record"], place, row[place])
            for row in csv.DictReader(file)
            for place in PLACES
        ]


def answered(record: str, place: str) -> tuple[str, bool]:
    """Return the code that the record gets in the place, and whether the case is as before."""
    case, sent, history = _in(record, place)
    decision = decide(case, sent, Facts(), history.rulebook, history.at)
    refused = [effect for effect in decision.effects if isinstance(effect, Reject)]
    if refused:
        return refused[0].refusal.code, decision.case == case and len(decision.effects) == 1
    return OPENS if case is None else ACCEPTED, decision.case == case


def _in(record: str, place: str) -> tuple[Case | None, Message, History]:
    home = _HOME.get(record, (Life.TRANSFER, State.RECEIVED))
    life, state = FINAL.get(place, home)
    history = in_state(state, life)
    _, sender, handler = PARTS[life]
    right = sender if record in _OF_THE_SENDER else _FROM_ABOVE.get(record, handler)
    wrong = handler if right == sender else sender
    if state is State.HELD:  # it has no handler yet: who knows it is its sender
        wrong = SUPERVISOR if right == sender else sender
    by = {FOREIGN: STRANGER, NOT_ASKED: wrong}.get(place, right)
    named: dict[str, object] = {"in_reply_to": history.opened.current}
    if record == "negotiation_result" and history.opened.dispute is not None:
        named = {"in_reply_to": history.opened.dispute.about}
    if place == UNKNOWN and record in _PURE:
        named = {}
    if record == "consultation_minutes":  # to all who take part
        named["addressees"] = []
    sent = message(record, by, "odd", history.at, history.opened, envelope=named)
    return (None if place == UNKNOWN else history.opened), sent, history


def _pure() -> Iterator[str]:
    """Yield the records that open a case whatever they answer."""
    for record in RECORDS.values():
        if record.opens is not None and record.begins(None):
            yield record.snake


_PURE: Final = frozenset(_pure()) - {"lead_transfer", "case_transfer", "complaint_forward", "copy"}
