"""Every step a case can take. Rule one: what may follow what stands in this table, nowhere else.

A message is one or more steps: a FilingReply on an issued case is SIGN then FILE, because a reply
counts as signing at that instant (domain, section 3). A step that the row of the case's state does
not list is illegal: it is refused and changes nothing. Empty rows are written out.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.casework.case import State


class Step(StrEnum):
    """What can happen to a case."""

    HOLD = "hold"
    ISSUE = "issue"
    SIGN = "sign"
    FILE = "file"
    DECLINE = "decline"
    DECIDE = "decide"
    SERVE = "serve"
    EXECUTE = "execute"
    CONCLUDE = "conclude"
    FEED_BACK = "feed_back"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"


_TABLE: Final[dict[State, dict[Step, State]]] = {
    State.NEW: {Step.ISSUE: State.ISSUED, Step.HOLD: State.HELD},
    State.HELD: {Step.ISSUE: State.ISSUED, Step.WITHDRAW: State.WITHDRAWN},
    State.ISSUED: {Step.SIGN: State.RECEIVED, Step.WITHDRAW: State.WITHDRAWN},
    State.RECEIVED: {Step.FILE: State.FILED, Step.DECLINE: State.DECLINED},
    State.FILED: {
        Step.DECIDE: State.FILED,
        Step.SERVE: State.FILED,
        Step.EXECUTE: State.FILED,
        Step.CONCLUDE: State.FILED,
        Step.FEED_BACK: State.CLOSED,
    },
    State.DECLINED: {},
    State.CLOSED: {Step.SUPPLEMENT: State.CLOSED},
    State.WITHDRAWN: {},
}

TRANSITIONS: Final[Mapping[State, Mapping[Step, State]]] = MappingProxyType(
    {state: MappingProxyType(row) for state, row in _TABLE.items()}
)


def after(state: State, step: Step) -> State | None:
    """Return the state after the step; None when the step is illegal there."""
    return TRANSITIONS[state].get(step)
