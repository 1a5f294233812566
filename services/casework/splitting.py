"""分别立案: an objection to some violations splits these off (guidance 二(三)3).

The case goes on with what is left. What was objected to goes on in a child case, which starts
disputed: its beginning is a message of the bus to that case, in that case's own partition.
"""

from dataclasses import replace
from datetime import date

from schemas.disputes import CaseSplit, Objection, SplitCharge
from schemas.errors import Refusal
from schemas.ids import BUS, CaseId, MessageId, MessageKey, case_id_of, derive
from schemas.parts import Relation
from services.casework.case import Case, Charge, Complainant
from services.casework.dispute import Dispute, Letter
from services.casework.effects import Accept, Write
from services.casework.elsewhere import own_envelope
from services.casework.handing import accept, hand, letter_author, letter_record
from services.casework.referral import refer
from services.casework.steps import Outcome, Situation, as_reply, surely, take, take_all
from services.casework.succession import standing_for
from services.casework.transitions import Step
from services.casework.watches import limitation_of, watches_of_split


def split(case: Case, message: Objection, situation: Situation) -> Outcome | Refusal:
    """Leave the case with what was not objected to, and write the child into the flow."""
    numbers = set(message.numbers or ())
    outcome = take_all(case, as_reply(case, Step.SPLIT), message, situation)
    if isinstance(outcome, Refusal):
        return outcome
    left = tuple(charge for charge in case.charges if charge.number not in numbers)
    parted = Outcome(replace(outcome.case, charges=left), outcome.effects)
    child = Write(message.envelope.message_id, _child(case, message, situation))
    told = hand(parted.also(child), message, case.counterpart, Relation.COUNTERPART, situation.at)
    return accept(told, message)


def case_split(case: Case | None, message: CaseSplit, situation: Situation) -> Outcome | Refusal:
    """The child begins, disputed; both organs hear its id. Its clock runs from the objection."""
    if case is not None:
        return Refusal("case.already_open")
    envelope = message.envelope
    begun = _begun(message, situation)
    objected = replace(situation, at=message.objected_at)
    about = envelope.message_id
    outcome = surely(take(Outcome(begun), Step.SPLIT_OFF, message, objected, about=about))
    receiver = message.receiver_organ
    told = hand(outcome, message, begun.sender, Relation.COUNTERPART, situation.at)
    told = hand(told, message, receiver, Relation.COUNTERPART, situation.at)
    if begun.hop >= situation.rulebook.disputes.hops_max:
        told = refer(told, message, situation)
    return told.also(Accept(envelope.message_id, envelope.record, envelope.sender, quiet=True))


def children_of(case: Case) -> tuple[CaseId, ...]:
    """Return the cases that were split from this one, or would have been: by its objections."""
    handed = (each for each in case.handed if each.record == Objection.__name__)
    objections = dict.fromkeys((each.author, each.message) for each in handed)
    return tuple(_child_of(objection)[1] for objection in objections)


def _child_of(objection: MessageKey) -> tuple[MessageId, CaseId]:
    """Return the ids of the CaseSplit that follows from an objection, and of the child."""
    split_id = MessageId(derive("split", *objection))
    return split_id, case_id_of(BUS, split_id)


def _begun(message: CaseSplit, situation: Situation) -> Case:
    envelope = message.envelope
    charges = tuple(_charge(charge) for charge in message.charges)
    author = message.sender_organ
    sender = standing_for(author, situation.rulebook, situation.at)
    return Case(
        id=envelope.case_id,
        flow=envelope.flow,
        sender=sender,
        opening=envelope.message_id,
        opened_at=situation.at,
        handler=message.receiver_organ,
        filed_on=message.filed_on,
        complainant=Complainant(message.complainant) if message.complainant else None,
        charges=charges,
        hop=message.hop,
        letter=Letter(message.transfer, message.transfer_record, sender, message.parent, author),
        dispute=Dispute(envelope.message_id, message.receiver_organ, sender),
        parent=message.parent,
        watches=watches_of_split(message.charges, situation.rulebook),
    )


def _child(case: Case, message: Objection, situation: Situation) -> CaseSplit:
    envelope = message.envelope
    about = envelope.message_id
    split_id, child = _child_of(envelope.key)
    into = (child, case.flow)
    own = own_envelope(envelope, CaseSplit.__name__, split_id, into, situation.at, about)
    numbers = set(message.numbers or ())
    return CaseSplit(
        envelope=own,
        parent=case.id,
        transfer=case.current,
        transfer_record=letter_record(case),
        # Who sealed it, though another stands in its place by now: by that name it is opened.
        sender_organ=letter_author(case),
        # Who sent the letter and took the case back by agreement is on both sides of none: what it
        # objects to is disputed again with the one that held it.
        receiver_organ=envelope.sender if envelope.sender != case.asking else case.counterpart,
        charges=tuple(
            SplitCharge(
                charge.number,
                charge.matter,
                charge.place,
                charge.act_on,
                charge.found_on,
                limitation_of(case.watches, charge.number),
            )
            for charge in case.charges
            if charge.number in numbers
        ),
        hop=case.hop,
        objected_at=situation.at,
        filed_on=case.filed_by(case.asking),
        complainant=case.complainant.value if case.complainant else None,
    )


def _charge(charge: SplitCharge) -> Charge:
    found = charge.found_on or charge.act_on or date.min
    return Charge(charge.number, charge.matter, charge.place, charge.act_on or found, found)
