"""The one entry of the law: what a message does to a case.

Pure: the same case, message, facts, rulebook and time give the same decision, to the byte. What a
sender may not do is a Refusal; an exception here is a defect of ours, and stops this case only.
"""

from datetime import date, datetime

from schemas.disputes import CaseSplit, Designation, GuidanceYearOpened, LinkedEffect
from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.messages import CaseSettled, Message, RoutingAssignment, RulebookActivated, Tick
from schemas.oversight import BreachAnnotation, SupervisionLetter
from schemas.parts import Envelope
from schemas.topics import RECORDS, Author, begins_case
from services.casework.acts import FOLLOWING, OPENING
from services.casework.calendar_end import calendar_ends
from services.casework.case import Case, State
from services.casework.clock import fire
from services.casework.designation import not_the_superior
from services.casework.effects import Accept, Decision, Effect, OpenDuty, refused
from services.casework.guidance import guidance_year_opened, open_years
from services.casework.holds import held_anew, not_the_supervisor
from services.casework.likeness import tell_alike
from services.casework.naming import unknown_among, unknown_organ
from services.casework.notices import linked_effect
from services.casework.projection import is_outdated, reproject
from services.casework.said_before import said_too_often
from services.casework.splitting import case_split
from services.casework.standstill import must_wait, settle, wait
from services.casework.steps import Facts, Outcome, Situation
from services.casework.succession import pass_on, standing_for
from services.casework.supervision import not_above
from services.rulebook.calendar import local_date
from services.rulebook.directory import organ_on
from services.rulebook.model import Directory, Rulebook


def decide(
    case: Case | None, message: Message, facts: Facts, rulebook: Rulebook, at: datetime
) -> Decision:
    """Return what becomes of the case and what is to be done.

    `at` is when the broker received the message. The form of the message was checked before
    (schemas/checks.py), its seal verified, its id seen to be new.
    """
    before: tuple[Effect, ...] = ()
    is_frozen = case is not None and case.is_frozen
    if case is not None and not is_frozen:
        case, before = _of_today(case, message, rulebook, at)
    decision = _erased(case, message) or _decide(case, message, facts, rulebook, at)
    after, effects = decision.case, decision.effects
    is_thawed = is_frozen and after is not None and not after.is_frozen  # what changed counts now
    if after is not None and (is_thawed or _burdens_the_gone(effects, rulebook, at)):
        after, then = _of_today(after, message, rulebook, at)
        effects = (*effects, *then)
    return Decision(after, (*before, *effects))


def _burdens_the_gone(effects: tuple[Effect, ...], rulebook: Rulebook, at: datetime) -> bool:
    """Whether a duty was opened on an organ that has ended: what begins the case had named it."""
    owners = {effect.duty.owner for effect in effects if isinstance(effect, OpenDuty)}
    on = local_date(at)
    return any(organ_on(rulebook.directory, owner, on) is None for owner in owners)


def _of_today(
    case: Case, message: Message, rulebook: Rulebook, at: datetime
) -> tuple[Case, tuple[Effect, ...]]:
    """Return the case as the rulebook has calendar and organs now, and what that does.

    Dates first: whatever touches a case after the calendar changed finds its duties counted by the
    new one, so that none is called late, or carded, by a day that has become a holiday. Then who is
    in office: a duty is owed by whoever is there to do it.
    """
    effects: tuple[Effect, ...] = ()
    if is_outdated(case, rulebook):
        moved = reproject(case, rulebook, at)
        case, effects = moved.case or case, moved.effects
    passed = pass_on(case, message.envelope.message_id, rulebook, at)
    if passed is not None:
        case, effects = passed.case or case, (*effects, *passed.effects)
    return case, effects


def _decide(
    case: Case | None, message: Message, facts: Facts, rulebook: Rulebook, at: datetime
) -> Decision:
    envelope = message.envelope
    if isinstance(message, Tick):
        return _by_time(case, message, Situation(rulebook, facts, at))
    if isinstance(message, RulebookActivated):  # the desk has seen that this is that rulebook
        if case is not None:  # one of the partition's, counted anew above
            return Decision(case, ())
        noted = Accept(envelope.message_id, envelope.record, envelope.sender, quiet=True)
        return Decision(None, (noted,))
    if isinstance(message, CaseSettled):
        result: Outcome | Refusal = _on_its_flow(case, envelope) or settle(case, message)
    elif isinstance(message, CaseSplit):
        result = case_split(case, message, Situation(rulebook, facts, at))
    elif isinstance(message, GuidanceYearOpened):
        result = guidance_year_opened(case, message, Situation(rulebook, facts, at))
    elif isinstance(message, LinkedEffect):
        if case is not None and must_wait(case, message, facts):
            return wait(case, message, at)
        result = linked_effect(case, message, Situation(rulebook, facts, at))
    else:
        refusal = _standing(case, message, facts, rulebook, at)
        if refusal is None and case is not None and must_wait(case, message, facts):
            return wait(case, message, at)
        result = refusal or _act(case, message, Situation(rulebook, facts, at))
    if isinstance(result, Refusal):
        return refused(case, message, result)
    return Decision(result.case, result.effects)


