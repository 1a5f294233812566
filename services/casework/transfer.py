"""A lead, a case, a complaint or a notice arrives: somebody must handle it (guidance 二(一), (二)).

It is issued to the one organ whose it is, or held until its sender corrects or withdraws it, or the
supervisor assigns it. What was put right is decided anew; the original stays as it was sealed.
"""

from collections.abc import Mapping
from datetime import date

from schemas.changed import changed
from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.messages import CaseTransfer, LeadTransfer, Routed, ViolationCorrection
from schemas.parts import Relation, SourceKind, Violation
from schemas.sharing import ComplaintForward, ViolationNotice
from services.casework.case import Case, Charge, Complainant
from services.casework.custody import custody_of
from services.casework.effects import Accept, Advise, Hold
from services.casework.handing import hand, now_owed
from services.casework.listing import listed_in, violations_of
from services.casework.notices import turned_into
from services.casework.redone import declined_already, tell_declined
from services.casework.routing import HOLD_CODES, Competent, Unsettled, resolve, under_one_superior
from services.casework.steps import Outcome, Situation, new_case, take
from services.casework.stop import Stop
from services.casework.succession import standing_for
from services.casework.transitions import Step
from services.casework.watches import watches_of
from services.rulebook.calendar import local_date
from services.rulebook.directory import supervisor_of
from services.rulebook.model import OrganType, Rulebook


def open_case(case: Case | None, message: Routed, situation: Situation) -> Outcome | Refusal:
    """Decide an opening message."""
    opened = changed(
        with_letter(case or new_case(message, situation.at), message, situation.rulebook),
        charges=charges_of(message),
        filed_on=message.filed_on if isinstance(message, CaseTransfer) else None,
        complainant=_complainant(message),
        found_at=message.found_at if isinstance(message, ViolationNotice) else None,
    )
    if isinstance(message, ViolationNotice) and _owes_dissuasion(message, situation):
        return Refusal("notice.dissuasion_missing", "dissuasion")
    found = resolve(opened.charges, message, situation, place_texts(message))
    found = under_one_superior(found, message, situation)
    if isinstance(found, Refusal):
        return found
    if isinstance(found, Unsettled):
        return _hold(opened, message, found, situation)
    return bring(Outcome(opened), message, found, situation)


def bring(
    outcome: Outcome, message: Routed, found: Competent, situation: Situation
) -> Outcome | Refusal:
    """Issue what its handler has not declined already; a letter that was held is asked it too."""
    refusal = declined_already(found.organ, situation)
    if refusal is not None:
        return refusal
    return tell_declined(issue(outcome, message, found, situation), situation)


def issue(
    outcome: Outcome, message: Routed, found: Competent, situation: Situation
) -> Outcome | Refusal:
    """Deliver the message to its handler and tell the sender.

    While it was held its sender may have been merged: its heir is the sender from now on.
    """
    sender = standing_for(outcome.case.sender, situation.rulebook, situation.at)
    named = changed(outcome.case, handler=found.organ, rule=found.rule, stop=None, sender=sender)
    stepped = take(
        Outcome(named, outcome.effects), Step.ISSUE, message, situation, to=(found.organ,)
    )
    if isinstance(stepped, Refusal):
        return stepped
    handed = hand(stepped, message, found.organ, Relation.HANDLER, situation.at)
    envelope = message.envelope
    told = (
        Advise(envelope.message_id, other, "advice.concurrent", found.explanation)
        for other in found.others
        if other != sender
    )
    return handed.also(
        Accept(
            message=envelope.message_id,
            record=envelope.record,
            to=sender,
            recipients=((found.organ, Relation.HANDLER),),
            rule=found.rule,
            basis=found.basis,
            explanation=found.explanation,
            duties=now_owed(handed),
        ),
        *told,
        *turned_into(message, situation),
    )


