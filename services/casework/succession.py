"""Organs are merged and renamed: what one owed, its successor owes (domain, section 1).

An open duty passes with the same due date and an entry. Without a successor it is held: no rung
goes to nobody, the supervisor is told, and it is looked at again each day.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from schemas.ids import MessageId, OrganCode
from schemas.parts import Relation
from services.casework.case import Case, Closing, Duty, Handed, Life, State
from services.casework.custody import OF_THINGS, handing_owed
from services.casework.dispute import Dispute
from services.casework.duty_names import DUTY_NAMES
from services.casework.effects import Advise, CloseDuty, Decision, Deliver, Effect, PassDuty
from services.casework.handing import complaint_of, hand_letter, handed_to
from services.casework.lives import ENDED
from services.casework.referral import asked_in_vain
from services.casework.steps import Outcome, letters
from services.rulebook.calendar import local_date, start_of
from services.rulebook.directory import in_office, is_valid, supervisor_of
from services.rulebook.model import Directory, Rulebook

_TELLING: Final = "complainant_feedback"


def pass_on(case: Case, cause: MessageId, rulebook: Rulebook, at: datetime) -> Decision | None:
    """Return the case as those see it who are in office; None when nobody has gone."""
    directory, on = rulebook.directory, local_date(at)
    effects: list[Effect] = []
    now = case
    for organ in _gone(case, directory, on):
        heir = in_office(directory, organ, on)
        if heir is not None:
            now, passed = _inherited(now, organ, heir.code, cause, at)
            effects += passed
        elif any(_is_owed_by(duty, organ) and _looked_at(duty, at) for duty in now.duties):
            asked = asked_in_vain(now, organ, cause, rulebook, at)
            now, told = _held(asked.case, organ, cause, directory, on)
            effects += (*asked.effects, *told)
    return None if now is case else Decision(now, tuple(effects))


def standing_for(organ: OrganCode, rulebook: Rulebook, at: datetime) -> OrganCode:
    """Return who stands in the organ's place at the time; itself where nobody does."""
    found = in_office(rulebook.directory, organ, local_date(at))
    return found.code if found else organ


def has_gone(case: Case, rulebook: Rulebook, at: datetime) -> bool:
    """Whether somebody stands in the case who has ceased to be."""
    return bool(_gone(case, rulebook.directory, local_date(at)))


def ended(directory: Directory, on: date) -> tuple[OrganCode, ...]:
    """Return all organs that have ceased to be by the day, in one order."""
    return tuple(sorted(organ for organ in directory.organs if _has_ended(directory, organ, on)))


def _gone(case: Case, directory: Directory, on: date) -> tuple[OrganCode, ...]:
    """Return who stands in the case and has ceased to be, each once."""
    owners = (duty.owner for duty in case.duties if duty.closing is None)
    here = dict.fromkeys((*filter(None, _standing(case)), *owners))
    return tuple(organ for organ in here if _has_ended(directory, organ, on))


def _standing(case: Case) -> Iterator[OrganCode | None]:
    """Yield whom the case knows by what it is here: all that `_renamed` gives to an heir."""
    yield from (case.handler, case.sender, *case.holders)
    yield from (handed.to for handed in case.handed)  # who takes part, watches or was told
    yield from (duty.counterpart for duty in case.duties if duty.closing is None)
    yield from (filing.organ for filing in case.filings)
    if case.letter is not None:
        yield case.letter.sender
    if case.custody is not None:
        yield from (case.custody.keeper, case.custody.earlier)
    dispute = case.dispute
    if dispute is not None:
        yield from (dispute.holder, dispute.other, dispute.third, dispute.superior)
        for stated in dispute.stated:
            yield from (stated.organ, stated.handler)


def _has_ended(directory: Directory, organ: OrganCode, on: date) -> bool:
    known = directory.organs.get(organ)
    return known is not None and on >= known.valid_from and not is_valid(known, on)


def _is_owed_by(duty: Duty, organ: OrganCode) -> bool:
    return duty.closing is None and duty.owner == organ


def _looked_at(duty: Duty, at: datetime) -> bool:
    return duty.held_until is None or duty.held_until <= at


def _inherited(
    case: Case, organ: OrganCode, heir: OrganCode, cause: MessageId, at: datetime
) -> tuple[Case, list[Effect]]:
    effects: list[Effect] = []
    duties: list[Duty] = []
    for duty in case.duties:
        passed = _passed(duty, organ, heir)
        duties.append(passed)
        if _is_owed_by(duty, organ):
            effects.append(PassDuty(cause, passed, organ))
    inherited = _renamed(replace(case, duties=tuple(duties)), organ, heir)
    for handed in _to_be_read(case, organ):
        copy = (handed.message, handed.record, handed.author, heir, handed.relation, case.rule)
        effects.append(Deliver(*copy))
    if _reads_its_parent(case, organ):
        lent = hand_letter(Outcome(inherited), heir, Relation.HANDLER, at)
        inherited, effects = lent.case, [*effects, *lent.effects]
    now, closed = _at_its_place(inherited, cause, at)
    return now, [*effects, *closed]


