"""What follows a transfer: reply, progress, outcome, withdrawal, correction (guidance 二(二))."""

from dataclasses import replace

from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.messages import (
    CaseProgress,
    Correction,
    FilingReply,
    Message,
    OutcomeFeedback,
    Stage,
    Withdrawal,
)
from schemas.parts import Relation
from services.casework.case import Case, State
from services.casework.effects import Accept, Effect, OpenDuty, Release
from services.casework.steps import Outcome, Situation, hand, take
from services.casework.transfer import Gap, corrected, issue, resolve
from services.casework.transitions import Step

_STEP_OF = {
    Stage.DECIDED: Step.DECIDE,
    Stage.SERVED: Step.SERVE,
    Stage.EXECUTED: Step.EXECUTE,
    Stage.CONCLUDED: Step.CONCLUDE,
}
_ORDER = tuple(_STEP_OF)


def filing_reply(case: Case, message: FilingReply, situation: Situation) -> Outcome | Refusal:
    """复函: the handler answers every violation number. A reply counts as signing (section 3)."""
    refusal = _from(case.handler, case, message)
    if refusal is not None:
        return refusal
    answers = message.answers or ()
    asked = {charge.number for charge in case.charges}
    given = {answer.number for answer in answers}
    if given - asked:
        return Refusal("filing.number_unknown", "answers", _numbers(given - asked))
    if asked - given:
        return Refusal("filing.number_unanswered", "answers", _numbers(asked - given))
    step = Step.FILE if any(answer.filed for answer in answers) else Step.DECLINE
    steps = (Step.SIGN, step) if case.state is State.ISSUED else (step,)
    outcome = Outcome(case)
    for each in steps:
        taken = take(outcome, each, message, situation)
        if isinstance(taken, Refusal):
            return taken
        outcome = taken
    return _to_sender(outcome, message, situation)


def case_progress(case: Case, message: CaseProgress, situation: Situation) -> Outcome | Refusal:
    """办理进展: the stages in their order, each at most once; a stage may be passed over."""
    refusal = _from(case.handler, case, message)
    if refusal is not None:
        return refusal
    stage = message.stage
    step = _STEP_OF.get(stage) if stage else None
    if stage is None or step is None:
        return Refusal("message.field_invalid", "stage")
    if stage in case.stages:
        return Refusal("progress.repeated", "stage", stage)
    if case.stages and _ORDER.index(stage) < _ORDER.index(case.stages[-1]):
        return Refusal("progress.out_of_order", "stage", stage)
    outcome = take(Outcome(case), step, message, situation)
    if isinstance(outcome, Refusal):
        return outcome
    noted = replace(outcome.case, stages=(*outcome.case.stages, stage))
    return Outcome(noted, outcome.effects).also(_accept(message, outcome))


def outcome_feedback(
    case: Case, message: OutcomeFeedback, situation: Situation
) -> Outcome | Refusal:
    """办结反馈: closes the case; what comes later is a supplement and changes nothing."""
    refusal = _from(case.handler, case, message)
    if refusal is not None:
        return refusal
    step = Step.SUPPLEMENT if case.state is State.CLOSED else Step.FEED_BACK
    outcome = take(Outcome(case), step, message, situation)
    if isinstance(outcome, Refusal):
        return outcome
    return _to_sender(outcome, message, situation)


def withdrawal(case: Case, message: Withdrawal, situation: Situation) -> Outcome | Refusal:
    """撤回: free until the handler has signed; after that the holder would have to agree."""
    refusal = _from(case.sender, case, message)
    if refusal is not None:
        return refusal
    outcome = take(Outcome(case), Step.WITHDRAW, message, situation)
    if isinstance(outcome, Refusal):
        return outcome
    freed = Outcome(replace(outcome.case, stop=None), outcome.effects)
    return _to_handler(freed, message, situation)


def correction(case: Case, message: Correction, situation: Situation) -> Outcome | Refusal:
    """更正 of a held message: it is decided anew with what was put right; the original stays."""
    refusal = _from(case.sender, case, message)
    if refusal is not None:
        return refusal
    held = situation.facts.held
    if case.state is not State.HELD or held is None:
        return Refusal("correction.nothing_held")
    charges = corrected(case.charges, message.corrections or ())
    if isinstance(charges, Refusal):
        return charges
    addressee = next(iter(message.envelope.addressees), None)
    found = resolve(charges, held.message, situation, addressee)
    if isinstance(found, Refusal):
        return found
    if isinstance(found, Gap):
        return Refusal("correction.still_gap", detail=found.explanation)
    released: tuple[Effect, ...] = (Release(case.opening, by=message.envelope.message_id),)
    freed = Outcome(replace(case, charges=charges), released)
    issued = issue(freed, held.message, found, situation)
    return issued if isinstance(issued, Refusal) else _to_handler(issued, message, situation)


def _from(organ: OrganCode | None, case: Case, message: Message) -> Refusal | None:
    """Only this organ may say it, and only of the message that opened the case."""
    if message.envelope.sender != organ:
        return Refusal("reply.not_asked")
    if message.envelope.in_reply_to != case.opening:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    return None


def _to_sender(
    outcome: Outcome, message: FilingReply | OutcomeFeedback, situation: Situation
) -> Outcome:
    handed = hand(outcome, message, outcome.case.sender, Relation.SENDER, situation.at)
    return handed.also(_accept(message, handed))


def _to_handler(
    outcome: Outcome, message: Withdrawal | Correction, situation: Situation
) -> Outcome:
    """A held message has no handler yet: then there is nobody to tell."""
    if outcome.case.handler is not None:
        outcome = hand(outcome, message, outcome.case.handler, Relation.HANDLER, situation.at)
    return outcome.also(_accept(message, outcome))


def _accept(
    message: FilingReply | OutcomeFeedback | CaseProgress | Withdrawal | Correction,
    outcome: Outcome,
) -> Accept:
    envelope = message.envelope
    return Accept(
        message=envelope.message_id,
        record=envelope.record,
        to=envelope.sender,
        recipients=tuple(
            (handed.to, handed.relation)
            for handed in outcome.case.handed
            if handed.message == envelope.message_id
        ),
        duties=tuple(effect.duty for effect in outcome.effects if isinstance(effect, OpenDuty)),
    )


def _numbers(numbers: set[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
