"""期限变更: the owner of a duty lets it stand still, go on, or takes the next step of its list.

Why, and how far, is data: the closed list of grounds and the list of extensions of the duty's rule
(domain, section 4). It must come before the duty is due: what is overdue is a breach.
"""

from dataclasses import replace

from schemas.errors import Refusal
from schemas.oversight import ClockChange, ClockChangeKind, SuspensionReason
from services.casework.awaken import awaken
from services.casework.case import Case, Duty
from services.casework.clock_moves import EXTENDED, extended, resumed, suspended
from services.casework.effects import Effect, MoveDuty, ResumeDuty, SuspendDuty
from services.casework.handing import accept, hand
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation, letters
from services.casework.term import Term
from services.rulebook.calendar import local_date

Changed = tuple[Duty, Effect]


def clock_change(case: Case, message: ClockChange, situation: Situation) -> Outcome | Refusal:
    """Change the clock of one open duty of the sender; its counterpart is told.

    What was to begin or go on by now has done so, whether a Tick has come to say it or not.
    """
    woken = awaken(case, message.envelope.message_id, situation.rulebook.calendar, situation.at)
    case = woken.case
    duty = _named(case, message)
    if isinstance(duty, Refusal):
        return duty
    if duty.term is None:
        return Refusal("clock_change.not_allowed", "duty", duty.kind)
    if situation.at > duty.due:
        return Refusal("clock_change.overdue", "duty", duty.kind)
    match message.change:
        case ClockChangeKind.SUSPEND:
            changed = _suspend(duty, duty.term, message, situation)
        case ClockChangeKind.RESUME:
            changed = _resume(duty, duty.term, message, situation)
        case ClockChangeKind.EXTEND:
            changed = _extend(duty, duty.term, message, situation)
        case _:
            changed = Refusal("message.field_invalid", "change")
    if isinstance(changed, Refusal):
        return changed
    after, effect = changed
    duties = tuple(after if each is duty else each for each in case.duties)
    outcome = Outcome(replace(case, duties=duties), (*woken.effects, effect))
    if duty.counterpart != message.envelope.sender:
        relation = relation_in(case, duty.counterpart, situation)
        outcome = hand(outcome, message, duty.counterpart, relation, situation.at)
    return accept(outcome, message)


def _named(case: Case, message: ClockChange) -> Duty | Refusal:
    """The sender's open duty of that kind, by the message it is about or by the letter."""
    envelope = message.envelope
    owed = [
        duty
        for duty in case.duties
        if duty.kind == message.duty and duty.closing is None and duty.begins_at is None
    ]
    own = [duty for duty in owed if duty.owner == envelope.sender]
    if owed and not own:
        return Refusal("reply.not_asked")
    about = {duty.message: duty for duty in own}
    if envelope.in_reply_to in about:
        return about[envelope.in_reply_to]
    if own and envelope.in_reply_to in letters(case):
        return own[-1]
    return Refusal("clock_change.no_such_duty", "duty", message.duty)


def _suspend(
    duty: Duty, term: Term, message: ClockChange, situation: Situation
) -> Changed | Refusal:
    reason = message.suspension or SuspensionReason.UNKNOWN
    if reason not in term.suspend_for:
        return Refusal("clock_change.ground_not_listed", "suspension", reason.value)
    if duty.suspension is not None:
        return Refusal("clock_change.suspended")
    if message.planned_end is None or message.planned_end <= local_date(situation.at):
        return Refusal("clock_change.end_not_later", "planned_end")
    envelope, calendar = message.envelope, situation.rulebook.calendar
    still = suspended(duty, term, envelope.message_id, message.planned_end, situation.at, calendar)
    return still, SuspendDuty(envelope.message_id, still, reason)


def _resume(
    duty: Duty, term: Term, message: ClockChange, situation: Situation
) -> Changed | Refusal:
    if duty.suspension is None:
        return Refusal("clock_change.not_suspended")
    calendar = situation.rulebook.calendar
    going = resumed(duty, term, duty.suspension, situation.at, calendar)
    return going, ResumeDuty(message.envelope.message_id, going)


def _extend(
    duty: Duty, term: Term, message: ClockChange, situation: Situation
) -> Changed | Refusal:
    if duty.suspension is not None:
        return Refusal("clock_change.suspended")
    if duty.extensions >= len(term.extensions):
        return Refusal("clock_change.no_further_step", "step")
    if message.step != duty.extensions + 1:
        return Refusal("clock_change.step_order", "step", str(duty.extensions + 1))
    if message.approved_on is not None and message.approved_on > local_date(situation.at):
        return Refusal("clock_change.approved_later", "approved_on")
    step = term.extensions[duty.extensions]
    longer = extended(duty, term, step, situation.at, situation.rulebook.calendar)
    return longer, MoveDuty(duty.message, longer, duty.due, EXTENDED)
