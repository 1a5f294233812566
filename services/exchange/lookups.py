"""What a decision must know from beyond its case, read in the transaction."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from schemas.assistance import AssistanceRequest
from schemas.codec import frame
from schemas.errors import Broken
from schemas.ids import BUS, CaseId
from schemas.messages import (
    CaseTransfer,
    Correction,
    Delivered,
    LeadTransfer,
    Message,
    Routed,
    RoutingAssignment,
    Tick,
)
from schemas.parts import Flow
from services.casebook.rows import Position
from services.casebook.work import Work
from services.casework.case import Case, State
from services.casework.requests import is_handled_by_sender
from services.casework.splitting import children_of
from services.casework.steps import Facts, Waiter
from services.casework.stop import Waiting
from services.casework.succession import standing_for
from services.exchange.asking import asking_of
from services.exchange.incoming import Incoming
from services.exchange.intake import Sound
from services.exchange.likeness import alike_to, declined_before
from services.exchange.office import Office
from services.exchange.unsealed import original_in, reopened


def facts_of(
    office: Office,
    work: Work,
    message: Message,
    case: Case | None,
    at: datetime,
    *,
    resumed: bool = False,
) -> Facts:
    """Return the facts for a message that has just come, or whose turn has come (`resumed`)."""
    held = _held(office, work, message, case)
    brought = held.message if held else message  # what a handler may get by it
    return Facts(
        number_taken=_number_taken(work, message),
        held=held,
        resumed=resumed,
        notice=_notice_of(office, work, brought, at),
        handles=isinstance(message, AssistanceRequest) and _handles(office, work, message, at),
        alike=alike_to(work, message, case, held, at),
        declined=declined_before(office, work, message, case, held, at),
        asked=asking_of(office, work, message, case),
    )


def id_taken(case: Case | None, message: Message) -> bool:
    """Whether another sender's message of the case has the id, so that no answer tells them apart.

    Not asked of the bus, whose ids others may know beforehand, nor of Delivered, which nobody
    answers.
    """
    envelope = message.envelope
    if case is None or envelope.sender == BUS or isinstance(message, Delivered):
        return False
    there = (
        (case.sender, case.opening),
        *((handed.author, handed.message) for handed in case.handed),
        *((waiting.sender, waiting.message) for waiting in case.waiting),
    )
    return any(
        message_id == envelope.message_id and sender != envelope.sender
        for sender, message_id in there
    )


def note_number(work: Work, message: Message, outcome: str) -> None:
    """Give a standing message its number; free that of a refused one."""
    envelope = message.envelope
    number = envelope.document_number
    if number is None:
        return
    if outcome != "rejected":
        work.put_number(envelope.sender, number, envelope.message_id)
    elif work.number(envelope.sender, number) == envelope.message_id:
        work.put_number(envelope.sender, number, None)


def as_it_came(office: Office, work: Work, waiting: Waiting, now: Position) -> Sound:
    """Return a message that waited as it was taken in at first.

    A Tick has no row among the messages that says where it lay: `now` stands in for it.
    """
    original = original_in(work, waiting.sender, waiting.message)
    known = work.message(waiting.sender, waiting.message)
    schema_id = office.id_of(original.fingerprint)
    incoming = Incoming(
        position=known.position if known else now,
        key=original.case_id.encode(),
        value=frame(schema_id, original.body),
        stamped_at=waiting.received_at,
    )
    opened = reopened(office, original)
    return Sound(incoming, opened, schema_id, original.body, office.rulebook.hash)


def _number_taken(work: Work, message: Message) -> bool:
    """Whether the sender's document number stands on another message."""
    envelope = message.envelope
    if envelope.document_number is None:
        return False
    bearer = work.number(envelope.sender, envelope.document_number)
    return bearer is not None and bearer != envelope.message_id


def _held(office: Office, work: Work, message: Message, case: Case | None) -> Waiter | None:
    """Return the held letter that the message may let go on."""
    releases = isinstance(message, Correction | RoutingAssignment | Tick)
    if not releases or case is None or case.state is not State.HELD:
        return None
    opening = reopened(office, original_in(work, case.sender, case.opening)).message
    if not isinstance(opening, Routed):
        raise Broken("casebook.original_missing", detail=case.opening)
    return Waiter(opening, case.opened_at)


def _handles(office: Office, work: Work, message: AssistanceRequest, at: datetime) -> bool:
    """Whether the transfer that the message names is its sender's to handle."""
    if message.transfer is None:
        return False
    named = _with_children(work, work.cases_of(message.transfer))
    return any(is_handled_by_sender(case, message, office.rulebook, at) for case in named)


def _notice_of(office: Office, work: Work, message: Message, at: datetime) -> CaseId | None:
    """Return the case of the notice that a transfer says it was made of; None: not its sender's."""
    notice = message.from_notice if isinstance(message, LeadTransfer | CaseTransfer) else None
    if notice is None:
        return None
    sender = standing_for(message.envelope.sender, office.rulebook, at)
    for case_id in work.cases_of(notice):  # several organs may have used one id
        case = work.case(case_id)
        if case is None or (case.opening, case.flow) != (notice, Flow.NOTIFICATIONS):
            continue
        if case.handler is not None and standing_for(case.handler, office.rulebook, at) == sender:
            return case.id
    return None


def _with_children(work: Work, found: Iterable[CaseId]) -> Iterator[Case]:
    """Yield the cases, and those that were split from them: the letter of these lies there.

    It ends: what is split off has fewer violations than the case that it was split from.
    """
    left = list(found)
    while left:
        case = work.case(left.pop(0))
        if case is not None:
            yield case
            left += children_of(case)
