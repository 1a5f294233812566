"""One record at a time: look up, decide, write down. In memory, on the Work of a transaction.

`decide` is the only thing here that may raise for a reason that lies in a message; it changes
nothing when it does, and then only the message's case is stopped.
"""

from datetime import datetime

from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.messages import RulebookActivated, Tick
from services.casebook.progress import Place
from services.casebook.rows import MessageRow, Progress, SecretRow, ToVouch
from services.casebook.work import Work
from services.casework.case import Case
from services.casework.effects import Decision, Reject
from services.casework.standstill import UNSTORABLE, freeze, next_waiting
from services.casework.steps import Facts
from services.casework.stop import Waiting
from services.exchange.clerk import Clerk
from services.exchange.expiring import ask_anew
from services.exchange.gap import Lost
from services.exchange.incoming import Incoming
from services.exchange.intake import Dead, Intake, Refused, Sound, take_in
from services.exchange.junk import Junk
from services.exchange.likeness import note_marks
from services.exchange.lookups import as_it_came, facts_of, id_taken, note_number
from services.exchange.notes import (
    Decided,
    decided_of,
    message_row,
    original_of,
    outcome_of,
)
from services.exchange.office import Office
from services.exchange.recorded import Remembers
from services.exchange.secret import note_of
from services.exchange.shelf import Shelf
from services.exchange.tally import Tally
from services.exchange.ticking import calendar_changed, tick


