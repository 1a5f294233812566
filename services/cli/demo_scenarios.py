"""The demo's cast and its list of transfers, fixed, so that every run tells the same stories.

A plan says how far the receiver takes a case; what it does follows step by step, each step after
the bus has accepted the one before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FOLDER_TOWNSHIP: Final = "yanjiao"
DATABASE_TOWNSHIP: Final = "langdai"
FOLDER_DEPARTMENT: Final = "liuzhi-cgj"
DATABASE_DEPARTMENT: Final = "liuzhi-scjg"
SUPERVISOR: Final = "liuzhi-sfj"  # hears of what is held, and assigns what is nobody's
AGENCIES: Final = {
    FOLDER_TOWNSHIP: "folder",
    FOLDER_DEPARTMENT: "folder",
    DATABASE_TOWNSHIP: "database",
    DATABASE_DEPARTMENT: "database",
    SUPERVISOR: "folder",
}
LATE_DEPARTMENT: Final = "liuzhi-swj"  # one minute to sign for, by the demo rulebook; it does not

_YANJIAO: Final = "520203102000"
_LANGDAI: Final = "520203110000"
_JIULONG: Final = "520203001000"
_YINHU: Final = "520203002000"
_TASHAN: Final = "520203003000"

# plan → what is done with it, in this order. The receiver's doing, but "withdraw" and "hand_over",
# which are the sender's: what goes with a letter is there and counted before it is filed.
_GOT: Final = ("sign", "hand_over", "count")
_TO_CONCLUDED: Final = (*_GOT, "file", "decided", "served", "executed", "concluded")
PLANS: Final = {
    "unsigned": (),
    "withdrawn": ("withdraw",),
    "signed": ("sign",),
    "declined": ("sign", "decline"),
    "direct": ("file", "hand_over", "count"),  # a reply counts as signing
    "filed": _TO_CONCLUDED[:4],
    "decided": _TO_CONCLUDED[:5],
    "served": _TO_CONCLUDED[:6],
    "executed": _TO_CONCLUDED[:7],
    "concluded": _TO_CONCLUDED,
    "closed": (*_TO_CONCLUDED, "feed_back"),
}

REFUSALS: Final[Mapping[str, str]] = {  # twist → the code that must come back
    "one_officer": "transfer.officers_too_few",
    "number_used": "document_number.used",
    "wrong_addressee": "transfer.addressee_not_competent",
    "split_needed": "transfer.split_needed",
    "choose_addressee": "transfer.choose_addressee",
    "own_matter": "transfer.own_matter",
}
FAULTY_REPLIES: Final[Mapping[str, str]] = {
    "reasons_missing": "filing.reasons_missing",
    "use_objection": "filing.use_objection",
}
HELD: Final = ("held_then_corrected", "stays_held")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One transfer. `twist` names what is special about it; `outcome` of a declined or closed one.

    `receiver` is whom the story expects; `named` whether the sender writes it into addressees.
    """

    number: int
    sender: str
    receiver: str
    record: str  # lead_transfer or case_transfer
    matters: tuple[str, ...]
    place: str
    plan: str
    outcome: str = ""
    named: bool = False
    twist: str = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done with it after it arrived."""
        return PLANS[self.plan]


def scenarios() -> tuple[Scenario, ...]:
    """Return the transfers of one run, lawful ones first, in the order they are sent."""
    rows = (*_ROUTINE, *_SPECIAL)
    return tuple(_scenario(number, row) for number, row in enumerate(rows, start=1))


def _scenario(number: int, row: str) -> Scenario:
    way, matters, place, plan, *twist = row.split()
    sender, receiver = way.split(">")
    stem, _, outcome = plan.partition(":")
    special = twist[0] if twist else ""
    return Scenario(
        number=number,
        sender=ALIASES[sender],
        receiver=ALIASES[receiver],
        record="lead_transfer" if number % 2 else "case_transfer",
        matters=tuple(matters.split("+")),
        place=PLACES[place],
        plan=stem,
        outcome=outcome,
        named=special in _NAMED if special else number % 3 == 0,
        twist=special,
    )


ALIASES: Final = {
    "Y": FOLDER_TOWNSHIP,
    "L": DATABASE_TOWNSHIP,
    "C": FOLDER_DEPARTMENT,
    "S": DATABASE_DEPARTMENT,
    "W": LATE_DEPARTMENT,
    "V": SUPERVISOR,
}
PLACES: Final = {
    "岩脚": _YANJIAO,
    "郎岱": _LANGDAI,
    "九龙": _JIULONG,
    "银壶": _YINHU,
    "塔山": _TASHAN,
}
_NAMED: Final = ("insists", "wrong_addressee", "overdue")

# sender>receiver matter place plan[:outcome]; townships report what the county kept, departments
# hand over what the townships hold.
_ROUTINE: Final = (
    "Y>C CG-009 岩脚 closed:penalty",
    "Y>C CG-001 岩脚 closed:penalty",
    "Y>S SC-002 岩脚 closed:penalty",
    "L>S SC-001 郎岱 closed:penalty",
    "C>Y CG-002 岩脚 closed:penalty",
    "S>L CG-004 郎岱 closed:no_penalty",
    "Y>C CG-005 岩脚 decided",
    "Y>C CG-006 岩脚 closed:penalty",
    "Y>C CG-010 岩脚 declined:minor_corrected",
    "Y>C CG-012 岩脚 served",
    "Y>C CG-014 岩脚 executed",
    "Y>C CG-015 岩脚 declined:minor_corrected",
    "Y>C CG-009 岩脚 filed",
    "Y>C CG-001 岩脚 direct",
    "L>C CG-001 郎岱 closed:penalty",
    "L>C CG-005 郎岱 closed:penalty",
    "L>C CG-006 郎岱 filed",
    "L>C CG-008 郎岱 decided",
    "L>C CG-009 郎岱 closed:no_penalty",
    "L>C CG-010 郎岱 filed",
    "L>C CG-011 郎岱 declined:no_facts",
    "L>C CG-012 郎岱 decided",
    "L>C CG-014 郎岱 closed:penalty",
    "L>C CG-015 郎岱 withdrawn",
    "Y>S SC-001 岩脚 decided",
    "Y>S SC-003 岩脚 closed:penalty",
    "Y>S SC-004 岩脚 declined:minor_corrected",
    "Y>S SC-005 岩脚 served",
    "Y>S SC-006 岩脚 closed:penalty",
    "Y>S SC-002 岩脚 filed",
    "Y>S SC-003 岩脚 declined:already_handled",
    "L>S SC-002 郎岱 closed:penalty",
    "L>S SC-003 郎岱 filed",
    "L>S SC-004 郎岱 closed:penalty",
    "L>S SC-005 郎岱 decided",
    "L>S SC-006 郎岱 declined:no_facts",
    "L>S SC-001 郎岱 signed",
    "L>S SC-003 郎岱 direct",
    "C>Y CG-004 岩脚 closed:penalty",
    "C>Y ZR-004 岩脚 decided",
    "C>Y GH-002 岩脚 filed",
    "C>Y CG-002 岩脚 declined:out_of_time",
    "C>L CG-002 郎岱 closed:penalty",
    "C>L CG-004 郎岱 declined:minor_corrected",
    "C>L ZR-004 郎岱 filed",
    "C>L GH-002 郎岱 closed:penalty",
    "C>L CG-002+CG-004 郎岱 closed:penalty",
    "S>Y CG-002 岩脚 closed:penalty",
    "S>Y CG-004 岩脚 filed",
    "S>Y GH-002 岩脚 decided",
    "S>L CG-002 郎岱 closed:penalty",
    "S>L ZR-004 郎岱 declined:no_facts",
    "S>C CG-003 银壶 closed:penalty",
    "S>C CG-007 九龙 decided",
    "S>C CG-009 塔山 closed:penalty",
    "S>C CG-014 九龙 concluded",
    "C>S SC-001 银壶 closed:penalty",
    "C>S SC-003 九龙 filed",
    "C>S SC-004 塔山 declined:minor_corrected",
    "C>S SC-006 九龙 concluded",
    "Y>C CG-005+CG-006 岩脚 closed:penalty",
    "L>S SC-002+SC-004 郎岱 closed:penalty",
    "C>S SC-002 塔山 withdrawn",
    "Y>S SC-006 岩脚 signed",
)
_SPECIAL: Final = (
    "Y>W SW-002 岩脚 unsigned overdue",
    "L>S CG-014 郎岱 filed insists",
    "C>L GH-002 九龙 filed held_then_corrected",
    "S>Y CG-013 岩脚 unsigned stays_held",
    "Y>C CG-009 岩脚 filed reasons_missing",
    "L>C CG-001 郎岱 filed use_objection",
    "Y>C CG-001 岩脚 unsigned one_officer",
    "L>S SC-003 郎岱 unsigned number_used",
    "Y>C SC-001 岩脚 unsigned wrong_addressee",
    "C>S SC-001+SW-002 岩脚 unsigned split_needed",
    "L>C ZR-002 郎岱 unsigned choose_addressee",
    "C>Y CG-005 岩脚 unsigned own_matter",
)
