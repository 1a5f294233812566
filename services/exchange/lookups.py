"""What a decision must know from beyond its case, read in the transaction."""

from schemas.errors import Broken
from schemas.ids import CaseId, MessageId
from schemas.messages import Message
from services.casebook.rows import Original
from services.casebook.work import Work
from services.casework.case import Case, State
from services.casework.steps import Facts, Waiter
from services.exchange.office import Office


def facts_of(office: Office, work: Work, message: Message, case: Case | None) -> Facts:
    """Return the facts for a message that has just come."""
    held = None
    if case is not None and case.state is State.HELD:
        original = original_in(work, case.opening, case.id)
        held = Waiter(reopened(office, original), case.opened_at)
    return Facts(number_taken=number_taken(work, message), held=held)


def number_taken(work: Work, message: Message) -> bool:
    """Whether the sender's document number stands on another message."""
    envelope = message.envelope
    if envelope.document_number is None:
        return False
    bearer = work.number(envelope.sender, envelope.document_number)
    return bearer is not None and bearer != envelope.message_id


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


def original_in(work: Work, message_id: MessageId, case_id: CaseId) -> Original:
    """Return a sealed message that must be there. Raises Broken casebook.original_missing."""
    original = work.original(message_id, case_id)
    if original is None:
        raise Broken("casebook.original_missing", detail=message_id)
    return original


def reopened(office: Office, original: Original) -> Message:
    """Return the message of a sealed original."""
    return office.codec_of(original.fingerprint).open(original.body).message