class Desk:
    """Decides the records of one transaction, in the order they are given."""

    def __init__(self, shelf: Shelf, work: Work, tally: Tally, remembers: Remembers) -> None:
        self._shelf, self._remembers = shelf, remembers
        self._work = work
        self._tally = tally
        self._next = shelf.first
        self._clerk = Clerk(shelf.first, work, tally, remembers)
        self._junk: dict[Place, Junk] = {}  # what may go on with the partition's next record

    def handle(self, intake: Intake, *, unstorable: bool = False) -> None:
        """Decide one record by the rulebook of its partition, and note how far that is.

        `unstorable`: the database would not take it; it goes to the dead letters and its case
        is frozen. Raises Broken rulebook.unknown.
        """
        incoming = intake.incoming
        position = incoming.position
        before = self._work.progress(position.topic, position.partition)
        self._turn_to(self._shelf.office(before.rulebook if before else None))
        by = self._clerk.office
        if intake.rulebook not in (None, by.rulebook.hash):  # the forecast was wrong
            intake = take_in(incoming, by)
        clock = self._clerk.clock(incoming)
        seen = before.guided if before else None
        if not (isinstance(intake, Dead) and Junk.may_be(intake)) or unstorable:
            self._end_junk(position.place)
        if unstorable:
            self._unstorable(intake, clock)
        elif isinstance(intake, Dead):
            self._dead(intake, clock)
        elif isinstance(intake, Refused):
            self._refused(intake, clock)
        elif isinstance(intake.opened.message, Tick):
            ticked = tick(self._clerk, intake, clock, seen)
            seen = ticked.seen
            for case_id in ticked.released:
                self._go_on(self._work.case(case_id), incoming)
        else:
            self._message(intake, clock)
        if isinstance(intake, Refused | Dead) and intake.is_secret:
            self._work.add_secret(SecretRow(position, note_of(intake)))
            self._tally.secrets.add(position.place)
        if isinstance(incoming.unread, Lost):
            self._clerk.passed(incoming.unread.passed)
        # Whatever was opened meanwhile is looked at anew; so is what a Tick of ours wrote and lost.
        if self._next is not by or isinstance(incoming.unread, Lost):
            seen = None
        after = Progress(position.offset + 1, clock, self._next.rulebook.hash, seen)
        self._work.advance(position.topic, position.partition, after)

    def end(self) -> None:
        """Write down what waited for the records behind it."""
        for place in tuple(self._junk):
            self._end_junk(place)

    def _dead(self, dead: Dead, at: datetime) -> None:
        if dead.is_void:
            return
        if not Junk.may_be(dead):
            self._clerk.dead(dead.incoming, dead.refusal, None, at)
            return
        place = dead.incoming.position.place
        if place in self._junk and not self._junk[place].goes_on_with(dead):
            self._end_junk(place)
        self._junk.setdefault(place, Junk()).add(dead, at)

    def _end_junk(self, place: Place) -> None:
        if place in self._junk:
            for dead, at in self._junk.pop(place).letters():
                self._clerk.dead(dead.incoming, dead.refusal, None, at)

    def _turn_to(self, office: Office) -> None:
        """Take another rulebook's means; the same is in force for the next record, as yet."""
        self._next = office
        if office is not self._clerk.office:
            self._clerk = Clerk(office, self._work, self._tally, self._remembers)

    def _message(self, sound: Sound, at: datetime) -> None:
        message = sound.opened.message
        envelope = message.envelope
        known = self._work.message(envelope.sender, envelope.message_id)
        if known is not None and known.digest == sound.opened.content_digest:
            self._again(known, sound.incoming)
            return
        if known is not None and envelope.sender == BUS:  # it has no inbox: an operator is to look
            self._clerk.dead(sound.incoming, Refusal("message.id_reused"), envelope, at)
            return
        case = self._work.case(envelope.case_id)
        if known is not None or id_taken(case, message):
            self._reject(sound, Refusal("message.id_reused"), at)
            self._work.blobs.note(envelope, lost=True)
            return
        if isinstance(message, RulebookActivated):  # decided by the old one, in force from the next
            self._next = self._shelf.office(message.rulebook)
        # Kept before it is decided, because its copies are made of it; a refused one is dropped.
        self._work.put_original(original_of(sound))
        self._work.blobs.note(envelope)
        facts = facts_of(self._clerk.office, self._work, message, case, at)
        case = self._decide(sound, case, facts, at)
        before, then = self._clerk.office.rulebook.retention, self._next.rulebook.retention
        if then != before:
            ask_anew(self._work, sound.incoming.position, before, then)
        if self._next.rulebook.calendar != self._clerk.office.rulebook.calendar:
            self._turn_to(self._next)
            calendar_changed(self._clerk, sound, at)
        self._go_on(case, sound.incoming)

    def _go_on(self, case: Case | None, now: Incoming) -> None:
        """Decide what waited in the case, one after the other, as long as nothing holds it up."""
        while case is not None and (found := next_waiting(case)) is not None:
            case = self._resume(*found, now)

    def _resume(self, waiting: Waiting, case: Case, now: Incoming) -> Case | None:
        """Decide a message that waited, by a decision of its own at its own received time."""
        self._clerk.put_case(case, now)
        sound = as_it_came(self._clerk.office, self._work, waiting, now.position)
        message = sound.opened.message
        at = waiting.received_at
        facts = facts_of(self._clerk.office, self._work, message, case, at, resumed=True)
        return self._decide(sound, case, facts, at)

    def _decide(self, sound: Sound, case: Case | None, facts: Facts, at: datetime) -> Case | None:
        """Decide and write down; return the case as it is then."""
        message = sound.opened.message
        envelope = message.envelope
        facts, decision = self._clerk.decided(
            sound.incoming, message, envelope.case_id, case, facts, at
        )
        if decision.case is not None and decision.case is not case:
            self._clerk.put_case(decision.case, sound.incoming)
        outcome, code = outcome_of(decision.effects, envelope.message_id)
        note_number(self._work, message, outcome)
        note_marks(self._clerk.office, self._work, message, case, decision.case)
        receipt = self._clerk.sending.carry_out(
            decision, sound.incoming, envelope, at, opened=sound.opened
        )
        if outcome == "rejected":
            self._work.drop_original(envelope.sender, envelope.message_id)
            self._work.blobs.lose_message(envelope)
        decided = decided_of(sound, facts, decision, at)
        # A misrouted message reserves no id; a Tick is told apart by its place in the log.
        if code != "message.misrouted" and not isinstance(message, Tick):
            self._work.put_message(message_row(decided, outcome, code, receipt))
        self._clerk.note(decided, outcome)
        return decision.case

    def _refused(self, refused: Refused, at: datetime) -> None:
        """A form that the law does not know, or a message in the wrong place."""
        envelope = refused.envelope
        known = self._work.message(envelope.sender, envelope.message_id)
        if known is not None and known.digest == refused.digest:
            self._again(known, refused.incoming)
            return
        decided, receipt = self._reject(refused, refused.refusal, at)
        if refused.reserves_id and known is None:
            code = refused.refusal.code
            self._work.put_message(message_row(decided, "rejected", code, receipt))
            self._work.blobs.note(envelope, lost=True)

    def _reject(
        self, intake: Sound | Refused, refusal: Refusal, at: datetime
    ) -> tuple[Decided, ToVouch | None]:
        """Answer with a Rejected that is told apart by the content it refuses."""
        envelope = intake.envelope
        effect = Reject(envelope.message_id, intake.record, envelope.sender, refusal)
        decision = Decision(None, (effect,))
        salt = intake.digest + refusal.code
        receipt = self._clerk.sending.carry_out(decision, intake.incoming, envelope, at, salt=salt)
        decided = decided_of(intake, None, decision, at)
        self._clerk.note(decided, "rejected")
        return decided, receipt

    def _again(self, known: MessageRow, incoming: Incoming) -> None:
        """The same content again gets the first receipt."""
        if known.receipt is not None:
            self._clerk.sending.into_inbox(known.sender, known.case_id, known.receipt, incoming)
        self._tally.messages.append((incoming.position.topic, known.record, "repeated"))

    def _unstorable(self, intake: Intake, at: datetime) -> None:
        """Only what the database is known to take is written: ids, and the case's standstill."""
        if not isinstance(intake, Sound):
            envelope = intake.envelope if isinstance(intake, Refused) else None
            self._clerk.dead(intake.incoming, Refusal(UNSTORABLE), envelope, at)
            return
        message = intake.opened.message
        self._clerk.dead(
            intake.incoming, Refusal(UNSTORABLE), message.envelope, at, is_of_case=True
        )
        stopped = freeze(self._work.case(message.envelope.case_id), message, UNSTORABLE, at)
        if stopped.case is not None:
            self._clerk.put_case(stopped.case, intake.incoming)
        self._clerk.sending.carry_out(stopped, intake.incoming, message.envelope, at)
