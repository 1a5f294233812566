"""Who keeps what goes with a case, to whom it is owed, and whether a filing decision waits for it.

What was handed over is owed back when the case is declined or withdrawn, and to the next one when
another handles it (guidance 二(二)2 and 4; domain, sections 3 and 4).
"""

from dataclasses import dataclass
from typing import Final

from schemas.ids import OrganCode
from schemas.messages import CaseTransfer, LeadTransfer, Message
from schemas.parts import EvidenceKind
from services.casework.case import Case, State
from services.casework.kept import Custody

OF_THINGS: Final = frozenset({"handover", "return_custody"})  # a handover meets them
_BACK: Final = frozenset({State.DECLINED, State.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Owed:
    """What is kept by one and belongs with another. `back`: it was handed over before."""

    keeper: OrganCode
    to: OrganCode
    back: bool


def custody_of(message: Message) -> Custody | None:
    """Return who keeps what goes with the letter; None where nothing does.

    A case goes with its file. A lead may be copies alone: then nothing is handed over.
    """
    keeper = message.envelope.sender
    if isinstance(message, CaseTransfer):
        return Custody(keeper)
    if not isinstance(message, LeadTransfer):
        return None
    physical = EvidenceKind.PHYSICAL
    originals = any(each.original or each.kind is physical for each in message.evidence or ())
    return Custody(keeper) if originals or message.items else None


def keeper_of(case: Case) -> OrganCode:
    """Return who keeps the materials; who sent the letter, where none are known of."""
    return case.custody.keeper if case.custody else case.asking


def handing_owed(case: Case) -> Owed | None:
    """Return what is owed to whom, as the case now stands; None: it is where it belongs."""
    if case.custody is None:
        return None
    keeper = case.custody.keeper
    to = case.asking if case.state in _BACK else case.handler
    if to is None or to == keeper:
        return None
    return Owed(keeper, to, back=keeper not in (case.asking, case.sender))


def is_awaited(case: Case) -> bool:
    """Whether the handler has not got the materials yet, or has not settled what it got."""
    custody = case.custody
    if custody is None or case.handler is None:
        return False
    if custody.keeper != case.handler:
        return True
    return custody.message is not None and custody.settled_at is None
