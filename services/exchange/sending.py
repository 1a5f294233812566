"""What leaves the exchange, as rows of the outbox: copies, what the bus says, dead letters."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from connectors.bus.layout import MESSAGE_BYTES_MAX
from schemas.codec import UNENCODABLE, Opened, frame
from schemas.errors import Broken, Refusal
from schemas.ids import CaseId, MessageId, OrganCode
from schemas.messages import Message
from schemas.parts import Envelope
from schemas.seal import said, seal_message
from schemas.topics import inbox_of
from services.casebook.case_keys import quarantine_of
from services.casebook.letters import locked_letter
from services.casebook.rows import DeadRow, OutboxRow, ToVouch
from services.casebook.work import Work
from services.casework.case import Case
from services.casework.effects import Accept, Decision, Deliver, Hold, Open, Reject, Release, Write
from services.casework.say import About, say
from services.exchange.copies import Copies
from services.exchange.incoming import Incoming
from services.exchange.journal import dead_letter
from services.exchange.office import Office
from services.exchange.opened import fields_opened
from services.exchange.recorded import Which


class Unwritable(Broken):
    """A copy that a decision delivers cannot be written: whose decision it is."""

    def __init__(self, which: Which, cause: Broken) -> None:
        super().__init__(cause.code, cause.where, cause.detail)
        self.which: Final = which


class Sending:
    """Turns effects into outbox rows of one transaction."""

    def __init__(self, office: Office, work: Work) -> None:
        self._office = office
        self._work = work

    def carry_out(
        self,
        decision: Decision,
        incoming: Incoming,
        envelope: Envelope,
        at: datetime,
        salt: str = "",
        opened: Opened | None = None,
    ) -> ToVouch | None:
        """Put what the effects say and deliver into the outbox; return the sender's receipt.

        `envelope` is that of the message that was decided, `opened` the message as it came. Raises
        Unwritable for a copy that cannot be written, and Broken.
        """
        about = About(decision.case.id if decision.case else envelope.case_id, envelope.flow)
        copies = Copies(self._office, self._work, decision.case, at)
        if opened is not None:
            copies.know((envelope.sender, envelope.message_id), opened)
        answers: dict[tuple[OrganCode, MessageId], ToVouch] = {}
        for effect in decision.effects:
            if isinstance(effect, Deliver):
                try:
                    value = copies.value(effect)
                except Broken as error:
                    if error.code != UNENCODABLE:
                        raise
                    which = Which(incoming.position, envelope.message_id, about.case)
                    raise Unwritable(which, error) from error
                self.into_inbox(effect.to, about.case, value, incoming, is_copy=True)
            elif isinstance(effect, Open):
                self._open(effect, about, incoming, at)
            elif isinstance(effect, Write):
                self._write(effect, incoming)
            for word in say(effect, about, self._office.rulebook, at, salt):
                value = self._say(word.to, word.message, incoming, at)
                if isinstance(effect, Accept | Reject | Hold):
                    answers[word.to, effect.message] = value
        for effect in decision.effects:
            if isinstance(effect, Release) and decision.case is not None:
                self._released(decision.case, effect.message, answers)
        return answers.get((envelope.sender, envelope.message_id))

    def into_inbox(
        self,
        to: OrganCode,
        case: CaseId,
        value: bytes | ToVouch,
        incoming: Incoming,
        *,
        is_copy: bool = False,
    ) -> None:
        """Put a value into an organ's inbox. What the bus itself says holds no content."""
        alias = self._office.alias(to)
        if alias is None:
            raise Broken("organ.unknown", detail=to)
        key, owner = case.encode(), case if is_copy else None
        row = OutboxRow(incoming.position, inbox_of(alias), key, value, case=owner)
        self._work.add_outbox(row)

    def dead(
        self,
        incoming: Incoming,
        refusal: Refusal,
        envelope: Envelope | None,
        at: datetime,
        *,
        is_of_case: bool = False,
    ) -> None:
        """Put the original bytes into the dead letters, with the reason.

        They are locked under the case's key where the case stands still because of them, else under
        the month's. Of what is marked as secret there are none (intake.py), nor of what nobody sent
        and only a codec made small: each kilobyte on the wire would be kept as a megabyte.
        """
        case = envelope.case_id if envelope is not None and is_of_case else None
        name = case or quarantine_of(at)
        is_left_out = envelope is None and (
            incoming.is_inflated or incoming.bytes > MESSAGE_BYTES_MAX
        )
        came = (None, None) if is_left_out else (incoming.key, incoming.value)
        letter = dead_letter(incoming.position, refusal)
        self._work.add_outbox(locked_letter(self._work.keys, name, letter, came))
        self._work.add_dead(
            DeadRow(
                incoming.position,
                at,
                refusal.code,
                envelope.message_id if envelope else None,
                envelope.case_id if envelope else None,
            )
        )

    def _write(self, effect: Write, incoming: Incoming) -> None:
        """Write a record of ours into its own case's flow; the key puts it on its partition.

        It is published with the rest before the message that caused it is acknowledged: after a
        crash it comes twice at most, and the second is dropped by its message id.
        """
        envelope = effect.record.envelope
        schema_id = self._office.own(envelope.record)
        value = frame(schema_id, seal_message(effect.record, self._office.signer).body)
        key = envelope.case_id.encode()
        self._work.add_outbox(OutboxRow(incoming.position, envelope.flow.value, key, value))

    def _open(self, effect: Open, about: About, incoming: Incoming, at: datetime) -> None:
        """Send opened fields. They are content, so what waits of them is locked, as a copy is."""
        message = fields_opened(effect, about, self._office, self._work, at)
        value = ToVouch(self._office.own(message.envelope.record), said(message))
        self.into_inbox(effect.to, about.case, value, incoming, is_copy=True)
        self._work.add_said(message.envelope.message_id, about.case, at)

    def _say(self, to: OrganCode, message: Message, incoming: Incoming, at: datetime) -> ToVouch:
        value = ToVouch(self._office.own(type(message).__name__), said(message))
        self.into_inbox(to, message.envelope.case_id, value, incoming)
        self._work.add_said(message.envelope.message_id, message.envelope.case_id, at)
        return value

    def _released(
        self, case: Case, message_id: MessageId, answers: dict[tuple[OrganCode, MessageId], ToVouch]
    ) -> None:
        """What was held has been decided with the message that released it: note its answer."""
        authors = (handed.author for handed in case.handed if handed.message == message_id)
        author = next(authors, case.sender)  # its heir may be the case's sender since
        row = self._work.message(author, message_id)
        receipt = answers.get((case.sender, message_id))
        if row is not None and receipt is not None:
            self._work.put_message(replace(row, outcome="accepted", code=None, receipt=receipt))
