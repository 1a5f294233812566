"""The lawful form of one message: what can be told from the message alone (guidance 二, domain 2).

Connectors ask before they seal, the exchange asks again of what was sealed. Whether an officer or
an organ exists, a number was used before, a case is at that step: the exchange knows, not this.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.assistance import AssistanceReply, AssistanceRequest
from schemas.assistance_form import assistance_reply_form, assistance_request_form
from schemas.attachments import attachments_form
from schemas.characters import unfit_text
from schemas.custody_form import CUSTODY_FORMS
from schemas.disputes_form import DISPUTE_FORMS
from schemas.document_number import normal_document_number
from schemas.errors import Refusal
from schemas.ids import BUS, is_uuid
from schemas.intake import what_the_schema_asks
from schemas.joint_form import JOINT_FORMS
from schemas.messages import (
    CaseSettled,
    CaseTransfer,
    Correction,
    FilingReply,
    LeadTransfer,
    Message,
    NotFiledGround,
    Outcome,
    OutcomeFeedback,
    RoutingAssignment,
    ViolationAnswer,
    WithdrawalAnswer,
)
from schemas.oversight_form import OVERSIGHT_FORMS
from schemas.parts import Envelope, Secrecy
from schemas.sharing import (
    Circular,
    ComplainantInformed,
    ComplaintForward,
    Copy,
    GuidanceRecord,
    HandlingFeedback,
    InformationReply,
    InformationRequest,
    ViolationNotice,
)
from schemas.sharing_form import (
    complaint_form,
    copy_form,
    guidance_form,
    handling_form,
    information_reply_form,
    information_request_form,
    informed_form,
    notice_form,
)
from schemas.text_form import is_blank
from schemas.topics import RECORDS
from schemas.transfer_form import DIVISION, numbered, one_addressee, transfer_form


def lawful_form(message: Message) -> Refusal | None:
    """Return why the message is unlawful whoever sent it and whatever came before, or None."""
    refusal = _envelope(message) or what_the_schema_asks(message)
    if refusal is None and message.envelope.sender != BUS:  # what it repeats was taken once
        refusal = unfit_text(message)
    if refusal is not None:
        return refusal
    check = _OF_RECORD.get(type(message))
    return check(message) if check else None


def _envelope(message: Message) -> Refusal | None:
    envelope = message.envelope
    record = RECORDS[type(message).__name__]
    if envelope.secrecy is not Secrecy.NONE:  # first: nothing else of it is looked at
        return Refusal("secrecy.may_not_travel", where="envelope.secrecy")
    if envelope.delivery is not None:
        return Refusal("message.delivery_filled", where="envelope.delivery")
    if envelope.record != record.name:
        return Refusal("message.field_invalid", where="envelope.record")
    begins = record.begins(envelope.in_reply_to)
    if envelope.flow not in ((record.opens,) if begins else record.flows or (envelope.flow,)):
        return Refusal("message.misrouted", where="envelope.flow")
    for name in ("message_id", "case_id", "in_reply_to"):
        value = getattr(envelope, name)
        if value is not None and not is_uuid(value):
            return Refusal("message.field_invalid", where=f"envelope.{name}")
    return _number_and_attachments(envelope)


def _number_and_attachments(envelope: Envelope) -> Refusal | None:
    number = envelope.document_number
    if number is not None and normal_document_number(number) != number:
        return Refusal("document_number.malformed", where="envelope.document_number")
    if len(set(envelope.addressees)) != len(envelope.addressees):
        return Refusal("message.field_invalid", where="envelope.addressees")
    return attachments_form(envelope)


def _filing_reply(message: FilingReply) -> Refusal | None:
    answers = message.answers or ()
    if not answers:
        return Refusal("filing.answers_empty", where="answers")
    if not numbered(answer.number for answer in answers):
        return Refusal("filing.answer_numbers", where="answers")
    for index, answer in enumerate(answers):
        found = _filed(answer) if answer.filed else _not_filed(answer)
        if found is not None:
            code, name = found
            return Refusal(code, where=f"answers[{index}].{name}")
    return None


def _filed(answer: ViolationAnswer) -> tuple[str, str] | None:
    """Annex 3, 决定予以立案查处: with the receiver's own case number."""
    if is_blank(answer.case_number):
        return "filing.case_number_missing", "case_number"
    if answer.filed_on is None:
        return "filing.filed_on_missing", "filed_on"
    return ("filing.contradictory", "ground") if answer.ground is not None else None


def _not_filed(answer: ViolationAnswer) -> tuple[str, str] | None:
    """Guidance 二(二)2: 不予立案的书面说明理由; "not ours" is an objection, 二(二)3."""
    if answer.ground is NotFiledGround.NOT_OURS:
        return "filing.use_objection", "ground"
    if answer.ground is None:
        return "filing.ground_missing", "ground"
    if is_blank(answer.reasons):
        return "filing.reasons_missing", "reasons"
    return ("filing.contradictory", "filed_on") if answer.filed_on is not None else None


def _correction(message: Correction) -> Refusal | None:
    corrections = message.corrections or ()
    if not corrections and not message.envelope.addressees:
        return Refusal("correction.empty", where="corrections")
    if corrections and not numbered(correction.number for correction in corrections):
        return Refusal("transfer.violation_numbers", where="corrections")
    for index, correction in enumerate(corrections):
        where = f"corrections[{index}]"
        if not (correction.place or correction.place_text or correction.matter):
            return Refusal("correction.empty", where=where)
        if correction.place is not None and not DIVISION.fullmatch(correction.place):
            return Refusal("message.field_invalid", where=f"{where}.place")
    return one_addressee(message)


def _outcome(message: OutcomeFeedback) -> Refusal | None:
    if message.outcome is Outcome.PENALTY and not message.penalties:
        return Refusal("outcome.penalties_missing", where="penalties")
    return None


def _withdrawal_answer(message: WithdrawalAnswer) -> Refusal | None:
    if not message.agreed and is_blank(message.reason):
        return Refusal("withdrawal.reasons_missing", where="reason")
    return None


def _assignment(message: RoutingAssignment) -> Refusal | None:
    if len(message.envelope.addressees) != 1:
        return Refusal("assignment.one_organ", where="envelope.addressees")
    return None


def _settled(message: CaseSettled) -> Refusal | None:
    if message.envelope.in_reply_to is None:
        return Refusal("reply.in_reply_to_missing", where="envelope.in_reply_to")
    return None


_OF_RECORD: Final[Mapping[type, Callable[[Any], Refusal | None]]] = {
    LeadTransfer: transfer_form,
    CaseTransfer: transfer_form,
    FilingReply: _filing_reply,
    Correction: _correction,
    OutcomeFeedback: _outcome,
    CaseSettled: _settled,
    Copy: copy_form,
    Circular: copy_form,
    InformationRequest: information_request_form,
    InformationReply: information_reply_form,
    GuidanceRecord: guidance_form,
    ViolationNotice: notice_form,
    HandlingFeedback: handling_form,
    ComplaintForward: complaint_form,
    ComplainantInformed: informed_form,
    AssistanceRequest: assistance_request_form,
    AssistanceReply: assistance_reply_form,
    WithdrawalAnswer: _withdrawal_answer,
    RoutingAssignment: _assignment,
    **CUSTODY_FORMS,
    **DISPUTE_FORMS,
    **JOINT_FORMS,
    **OVERSIGHT_FORMS,
}
