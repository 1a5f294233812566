"""The duties: which step opens which, whose it is, which step ends it (domain, section 4).

The table is the whole rule. Lengths, ladders and their legal basis are the rulebook's. A duty is
(message, organ, kind): a step that meets or waives ends the actor's own duty about that message;
what is withdrawn or superseded ends for everybody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.errors import Broken
from schemas.ids import DutyId, MessageId, OrganCode, derive
from services.casework.case import Case, Closing, Complainant, Duty, Life, Term
from services.casework.effects import CloseDuty, Effect, OpenDuty
from services.casework.projection import planned
from services.casework.transitions import Step
from services.rulebook.calendar import local_date
from services.rulebook.duties import duty_rule
from services.rulebook.model import DutyRule, Rulebook


class Owner(StrEnum):
    """Whose duty it is."""

    RECIPIENT = "recipient"  # everybody to whom the step delivers; counterpart: the author
    HANDLER = "handler"  # counterpart: the sender of the case
    SENDER = "sender"  # counterpart: the handler


@dataclass(frozen=True, slots=True)
class Span:
    """When a duty begins and ends, and in which cases there is one."""

    owner: Owner
    opened_by: frozenset[Step]
    closed_by: Mapping[Step, Closing]
    lives: frozenset[Life] = frozenset(Life)
    complainants: frozenset[Complainant] | None = None  # None: in every case


@dataclass(frozen=True, slots=True)
class Turn:
    """One step as the duties see it: whose, by which message, about which, to whom, when."""

    step: Step
    cause: MessageId
    record: str
    by: OrganCode
    about: MessageId
    to: tuple[OrganCode, ...]
    at: datetime
    rulebook: Rulebook


_BACK: Final = {Step.WITHDRAW: Closing.WITHDRAWN, Step.GIVE_BACK: Closing.WITHDRAWN}
_ALL: Final = frozenset({Closing.WITHDRAWN, Closing.SUPERSEDED})  # ended for whoever owes it

_TABLE: Final[dict[str, Span]] = {
    "sign_for": Span(
        Owner.RECIPIENT,
        frozenset({Step.ISSUE, Step.SEND}),
        {Step.SIGN: Closing.MET, Step.WITHDRAW: Closing.WITHDRAWN},
    ),
    # Until custody exists, the filing decision runs from the signing alone.
    "decide_filing": Span(
        Owner.HANDLER,
        frozenset({Step.SIGN}),
        {
            Step.FILE: Closing.MET,
            Step.DECLINE: Closing.MET,
            Step.GIVE_BACK: Closing.WITHDRAWN,
        },
        lives=frozenset({Life.TRANSFER}),
    ),
    "decide_case": Span(
        Owner.HANDLER,
        frozenset({Step.FILE}),
        {Step.DECIDE: Closing.MET, Step.FEED_BACK: Closing.MET},
    ),
    "outcome_feedback": Span(
        Owner.HANDLER, frozenset({Step.CONCLUDE}), {Step.FEED_BACK: Closing.MET}
    ),
    "inform_complainant": Span(
        Owner.SENDER,
        frozenset({Step.ISSUE}),
        {Step.INFORM: Closing.MET, Step.EXEMPT: Closing.WAIVED, **_BACK},
        lives=frozenset({Life.TRANSFER}),
        # Only of a ComplaintForward: a lead's sender told its complainant itself, off the bus.
        complainants=frozenset({Complainant.REACHABLE, Complainant.UNKNOWN}),
    ),
    "complainant_feedback": Span(
        Owner.HANDLER,
        frozenset({Step.DECLINE, Step.FEED_BACK}),
        {Step.INFORM: Closing.MET, Step.EXEMPT: Closing.WAIVED},
        complainants=frozenset(Complainant),
    ),
    "handle": Span(
        Owner.HANDLER,
        frozenset({Step.SIGN}),
        {Step.HANDLE: Closing.MET, Step.GIVE_BACK: Closing.WITHDRAWN},
        lives=frozenset({Life.NOTICE}),
    ),
    "answer_request": Span(
        Owner.HANDLER,
        frozenset({Step.ISSUE}),
        {Step.ANSWER_REQUEST: Closing.MET, **_BACK},
        lives=frozenset({Life.INFORMATION}),
    ),
    "answer_assistance": Span(
        Owner.HANDLER,
        frozenset({Step.ISSUE}),
        {Step.ANSWER_ASSISTANCE: Closing.MET, **_BACK},
        lives=frozenset({Life.ASSISTANCE}),
    ),
    "answer_withdrawal": Span(
        Owner.HANDLER,
        frozenset({Step.ASK_BACK}),
        {
            Step.GIVE_BACK: Closing.MET,
            Step.KEEP: Closing.MET,
            Step.FILE: Closing.SUPERSEDED,
            Step.DECLINE: Closing.SUPERSEDED,
            Step.HANDLE: Closing.SUPERSEDED,
            Step.ANSWER_REQUEST: Closing.SUPERSEDED,
            Step.ANSWER_ASSISTANCE: Closing.SUPERSEDED,
        },
    ),
}

DUTIES: Final[Mapping[str, Span]] = MappingProxyType(
    {
        kind: replace(span, closed_by=MappingProxyType(span.closed_by))
        for kind, span in _TABLE.items()
    }
)


def close_and_open(case: Case, turn: Turn) -> tuple[Case, tuple[Effect, ...]]:
    """Return the case after the step has ended and begun its duties. The step itself is legal."""
    kept: list[Duty] = []
    effects: list[Effect] = []
    for duty in case.duties:
        closing = _closing(duty, turn)
        if closing is None:
            kept.append(duty)
            continue
        ended = replace(duty, closed_at=turn.at, closing=closing)
        kept.append(ended)
        effects.append(CloseDuty(turn.cause, ended, closing))
    for kind, span in DUTIES.items():
        for opened in _opened(case, kind, span, turn):
            effects.append(OpenDuty(turn.cause, replace(opened, closed_at=None, closing=None)))
            if opened.closing is not None:
                effects.append(CloseDuty(turn.cause, opened, opened.closing))
            kept.append(opened)
    return replace(case, duties=tuple(kept)), tuple(effects)


def open_duty(case: Case, kind: str, message: MessageId | None, owner: OrganCode) -> Duty | None:
    """Return the duty that the organ still owes about the message, or None."""
    return next(
        (
            duty
            for duty in case.duties
            if (duty.kind, duty.message, duty.owner) == (kind, message, owner)
            and duty.closing is None
        ),
        None,
    )


def _closing(duty: Duty, turn: Turn) -> Closing | None:
    """How the step ends the duty; None when it does not."""
    closing = DUTIES[duty.kind].closed_by.get(turn.step) if duty.closing is None else None
    if closing is None or closing in _ALL:
        return closing
    if (duty.owner, duty.message) != (turn.by, turn.about):
        return None
    return Closing.LATE if closing is Closing.MET and turn.at > duty.due else closing


def _opened(case: Case, kind: str, span: Span, turn: Turn) -> Iterator[Duty]:
    if turn.step not in span.opened_by or case.life not in span.lives:
        return
    if span.complainants is not None and case.complainant not in span.complainants:
        return
    for owner, counterpart in _owners(case, span.owner, turn):
        yield _duty(case, kind, owner, counterpart, turn)


def _owners(case: Case, owner: Owner, turn: Turn) -> Iterator[tuple[OrganCode, OrganCode]]:
    if owner is Owner.RECIPIENT:
        author = turn.by
        yield from ((organ, author) for organ in turn.to)
        return
    if case.handler is None:
        raise Broken("case.no_handler")
    pair = (case.handler, case.sender)
    yield pair if owner is Owner.HANDLER else pair[::-1]


def _duty(case: Case, kind: str, owner: OrganCode, counterpart: OrganCode, turn: Turn) -> Duty:
    """Return the duty. Raises Broken rules.duty_missing when the rulebook has no length for it."""
    rulebook, at = turn.rulebook, turn.at
    organs = rulebook.directory.organs
    author = organs[turn.by].type
    rule = duty_rule(rulebook, kind, organs[owner], turn.record, local_date(at), author)
    if rule is None:
        raise Broken("rules.duty_missing", where=kind)
    term = Term(rule.length, rule.roll, rule.ladder, rulebook.calendar.digest)
    due, ladder = planned(term, at, rulebook.calendar)
    waived = _is_waived(case, rule)
    return Duty(
        id=DutyId(derive("duty", case.id, turn.about, owner, kind)),
        kind=kind,
        message=turn.about,
        owner=owner,
        counterpart=counterpart,
        opened_at=at,
        due=due.at,
        provisional=due.provisional,
        basis=rule.basis,
        ladder=ladder,
        closed_at=at if waived else None,
        closing=Closing.WAIVED if waived else None,
        term=term,
    )


def _is_waived(case: Case, rule: DutyRule) -> bool:
    """Guidance 二(一)3, 联系方式不详的除外: it stands on the books, and is closed at once."""
    return rule.waived_if_contact_unknown and case.complainant is Complainant.UNKNOWN