def _to_be_read(case: Case, organ: OrganCode) -> Iterator[Handed]:
    """Yield what its heir has to read: what it owes something about, and what it handles.

    Of a complaint that a further letter sent on, also the letter that says who is to be told.
    """
    owed = [duty for duty in case.duties if _is_owed_by(duty, organ)]
    about = {duty.message for duty in owed}
    goes_on = _goes_on(case, organ)
    if goes_on:
        about |= letters(case)
    if goes_on or any(duty.kind == _TELLING for duty in owed):
        complaint = complaint_of(case)
        about |= {complaint[1]} if complaint else set()
    return (each for each in case.handed if each.to == organ and each.message in about)


def _reads_its_parent(case: Case, organ: OrganCode) -> bool:
    """Whether the letter that it is to answer was handed to it in the case this one was split from.

    There it may owe nothing any more, so that its heir would get none.
    """
    in_parent = case.letter is not None and case.letter.case is not None
    return in_parent and _goes_on(case, organ) and handed_to(case, case.current, organ) is None


def _goes_on(case: Case, organ: OrganCode) -> bool:
    """Whether the organ handles a transfer that has not ended, disputed or not."""
    is_over = case.state in (State.NEW, State.HELD, *ENDED)
    return organ == case.handler and case.life is Life.TRANSFER and not is_over


def _at_its_place(case: Case, cause: MessageId, at: datetime) -> tuple[Case, list[Effect]]:
    """End what was owed of things that need no handing over: who has them and who is to are one."""
    if handing_owed(case) is not None:
        return case, []
    effects: list[Effect] = []
    duties: list[Duty] = []
    for duty in case.duties:
        ends = duty.kind in OF_THINGS and duty.closing is None
        now = replace(duty, closed_at=at, closing=Closing.SUPERSEDED) if ends else duty
        duties.append(now)
        if ends:
            effects.append(CloseDuty(cause, now, Closing.SUPERSEDED))
    return replace(case, duties=tuple(duties)), effects


def _passed(duty: Duty, organ: OrganCode, heir: OrganCode) -> Duty:
    if duty.closing is not None:
        return duty
    return replace(
        duty,
        owner=heir if duty.owner == organ else duty.owner,
        counterpart=heir if duty.counterpart == organ else duty.counterpart,
        held_until=None if duty.owner == organ else duty.held_until,
    )


def _renamed(case: Case, organ: OrganCode, heir: OrganCode) -> Case:
    """Let the heir stand where the organ stood. Who wrote what stays who wrote it."""
    custody, letter = case.custody, case.letter
    now = partial(_now, organ, heir)
    if custody is not None:
        earlier = None if custody.earlier is None else now(custody.earlier)
        custody = replace(custody, keeper=now(custody.keeper), earlier=earlier)
    if letter is not None:
        letter = replace(letter, sender=now(letter.sender))
    handed = tuple(replace(each, to=now(each.to)) for each in case.handed)
    openings = tuple(
        replace(each, heir=heir) if each.reader == organ else each for each in case.openings
    )
    # What is held is opened again by the id and the name under which its sender sealed it.
    sealed = case.state in (State.NEW, State.HELD)
    return replace(
        case,
        handler=None if case.handler is None else now(case.handler),
        sender=case.sender if sealed else now(case.sender),
        holders=tuple(dict.fromkeys(now(each) for each in case.holders)),
        filings=tuple(replace(each, organ=now(each.organ)) for each in case.filings),
        letter=letter,
        dispute=None if case.dispute is None else _dispute(case.dispute, now),
        custody=custody,
        handed=handed,
        openings=openings,
    )


def _dispute(dispute: Dispute, now: Callable[[OrganCode], OrganCode]) -> Dispute:
    return replace(
        dispute,
        holder=now(dispute.holder),
        other=now(dispute.other),
        stated=tuple(
            replace(each, organ=now(each.organ), handler=now(each.handler))
            for each in dispute.stated
        ),
        third=None if dispute.third is None else now(dispute.third),
        superior=None if dispute.superior is None else now(dispute.superior),
    )


def _now(gone: OrganCode, heir: OrganCode, organ: OrganCode) -> OrganCode:
    return heir if organ == gone else organ


def _held(
    case: Case, organ: OrganCode, cause: MessageId, directory: Directory, on: date
) -> tuple[Case, list[Effect]]:
    """Hold what nobody owes now. The supervisor hears of each duty once."""
    until = start_of(on + timedelta(days=1))
    effects = list(_told(case, organ, cause, directory, on))
    duties = (
        replace(duty, held_until=until) if _is_owed_by(duty, organ) else duty
        for duty in case.duties
    )
    return replace(case, duties=tuple(duties)), effects


def _told(
    case: Case, organ: OrganCode, cause: MessageId, directory: Directory, on: date
) -> Iterator[Effect]:
    supervisor = supervisor_of(directory, organ, on)
    for duty in case.duties:
        if supervisor is not None and _is_owed_by(duty, organ) and duty.held_until is None:
            name, (kind, _) = directory.organs[organ].name, DUTY_NAMES[duty.kind]
            words = f"{name}已撤销，没有继受机关；职责：{kind}。"
            yield Advise(cause, supervisor.code, "advice.no_successor", words, f"/{duty.id}")
