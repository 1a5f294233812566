"""Possible duplicates, and what was declined before: looked up in the transaction (domain, 3).

Only the index of marks is asked, by its keys. No other case's letter is read, but for the evidence
list of the sender's own, when a new letter says that it goes on from there.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from schemas.disputes import Designation, NegotiationResult
from schemas.document_number import normal_document_number
from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode
from schemas.messages import Correction, Lettered, Message, Transfer
from schemas.parts import Evidence, SourceKind
from schemas.topics import begins_case
from services.casebook.work import Work
from services.casework.case import Case, Life, State
from services.casework.handing import letter_author
from services.casework.likeness import NOT_YET, Mark, is_as_sent, marks_of, may_be_alike
from services.casework.lives import ENDED
from services.casework.steps import Alike, Declined, Waiter, new_case
from services.casework.succession import standing_for
from services.casework.transfer import corrected
from services.exchange.office import Office


def expect_marks(work: Work, messages: Iterable[Message]) -> None:
    """Look for the marks of a batch's letters, a few queries for all of them."""
    letters = (message for message in messages if isinstance(message, Lettered))
    work.marks.expect(mark for letter in letters for mark in work.marks.of_letter(letter))


def alike_to(
    work: Work, message: Message, case: Case | None, held: Waiter | None, at: datetime
) -> tuple[Alike, ...]:
    """Return the open transfers that may be about the same as what this message gives a handler."""
    found = work.marks.alike(_sought(work, message, case, held))
    if not found:
        return ()
    own = case or new_case(message, at)
    work.preload_cases(found)
    others = (work.case(case_id) for case_id in found)
    return tuple(
        Alike(other.id, other.handler)
        for other in others
        if other is not None and may_be_alike(own, other)
    )


def declined_before(
    office: Office,
    work: Work,
    message: Message,
    case: Case | None,
    held: Waiter | None,
    at: datetime,
) -> Declined | None:
    """Return the sender's own transfer that was declined, if another about the same is brought now.

    That is an opening letter, or one that was held and may go on by this message. It is linked
    where its source (案件来源) is a transfer with that one's document number.
    """
    letter = held.message if held else message
    if not isinstance(letter, Transfer) or not begins_case(letter):
        return None
    sender = letter.envelope.sender
    linked = _linked(work, letter)
    if linked is not None:
        other, earlier = linked
        listed = _evidence(office, work, sender, earlier)
        new = (each.number for each in letter.evidence or () if _told(each) not in listed)
        handler = _in_place_of(office, other.handler, at)
        return Declined(other.id, handler, is_linked=True, new_evidence=tuple(new))
    for case_id in work.marks.same(_sought(work, message, case, held)):
        same = work.case(case_id)
        if same is None or same.state is not State.DECLINED:
            continue
        if _in_place_of(office, same.sender, at) == _in_place_of(office, sender, at):
            return Declined(same.id, _in_place_of(office, same.handler, at), is_linked=False)
    return None


def note_marks(
    office: Office, work: Work, message: Message, before: Case | None, after: Case | None
) -> None:
    """Keep the marks of a case as it goes on: from when it is issued until it has ended."""
    if after is None or after.life is not Life.TRANSFER or after.state in NOT_YET:
        return
    if after.state in ENDED:
        if before is None or before.state not in ENDED:
            work.marks.end(after.id, declined=after.state is State.DECLINED)
        return
    known = None if before is None or before.state in NOT_YET else (before.charges, before.current)
    if known != (after.charges, after.current):
        letter = _letter(office, work, message, after)
        work.marks.put(after.id, _marks_now(work, letter, after))


def _sought(
    work: Work, message: Message, case: Case | None, held: Waiter | None
) -> tuple[Mark, ...]:
    """Return the marks of the violations that may get a handler by this message."""
    if isinstance(message, Lettered):
        return work.marks.of_letter(message)
    if held is not None and case is not None and isinstance(held.message, Lettered):
        right = message.corrections or () if isinstance(message, Correction) else ()
        charges = corrected(case.charges, right)
        return () if isinstance(charges, Refusal) else marks_of(held.message, charges)
    if isinstance(message, Designation | NegotiationResult) and case is not None:
        return work.marks.of(case.id)
    return ()


def _marks_now(work: Work, letter: Message | None, case: Case) -> tuple[Mark, ...]:
    if not isinstance(letter, Lettered):
        return ()
    if is_as_sent(letter, case.charges):
        return work.marks.of_letter(letter)
    return marks_of(letter, case.charges)


def _letter(office: Office, work: Work, message: Message, case: Case) -> Message | None:
    """Return the letter in force; None: it is not kept, so the case cannot be known again."""
    if message.envelope.message_id == case.current:
        return message
    return _opened(office, work, letter_author(case), case.current)


def _opened(office: Office, work: Work, sender: OrganCode, letter: MessageId) -> Message | None:
    original = work.original(sender, letter)
    if original is None:
        return None
    return office.codec_of(original.fingerprint).open(original.body).message


def _evidence(
    office: Office, work: Work, sender: OrganCode, letter: MessageId
) -> frozenset[Evidence]:
    """Return what a letter lists, whatever the numbers that it gives to it."""
    found = _opened(office, work, sender, letter)
    listed = found.evidence if isinstance(found, Transfer) else None
    return frozenset(map(_told, listed or ()))


def _in_place_of(office: Office, organ: OrganCode | None, at: datetime) -> OrganCode | None:
    return None if organ is None else standing_for(organ, office.rulebook, at)


def _told(evidence: Evidence) -> Evidence:
    return replace(evidence, number=0)


def _linked(work: Work, message: Transfer) -> tuple[Case, MessageId] | None:
    source, sender = message.source, message.envelope.sender
    if source is None or source.kind is not SourceKind.TRANSFER:
        return None
    number = normal_document_number(source.register_number or "")
    letter = work.number(sender, number) if number else None
    known = work.message(sender, letter) if letter else None
    case = work.case(known.case_id) if known else None
    if case is None or letter is None or case.state is not State.DECLINED:
        return None
    return case, letter
