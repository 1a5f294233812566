"""协商不成的，报请共同的上一级行政机关指定管辖 (guidance 二(二)3): the request, drafted and put.

The bus drafts the request from what it knows; the one that holds the case submits it under its own
number. The bus decides nothing in a superior's place.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from schemas.disputes import CaseSplit, DesignationRequest, Objection
from schemas.errors import Refusal
from schemas.ids import BUS, MessageId, OrganCode
from schemas.messages import Message
from schemas.parts import Relation
from services.casework.case import Case, Duty, State
from services.casework.clock_moves import at_term
from services.casework.dispute import Dispute
from services.casework.duties import Given, Turn, close_and_open
from services.casework.effects import Advise, OpenDuty
from services.casework.handing import accept, hand, hand_letter, letter_author
from services.casework.spans import DUTIES
from services.casework.steps import (
    Facts,
    Outcome,
    Situation,
    letters,
    surely,
    take,
    take_all,
)
from services.casework.transitions import Step
from services.rulebook.calendar import local_date, start_of
from services.rulebook.directory import common_superior, supervisor_of
from services.rulebook.model import Organ, Rulebook

_BASIS = "《中华人民共和国行政处罚法》第二十五条；意见二(二)3"
_GONE = "advice.superior_gone"
_REASONS = {
    True: "双方对管辖权归属未能协商一致，报请指定管辖。",
    False: "本案移送次数已达规定上限，管辖权归属仍有争议，报请指定管辖。",
}


def refer(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Let the dispute go to the common superior: the request is owed, and drafted."""
    case, dispute = outcome.case, outcome.case.in_dispute()
    superior = _superior(dispute, situation)
    cause = message.envelope.message_id
    if superior is None:
        later = Given(begins_at=_tomorrow(situation))
        waits = surely(take(outcome, Step.REFER, message, situation, given=later))
        told = _told_of_nobody(case, situation)
        return waits.also(*(Advise(cause, organ, "designation.no_superior") for organ in told))
    referred = surely(take(outcome, Step.REFER, message, situation))
    # Beyond the last letter an objection is referred at once (domain, section 3).
    talked = not isinstance(message, Objection | CaseSplit)
    draft = _draft(case, superior, situation, talked=talked)
    return referred.also(Advise(cause, dispute.holder, "advice.designation_draft", draft))


def begin_request(outcome: Outcome, cause: MessageId, situation: Situation) -> Outcome:
    """Let the request be owed once the directory knows somebody above both, by a Tick.

    Until then nobody could make it: no clock of it runs, and each day it is looked at again.
    """
    case, at = outcome.case, situation.at
    waits = next((duty for duty in case.duties if _waits_for_a_superior(duty, at)), None)
    if waits is None or waits.term is None:
        return outcome
    superior = _superior(case.in_dispute(), situation)
    if superior is None:
        now, told = replace(waits, begins_at=_tomorrow(situation)), outcome
    else:
        begun = replace(waits, opened_at=at, begins_at=None)
        term = replace(waits.term, since=None)
        now = at_term(begun, term, at, situation.rulebook.calendar)
        talked = case.hop < situation.rulebook.disputes.hops_max
        draft = _draft(case, superior, situation, talked=talked)
        advice = Advise(cause, now.owner, "advice.designation_draft", draft)
        told = outcome.also(OpenDuty(cause, now), advice)
    duties = tuple(now if duty is waits else duty for duty in case.duties)
    return Outcome(replace(case, duties=duties), told.effects)


def asked_in_vain(
    case: Case, organ: OrganCode, cause: MessageId, rulebook: Rulebook, at: datetime
) -> Outcome:
    """Tell who asked a superior that has ended without an heir, once; let it ask who is now above.

    While nobody is, the designation stays owed and is held, as any duty of who has gone: it passes
    when an heir is named.
    """
    outcome, dispute, situation = Outcome(case), case.dispute, Situation(rulebook, Facts(), at)
    if dispute is None or dispute.request is None or dispute.superior != organ:
        return outcome
    gone = f"{rulebook.directory.organs[organ].name}已撤销，没有继受机关，不再指定管辖。"
    superior = _superior(dispute, situation)
    if superior is None:
        held = any(duty.owner == organ and duty.held_until is not None for duty in case.duties)
        told = Advise(cause, dispute.holder, _GONE, gone)
        return outcome if held else outcome.also(told)
    free = replace(case, dispute=replace(dispute, request=None, superior=None))
    turn = Turn(Step.REFER, cause, DesignationRequest.__name__, BUS, case.current, (), at, rulebook)
    now, effects = close_and_open(free, turn)
    talked = case.hop < rulebook.disputes.hops_max
    draft = _draft(now, superior, situation, talked=talked)
    return Outcome(now, effects).also(
        Advise(cause, dispute.holder, _GONE, f"{gone}请向{superior.name}重新报请。"),
        Advise(cause, dispute.holder, "advice.designation_draft", draft),
    )