def charges_of(message: Routed) -> tuple[Charge, ...]:
    """Return what the message says of each violation, as routing and replies need it."""
    return tuple(_charge(violation) for violation in violations_of(message))


def corrected(
    charges: tuple[Charge, ...], corrections: tuple[ViolationCorrection, ...]
) -> tuple[Charge, ...] | Refusal:
    """Return the charges as the sender puts them right; the original message stays as it is."""
    by_number = {charge.number: charge for charge in charges}
    for correction in corrections:
        charge = by_number.get(correction.number)
        if charge is None:
            return Refusal("filing.number_unknown", "corrections", str(correction.number))
        by_number[correction.number] = changed(
            charge,
            place=correction.place or charge.place,
            matter=correction.matter or charge.matter,
        )
    return tuple(by_number.values())


def place_texts(
    message: Routed, corrections: tuple[ViolationCorrection, ...] = ()
) -> Mapping[int, str]:
    """Return the places in words by number, as they are put right."""
    texts = {violation.number: violation.place_text for violation in violations_of(message)}
    texts |= {each.number: each.place_text for each in corrections if each.place_text}
    return {number: text for number, text in texts.items() if text}


def _hold(case: Case, message: Routed, found: Unsettled, situation: Situation) -> Outcome | Refusal:
    """Keep the message until its sender corrects or withdraws it, or the supervisor assigns it."""
    envelope = message.envelope
    held = take(Outcome(case), Step.HOLD, message, situation)
    if isinstance(held, Refusal):
        return held
    code = HOLD_CODES[found.reason]
    stop = Stop(envelope.message_id, envelope.sender, found.reason, code, situation.at)
    return Outcome(changed(held.case, stop=stop), held.effects).also(
        Hold(
            message=envelope.message_id,
            record=envelope.record,
            to=told_of_a_hold(envelope.sender, situation),
            reason=found.reason,
            code=code,
            explanation=found.explanation,
        )
    )


def told_of_a_hold(sender: OrganCode, situation: Situation) -> tuple[OrganCode, ...]:
    """Return who hears that a message of the sender is held: it, and who watches it."""
    supervisor = supervisor_of(situation.rulebook.directory, sender, local_date(situation.at))
    return (sender,) if supervisor is None else (sender, supervisor.code)


def with_letter(case: Case, message: Routed, rulebook: Rulebook) -> Case:
    """Return the case with what the letter lists; who keeps what is known from the first on."""
    return changed(
        case,
        evidence=_evidence_of(message),
        custody=case.custody or custody_of(message),
        watches=watches_of(message, rulebook),
        listed=listed_in(message),
    )


def _evidence_of(message: Routed) -> tuple[int, ...] | None:
    """Return the numbers of the evidence that the letter lists."""
    if not isinstance(message, LeadTransfer | CaseTransfer):
        return None
    return tuple(each.number for each in message.evidence or ())


def _complainant(message: Routed) -> Complainant | None:
    """What is known of the complainant, where a complaint is the source (二(一)3)."""
    if isinstance(message, ComplaintForward):
        return Complainant.UNKNOWN if message.contact_unknown else Complainant.REACHABLE
    if isinstance(message, ViolationNotice) or message.source is None:
        return None
    return Complainant.WITH_SENDER if message.source.kind is SourceKind.COMPLAINT else None


def _owes_dissuasion(message: ViolationNotice, situation: Situation) -> bool:
    """Guidance 二(一)2: a township 应当进行劝阻和制止, and says whether it could."""
    sender = situation.rulebook.directory.organs[message.envelope.sender]
    return sender.type is OrganType.TOWNSHIP and message.dissuasion is None


def _charge(violation: Violation) -> Charge:
    """What is not dated was found at the latest when it was acted on, and the reverse."""
    found = violation.found_on or violation.act_from or date.min
    return Charge(
        number=violation.number,
        matter=violation.matter,
        place=violation.place,
        act_on=violation.act_from or found,
        found_on=found,
    )
