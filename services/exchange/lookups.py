"""What a decision must know from beyond its case, read in the transaction."""

from collections.abc import Iterator
from datetime import datetime

from schemas.assistance import AssistanceRequest
from schemas.codec import frame
from schemas.errors import Broken
from schemas.ids import CaseId, MessageId
from schemas.messages import (
    CaseTransfer,
    Correction,
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
from services.casework.steps import Facts, Waiter
from services.casework.stop import Waiting
from services.exchange.asking import asking_of
from services.exchange.intake import Incoming, Sound
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
    held = None
    releases = isinstance(message, Correction | RoutingAssignment | Tick)
    if releases and case is not None and case.state is State.HELD:
        opening = reopened(office, original_in(work, case.sender, case.opening)).message
        if not isinstance(opening, Routed):
            raise Broken("casebook.original_missing", detail=case.opening)
        held = Waiter(opening, case.opened_at)
    return Facts(
        number_taken=_number_taken(work, message),
        held=held,
        resumed=resumed,
        notice=_notice_of(work, held.message if held else message),
        handles=isinstance(message, AssistanceRequest) and _handles(work, message),
        alike=alike_to(work, message, case, held, at),
        declined=declined_before(office, work, message),
        asked=asking_of(office, work, message, case),
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


def _handles(work: Work, message: AssistanceRequest) -> bool:
    """Whether the transfer that the message names is its sender's to handle."""
    if message.transfer is None:
        return False
    return any(is_handled_by_sender(case, message) for case in _opened_by(work, message.transfer))


def _notice_of(work: Work, message: Message) -> CaseId | None:
    """Return the case of the notice that a transfer says it was made of; None: not its sender's."""
    notice = message.from_notice if isinstance(message, LeadTransfer | CaseTransfer) else None
    if notice is None:
        return None
    own = (case for case in _opened_by(work, notice) if case.handler == message.envelope.sender)
    return next((case.id for case in own if case.flow is Flow.NOTIFICATIONS), None)


def _opened_by(work: Work, opening: MessageId) -> Iterator[Case]:
    """Yield the cases that a message of this id opened; several organs may have used one id."""
    for case_id in work.cases_of(opening):
        case = work.case(case_id)
        if case is not None and case.opening == opening:
            yield case
