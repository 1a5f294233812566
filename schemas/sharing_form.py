"""The lawful form of copies, notices and complaints (guidance 二(一)1 to 3, 二(五))."""

from typing import Final

from schemas.errors import Refusal
from schemas.messages import Message
from schemas.sharing import (
    Circular,
    ComplainantInformed,
    ComplaintForward,
    ContentCategory,
    Copy,
    Dissuasion,
    GuidanceForm,
    GuidanceRecord,
    HandlingFeedback,
    HandlingResult,
    InformationAnswer,
    InformationReply,
    InformationRequest,
    Telling,
    ViolationNotice,
)
from schemas.text_form import is_blank
from schemas.transfer_form import DIVISION, in_order, one_addressee, violations_form

REQUESTABLE: Final = frozenset({ContentCategory.PENALTY_DECISIONS, ContentCategory.STATISTICS})
# 带领办理行政执法案件, 现场指导: documents, seminars and the rest count for nothing in 二(五).
ON_SITE: Final = frozenset({GuidanceForm.LEADING_CASE, GuidanceForm.ON_SITE})


def asked_of_one(message: Message) -> Refusal | None:
    """A request is asked of exactly one organ, which then owes the answer."""
    if len(message.envelope.addressees) != 1:
        return Refusal("request.one_addressee", where="envelope.addressees")
    return None


def copy_form(message: Copy | Circular) -> Refusal | None:
    """In force for no less than a day."""
    if not in_order(message.effective_from, message.effective_to):
        return Refusal("message.field_invalid", where="effective_to")
    return None


def information_request_form(message: InformationRequest) -> Refusal | None:
    """Only what is given on request is asked for: 按要求需要反馈的, 需要提供的数据资料."""
    if message.category not in REQUESTABLE:
        return Refusal("information.not_requestable", where="category")
    return asked_of_one(message)


def information_reply_form(message: InformationReply) -> Refusal | None:
    """Given: what; refused: why."""
    if message.answer is InformationAnswer.REFUSED:
        if _blank(message.reason):
            return Refusal("information.reason_missing", where="reason")
        return None
    if _blank(message.content):
        return Refusal("message.field_missing", where="content")
    return None


def guidance_form(message: GuidanceRecord) -> Refusal | None:
    """Guidance on site says in which township: only there it counts (二(五))."""
    if message.place is not None and not DIVISION.fullmatch(message.place):
        return Refusal("message.field_invalid", where="place")
    if message.form in ON_SITE and message.place is None:
        return Refusal("guidance.place_missing", where="place")
    return None


def notice_form(message: ViolationNotice) -> Refusal | None:
    """Who could not dissuade says why. Whether it must say anything, the exchange knows."""
    violations = () if message.violation is None else (message.violation,)
    refusal = violations_form(violations, "violation")
    if refusal is not None:
        return refusal
    if message.dissuasion is Dissuasion.NOT_POSSIBLE and _blank(message.dissuasion_account):
        return Refusal("notice.dissuasion_reason_missing", where="dissuasion_account")
    return one_addressee(message)


def handling_form(message: HandlingFeedback) -> Refusal | None:
    """Filed: under which number and when; not ours: whose."""
    if message.result is HandlingResult.FILED:
        for name in ("case_number", "filed_on"):
            if _blank(getattr(message, name)):
                return Refusal("message.field_missing", where=name)
    if message.result is HandlingResult.NOT_OURS:
        if message.competent is None or message.competent == message.envelope.sender:
            return Refusal("handling.competent_missing", where="competent")
    elif message.competent is not None:
        return Refusal("handling.contradictory", where="competent")
    return None


def complaint_form(message: ComplaintForward) -> Refusal | None:
    """A way to reach the complainant, or that none is known: one of the two (二(一)3)."""
    refusal = violations_form(message.violations or ()) or one_addressee(message)
    if refusal is not None:
        return refusal
    someone = message.complainant
    reachable = someone is not None and not (_blank(someone.phone) and _blank(someone.address))
    if reachable and message.contact_unknown:
        return Refusal("complaint.contact_contradiction", where="contact_unknown")
    if not reachable and not message.contact_unknown:
        return Refusal("complaint.contact_missing", where="complainant.phone")
    return None


def informed_form(message: ComplainantInformed) -> Refusal | None:
    """Told: when and how; tried in vain: when and how it was tried."""
    if message.telling is Telling.INFORMED:
        for name in ("informed_on", "method"):
            if _blank(getattr(message, name)):
                return Refusal("message.field_missing", where=name)
    if message.telling is Telling.ATTEMPTS_FAILED and not message.attempts:
        return Refusal("complaint.attempts_missing", where="attempts")
    if message.telling is not Telling.INFORMED and message.informed_on is not None:
        return Refusal("complaint.telling_contradiction", where="informed_on")
    return None


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_blank(value))
