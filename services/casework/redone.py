"""Declined, then transferred again: with new evidence and a link it is a new case (domain, 3).

The letter names the earlier one as its source (案件来源: 移送, with its document number); what is
new is what the earlier letter's evidence list did not have. Without, the same receiver has
answered it already [policy].
"""

from schemas.errors import Refusal
from schemas.ids import OrganCode
from services.casework.effects import Advise
from services.casework.steps import Outcome, Situation


def declined_already(handler: OrganCode, situation: Situation) -> Refusal | None:
    """Why the organ need not decide once more what it has declined to file; or None."""
    before = situation.facts.declined
    if before is None or before.handler != handler or before.new_evidence:
        return None
    if not situation.rulebook.disputes.declined_needs_new_evidence:
        return None
    if before.is_linked:
        return Refusal("transfer.no_new_evidence", "evidence", before.case)
    return Refusal("transfer.declined_before", "source", before.case)


def tell_declined(result: Outcome | Refusal, situation: Situation) -> Outcome | Refusal:
    """Tell a handler that declined it itself which case it was, and what is new."""
    before = situation.facts.declined
    if isinstance(result, Refusal) or before is None or before.handler is None:
        return result
    if result.case.handler != before.handler:
        return result
    numbers = ", ".join(str(number) for number in before.new_evidence)
    told = f"{before.case}：{numbers}" if numbers else before.case
    case = result.case
    return result.also(Advise(case.current, before.handler, "advice.declined_before", told))
