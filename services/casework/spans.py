"""The table of duties: which step opens which, whose it is, which step ends it (domain, 4).

The whole rule; duties.py carries it out. Lengths, ladders and their basis are the rulebook's. A
step that meets or waives ends the actor's own duty; what is withdrawn or superseded, everybody's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.casework.case import Closing, Complainant, Life
from services.casework.transitions import Step


class Owner(StrEnum):
    """Whose duty it is."""

    RECIPIENT = "recipient"  # everybody to whom the step delivers; counterpart: the author
    HANDLER = "handler"  # counterpart: whom it answers
    SENDER = "sender"  # of the case; counterpart: the handler
    ASKING = "asking"  # who sent the letter in force; counterpart: the handler
    HOLDER = "holder"  # of a disputed case; counterpart: the other side
    BOTH = "both"  # sides of a dispute, each the other's counterpart
    GIVER = "giver"  # who sent the letter and keeps what goes with it; counterpart: the receiver
    KEEPER = "keeper"  # who keeps it and is no longer the handler; counterpart: whose it is now
    SUPERIOR = "superior"  # that is asked to designate; counterpart: who asked


@dataclass(frozen=True, slots=True)
class Span:
    """When a duty begins and ends, and in which cases there is one."""

    owner: Owner
    opened_by: frozenset[Step]
    closed_by: Mapping[Step, Closing]
    lives: frozenset[Life] = frozenset(Life)
    complainants: frozenset[Complainant] | None = None  # None: in every case
    runs_out: bool = False  # at its due time the case goes on without it
    needs_superior: bool = False  # it begins once somebody is above both sides (referral.py)


_OVER: Final = Closing.SUPERSEDED
_BACK: Final = {Step.WITHDRAW: Closing.WITHDRAWN, Step.GIVE_BACK: Closing.WITHDRAWN}
# Before a letter to a third there was an agreement on it, which has ended most already.
_TAKEN_FROM_IT: Final = {Step.DESIGNATE: _OVER, Step.TRANSFER_ON: _OVER}
# Somebody else is to handle it from here: what the one before owed is no longer owed.
_OTHER_HANDLER: Final = {Step.REISSUE: _OVER, **_TAKEN_FROM_IT}
# Who sent it handles it again.
_BACK_TO_IT: Final = (Step.AGREE_SENDER, Step.AGREE_SENDER_FILED)
_AGREED: Final = dict.fromkeys((Step.AGREE_HOLDER, Step.AGREE_THIRD, *_BACK_TO_IT), _OVER)
# Another handles it than the complainant was told of.
_TOLD_OF_ANOTHER: Final = {**_OTHER_HANDLER, **dict.fromkeys(_BACK_TO_IT, _OVER)}
_SETTLED: Final = {
    **_AGREED,
    Step.DESIGNATE: Closing.SUPERSEDED,
    Step.GIVE_BACK: Closing.WITHDRAWN,
}
# Who filed it and has no power refers it, and may give it back from there.
_LEFT: Final = {**_AGREED, **_TAKEN_FROM_IT, Step.GIVE_BACK: Closing.WITHDRAWN}
ENDS_FOR_ALL: Final = frozenset({Closing.WITHDRAWN, Closing.SUPERSEDED})

_TABLE: Final[dict[str, Span]] = {
    "sign_for": Span(
        Owner.RECIPIENT,
        frozenset({Step.ISSUE, Step.SEND, Step.MINUTE, *_OTHER_HANDLER}),
        {
            Step.SIGN: Closing.MET,
            Step.WITHDRAW: Closing.WITHDRAWN,
            Step.DESIGNATE: Closing.SUPERSEDED,
        },
    ),
    # It runs from the signing, or from when the custody is settled: DutyRule.custody_wait.
    "decide_filing": Span(
        Owner.HANDLER,
        frozenset({Step.SIGN, Step.AGREE_HOLDER, Step.AGREE_SENDER}),
        {
            Step.FILE: Closing.MET,
            Step.DECLINE: Closing.MET,
            Step.GIVE_BACK: Closing.WITHDRAWN,
            Step.OBJECT: Closing.SUPERSEDED,
            Step.DESIGNATE: Closing.SUPERSEDED,
        },
        lives=frozenset({Life.TRANSFER}),
    ),
    "negotiate": Span(
        Owner.BOTH,
        frozenset({Step.OBJECT, Step.SPLIT_OFF}),
        {
            Step.NEGOTIATE: Closing.MET,  # by each of the two, before they agree
            Step.REFER: Closing.SUPERSEDED,
            Step.REISSUE: Closing.SUPERSEDED,  # by the objector, where the policy lets it
            Step.DESIGNATE: Closing.SUPERSEDED,
            Step.GIVE_BACK: Closing.WITHDRAWN,
        },
        runs_out=True,
    ),
    "reissue": Span(
        Owner.ASKING,
        frozenset({Step.AGREE_THIRD}),
        {
            Step.REISSUE: Closing.MET,
            Step.DESIGNATE: Closing.SUPERSEDED,
            Step.GIVE_BACK: Closing.WITHDRAWN,
        },
    ),
    "request_designation": Span(
        Owner.HOLDER,
        frozenset({Step.REFER}),
        {Step.REQUEST: Closing.MET, **_SETTLED},
        needs_superior=True,
    ),
    "designate": Span(
        Owner.SUPERIOR,
        frozenset({Step.REQUEST}),
        {**_SETTLED, Step.DESIGNATE: Closing.MET, Step.REFER: Closing.SUPERSEDED},
    ),
    "decide_case": Span(
        Owner.HANDLER,
        frozenset({Step.FILE, Step.AGREE_SENDER_FILED}),
        {Step.DECIDE: Closing.MET, Step.FEED_BACK: Closing.MET, **_LEFT},
    ),
    "outcome_feedback": Span(
        Owner.HANDLER, frozenset({Step.CONCLUDE}), {Step.FEED_BACK: Closing.MET, **_LEFT}
    ),
    "inform_complainant": Span(
        Owner.SENDER,
        frozenset({Step.ISSUE, *_TOLD_OF_ANOTHER}),
        {Step.INFORM: Closing.MET, Step.EXEMPT: Closing.WAIVED, **_BACK, **_TOLD_OF_ANOTHER},
        # Only of a ComplaintForward: a lead's sender told its complainant itself, off the bus.
        complainants=frozenset({Complainant.REACHABLE, Complainant.UNKNOWN}),
    ),
    "complainant_feedback": Span(
        Owner.HANDLER,
        frozenset({Step.DECLINE, Step.FEED_BACK}),
        {Step.INFORM: Closing.MET, Step.EXEMPT: Closing.WAIVED},
        complainants=frozenset(Complainant),
    ),
    "handle": Span(
        Owner.HANDLER,
        frozenset({Step.SIGN}),
        {Step.HANDLE: Closing.MET, Step.GIVE_BACK: Closing.WITHDRAWN},
        lives=frozenset({Life.NOTICE}),
    ),
    "answer_request": Span(
        Owner.HANDLER,
        frozenset({Step.ISSUE}),
        {Step.ANSWER_REQUEST: Closing.MET, **_BACK},
        lives=frozenset({Life.INFORMATION}),
    ),
    "answer_assistance": Span(
        Owner.HANDLER,
        frozenset({Step.ISSUE}),
        {Step.ANSWER_ASSISTANCE: Closing.MET, **_BACK},
        lives=frozenset({Life.ASSISTANCE}),
    ),
    "answer_withdrawal": Span(
        Owner.HANDLER,
        frozenset({Step.ASK_BACK}),
        {
            Step.GIVE_BACK: Closing.MET,
            Step.KEEP: Closing.MET,
            Step.FILE: Closing.SUPERSEDED,
            Step.DECLINE: Closing.SUPERSEDED,
            Step.HANDLE: Closing.SUPERSEDED,
            Step.ANSWER_REQUEST: Closing.SUPERSEDED,
            Step.ANSWER_ASSISTANCE: Closing.SUPERSEDED,
            Step.AGREE_SENDER: Closing.SUPERSEDED,
            Step.AGREE_SENDER_FILED: Closing.SUPERSEDED,
            Step.REISSUE: Closing.SUPERSEDED,
            Step.DESIGNATE: Closing.SUPERSEDED,
        },
    ),
    "handover": Span(
        Owner.GIVER,
        # By a handover too: it came back to the sender while another handles the case.
        frozenset({Step.ISSUE, Step.AGREE_HOLDER, Step.HAND_OVER, *_OTHER_HANDLER}),
        {
            Step.HAND_OVER: Closing.MET,
            Step.OBJECT: Closing.SUPERSEDED,
            Step.DECLINE: Closing.SUPERSEDED,
            **_BACK,
            **_AGREED,
            **_OTHER_HANDLER,  # given back after an agreement on a third it was owed anew
        },
    ),
    "return_custody": Span(
        Owner.KEEPER,
        frozenset({Step.DECLINE, *_BACK, *_AGREED, *_OTHER_HANDLER}),
        # Declined, it is owed back to the sender, and no longer to who was to handle it.
        {
            Step.HAND_OVER: Closing.MET,
            Step.DECLINE: Closing.SUPERSEDED,
            **_AGREED,
            **_OTHER_HANDLER,
        },
    ),
    "custody_check": Span(
        Owner.RECIPIENT,
        frozenset({Step.HAND_OVER}),
        {Step.COUNT: Closing.MET, Step.DIFFER: Closing.MET, Step.HAND_OVER: Closing.SUPERSEDED},
    ),
    "settle_discrepancy": Span(  # what is handed on is counted anew
        Owner.RECIPIENT,
        frozenset({Step.DIFFER}),
        {Step.SETTLE: Closing.MET, Step.HAND_OVER: Closing.SUPERSEDED},
    ),
    "assist": Span(Owner.HANDLER, frozenset({Step.PROMISE}), {Step.ASSIST: Closing.MET}),
    "answer_joint_plan": Span(
        Owner.RECIPIENT,
        frozenset({Step.ASK_PLAN}),
        {
            Step.ANSWER_PLAN: Closing.MET,
            Step.LEAVE_PLAN: Closing.MET,
            Step.REJECT_PLAN: Closing.SUPERSEDED,
        },
    ),
    "decide_joint_plan": Span(
        Owner.RECIPIENT,
        frozenset({Step.REQUEST_PLAN}),
        {Step.APPROVE_PLAN: Closing.MET, Step.REJECT_PLAN: Closing.MET},
    ),
    "joint_outcome": Span(
        Owner.RECIPIENT,
        frozenset({Step.PLAN}),
        {
            Step.REPORT: Closing.MET,
            Step.LEAVE_PLAN: Closing.WAIVED,
            Step.REJECT_PLAN: Closing.SUPERSEDED,
        },
    ),
    # Opened by guidance.py: it begins and falls due with the year, not with a message.
    "yearly_guidance": Span(
        Owner.HANDLER,
        frozenset(),
        {Step.GUIDE: Closing.MET, Step.EXCUSE: Closing.WAIVED},
        lives=frozenset({Life.GUIDANCE_YEAR}),
    ),
    "answer_supervision": Span(
        Owner.RECIPIENT, frozenset({Step.SUPERVISE}), {Step.ANSWER_SUPERVISION: Closing.MET}
    ),
}

DUTIES: Final[Mapping[str, Span]] = MappingProxyType(
    {
        kind: replace(span, closed_by=MappingProxyType(span.closed_by))
        for kind, span in _TABLE.items()
    }
)
