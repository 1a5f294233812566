"""What is done for every record alike: decide, write down, count."""

from contextlib import suppress
from datetime import datetime

from schemas.errors import Refusal
from schemas.ids import CaseId
from schemas.messages import Message
from schemas.parts import Envelope
from services.casebook.work import Work
from services.casework.case import Case
from services.casework.decide import decide
from services.casework.effects import Decision, FireRung
from services.casework.standstill import freeze
from services.casework.steps import Facts
from services.exchange.intake import Incoming
from services.exchange.notes import DEFECT, Decided, decision_rows
from services.exchange.office import Office
from services.exchange.recorded import Remembers
from services.exchange.sending import Sending
from services.exchange.tally import Tally


class Clerk:
    """Decides by one rulebook, on the Work of a transaction."""

    def __init__(self, office: Office, work: Work, tally: Tally, remembers: Remembers) -> None:
        self.office, self.work = office, work
        self.sending = Sending(office, work)
        self.tally = tally
        self._remembers = remembers

    def decided(
        self,
        incoming: Incoming,
        message: Message,
        case_id: CaseId,
        case: Case | None,
        facts: Facts,
        at: datetime,
    ) -> tuple[Facts, Decision]:
        """Decide; in a replay by the facts of then, and failing where it failed then."""
        envelope = message.envelope
        said = self._remembers(incoming.position, envelope.message_id, case_id, facts.resumed)
        facts = said.over(facts)
        with suppress(Exception):  # a defect of the rules stops one case, not the bus
            if not said.has_failed:
                return facts, decide(case, message, facts, self.office.rulebook, at)
        self.dead(incoming, Refusal(DEFECT), envelope, at)
        return facts, freeze(case, message, DEFECT, at)

    def dead(
        self, incoming: Incoming, refusal: Refusal, envelope: Envelope | None, at: datetime
    ) -> None:
        """Write a dead letter, and count it."""
        self.sending.dead(incoming, refusal, envelope, at)
        self.tally.dead.append(refusal.code)

    def put_case(self, case: Case, incoming: Incoming) -> None:
        """Write the case as it is now."""
        # Its own flow, wherever the message lay; the partition follows from the case id alone.
        self.work.put_case(case, case.flow, incoming.position.partition)

    def note(self, decided: Decided, outcome: str | None = None) -> None:
        """Write the decision down, and count it; a Tick is counted once, not for each case."""
        row, published = decision_rows(decided, self.office.rulebook.hash)
        self.work.add_decision(row)
        self.work.add_outbox(published)
        if outcome is not None:
            flow = decided.incoming.position.topic
            self.tally.messages.append((flow, decided.record, outcome))
        self.tally.rungs.extend(
            (effect.duty.kind, effect.rung)
            for effect in decided.effects
            if isinstance(effect, FireRung)
        )
