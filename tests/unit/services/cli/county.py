"""A county without a bus: the agencies' systems of the demo and the law, in memory."""

import json
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from schemas.checks import lawful_form
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId, OrganCode, derive
from schemas.messages import Message, Routed, Tick
from schemas.parts import Delivery, Envelope, Flow
from schemas.render import to_document
from services.casework.case import Case, State
from services.casework.decide import decide
from services.casework.effects import Accept, Deliver, Effect, Hold, Reject, Write
from services.casework.say import About, say
from services.casework.steps import Facts, Waiter
from services.cli.demo_events import Answered, Arrived, Drop
from services.cli.demo_play import Play
from services.cli.demo_scenarios import AGENCIES
from services.cli.demo_setting import Setting
from services.rulebook.load import bundled, load

RULEBOOK = load(bundled("demo"))
START = datetime(2026, 9, 28, 1, 30, tzinfo=UTC)
STEPS_MAX = 8_000


@dataclass
class Bus:
    """The law over many cases, and each agency's connector, as far as a play can tell."""

    at: datetime = START
    cases: dict[CaseId, Case] = field(default_factory=dict)
    messages: dict[MessageId, Message] = field(default_factory=dict)
    names: dict[MessageId, tuple[str, str]] = field(default_factory=dict)
    numbers: dict[tuple[OrganCode, str], MessageId] = field(default_factory=dict)
    got: set[tuple[str, MessageId]] = field(default_factory=set)
    events: deque[Arrived | Answered] = field(default_factory=deque)

    def take(self, drop: Drop) -> None:
        """What a connector and the exchange do with a document."""
        self.at += timedelta(milliseconds=100)
        raw = json.dumps(drop.document).encode()
        message_id = MessageId(derive(drop.alias, drop.name, raw.decode()))
        defaults = EnvelopeDefaults(
            bus=RULEBOOK.bus,
            sender=self._organ(drop.alias),
            message_id=message_id,
            sent_at=self.at,
            targets=lambda named: self._targets(named, drop.alias),
        )
        message = read(None, raw, defaults)
        refusal = message if isinstance(message, Refusal) else lawful_form(message)
        if refusal is not None:
            self.events.append(
                Answered(drop.alias, drop.name, "rejected", refusal.code, None, None)
            )
            return
        assert not isinstance(message, Refusal)
        self.names[message_id] = (drop.alias, drop.name)
        self._decide(message)

    def tick(self, minutes: int) -> None:
        """Let time pass in every case."""
        self.at += timedelta(minutes=minutes)
        for case in tuple(self.cases.values()):
            opening = self.messages[case.opening].envelope
            envelope = replace(opening, message_id=MessageId(derive("tick")), record="Tick")
            decision = decide(case, Tick(envelope, "leads", 0), Facts(), RULEBOOK, self.at)
            assert decision.case is not None
            self.cases[case.id] = decision.case
            self._carry_out(decision.effects, envelope)

    def _decide(self, message: Message) -> None:
        envelope = message.envelope
        if envelope.message_id in self.messages:  # what the bus wrote before
            return
        case = self.cases.get(envelope.case_id)
        opening = self.messages.get(case.opening) if case else None
        held = case is not None and case.state is State.HELD
        number = (envelope.sender, envelope.document_number or "")
        facts = Facts(
            number_taken=number in self.numbers,
            held=Waiter(opening, START) if held and isinstance(opening, Routed) else None,
        )
        decision = decide(case, message, facts, RULEBOOK, self.at)
        if decision.case is not None:
            self.cases[envelope.case_id] = decision.case
        if not any(isinstance(effect, Reject) for effect in decision.effects):
            self.messages[envelope.message_id] = message
            if envelope.document_number:
                self.numbers[number] = envelope.message_id
        self._carry_out(decision.effects, envelope)

    def _carry_out(self, effects: tuple[Effect, ...], cause: Envelope) -> None:
        for effect in effects:
            if isinstance(effect, Deliver):
                message = self.messages[effect.message]
                delivery = Delivery(effect.to, effect.relation, effect.rule, self.at)
                copy = replace(message, envelope=replace(message.envelope, delivery=delivery))
                self._arrive(effect.to, copy)
            if isinstance(effect, Write):
                self._decide(effect.record)
            about = About(cause.case_id, cause.flow)
            for said in say(effect, about, RULEBOOK, self.at):
                if not isinstance(effect, Accept | Hold | Reject):
                    self._arrive(said.to, said.message)
                elif self._is_sender(said.to, effect.message):
                    self._answer(effect)
                else:
                    self._arrive(said.to, said.message)

    def _is_sender(self, organ: OrganCode, message: MessageId) -> bool:
        return message in self.names and self._organ(self.names[message][0]) == organ

    def _answer(self, effect: Accept | Hold | Reject) -> None:
        alias, name = self.names[effect.message]
        state = {Accept: "accepted", Hold: "held", Reject: "rejected"}[type(effect)]
        code = effect.refusal.code if isinstance(effect, Reject) else None
        message = self.messages.get(effect.message)
        case_id = message.envelope.case_id if message else None
        self.events.append(Answered(alias, name, state, code, effect.message, case_id))

    def _arrive(self, to: OrganCode, message: Message) -> None:
        alias = RULEBOOK.directory.organs[to].alias
        self.got.add((alias, message.envelope.message_id))
        if alias in AGENCIES:
            self.events.append(Arrived(alias, to_document(message)))

    def _organ(self, alias: str) -> OrganCode:
        return RULEBOOK.directory.by_text[alias][0].code

    def _targets(self, named: str, alias: str) -> tuple[Target, ...]:
        """What a connector's ledger knows: what it sent, and what was written for its organ."""
        return tuple(
            Target(envelope.message_id, envelope.case_id, Flow(envelope.flow))
            for envelope in (message.envelope for message in self.messages.values())
            if named in (envelope.message_id, envelope.document_number)
            and (envelope.sender == self._organ(alias) or (alias, envelope.message_id) in self.got)
        )


def performed(bus: Bus, run: int = 1) -> Play:
    """Play a run to its end."""
    play = Play(Setting(RULEBOOK, run, date(2026, 9, 28)))
    drops = deque(play.opening())
    for _ in range(STEPS_MAX):
        if drops:
            bus.take(drops.popleft())
        elif bus.events:
            drops.extend(play.react(bus.events.popleft(), bus.at))
        elif play.unfinished() and play.warned_at is None:
            bus.tick(minutes=2)
        else:
            break
    return play
