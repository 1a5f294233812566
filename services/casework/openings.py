"""申请查看: who got a copy asks its author for what was withheld; the author alone answers.

Decided here is who may ask and who may answer. The fields themselves are opened by whoever holds
their salts (domain, section 6, item 5).
"""

from dataclasses import replace

from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.oversight import OpeningAnswer, OpeningRequest
from services.casework.case import Case
from services.casework.handing import accept, hand, handed_to
from services.casework.kept import Opening
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation


def opening_request(case: Case, message: OpeningRequest, situation: Situation) -> Outcome | Refusal:
    """By one that has a copy of the message, about fields of it; one request at a time."""
    envelope = message.envelope
    handed = handed_to(case, envelope.in_reply_to, envelope.sender)
    if handed is None or handed.author == BUS:
        return Refusal("opening.nothing_delivered", "envelope.in_reply_to")
    pending = any(
        (each.message, each.by, each.answered) == (handed.message, envelope.sender, False)
        for each in case.openings
    )
    if pending:
        return Refusal("opening.pending")
    asked = Opening(
        envelope.message_id, handed.message, envelope.sender, handed.author, message.paths or ()
    )
    outcome = Outcome(replace(case, openings=(*case.openings, asked)))
    relation = relation_in(case, handed.author, situation)
    return accept(hand(outcome, message, handed.author, relation, situation.at), message)


def opening_answer(case: Case, message: OpeningAnswer, situation: Situation) -> Outcome | Refusal:
    """By the author that was asked, once, about nothing but what was asked for."""
    envelope = message.envelope
    asked = next((each for each in case.openings if each.request == envelope.in_reply_to), None)
    if asked is None:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    if asked.owner != envelope.sender:
        return Refusal("reply.not_asked")
    if asked.answered:
        return Refusal("opening.answered")
    if set(message.opened or ()) - set(asked.paths):
        return Refusal("opening.not_asked_for", "opened")
    answered = replace(asked, answered=True)
    openings = tuple(answered if each is asked else each for each in case.openings)
    relation = relation_in(case, asked.by, situation)
    outcome = Outcome(replace(case, openings=openings))
    return accept(hand(outcome, message, asked.by, relation, situation.at), message)
