"""联合执法: plan, answers, the county's decision, and what each organ did (guidance 二(三)2, 3).

A plan binds nobody's powers: each organ files and decides its own violations, and says so. What the
county government itself organises is not asked about: its plan is signed for.
"""

from typing import Final

from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.joint import (
    JointGround,
    JointOutcome,
    JointPlan,
    JointPlanAnswer,
    JointPlanDecision,
)
from schemas.messages import Message
from services.casework.case import Case, Closing, Duty
from services.casework.duties import Given
from services.casework.handing import accept, hand
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation, new_case, signed_for, surely, take
from services.casework.succession import standing_for
from services.casework.transitions import Step
from services.rulebook.calendar import local_date
from services.rulebook.directory import county_government_of
from services.rulebook.model import OrganType

_ANSWER: Final = "answer_joint_plan"
_DECISION: Final = "decide_joint_plan"
_OUTCOME: Final = "joint_outcome"


def open_plan(case: Case | None, message: JointPlan, situation: Situation) -> Outcome | Refusal:
    """Send the plan to its participants, and to the county government where it is to decide."""
    organs = situation.rulebook.directory.organs
    by_county = organs[message.envelope.sender].type is OrganType.COUNTY_GOVERNMENT
    county = _deciding(message, situation)
    refusal = _unlawful(message, by_county=by_county) or _over(message, situation)
    if refusal is not None:
        return refusal
    if isinstance(county, Refusal):
        return county
    asked = message.envelope.addressees
    everybody = tuple(dict.fromkeys((*asked, county) if county else asked))
    opened = Outcome(case or new_case(message, situation.at))
    outcome = take(opened, Step.SEND, message, situation, to=everybody)
    if isinstance(outcome, Refusal):
        return outcome
    acting = tuple(task.organ for task in message.tasks or ())
    ends = Given(begins_at=message.ends_at)
    outcome = surely(take(outcome, Step.PLAN, message, situation, to=acting, given=ends))
    if not by_county:
        outcome = surely(take(outcome, Step.ASK_PLAN, message, situation, to=asked))
    if county is not None:
        outcome = surely(take(outcome, Step.REQUEST_PLAN, message, situation, to=(county,)))
    return accept(_told(outcome, message, everybody, situation), message)


def joint_plan_answer(
    case: Case, message: JointPlanAnswer, situation: Situation
) -> Outcome | Refusal:
    """联合执法答复: each participant once; who does not take part owes no outcome.

    Once the action is over that is an answer like another: what the organ did, or that it did
    nothing, its outcome says.
    """
    refusal = _once(case, _ANSWER, message, "joint.answered")
    if refusal is not None:
        return refusal
    outcomes = _of(case, _OUTCOME, message.envelope.sender)
    is_over = any(duty.opened_at <= situation.at for duty in outcomes)  # it begins with the end
    step = Step.ANSWER_PLAN if message.agreed or is_over else Step.LEAVE_PLAN
    return _taken(case, step, message, situation)


def joint_plan_decision(
    case: Case, message: JointPlanDecision, situation: Situation
) -> Outcome | Refusal:
    """联合执法决定: by the county government that was asked, once."""
    refusal = _once(case, _DECISION, message, "joint.decided")
    if refusal is not None:
        return refusal
    step = Step.APPROVE_PLAN if message.approved else Step.REJECT_PLAN
    return _taken(case, step, message, situation)


def joint_outcome(case: Case, message: JointOutcome, situation: Situation) -> Outcome | Refusal:
    """联合执法结果: the organ's own filings and decisions; what comes later adds to them."""
    if message.envelope.in_reply_to != case.opening:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    owing = {_today(duty.owner, situation) for duty in case.duties if duty.kind == _OUTCOME}
    if message.envelope.sender not in owing:
        return Refusal("reply.not_asked")
    for index, each in enumerate(message.cases or ()):
        if each.matter not in situation.rulebook.matters:
            return Refusal("matter.unknown", f"cases[{index}].matter")
    return _taken(case, Step.REPORT, message, situation)


def _taken(case: Case, step: Step, message: Message, situation: Situation) -> Outcome | Refusal:
    """Take the step about the plan, and tell everybody who is part of it, and has not left it."""
    signed = signed_for(Outcome(case), message, situation)
    outcome = take(signed, step, message, situation, about=case.opening)
    if isinstance(outcome, Refusal):
        return outcome
    left = _left(case, situation)
    part = tuple(organ for organ in everybody_in(case) if organ not in left)
    return accept(_told(outcome, message, part, situation), message)


def _left(case: Case, situation: Situation) -> frozenset[OrganCode]:
    """Return who takes no part: by who stands in their place, unless that one takes part itself."""
    took_part, left = set[OrganCode](), set[OrganCode]()
    for duty in (each for each in case.duties if each.kind == _OUTCOME):
        whose = left if duty.closing is Closing.WAIVED else took_part
        whose.add(_today(duty.owner, situation))
    return frozenset(left - took_part)


def everybody_in(case: Case) -> tuple[OrganCode, ...]:
    """Who sent it and whom it was sent to, in that order."""
    sent_to = (handed.to for handed in case.handed if handed.message == case.opening)
    return tuple(dict.fromkeys((case.sender, *sent_to)))


def _told(
    outcome: Outcome, message: Message, organs: tuple[OrganCode, ...], situation: Situation
) -> Outcome:
    for organ in organs:
        if organ != message.envelope.sender:
            relation = relation_in(outcome.case, organ, situation)
            outcome = hand(outcome, message, organ, relation, situation.at)
    return outcome


def _of(case: Case, kind: str, organ: OrganCode) -> list[Duty]:
    return [duty for duty in case.duties if (duty.kind, duty.owner) == (kind, organ)]


def _today(organ: OrganCode, situation: Situation) -> OrganCode:
    """Return who adds to what the organ did: what it owed is done, and passed to nobody."""
    return standing_for(organ, situation.rulebook, situation.at)


def _once(case: Case, kind: str, message: Message, answered: str) -> Refusal | None:
    """Only who owes it says it, of the plan, and once."""
    owed = _of(case, kind, message.envelope.sender)
    if not owed:
        return Refusal("reply.not_asked")
    if message.envelope.in_reply_to != case.opening:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    if owed[-1].closing is Closing.SUPERSEDED:
        return Refusal("joint.rejected")
    return Refusal(answered) if owed[-1].closing is not None else None


def _deciding(message: JointPlan, situation: Situation) -> OrganCode | Refusal | None:
    """Return the county government that is asked to decide; None: nobody is."""
    if not message.county_decision_requested:
        return None
    directory, on = situation.rulebook.directory, local_date(situation.at)
    county = county_government_of(directory, message.envelope.sender, on)
    return Refusal("superior.none") if county is None else county.code


def _unlawful(message: JointPlan, *, by_county: bool) -> Refusal | None:
    """The county's own decision is nobody else's ground, and nobody it would have to ask."""
    if by_county and message.county_decision_requested:
        return Refusal("joint.county_asks_nobody", "county_decision_requested")
    if not by_county and message.ground is JointGround.COUNTY_DECISION:
        return Refusal("joint.ground_not_for_sender", "ground")
    return None


def _over(message: JointPlan, situation: Situation) -> Refusal | None:
    """Nobody can still take part in what has ended."""
    if message.ends_at is not None and message.ends_at <= situation.at:
        return Refusal("joint.over", "ends_at")
    return None
