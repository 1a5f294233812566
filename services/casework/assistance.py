"""协助结果: what was promised by a day is done; later ones say what more was done (二(四))."""

from schemas.assistance import AssistanceResult
from schemas.errors import Refusal
from services.casework.case import Case
from services.casework.handing import to_sender
from services.casework.steps import Outcome, Situation, not_asked, take
from services.casework.transitions import Step


def assistance_result(
    case: Case, message: AssistanceResult, situation: Situation
) -> Outcome | Refusal:
    """By the organ that accepted; what comes after the first result adds to it."""
    refusal = not_asked(case.handler, case, message)
    if refusal is not None:
        return refusal
    if not any(duty.kind == "assist" for duty in case.duties):
        return Refusal("assistance.not_accepted")
    outcome = take(Outcome(case), Step.ASSIST, message, situation)
    return outcome if isinstance(outcome, Refusal) else to_sender(outcome, message, situation)
