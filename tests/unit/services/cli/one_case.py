"""One case, decided by the law itself, message after message, as the exchange would."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import MessageId, derive
from schemas.messages import Message, Routed, Tick
from services.casebook.rows import DecisionRow, MessageRow, Position
from services.casebook.store import open_sqlite
from services.casebook.work import Work
from services.casework.decide import decide
from services.casework.steps import Facts, Waiter
from services.cli.demo_answers import filing_reply, signed_for
from services.cli.demo_scenarios import Scenario, scenarios
from services.cli.demo_setting import Setting
from services.cli.demo_transfers import transfer
from services.cli.trace_story import Document, story
from services.exchange.incoming import Incoming
from services.exchange.notes import Decided, decision_rows, message_row
from services.rulebook.load import bundled, load
from tests.empty_casebook import empty_casebook

if TYPE_CHECKING:
    from services.casework.case import Case

START = datetime(2026, 9, 28, 1, 30, tzinfo=UTC)
SETTING = Setting(load(bundled("demo")), run=1, today=date(2026, 9, 28))
DIRECTORY = SETTING.rulebook.directory


class Bus:
    """The exchange without a bus: one case, decided message after message."""

    def __init__(self) -> None:
        self.case: Case | None = None
        self.rows: list[DecisionRow] = []
        self.messages: list[MessageRow] = []
        self.opening: Message | None = None
        self.at = START

    def send(self, document: dict[str, object], alias: str, minutes: int = 1) -> Message:
        """Decide a document so many minutes after the last."""
        message = self._message(document, alias)
        self.opening = self.opening or message
        self._decide(message, minutes)
        return message

    def tick(self, minutes: int) -> None:
        """Let time pass."""
        envelope = replace(self._first.envelope, message_id=MessageId(derive("tick", str(minutes))))
        tick = Tick(replace(envelope, record="Tick"), topic="leads", partition=0)
        self._decide(tick, minutes)

    @property
    def _first(self) -> Message:
        assert self.opening is not None
        return self.opening

    def _message(self, document: dict[str, object], alias: str) -> Message:
        def targets(_: str) -> tuple[Target, ...]:
            envelope = self._first.envelope
            return (Target(envelope.message_id, envelope.case_id, envelope.flow),)

        raw = json.dumps(document).encode()
        message = read(
            None,
            raw,
            EnvelopeDefaults(
                bus=SETTING.rulebook.bus,
                sender=SETTING.organ(alias).code,
                message_id=MessageId(derive("test", alias, raw.decode())),
                sent_at=START,
                targets=targets,
            ),
        )
        assert not isinstance(message, Refusal), message
        return message

    def _decide(self, message: Message, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        held = self.case is not None and self.case.stop is not None
        first = self.opening
        waiter = Waiter(first, START) if held and isinstance(first, Routed) else None
        facts = Facts(held=waiter)
        decision = decide(self.case, message, facts, SETTING.rulebook, self.at)
        position = Position("leads", 0, len(self.rows))
        decided = Decided(
            incoming=Incoming(position, None, None, self.at),
            record=type(message).__name__,
            envelope=message.envelope,
            digest="0" * 64,
            case_id=message.envelope.case_id,
            facts=facts,
            effects=decision.effects,
            at=self.at,
        )
        self.case = decision.case
        row = decision_rows(decided, SETTING.rulebook.hash)[0]
        self.rows.append(row)
        if not isinstance(message, Tick):
            self.messages.append(message_row(decided, row.outcome, row.code, None))

    def write(self, path: Path) -> None:
        """Put the case into a casebook."""
        casebook = open_sqlite(path) if path.exists() else empty_casebook(path)
        with casebook.engine.begin() as connection:
            work = Work(connection)
            if self.case is not None:
                work.put_case(self.case, "leads", 0)
            for message in self.messages:
                work.put_message(message)
            for decision in self.rows:
                work.add_decision(decision)
            work.flush()
        casebook.close()

    def story(self) -> Document:
        """Tell the case."""
        return story(self.case, self.rows, DIRECTORY)


def scenario(twist: str = "", plan: str = "filed") -> Scenario:
    """Return a scenario of the demo."""
    return next(
        one
        for one in scenarios()
        if one.twist == twist and (twist or (one.plan == plan and one.record == "lead_transfer"))
    )


def filed_case() -> Bus:
    """Return a lead that was signed for and filed."""
    one, bus = scenario(), Bus()
    opening = bus.send(transfer(one, SETTING), one.sender)
    target = opening.envelope.message_id
    bus.send(signed_for(one, SETTING, target, START), one.receiver)
    bus.send(filing_reply(one, SETTING, target, filed=True), one.receiver)
    return bus
