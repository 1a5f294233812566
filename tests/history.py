"""Histories: messages in, effects out. Builders for the tests of the law and of the exchange.

The bodies are the good examples of schemas/examples; the rulebook is the demo's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode, derive
from schemas.load import default_example
from schemas.messages import Message, Tick
from schemas.parts import Envelope, Flow
from services.casework.case import Case
from services.casework.decide import decide, next_waiting
from services.casework.effects import Decision, Effect
from services.casework.steps import Facts, Waiter
from services.rulebook.load import bundled, load
from services.rulebook.model import Rulebook

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 9, 21, 10, 0, tzinfo=SHANGHAI)


@cache
def demo() -> Rulebook:
    """The demo rulebook, read once."""
    return load(bundled("demo"))


def organ(alias: str) -> OrganCode:
    """The code behind an alias of the demo."""
    return next(o.code for o in demo().directory.organs.values() if o.alias == alias)


def merged(base: Any, changes: Any) -> Any:
    """Return a document with changes laid over it; None takes a key away."""
    if not isinstance(base, Mapping) or not isinstance(changes, Mapping):
        return changes
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def officers(sender: OrganCode, count: int = 2) -> list[dict[str, str]]:
    """The first officers that the demo registers for an organ."""
    own = [o for (code, _), o in sorted(demo().directory.officers.items()) if code == sender]
    return [
        {"name": o.name, "organ": o.organ, "certificate": o.certificate} for o in own[:count]
    ]


def message(
    record: str,
    sender: str,
    label: str,
    at: datetime = MONDAY,
    case: Case | None = None,
    **changes: Any,
) -> Message:
    """Return a message of a record, made of its example with changes; `label` makes its id."""
    code = organ(sender)
    document = merged(default_example(record), changes)
    envelope = document.setdefault("envelope", {})
    if "officers" in envelope and "officers" not in changes.get("envelope", {}):
        envelope["officers"] = officers(code)
    if case is not None and "in_reply_to" not in changes.get("envelope", {}):
        envelope["in_reply_to"] = case.opening
    defaults = EnvelopeDefaults(
        bus=demo().bus,
        sender=code,
        message_id=MessageId(derive("test", label)),
        sent_at=at,
        targets=lambda text: (_target(text, case),) if case else (),
    )
    found = read(record, json.dumps(document, ensure_ascii=False).encode(), defaults)
    assert not isinstance(found, Refusal), found
    return found


@dataclass(slots=True)
class History:
    """One case: messages in, effects out. Time moves on by a minute with each message."""

    rulebook: Rulebook = field(default_factory=demo)
    at: datetime = MONDAY
    case: Case | None = None
    count: int = 0
    sent: dict[MessageId, Message] = field(default_factory=dict)

    def send(self, record: str, sender: str, **changes: Any) -> tuple[Effect, ...]:
        """Decide one message in the case and return its effects."""
        self.count += 1
        self.at += timedelta(minutes=1)
        label = f"{record}-{self.count}"
        return self.decide(message(record, sender, label, self.at, self.case, **changes))

    def decide(self, sent: Message, facts: Facts | None = None) -> tuple[Effect, ...]:
        """Decide a message, then what waited, as the exchange does."""
        self.sent[sent.envelope.message_id] = sent
        decision = decide(self.case, sent, facts or self._facts(), self.rulebook, self.at)
        self.case = decision.case
        effects = list(decision.effects)
        while self.case is not None and (found := next_waiting(self.case)):
            waiting, rest = found
            again = decide(
                rest,
                self.sent[waiting.message],
                Facts(resumed=True),
                self.rulebook,
                waiting.received_at,
            )
            self.case = again.case
            effects += again.effects
        return tuple(effects)

    def tick(self, at: datetime) -> tuple[Effect, ...]:
        """Let time come to `at`."""
        self.at = at
        envelope = Envelope(
            bus=self.rulebook.bus,
            message_id=MessageId(derive("tick", at.isoformat())),
            case_id=self.opened.id,
            flow=Flow.LEADS,
            record="Tick",
            sender=organ("liuzhi-sfj"),
            sent_at=at,
        )
        return self.decide(Tick(envelope, "leads", 0))

    @property
    def opened(self) -> Case:
        """The case, which there must be."""
        assert self.case is not None
        return self.case

    def _facts(self) -> Facts:
        if self.case is None or self.case.opening not in self.sent:
            return Facts()
        return Facts(held=Waiter(self.sent[self.case.opening], self.case.opened_at))


def named(effects: tuple[Effect, ...]) -> list[str]:
    """The names of effects, in order."""
    return [type(effect).__name__ for effect in effects]


def _target(text: str, case: Case) -> Target:
    return Target(MessageId(text), case.id, case.flow)