def _by_time(case: Case | None, tick: Tick, situation: Situation) -> Decision:
    if case is None:  # of the partition, not of a case
        opened = open_years(tick, situation.facts, situation.at)
        told = calendar_ends(tick, situation.rulebook, local_date(situation.at))
        return Decision(None, (*opened.effects, *told))
    if situation.facts.held is not None:  # rules or organs have changed since
        outcome = held_anew(case, tick, situation)
        return Decision(outcome.case, outcome.effects)
    return fire(case, tick, situation.rulebook, situation.at)


def _erased(case: Case | None, message: Message) -> Decision | None:
    """Of a case whose content is gone time alone goes on."""
    if case is None or case.erased_at is None or isinstance(message, Tick | RulebookActivated):
        return None
    return refused(case, message, Refusal("case.erased"))


def _act(case: Case | None, message: Message, situation: Situation) -> Outcome | Refusal:
    result = _by_its_record(case, message, situation)
    if isinstance(result, Refusal):
        return result
    too_often = None if case is None else said_too_often(case, result, message)
    return too_often or tell_alike(case, result, message, situation)


def _by_its_record(case: Case | None, message: Message, situation: Situation) -> Outcome | Refusal:
    if begins_case(message):
        opens = OPENING.get(type(message))
        return opens(case, message, situation) if opens else Refusal("record.not_supported_yet")
    if case is None or case.state is State.NEW:
        return Refusal("case.unknown")
    follow = FOLLOWING.get(type(message))
    if follow is None:
        by_bus = RECORDS[type(message).__name__].author is Author.BUS
        return Refusal("message.bus_only" if by_bus else "record.not_supported_yet")
    return follow(case, message, situation)


def _standing(
    case: Case | None, message: Message, facts: Facts, rulebook: Rulebook, at: datetime
) -> Refusal | None:
    """Why this organ, with these officers and this number, may say nothing here; or None."""
    envelope, on = message.envelope, local_date(at)
    refusal = _known(envelope, rulebook.directory, on)
    if refusal is not None:
        return refusal
    if isinstance(message, RoutingAssignment):  # the supervisor is no party of the case
        refusal = not_the_supervisor(case, envelope, rulebook.directory, on)
        if refusal is not None:
            return refusal
    elif isinstance(message, Designation):
        refusal = not_the_superior(case, message, rulebook.directory, on)
        if refusal is not None:
            return refusal
    elif _from_above(message):
        refusal = not_above(case, message, rulebook.directory, on)
        if refusal is not None:
            return refusal
    elif begins_case(message):
        if case is not None and not _is_opening(case, envelope):
            return Refusal("case.already_open")
    elif case is None or not _is_party(case, envelope.sender, rulebook, at):
        return Refusal("case.unknown")
    if facts.number_taken:
        return Refusal("document_number.used", "envelope.document_number")
    return _on_its_flow(case, envelope)


def _is_party(case: Case, organ: OrganCode, rulebook: Rulebook, at: datetime) -> bool:
    """Whether the case knows the organ: also as the heir of who sent a letter that is held."""
    heir = case.state is State.HELD and organ == standing_for(case.sender, rulebook, at)
    return heir or case.knows(organ)


def _from_above(message: Message) -> bool:
    """Whether it may come from an organ that watches the case's, and is no party of it."""
    if isinstance(message, BreachAnnotation):
        return message.owner != message.envelope.sender
    return isinstance(message, SupervisionLetter)


def _known(envelope: Envelope, directory: Directory, on: date) -> Refusal | None:
    """Which organ or officer that is named the directory does not know on this day; or None."""
    refusal = unknown_organ(envelope.sender, "envelope.sender", directory, on) or unknown_among(
        envelope.addressees, "envelope.addressees", directory, on
    )
    if refusal is not None:
        return refusal
    for position, officer in enumerate(envelope.officers or ()):
        registered = directory.officers.get((envelope.sender, officer.certificate or ""))
        if registered is None or registered.name != officer.name:
            return Refusal("officer.unknown", f"envelope.officers[{position}]")
        if registered.valid_to < on:
            return Refusal("officer.expired", f"envelope.officers[{position}]")
    return None


def _is_opening(case: Case, envelope: Envelope) -> bool:
    """Whether this very message opened the case. Another organ may have used the same id."""
    return (case.opening, case.sender) == (envelope.message_id, envelope.sender)


def _on_its_flow(case: Case | None, envelope: Envelope) -> Refusal | None:
    """A case stays on the flow of the message that opened it: elsewhere its order is lost."""
    if case is None or case.flow is envelope.flow:
        return None
    return Refusal("message.misrouted", "envelope.flow")
