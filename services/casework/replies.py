"""What follows a transfer: reply, progress, outcome (guidance 二(二)2 and 4, annex 3)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from schemas.errors import Refusal
from schemas.messages import CaseProgress, FilingReply, OutcomeFeedback, Stage
from schemas.parts import Relation
from services.casework.case import Case, Complainant, State
from services.casework.dispute import Filing
from services.casework.effects import Advise, Effect, OpenDuty
from services.casework.handing import accept, complaint_of, hand, handed_to, to_sender
from services.casework.steps import Outcome, Situation, as_reply, not_asked, take, take_all
from services.casework.transitions import Step
from services.rulebook.calendar import local_date

_STEP_OF = {
    Stage.DECIDED: Step.DECIDE,
    Stage.SERVED: Step.SERVE,
    Stage.EXECUTED: Step.EXECUTE,
    Stage.CONCLUDED: Step.CONCLUDE,
}
_ORDER = tuple(_STEP_OF)
_MOMENT: Final = timedelta(milliseconds=1)  # 24:00 of a day is the next day's first


def filing_reply(case: Case, message: FilingReply, situation: Situation) -> Outcome | Refusal:
    """复函: the handler answers every violation number. A reply counts as signing (section 3)."""
    refusal = not_asked(case.handler, case, message)
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
    if case.state is State.DESIGNATED:
        refusal = _not_substantive(message, situation)
        if refusal is not None:
            return refusal
    if step is Step.FILE:  # the time to decide runs from that day
        days = [answer.filed_on for answer in answers if answer.filed_on is not None]
        filing = Filing(message.envelope.sender, min(days, default=local_date(situation.at)))
        case = replace(case, filings=(*case.filings, filing))
    outcome = take_all(case, as_reply(case, step), message, situation)
    if isinstance(outcome, Refusal):
        return outcome
    superior = case.dispute.superior if case.dispute and case.dispute.designation else None
    if step is Step.DECLINE and superior is not None:  # it sees what came of its designation
        outcome = hand(outcome, message, superior, Relation.SUPERIOR, situation.at)
    told = outcome.also(*_long_ago(outcome, message, situation))
    return to_sender(told, message, situation, _way_to_the_complainant(case))


def _long_ago(outcome: Outcome, message: FilingReply, situation: Situation) -> Iterator[Effect]:
    """Tell who says that it filed so long ago that the time to decide is over (行政处罚法 60).

    A case of years ago may be brought in, so it is taken; a year that was written wrong would else
    be a red card out of the blue, and nothing corrects a reply.
    """
    opened = (each.duty for each in outcome.effects if isinstance(each, OpenDuty))
    for duty in opened:
        since = duty.term.since if duty.term else None
        if duty.kind == "decide_case" and since is not None and duty.due <= situation.at:
            first, last = local_date(since), local_date(duty.due - _MOMENT)
            words = f"期限自立案之日{first}起算，已于{last}届满。"
            yield Advise(message.envelope.message_id, duty.owner, "advice.filed_long_ago", words)


def case_progress(case: Case, message: CaseProgress, situation: Situation) -> Outcome | Refusal:
    """办理进展: the stages in their order, each at most once; a stage may be passed over."""
    refusal = not_asked(case.handler, case, message)
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
    return accept(Outcome(noted, outcome.effects), message)


def outcome_feedback(
    case: Case, message: OutcomeFeedback, situation: Situation
) -> Outcome | Refusal:
    """办结反馈: closes the case; what comes later is a supplement and changes nothing."""
    refusal = not_asked(case.handler, case, message)
    if refusal is not None:
        return refusal
    step = Step.SUPPLEMENT if case.state is State.CLOSED else Step.FEED_BACK
    outcome = take(Outcome(case), step, message, situation)
    return outcome if isinstance(outcome, Refusal) else to_sender(outcome, message, situation)


def _not_substantive(message: FilingReply, situation: Situation) -> Refusal | None:
    """A designee declines on grounds of the facts only [policy]: that it is its, is decided."""
    if any(answer.filed for answer in message.answers or ()):
        return None
    grounds = situation.rulebook.disputes.designee_grounds
    for index, answer in enumerate(message.answers or ()):
        if answer.ground not in grounds:
            return Refusal("filing.designee_ground", f"answers[{index}].ground")
    return None


def _way_to_the_complainant(case: Case) -> str | None:
    """Return how one that was designated learns whom it will owe the outcome (guidance 二(一)3).

    Its copy of the complaint withholds that. From now on it is the handler, and may ask for it.
    """
    complaint = complaint_of(case)
    if complaint is None or case.complainant is not Complainant.REACHABLE or case.handler is None:
        return None
    _, letter = complaint
    copy = handed_to(case, letter, case.handler)
    if copy is None or copy.relation is not Relation.DESIGNEE:
        return None
    return (
        f"本案来自投诉举报，处理结果由贵机关反馈投诉举报人。函送文书（{letter}）中未提供的"
        "投诉举报人姓名和联系方式，可自即日起申请查看（opening_request，字段 complainant）。"
    )


def _numbers(numbers: set[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
