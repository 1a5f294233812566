"""Every step a case can take. Rule one: what may follow what stands in this table, nowhere else.

A case has the life of the record that opened it, and each life has a table of its own. A message
is one or more steps: a FilingReply on an issued case is SIGN then FILE, because a reply counts as
signing at that instant (domain, section 3). A step that the row of the case's state does not list
is illegal: it is refused and changes nothing. Empty rows are written out.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.casework.case import Life, State


class Step(StrEnum):
    """What can happen to a case."""

    HOLD = "hold"
    ISSUE = "issue"  # to the one who is to answer
    SEND = "send"  # to everybody who is to know
    SIGN = "sign"
    FILE = "file"
    DECLINE = "decline"
    DECIDE = "decide"
    SERVE = "serve"
    EXECUTE = "execute"
    CONCLUDE = "conclude"
    FEED_BACK = "feed_back"
    SUPPLEMENT = "supplement"
    INFORM = "inform"  # the complainant was told, or it was tried in vain
    EXEMPT = "exempt"  # 联系方式不详
    HANDLE = "handle"
    ANSWER_REQUEST = "answer_request"
    ANSWER_ASSISTANCE = "answer_assistance"
    WITHDRAW = "withdraw"  # nobody has signed yet
    ASK_BACK = "ask_back"  # signed for: the holder is asked
    GIVE_BACK = "give_back"
    KEEP = "keep"
    OBJECT = "object"  # to all that is left in the case
    SPLIT = "split"  # to some: these go on in a child case
    SPLIT_OFF = "split_off"  # the child begins
    NEGOTIATE = "negotiate"  # one of the two has said what came of it
    AGREE_HOLDER = "agree_holder"
    AGREE_SENDER = "agree_sender"
    AGREE_SENDER_FILED = "agree_sender_filed"  # it had filed: its filing date stands
    AGREE_THIRD = "agree_third"
    REFER = "refer"  # failed, ran out, too many hops, or a handler without power
    REISSUE = "reissue"  # a new letter in the same case to the organ agreed on
    REQUEST = "request"
    DESIGNATE = "designate"
    TRANSFER_ON = "transfer_on"  # no power after filing
    HAND_OVER = "hand_over"  # materials and items, or back
    COUNT = "count"  # nothing is missing
    DIFFER = "differ"  # the count and the list differ
    SETTLE = "settle"  # made up, or accepted as it is
    REVIEW = "review"  # of the evidence
    PROMISE = "promise"  # assistance, by the day agreed on
    ASSIST = "assist"
    PLAN = "plan"  # joint action: all four parts
    ASK_PLAN = "ask_plan"  # the participants are asked
    REQUEST_PLAN = "request_plan"  # the county government is asked to decide
    ANSWER_PLAN = "answer_plan"
    LEAVE_PLAN = "leave_plan"  # a participant does not take part
    APPROVE_PLAN = "approve_plan"
    REJECT_PLAN = "reject_plan"
    REPORT = "report"  # what an organ filed and decided of its own
    MINUTE = "minute"  # 纪要
    BEGIN_YEAR = "begin_year"  # of guidance that is owed
    GUIDE = "guide"  # 带领办案, 现场指导
    EXCUSE = "excuse"  # devolved for too short a part of the year after all
    SUPERVISE = "supervise"
    ANSWER_SUPERVISION = "answer_supervision"


_Rows = dict[State, dict[Step, State]]

_TRANSFER: Final[_Rows] = {
    State.NEW: {
        Step.ISSUE: State.ISSUED,
        Step.HOLD: State.HELD,
        Step.SPLIT_OFF: State.DISPUTED,
    },
    State.HELD: {Step.ISSUE: State.ISSUED, Step.WITHDRAW: State.WITHDRAWN},
    State.ISSUED: {
        Step.SIGN: State.RECEIVED,
        Step.INFORM: State.ISSUED,
        Step.EXEMPT: State.ISSUED,
        Step.WITHDRAW: State.WITHDRAWN,
        Step.DESIGNATE: State.DESIGNATED,
    },
    State.RECEIVED: {
        Step.FILE: State.FILED,
        Step.DECLINE: State.DECLINED,
        Step.OBJECT: State.DISPUTED,
        Step.SPLIT: State.RECEIVED,
        Step.DESIGNATE: State.DESIGNATED,
        Step.INFORM: State.RECEIVED,
        Step.EXEMPT: State.RECEIVED,
        Step.ASK_BACK: State.RECEIVED,
        Step.GIVE_BACK: State.WITHDRAWN,
        Step.KEEP: State.RECEIVED,
    },
    State.DISPUTED: {
        Step.NEGOTIATE: State.DISPUTED,
        Step.AGREE_HOLDER: State.RECEIVED,
        Step.AGREE_SENDER: State.RECEIVED,
        Step.AGREE_SENDER_FILED: State.FILED,
        Step.AGREE_THIRD: State.DISPUTED,
        Step.REISSUE: State.ISSUED,
        Step.REFER: State.REFERRED,
        Step.DESIGNATE: State.DESIGNATED,
        Step.INFORM: State.DISPUTED,
        Step.EXEMPT: State.DISPUTED,
        Step.ASK_BACK: State.DISPUTED,
        Step.GIVE_BACK: State.WITHDRAWN,
        Step.KEEP: State.DISPUTED,
    },
    State.REFERRED: {
        Step.NEGOTIATE: State.REFERRED,
        Step.AGREE_HOLDER: State.RECEIVED,
        Step.AGREE_SENDER: State.RECEIVED,
        Step.AGREE_SENDER_FILED: State.FILED,
        Step.AGREE_THIRD: State.DISPUTED,  # where the letter to the third is owed
        Step.REQUEST: State.REFERRED,
        Step.DESIGNATE: State.DESIGNATED,
        Step.INFORM: State.REFERRED,
        Step.EXEMPT: State.REFERRED,
        Step.ASK_BACK: State.REFERRED,
        Step.GIVE_BACK: State.WITHDRAWN,
        Step.KEEP: State.REFERRED,
    },
    State.DESIGNATED: {
        Step.SIGN: State.DESIGNATED,
        Step.FILE: State.FILED,
        Step.DECLINE: State.DECLINED,
        Step.INFORM: State.DESIGNATED,
        Step.EXEMPT: State.DESIGNATED,
    },
    State.FILED: {
        Step.TRANSFER_ON: State.ISSUED,
        Step.REFER: State.REFERRED,
        **dict.fromkeys((Step.DECIDE, Step.SERVE, Step.EXECUTE, Step.CONCLUDE), State.FILED),
        Step.FEED_BACK: State.CLOSED,
        Step.INFORM: State.FILED,
        Step.EXEMPT: State.FILED,
    },
    State.DECLINED: {Step.INFORM: State.DECLINED, Step.EXEMPT: State.DECLINED},
    State.CLOSED: dict.fromkeys((Step.SUPPLEMENT, Step.INFORM, Step.EXEMPT), State.CLOSED),
    State.WITHDRAWN: {},
}
_NOTICE: Final[_Rows] = {
    State.NEW: {Step.ISSUE: State.ISSUED, Step.HOLD: State.HELD},
    State.HELD: {Step.ISSUE: State.ISSUED, Step.WITHDRAW: State.WITHDRAWN},
    State.ISSUED: {Step.SIGN: State.RECEIVED, Step.WITHDRAW: State.WITHDRAWN},
    State.RECEIVED: {
        Step.HANDLE: State.HANDLED,
        Step.ASK_BACK: State.RECEIVED,
        Step.GIVE_BACK: State.WITHDRAWN,
        Step.KEEP: State.RECEIVED,
    },
    State.HANDLED: {},
    State.WITHDRAWN: {},
}
_COPY: Final[_Rows] = {
    State.NEW: {Step.SEND: State.SENT},
    State.SENT: {Step.SIGN: State.SENT},
}
_INFORMATION: Final[_Rows] = {
    State.NEW: {Step.ISSUE: State.ISSUED},
    State.ISSUED: {Step.SIGN: State.RECEIVED, Step.WITHDRAW: State.WITHDRAWN},
    State.RECEIVED: {
        Step.ANSWER_REQUEST: State.ANSWERED,
        Step.ASK_BACK: State.RECEIVED,
        Step.GIVE_BACK: State.WITHDRAWN,
        Step.KEEP: State.RECEIVED,
    },
    # A Copy in answer is signed for; what is found later may still be sent.
    State.ANSWERED: {Step.SEND: State.ANSWERED, Step.SIGN: State.ANSWERED},
    State.WITHDRAWN: {},
}
_ASSISTANCE: Final[_Rows] = {
    State.NEW: {Step.ISSUE: State.ISSUED},
    State.ISSUED: {Step.SIGN: State.RECEIVED, Step.WITHDRAW: State.WITHDRAWN},
    State.RECEIVED: {
        Step.ANSWER_ASSISTANCE: State.ANSWERED,
        Step.ASK_BACK: State.RECEIVED,
        Step.GIVE_BACK: State.WITHDRAWN,
        Step.KEEP: State.RECEIVED,
    },
    State.ANSWERED: {Step.PROMISE: State.ANSWERED, Step.ASSIST: State.ANSWERED},
    State.WITHDRAWN: {},
}
_JOINT: Final[_Rows] = {
    State.NEW: {Step.SEND: State.SENT},
    State.SENT: {
        Step.SIGN: State.SENT,
        Step.PLAN: State.SENT,
        Step.ASK_PLAN: State.SENT,
        Step.REQUEST_PLAN: State.SENT,
        **dict.fromkeys((Step.ANSWER_PLAN, Step.LEAVE_PLAN, Step.APPROVE_PLAN), State.SENT),
        Step.REJECT_PLAN: State.DECLINED,
        Step.REPORT: State.SENT,
    },
    State.DECLINED: {Step.SIGN: State.DECLINED},  # by who had not answered
}
_CONSULTATION: Final[_Rows] = {
    State.NEW: {Step.SEND: State.SENT},
    State.SENT: {Step.SIGN: State.SENT, Step.MINUTE: State.SENT},
}
_GUIDANCE_YEAR: Final[_Rows] = {
    State.NEW: {Step.BEGIN_YEAR: State.OWED},
    State.OWED: {Step.GUIDE: State.GUIDED, Step.EXCUSE: State.OWED},
    State.GUIDED: dict.fromkeys((Step.GUIDE, Step.EXCUSE), State.GUIDED),  # 不少于1次
}
_ALWAYS: Final = (Step.SUPERVISE, Step.ANSWER_SUPERVISION)  # in every case that was sent
_WITH_THINGS: Final = (Step.HAND_OVER, Step.COUNT, Step.DIFFER, Step.SETTLE)
_REVIEWED: Final = frozenset({State.RECEIVED, State.DESIGNATED, State.FILED})


def _row(life: Life, state: State, row: dict[Step, State]) -> Mapping[Step, State]:
    """Return the row with the steps that leave the state as it is, of no one stage of the life."""
    if state in (State.NEW, State.HELD):
        return MappingProxyType(row)
    things = _WITH_THINGS if life is Life.TRANSFER else ()
    review = (Step.REVIEW,) if life is Life.TRANSFER and state in _REVIEWED else ()
    return MappingProxyType(row | dict.fromkeys((*things, *review, *_ALWAYS), state))


TRANSITIONS: Final[Mapping[Life, Mapping[State, Mapping[Step, State]]]] = MappingProxyType(
    {
        life: MappingProxyType({at: _row(life, at, row) for at, row in rows.items()})
        for life, rows in {
            Life.TRANSFER: _TRANSFER,
            Life.NOTICE: _NOTICE,
            Life.COPY: _COPY,
            Life.INFORMATION: _INFORMATION,
            Life.ASSISTANCE: _ASSISTANCE,
            Life.JOINT: _JOINT,
            Life.CONSULTATION: _CONSULTATION,
            Life.GUIDANCE_YEAR: _GUIDANCE_YEAR,
        }.items()
    }
)


def after(life: Life, state: State, step: Step) -> State | None:
    """Return the state after the step; None: it is illegal there."""
    return TRANSITIONS[life][state].get(step)
