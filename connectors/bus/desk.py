"""The connector's work with the agency's system and the ledger: everything but the broker.

One thread does all of it (connector.py), so nothing here happens at the same time.

Out. 1 the system takes a source (a rename, a status) · 2 sealed and put into the spool, one
transaction · 3 published, acknowledged · 4 noted in the ledger · 5 shown at the source · later
6 the bus's receipt noted · 7 shown at the source. A crash
  after 1: the first `collect` of the next life gives the source again;
  after 2: the same, but its id is known: it is not sealed again, and the spool is published;
  after 3: published again as the same bytes; the exchange drops the second by its id;
  after 4: the bytes are kept until 6, and go out again if the log loses them (look_back.py);
  after 4 or 6: `show` finds the row whose source does not show its state, and repeats 5 or 7,
  which are renames and updates that do nothing twice. What is refused before 2 is nowhere but at
  its source: taken again it is refused again. So is what the secrecy gate refuses, in a folder
  before 1 already: nothing here ever keeps a byte of it.

In. 1 read from the inbox, and noted as arriving: what the agency can see it can answer · 2 in the
agency's system, with that system's own memory of what it was given (System.deliver) · 3 in the
ledger, and Delivered in the spool, one transaction · 4 offset committed. A crash before 4 reads it
again, and then 2 or 3 know it by its sender and id: the agency gets it once, also when it has moved
the file or deleted the row. Delivered carries the time that 2 has kept: a repeat is the same
message. Values are handled in the order of the inbox, and so of a case.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from connectors.bus import clock, metrics
from connectors.bus.agency import Agency
from connectors.bus.allowance import Allowance
from connectors.bus.file_desk import FileDesk
from connectors.bus.ledger import Ledger, Outgoing
from connectors.bus.look_back import LostDesk
from connectors.bus.outgoing import delivered, prepare, reason, reason_of_the_bus
from connectors.bus.quarantine import Quarantine, Record
from connectors.bus.reseal import reseal_spool
from connectors.bus.spool import Spool, Spooled
from connectors.bus.system import Arrival, Mark, Notice, Source, State, System, Unfit
from connectors.bus.unanswered import LiesAt
from schemas.errors import Refusal
from schemas.ids import BUS, CaseId, MessageId, MessageKey
from schemas.messages import Accepted, Held, Message, Rejected
from schemas.render import to_document
from schemas.topics import RECORDS

SOURCES_MAX: Final = 200  # taken from the agency at once
MARKS_MAX: Final = 500  # shown at once
LOG: Final = logging.getLogger("yichuan.connector")

_ANSWERS: Final = {Accepted: State.ACCEPTED, Held: State.HELD, Rejected: State.REJECTED}


class _Answer(NamedTuple):
    """What the bus said of a message that was sealed here."""

    message: Message
    about: MessageId
    state: State
    notice: Notice


class Desk:
    """One agency's system, ledger and quarantine, opened."""

    def __init__(self, agency: Agency, system: System) -> None:
        self._agency, self._system = agency, system
        self._ledger = Ledger(agency.folder / "ledger.sqlite")
        self.spool = Spool(self._ledger, Allowance(agency.letters_per_second), agency.may_send)
        self.inbox = self._ledger.inbox
        self._quarantine = Quarantine(agency.folder / "quarantine")
        self._taken: tuple[Source | Unfit, ...] = ()  # collected, not in the ledger yet
        self._unshown: list[Mark] = []
        self.files = FileDesk(agency, system, self._ledger)
        self.lost = LostDesk(agency, self._ledger)

    def open(self) -> None:
        """Open the system, finish what an earlier life began, try the quarantine again."""
        self._system.open()
        reseal_spool(self._ledger, self._agency)
        self.files.open()
        self.take_out()
        self.show()
        for kept in self._quarantine.batches():
            refused = self.take_in(kept)
            for record in (each for each in kept if each.offset not in refused):
                self._quarantine.release(record)
        self._count_kept()

    def close(self) -> None:
        """Close what was opened."""
        self._system.close()
        self._ledger.close()

    def take_out(self) -> int:
        """Take what the agency wants to send, seal and spool it, unless that is full; how many."""
        self._show([])
        if not (self._taken or self.spool.is_full() or self.files.is_full()):
            self._taken = self._system.collect(SOURCES_MAX)
        taken = len(self._taken)
        marks: list[Mark] = []
        if things := self.files.stage(self._taken):
            with self._ledger.transaction():
                marks = [mark for thing in things if (mark := self._sealed(thing))]
        self.files.sealed()
        self._taken = ()
        self._show(marks)
        metrics.CONNECTOR_READ.labels(self._agency.alias).inc(taken)
        return taken

    def waiting(self, cases_max: int, but: Iterable[CaseId] = ()) -> tuple[Spooled, ...]:
        """Return what may be published now: the first of each case, within the allowance."""
        return self.spool.heads(cases_max, but, clock.monotonic())

    def published(self, written: Mapping[MessageId, LiesAt]) -> None:
        """Note what the broker acknowledged, and where it lies there; show it."""
        with self._ledger.transaction():
            self.spool.published(written, clock.monotonic(), clock.now())
        metrics.CONNECTOR_SENT.labels(self._agency.alias).inc(len(written))
        self.show()

    def kept(self) -> int:
        """Return how many inbox values are in the quarantine."""
        return self._quarantine.count()

    def take_in(self, records: Sequence[Record]) -> frozenset[int]:
        """Deal with values of the inbox, in order; return the offsets that went to quarantine."""
        arrivals, refused = dict[MessageKey, Arrival](), dict[int, Refusal]()
        answers: list[_Answer] = []
        for record in records:
            message = self._opened(record)
            if isinstance(message, Refusal):
                refused[record.offset] = message
            elif not self._ledger.arrivals.has(message.envelope.key):
                answer = self._answer(message, answers)
                if answer is None:
                    arrival = self._ledger.arrivals.arrival(record.offset, message)
                    arrivals.setdefault(arrival.key, arrival)
                else:
                    answers.append(answer)
        self._ledger.arrivals.expect(arrival.message for arrival in arrivals.values())
        arrived = self._system.deliver(tuple(arrivals.values())) if arrivals else None
        with self._ledger.transaction():
            for arrival in arrivals.values():
                if arrived is not None and arrival.key in arrived.at:
                    self._note(arrival, arrived.at[arrival.key])
                elif arrived is not None:
                    refused[arrival.offset] = arrived.refused[arrival.key]
                    self._ledger.arrivals.refused(arrival.key)
            for answer in answers:
                self._ledger.settled(answer.about, answer.state, answer.notice)
                self.spool.answered(answer.about)
                self._ledger.arrivals.got(answer.message, clock.now())
        self._keep(records, refused)
        if answers:
            self.show()
        return frozenset(refused)

    def show(self) -> None:
        """Show at each source how far it is, where it does not show that yet."""
        while rows := self._ledger.unmarked(MARKS_MAX):
            self._show([row.mark() for row in rows])

    def _sealed(self, thing: Source | Unfit) -> Mark | None:
        at = clock.now()
        if isinstance(thing, Unfit):
            return replace(self._refused(thing, thing.refusal, at), stays=thing.stays)
        found = prepare(thing, self._agency, self._ledger, at, self.files.of(thing))
        if isinstance(found, Refusal):
            return self._refused(thing, found, at)
        if isinstance(found, Outgoing):
            self._ledger.put_in_spool(found, at)
            return None
        if found.state is State.SPOOLED:
            return None
        return Mark(
            thing.place, thing.digest, found.state, found.message_id, found.case_id, found.notice
        )

    def _refused(self, thing: Source | Unfit, refusal: Refusal, at: datetime) -> Mark:
        metrics.CONNECTOR_REFUSED.labels(self._agency.alias, refusal.code).inc()
        LOG.info("refused %s", refusal.code)
        return Mark(thing.place, thing.digest, State.REJECTED, notice=reason(refusal, at))

    def _opened(self, record: Record) -> Message | Refusal:
        at = datetime.fromtimestamp(record.timestamp_ms / 1000, tz=UTC)
        opened = self._agency.keyring.open(record.value, at)
        if isinstance(opened, Refusal):
            return opened
        envelope = opened.message.envelope
        # What the bus says to one organ names it; what it writes into a case is delivered, as
        # everybody's message is.
        said = envelope.sender == BUS and not RECORDS[type(opened.message).__name__].on_flows
        to_us = (
            envelope.addressees == (self._agency.organ,)
            if said
            else envelope.delivery is not None and envelope.delivery.to == self._agency.organ
        )
        return opened.message if to_us else Refusal("inbox.not_ours", where="envelope")

    def _answer(self, message: Message, before: Sequence[_Answer]) -> _Answer | None:
        """Return the bus's word on a message of ours; None for what the agency should get.

        `before` are the words that are not in the ledger yet.
        """
        about = message.envelope.in_reply_to
        state = _ANSWERS.get(type(message))
        sent = self._ledger.sent(about) if state is not None and about is not None else None
        case_id = message.envelope.case_id  # the supervisor hears of another's with an id of ours
        if state is None or about is None or sent is None or sent.case_id != case_id:
            return None
        known = [sent.state, *(answer.state for answer in before if answer.about == about)]
        if known[-1] is State.ACCEPTED and state is State.REJECTED:
            return None  # about another content under its id: what was accepted stands
        if isinstance(message, Rejected):
            metrics.CONNECTOR_REFUSED.labels(self._agency.alias, message.code).inc()
            LOG.info("rejected %s %s", message.code, about)
            return _Answer(message, about, state, reason_of_the_bus(message))
        return _Answer(message, about, state, to_document(message))

    def _note(self, arrival: Arrival, at: datetime) -> None:
        message = arrival.message
        self._ledger.arrivals.got(message, at)
        receipt = delivered(message, at, self._agency)
        files = self._ledger.transfers.to_download(message, arrival.offset)
        if receipt is not None and not files:
            self._ledger.put_in_spool(receipt, at)
        metrics.CONNECTOR_DELIVERED.labels(self._agency.alias).inc()

    def _keep(self, records: Sequence[Record], refused: dict[int, Refusal]) -> None:
        for record in (each for each in records if each.offset in refused):
            refusal = refused[record.offset]
            LOG.error("quarantined %s at %d", refusal.code, record.offset)
            self._quarantine.put(record, refusal, clock.now())
        if refused:
            self._count_kept()

    def _count_kept(self) -> None:
        metrics.CONNECTOR_QUARANTINED.labels(self._agency.alias).set(self._quarantine.count())

    def _show(self, marks: Sequence[Mark]) -> None:
        """Show marks, those first that could not be shown before."""
        self._unshown.extend(marks)
        if self._unshown:
            self._system.mark(self._unshown)
            with self._ledger.transaction():
                self._ledger.marked(mark for mark in self._unshown if mark.message_id is not None)
            self._unshown.clear()
