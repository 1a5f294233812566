"""What the bus itself says, made from effects: receipts, holds, advice, notices of duty. Pure.

Each has an id that follows from its case, its cause and its recipient, so that a repeat is the same
message, and two senders' messages of one id are told of apart.
"""

from dataclasses import dataclass
from datetime import datetime

from schemas.errors import text
from schemas.ids import BUS, CaseId, MessageId, OrganCode, derive
from schemas.messages import Accepted, Advice, DutyNotice, Held, HoldReason, Message, Rejected
from schemas.parts import DueDate, Envelope, Flow, Recipient
from services.casework.effects import Accept, Advise, Effect, FireRung, Hold, Reject
from services.rulebook.model import Rulebook

RELEASED_BY = {
    HoldReason.GAP: "发送机关可更正或撤回；司法行政部门可转办；规则补正后自动继续",
    HoldReason.PLACE_CONFLICT: "发送机关可更正地点或撤回；司法行政部门可转办",
    HoldReason.NO_SUPERIOR: "发送机关可更正主送机关或撤回；司法行政部门可转办；名录补正后自动继续",
    HoldReason.WAITING: "前一件处理后自动继续",
    HoldReason.FROZEN: "运维人员处理后继续",
    HoldReason.UNKNOWN: "",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One record of the bus for one inbox."""

    to: OrganCode
    message: Message


@dataclass(frozen=True, slots=True)
class About:
    """The case and flow that what is said belongs to."""

    case: CaseId
    flow: Flow


def say(
    effect: Effect, about: About, rulebook: Rulebook, at: datetime, salt: str = ""
) -> tuple[Said, ...]:
    """Return the records that the effect puts into inboxes; () when it says nothing.

    `salt` tells apart two answers about one message id, as when the id came again with other
    content: both answers must reach the sender.
    """
    match effect:
        case Accept(quiet=True):
            return ()
        case Accept(to=to) | Reject(to=to) if to == BUS:
            return ()  # an operator's word is answered in the journal: the bus has no inbox
        case Accept():
            return (_accepted(effect, about, rulebook, at, salt),)
        case Reject():
            return (_rejected(effect, about, rulebook, at, salt),)
        case Hold():
            return tuple(_held(effect, organ, about, rulebook, at) for organ in effect.to)
        case Advise():
            return (_advice(effect, about, rulebook, at),)
        case FireRung():
            return tuple(_notice(effect, organ, about, rulebook, at) for organ in effect.to)
        case _:
            return ()


def _accepted(effect: Accept, about: About, rulebook: Rulebook, at: datetime, salt: str) -> Said:
    organs = rulebook.directory.organs
    envelope = envelope_of("Accepted", effect.message, effect.to, about, rulebook, at, salt)
    return Said(
        effect.to,
        Accepted(
            envelope,
            recipients=tuple(
                Recipient(organ, organs[organ].alias, relation)
                for organ, relation in effect.recipients
            ),
            rule=effect.rule,
            basis=effect.basis,
            explanation=effect.explanation,
            rulebook=rulebook.hash,
            duties=tuple(
                DueDate(duty.kind, duty.owner, duty.due, duty.provisional) for duty in effect.duties
            ),
        ),
    )


def _rejected(effect: Reject, about: About, rulebook: Rulebook, at: datetime, salt: str) -> Said:
    refusal = effect.refusal
    words = text(refusal.code)
    envelope = envelope_of("Rejected", effect.message, effect.to, about, rulebook, at, salt)
    return Said(
        effect.to,
        Rejected(
            envelope,
            code=refusal.code,
            zh=words.zh,
            en=words.en,
            remedy_zh=words.remedy_zh,
            remedy_en=words.remedy_en,
            where=refusal.where,
            explanation=refusal.detail,
        ),
    )


def _held(effect: Hold, to: OrganCode, about: About, rulebook: Rulebook, at: datetime) -> Said:
    words = text(effect.code)
    salt: str = effect.reason
    if effect.again:
        salt = f"{salt}/{effect.code}/{at.isoformat()}"  # also where it is held as once before
    envelope = envelope_of("Held", effect.message, to, about, rulebook, at, salt)
    return Said(
        to,
        Held(
            envelope,
            hold=effect.reason,
            code=effect.code,
            zh=words.zh,
            en=words.en,
            released_by=RELEASED_BY[effect.reason],
            explanation=effect.explanation,
        ),
    )


def _advice(effect: Advise, about: About, rulebook: Rulebook, at: datetime) -> Said:
    words = text(effect.code)
    salt = effect.code + effect.salt
    envelope = envelope_of("Advice", effect.message, effect.to, about, rulebook, at, salt)
    return Said(effect.to, Advice(envelope, effect.code, words.zh, words.en, effect.explanation))


def _notice(
    effect: FireRung, to: OrganCode, about: About, rulebook: Rulebook, at: datetime
) -> Said:
    duty = effect.duty
    salt = f"{duty.id}/{effect.rung}"
    envelope = envelope_of("DutyNotice", duty.message, to, about, rulebook, at, salt)
    return Said(
        to,
        DutyNotice(
            envelope,
            rung=effect.rung,
            duty=duty.kind,
            owner=duty.owner,
            opened_at=duty.opened_at,
            due=duty.due,
            nominal_at=effect.nominal_at,
            provisional=duty.provisional,
        ),
    )


def envelope_of(
    record: str,
    cause: MessageId,
    to: OrganCode,
    about: About,
    rulebook: Rulebook,
    at: datetime,
    salt: str,
) -> Envelope:
    """Return the envelope of what the bus says to one organ about a message, its `cause`."""
    return Envelope(
        bus=rulebook.bus,
        message_id=MessageId(derive("say", record, about.case, cause, to, salt)),
        case_id=about.case,
        flow=about.flow,
        record=record,
        sender=BUS,
        sent_at=at,
        addressees=(to,),
        in_reply_to=cause,
    )
