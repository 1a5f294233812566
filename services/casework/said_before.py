"""How often one organ may say one thing in one case.

A case holds what was handed to whom, and is read and written whole by each decision: without a
limit one party alone could make its case, and the partition behind it, slower and slower. Counted
for each organ and record, so that nobody uses up what another may say; what an organ owes it may
always say, and what the bus writes for itself follows from what others were allowed.
"""

from typing import Final

from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.messages import Message
from services.casework.case import Case
from services.casework.effects import CloseDuty
from services.casework.steps import Outcome

LETTERS_MAX: Final = 200  # of one record, by one organ in one case


def said_too_often(case: Case, outcome: Outcome, message: Message) -> Refusal | None:
    """Return why the message, lawful else, is one too many of its sender's in the case; or None."""
    sender, record = message.envelope.sender, message.envelope.record
    before = case.handed
    if len(before) < LETTERS_MAX or len(outcome.case.handed) == len(before) or sender == BUS:
        return None
    if any(isinstance(each, CloseDuty) and each.duty.owner == sender for each in outcome.effects):
        return None
    said = {each.message for each in before if (each.author, each.record) == (sender, record)}
    if len(said) < LETTERS_MAX:
        return None
    return Refusal("case.too_many_letters", detail=str(LETTERS_MAX))
