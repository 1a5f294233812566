"""What is done for every record alike: decide, write down, count."""

import logging
from datetime import datetime
from typing import Final

from schemas.errors import Refusal
from schemas.ids import CaseId
from schemas.messages import Message
from schemas.parts import Envelope
from services.casebook.work import Work
from services.casework.case import Case
from services.casework.decide import decide
from services.casework.effects import Decision
from services.casework.retention import rest_of
from services.casework.standstill import freeze
from services.casework.steps import Facts
from services.exchange.defects import where_of
from services.exchange.gap import Passed, rows_of
from services.exchange.incoming import Incoming
from services.exchange.intake import Sound
from services.exchange.notes import DEFECT, Decided, decision_rows
from services.exchange.office import Office
from services.exchange.recorded import Remembers
from services.exchange.sending import Sending
from services.exchange.tally import Tally

LOG: Final = logging.getLogger("yichuan.exchange")


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
        refusal = Refusal(DEFECT)
        if not said.has_failed:
            try:
                return facts, decide(case, message, facts, self.office.rulebook, at)
            except Exception as error:  # noqa: BLE001 - a defect of the rules stops one case, not the bus
                refusal = Refusal(DEFECT, where_of(error), type(error).__name__)
                LOG.error("%s %s: %s at %s", DEFECT, case_id, refusal.detail, refusal.where)  # noqa: TRY400 - its text may hold a value
        self.dead(incoming, refusal, envelope, at, is_of_case=True)
        return facts, freeze(case, message, DEFECT, at)

    def clock(self, incoming: Incoming) -> datetime:
        """Return the partition's time at a record: the latest that any up to it was stamped."""
        before = self.work.progress(incoming.position.topic, incoming.position.partition)
        return max(before.clock, incoming.stamped_at) if before else incoming.stamped_at

    def has_unsent(self, tick: Sound, case_id: CaseId) -> bool:
        """Whether something of the case still waits in the outbox; in a replay: whether it did."""
        position, message = tick.incoming.position, tick.envelope.message_id
        waited = self._remembers(position, message, case_id, Facts().resumed).has_unsent
        return self.work.expiry.has_unsent(case_id) if waited is None else waited

    def dead(
        self,
        incoming: Incoming,
        refusal: Refusal,
        envelope: Envelope | None,
        at: datetime,
        *,
        is_of_case: bool = False,
    ) -> None:
        """Write a dead letter, and count it. `is_of_case`: its case stands still because of it."""
        self.sending.dead(incoming, refusal, envelope, at, is_of_case=is_of_case)
        self.tally.dead.append(refusal.code)

    def passed(self, passed: Passed) -> None:
        """Write down who goes on behind a gap."""
        row, published = rows_of(passed, self.office.rulebook.hash)
        self.work.add_decision(row)
        self.work.add_outbox(published)

    def put_case(self, case: Case, incoming: Incoming) -> None:
        """Write the case as it is now."""
        # Its own flow, wherever the message lay; the partition follows from the case id alone.
        rest = rest_of(case, self.office.rulebook.retention, self.clock(incoming))
        self.work.put_case(case, case.flow, incoming.position.partition, rest)

    def note(self, decided: Decided, outcome: str | None = None) -> None:
        """Write the decision down, and count it; a Tick is counted once, not for each case."""
        row, published = decision_rows(decided, self.office.rulebook.hash)
        self.work.add_decision(row)
        self.work.add_outbox(published)
        if outcome is not None:
            flow = decided.incoming.position.topic
            self.tally.messages.append((flow, decided.record, outcome))