def designation_request(
    case: Case, message: DesignationRequest, situation: Situation
) -> Outcome | Refusal:
    """报请指定管辖: by the one that holds the disputed case, or by a handler without power."""
    envelope = message.envelope
    if envelope.sender != case.handler:
        return Refusal("reply.not_asked")
    dispute = case.dispute
    if case.state is State.FILED:
        dispute = Dispute(envelope.message_id, envelope.sender, _earlier(case, message))
    if dispute is None or case.state not in (State.REFERRED, State.FILED):
        return Refusal("designation.not_referred")
    if envelope.in_reply_to not in {dispute.about, *letters(case)}:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    if dispute.request is not None:
        return Refusal("designation.pending")
    superior = _superior(dispute, situation)
    if superior is None:
        return Refusal("designation.no_superior")
    if set(envelope.addressees) - {superior.code}:
        return Refusal("designation.not_the_superior", "envelope.addressees", superior.name)
    about = envelope.message_id
    put = replace(case, dispute=replace(dispute, request=about, superior=superior.code))
    steps = (Step.REFER, Step.REQUEST) if case.state is State.FILED else (Step.REQUEST,)
    outcome = surely(take_all(put, steps, message, situation))
    told = hand(outcome, message, superior.code, Relation.SUPERIOR, situation.at)
    told = hand_letter(told, superior.code, Relation.SUPERIOR, situation.at)
    told = hand(told, message, dispute.other, Relation.COUNTERPART, situation.at)
    return accept(told, message)


def _waits_for_a_superior(duty: Duty, at: datetime) -> bool:
    is_open = duty.closing is None and DUTIES[duty.kind].needs_superior
    return is_open and duty.begins_at is not None and duty.begins_at <= at


def _tomorrow(situation: Situation) -> datetime:
    return start_of(local_date(situation.at) + timedelta(days=1))


def _told_of_nobody(case: Case, situation: Situation) -> tuple[OrganCode, ...]:
    """Return who hears that nobody can designate: both sides, and who keeps their directory."""
    dispute = case.in_dispute()
    sides = (dispute.holder, dispute.other)
    directory, on = situation.rulebook.directory, local_date(situation.at)
    watching = (supervisor_of(directory, organ, on) for organ in (case.sender, *sides))
    found = (organ.code for organ in watching if organ is not None)
    return tuple(dict.fromkeys((*sides, *found)))


def _earlier(case: Case, message: DesignationRequest) -> OrganCode:
    """The earlier holder that should have it again; who sent the letter where none is named."""
    named = message.proposed
    held = named in (*case.holders, case.sender) and named != case.handler  # it may hold it again
    return named if held and named is not None else case.counterpart


def _superior(dispute: Dispute, situation: Situation) -> Organ | None:
    directory, on = situation.rulebook.directory, local_date(situation.at)
    return common_superior(directory, dispute.holder, dispute.other, on)


def _draft(case: Case, superior: Organ, situation: Situation, *, talked: bool) -> str:
    """Return the document of a DesignationRequest, to be completed and numbered by its sender.

    It says what happened and no more: who sent the letter, whoever the two sides are by now.
    """
    organs, dispute = situation.rulebook.directory.organs, case.in_dispute()
    author = organs[letter_author(case)].name
    holder, other = organs[dispute.holder].name, organs[dispute.other].name
    number = f"（{case.document_number}）" if case.document_number and not case.letter else ""
    numbers = "、".join(str(charge.number) for charge in case.charges)
    on = local_date(situation.at)
    with_whom = "双方" if author == other else f"与{other}"
    so_far = f"截至{on.year}年{on.month}月{on.day}日{with_whom}未能协商一致"
    if not talked:
        so_far = f"本案已移送{case.hop}次，依规定不再协商"
    document = {
        "record": "designation_request",
        "history": f"{author}移送{number}的第{numbers}项违法行为，{holder}提出管辖异议，{so_far}。",
        "reasons": _REASONS[talked],
        "legal_basis": _BASIS,
        "envelope": {"addressees": [superior.code], "in_reply_to": dispute.about},
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)
