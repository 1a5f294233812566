"""The duties as the judge keeps them: by step, from domain section 4, apart from the product's own.

What a step begins and whose it is; what it ends and how. A duty that is met or waived is the
actor's own about that message; what is superseded or withdrawn ends for everybody.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tests.simulation.days import ZONE

MET, SUPERSEDED, WAIVED, WITHDRAWN = "met", "superseded", "waived", "withdrawn"
FOR_ALL: Final = frozenset({SUPERSEDED, WITHDRAWN})
_S: Final = SUPERSEDED

_CUSTODY: Final = {"handover": _S, "return_custody": _S}
_ON: Final = {"decide_case": _S, "outcome_feedback": _S, "answer_withdrawal": _S}
_SENT_ON: Final = {**_ON, **_CUSTODY, "inform_complainant": _S}
_AGREED: Final = {
    "negotiate": _S,
    "request_designation": _S,
    "designate": _S,
    "decide_case": _S,
    "outcome_feedback": _S,
    **_CUSTODY,
}
_TAKEN_BACK: Final = {
    "inform_complainant": WITHDRAWN,
    "answer_request": WITHDRAWN,
    "answer_assistance": WITHDRAWN,
    "handover": WITHDRAWN,
}
ENDS: Final[dict[str, dict[str, str]]] = {
    "sign": {"sign_for": MET},
    "withdraw": {"sign_for": WITHDRAWN, **_TAKEN_BACK},
    "give_back": {
        **_TAKEN_BACK,
        "decide_filing": WITHDRAWN,
        "negotiate": WITHDRAWN,
        "request_designation": WITHDRAWN,
        "designate": WITHDRAWN,
        "reissue": WITHDRAWN,
        "handle": WITHDRAWN,
        "decide_case": WITHDRAWN,
        "outcome_feedback": WITHDRAWN,
        "answer_withdrawal": MET,
    },
    "keep": {"answer_withdrawal": MET},
    "file": {"decide_filing": MET, "answer_withdrawal": _S},
    "decline": {"decide_filing": MET, "answer_withdrawal": _S, **_CUSTODY},
    "object": {"decide_filing": _S, "handover": _S},
    "negotiate": {"negotiate": MET},
    "refer": {"negotiate": _S},
    "request": {"request_designation": MET},
    "designate": {
        **_SENT_ON,
        "sign_for": _S,
        "decide_filing": _S,
        "negotiate": _S,
        "reissue": _S,
        "request_designation": _S,
        "designate": MET,
    },
    "agree_holder": _AGREED,
    "agree_sender": {**_AGREED, "answer_withdrawal": _S, "inform_complainant": _S},
    "agree_sender_filed": {**_AGREED, "answer_withdrawal": _S, "inform_complainant": _S},
    "agree_third": _AGREED,
    "reissue": {**_SENT_ON, "reissue": MET, "negotiate": _S},
    "transfer_on": _SENT_ON,
    "decide": {"decide_case": MET},
    "feed_back": {"decide_case": MET, "outcome_feedback": MET},
    "inform": {"inform_complainant": MET, "complainant_feedback": MET},
    "exempt": {"inform_complainant": WAIVED, "complainant_feedback": WAIVED},
    "handle": {"handle": MET, "answer_withdrawal": _S},
    "answer_request": {"answer_request": MET, "answer_withdrawal": _S},
    "answer_assistance": {"answer_assistance": MET, "answer_withdrawal": _S},
    "assist": {"assist": MET},
    "hand_over": {
        "handover": MET,
        "return_custody": MET,
        "custody_check": _S,
        "settle_discrepancy": _S,
    },
    "count": {"custody_check": MET},
    "differ": {"custody_check": MET},
    "settle": {"settle_discrepancy": MET},
    "answer_plan": {"answer_joint_plan": MET},
    "leave_plan": {"answer_joint_plan": MET, "joint_outcome": WAIVED},
    "approve_plan": {"decide_joint_plan": MET},
    "reject_plan": {"answer_joint_plan": _S, "decide_joint_plan": MET, "joint_outcome": _S},
    "report": {"joint_outcome": MET},
    "answer_supervision": {"answer_supervision": MET},
    "guide": {"yearly_guidance": MET},
    "excuse": {"yearly_guidance": WAIVED},
}
# kind, whose, in which lives (None: in all)
_Begun = tuple[str, str, str | None]
_FOR_COMPLAINANT: Final[_Begun] = ("inform_complainant", "sender", "transfer")
_TO_NEXT: Final[tuple[_Begun, ...]] = (
    ("sign_for", "to", None),
    _FOR_COMPLAINANT,
    ("handover", "giver", "transfer"),
    ("return_custody", "keeper", "transfer"),
)
_BACK: Final[_Begun] = ("return_custody", "keeper", "transfer")
BEGINS: Final[dict[str, tuple[_Begun, ...]]] = {
    "issue": (
        ("sign_for", "to", None),
        _FOR_COMPLAINANT,
        ("handover", "giver", "transfer"),
        ("answer_request", "handler", "information"),
        ("answer_assistance", "handler", "assistance"),
    ),
    "send": (("sign_for", "to", None),),
    "minute": (("sign_for", "to", None),),
    "reissue": _TO_NEXT,
    "transfer_on": _TO_NEXT,
    "designate": _TO_NEXT,
    "sign": (("decide_filing", "handler", "transfer"), ("handle", "handler", "notice")),
    "agree_holder": (
        ("decide_filing", "handler", "transfer"),
        ("handover", "giver", "transfer"),
        _BACK,
    ),
    "agree_sender": (("decide_filing", "handler", "transfer"), _FOR_COMPLAINANT, _BACK),
    "agree_sender_filed": (("decide_case", "handler", None), _FOR_COMPLAINANT, _BACK),
    "agree_third": (("reissue", "asking", None), _BACK),
    "object": (("negotiate", "both", None),),
    "split_off": (("negotiate", "both", None),),
    "refer": (("request_designation", "holder", None),),
    "request": (("designate", "superior", None),),
    "file": (("decide_case", "handler", None),),
    "conclude": (("outcome_feedback", "handler", None),),
    "decline": (("complainant_feedback", "handler", None), _BACK),
    "feed_back": (("complainant_feedback", "handler", None),),
    "ask_back": (("answer_withdrawal", "handler", None),),
    "withdraw": (_BACK,),
    "give_back": (_BACK,),
    "hand_over": (("custody_check", "to", None), ("handover", "giver", "transfer")),
    "differ": (("settle_discrepancy", "to", None),),
    "promise": (("assist", "handler", "assistance"),),
    "ask_plan": (("answer_joint_plan", "to", None),),
    "request_plan": (("decide_joint_plan", "to", None),),
    "plan": (("joint_outcome", "to", None),),
    "supervise": (("answer_supervision", "to", None),),
    "begin_year": (("yearly_guidance", "handler", None),),
}


@dataclass(slots=True)
class Owed:
    """A duty on the judge's books."""

    kind: str
    owner: str
    about: str
    opened: datetime
    record: str
    by_township: bool
    later: bool  # its length is the second rulebook's
    closing: str | None = None
    odd: bool = False  # its day is moved by something else than the calendar
    waits: bool = False  # it has not begun, and never does: nobody is above both sides
    closed: datetime | None = None
    extended: int = 0  # how often
    stood: int = 0  # days on which it stands still, as it is planned
    suspended_until: datetime | None = None

    def left(self, at: datetime) -> int:
        """Return the days of its suspension that are to come."""
        if self.suspended_until is None or self.suspended_until <= at:
            return 0
        return (self.suspended_until.date() - at.astimezone(ZONE).date()).days
