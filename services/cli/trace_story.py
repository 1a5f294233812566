"""The journey of a case as one document, from the casebook's case and decisions. Pure.

It holds what the casebook holds in the clear: ids, numbers, codes, organs, rules and times. No
content of a message is in it, so an operator may look at it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from services.casebook.rows import DecisionRow
from services.casework.case import Case, State
from services.cli.recipients import Arrival, Copy, arrival_of, recipients_of
from services.cli.trace_teller import Teller
from services.rulebook.model import Directory

Document = dict[str, Any]
_SUMMARY: Final = (
    "case",
    "flow",
    "state",
    "opened_at",
    "document_number",
    "sender",
    "handler",
)


def story(
    case: Case | None,
    decisions: Sequence[DecisionRow],
    directory: Directory,
    waiting: frozenset[Copy] = frozenset(),
    left_out: int = 0,
    at: datetime | None = None,
) -> Document:
    """Return the journey of one case; it has at least one decision.

    `case` None: its opening message was refused, so no case came of it. `waiting`: its copies that
    are still in the outbox. `left_out`: how many decisions there are in the middle of these.
    `at`: until when is decided what has come; None: to the last of the decisions.
    """
    told = Teller(directory, case)
    steps = [told.step(row) for row in decisions]
    first = decisions[0]
    until = at or decisions[-1].at
    duties = [told.duty(duty, until) for duty in case.duties] if case else []
    return {
        "case": first.case_id,
        "flow": first.position.topic,
        "state": _state(case, waiting),
        "opened_at": case.opened_at if case else first.at,
        "document_number": steps[0]["document_number"],
        "sender": steps[0]["from"],
        "handler": told.organ(case.handler if case else None),
        "rule": case.rule if case else None,
        "basis": _basis(steps),
        "stop": _stop(case),
        "waiting": [
            {"message": waiting.message, "received_at": waiting.received_at}
            for waiting in (case.waiting if case else ())
        ],
        "steps": steps,
        "left_out": left_out,
        "recipients": recipients_of(case, waiting, told.organ),
        "duties": duties,
        "clock": [d for d in duties if d["closing"] is None and d["begins_at"] is None],
    }


def summary(told: Document) -> Document:
    """Return the short form of a story, for when a number is borne by several."""
    return {name: told[name] for name in _SUMMARY}


def _state(case: Case | None, waiting: frozenset[Copy]) -> str:
    """A copy to several is sent when every one of them has it, and no sooner."""
    if case is None:
        return "refused"
    if case.state is not State.SENT:
        return case.state
    states = {arrival_of(handed, waiting) for handed in case.handed}
    return "sending" if Arrival.PENDING in states else case.state


def _basis(steps: Iterable[Document]) -> str | None:
    bases = (
        effect["basis"]
        for step in steps
        for effect in step["effects"]
        if effect["effect"] == "accepted" and effect["basis"]
    )
    return next(bases, None)


def _stop(case: Case | None) -> Document | None:
    if case is None or case.stop is None:
        return None
    stop = case.stop
    return {"message": stop.message, "reason": stop.reason, "code": stop.code, "since": stop.at}
