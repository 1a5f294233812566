"""Histories: messages in, effects out. Builders for the tests of the law and of the exchange.

The bodies are the good examples of schemas/examples; the rulebook is the demo's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from schemas.describe import describe
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import BUS, CaseId, MessageId, OrganCode, derive
from schemas.load import default_example
from schemas.messages import (
    CaseSettled,
    Correction,
    Message,
    Routed,
    RoutingAssignment,
    SettleAction,
    Tick,
)
from schemas.parts import Envelope, Flow, Relation
from schemas.topics import BY_SNAKE, Author
from services.casework.case import Case, Duty, Life, State
from services.casework.decide import decide
from services.casework.effects import CloseDuty, Deliver, Effect, OpenDuty, Reject
from services.casework.standstill import freeze, next_waiting
from services.casework.steps import Facts, Waiter
from services.rulebook.load import bundled, load
from services.rulebook.model import Rulebook

E = TypeVar("E", bound=Effect)

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The default lead: a township's, of a matter that the county's department kept.
SENDER, HANDLER, STRANGER, SUPERVISOR = "yanjiao", "liuzhi-cgj", "mugang", "liuzhi-sfj"
PARTICIPANT = "liuzhi-scjg"  # of the default joint plan, besides its author
SUPERIOR = "liuzhi-gov"  # of both, in common
NOBODYS = "CG-013"  # the organ's designation for this matter has run out
MONDAY = datetime(2026, 9, 21, 10, 0, tzinfo=SHANGHAI)


@cache
def demo() -> Rulebook:
    """The demo rulebook, read once."""
    return load(bundled("demo"))


@cache
def fields_of(record: str) -> frozenset[str]:
    """What a refusal of such a message may point at."""
    return frozenset(each.path for each in describe(record).paths)


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
    return [{"name": o.name, "organ": o.organ, "certificate": o.certificate} for o in own[:count]]


def message(
    record: str,
    sender: str,
    label: str,
    at: datetime = MONDAY,
    case: Case | None = None,
    **changes: Any,
) -> Message:
    """Return a message of a record, made of its example with changes; `label` makes its id."""
    code = BUS if BY_SNAKE[record].author is Author.BUS else organ(sender)
    document = merged(default_example(record), changes)
    envelope = document.setdefault("envelope", {})
    if "officers" in envelope and "officers" not in changes.get("envelope", {}):
        envelope["officers"] = officers(code)
    if case is not None and "in_reply_to" not in changes.get("envelope", {}):
        envelope["in_reply_to"] = _answered(record, case)
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
    """One case: messages in, effects out. Time moves on by a minute with each message.

    A refusal that points at a field must point at one that a message of the case has.
    """

    rulebook: Rulebook = field(default_factory=demo)
    at: datetime = MONDAY
    case: Case | None = None
    count: int = 0
    notice: CaseId | None = None  # that of a notice which a transfer is made of
    sent: dict[MessageId, Message] = field(default_factory=dict)

    def send(self, record: str, sender: str, **changes: Any) -> tuple[Effect, ...]:
        """Decide one message in the case and return its effects."""
        return self.decide(self.next(record, sender, **changes))

    def decide(self, sent: Message, facts: Facts | None = None) -> tuple[Effect, ...]:
        """Decide a message, then what waited, as the exchange does."""
        self.sent[sent.envelope.message_id] = sent
        facts = facts or self._facts(sent)
        decision = decide(self.case, sent, facts, self.rulebook, self.at)
        self.case = decision.case
        effects = list(decision.effects)
        while self.case is not None and (found := next_waiting(self.case)):
            waiting, rest = found
            waited = self.sent[waiting.message]
            self.case = rest
            facts = replace(self._facts(waited), resumed=True)
            again = decide(rest, waited, facts, self.rulebook, waiting.received_at)
            self.case = again.case
            effects += again.effects
        for effect in effects:
            if isinstance(effect, Reject) and effect.refusal.where is not None:
                where = re.sub(r"\d+", "", effect.refusal.where).removesuffix("[]")
                assert any(where in fields_of(each.envelope.record) for each in self.sent.values())
        return tuple(effects)

    def freeze(self, sent: Message, code: str = "case.defect") -> tuple[Effect, ...]:
        """Let the decision of a message fail, as a defect of the rules would."""
        self.sent[sent.envelope.message_id] = sent
        decision = freeze(self.case, sent, code, self.at)
        self.case = decision.case
        return decision.effects

    def next(self, record: str, sender: str, **changes: Any) -> Message:
        """Return the next message of the case, a minute later, not yet decided."""
        self.count += 1
        self.at += timedelta(minutes=1)
        return message(record, sender, f"{record}-{self.count}", self.at, self.case, **changes)

    def tick(self, at: datetime) -> tuple[Effect, ...]:
        """Let time come to `at`."""
        self.at = at
        return self.decide(Tick(self._of_the_bus("Tick"), "leads", 0))

    def settle(self, action: SettleAction, about: MessageId | None = None) -> tuple[Effect, ...]:
        """Let an operator settle the frozen case, of the message that froze it or another."""
        self.at += timedelta(minutes=1)
        stop = self.case.stop if self.case else None
        target = about or (stop.message if stop else None)
        envelope = replace(self._of_the_bus("CaseSettled"), in_reply_to=target)
        return self.decide(CaseSettled(envelope, action, "缺陷已修复"))

    @property
    def opened(self) -> Case:
        """The case, which there must be."""
        assert self.case is not None
        return self.case

    def _facts(self, sent: Message) -> Facts:
        case = self.case
        releases = isinstance(sent, Correction | RoutingAssignment)
        if case is None or case.state is not State.HELD or not releases:
            return Facts(notice=self.notice)
        opening = self.sent[case.opening]
        assert isinstance(opening, Routed)
        return Facts(held=Waiter(opening, case.opened_at))

    def _of_the_bus(self, record: str) -> Envelope:
        """An envelope as the bus fills it, about this case where there is one."""
        label = f"{record}-{self.at.isoformat()}"
        return Envelope(
            bus=self.rulebook.bus,
            message_id=MessageId(derive("test", label)),
            case_id=self.case.id if self.case else CaseId(derive("test", "no case")),
            flow=self.case.flow if self.case else Flow.LEADS,
            record=record,
            sender=BUS,
            sent_at=self.at,
        )


def named(effects: tuple[Effect, ...]) -> list[str]:
    """The names of effects, in order."""
    return [type(effect).__name__ for effect in effects]


def violation(number: int = 1, **changes: Any) -> dict[str, Any]:
    """The violation of the default lead, with changes."""
    document = default_example("lead_transfer")["violations"][0]
    return {**document, "number": number, **changes}


def filed(number: int = 1) -> dict[str, Any]:
    """The answer to one violation: filed."""
    answer: dict[str, Any] = default_example("filing_reply")["answers"][0]
    return {**answer, "number": number}


def not_filed(number: int = 1) -> dict[str, Any]:
    """The answer to one violation: not filed, with reasons."""
    return {"number": number, "filed": False, "ground": "no_facts", "reasons": "经核查不成立"}


def held_lead(history: History) -> tuple[Effect, ...]:
    """Open the history with a lead for which nobody is competent."""
    return history.send("lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])


def in_state(state: State, life: Life = Life.TRANSFER) -> History:
    """A history that has come to the state by lawful messages."""
    history = History()
    record, sender, _ = PARTS[life]
    if state is State.NEW:
        history.freeze(history.next(record, sender))
        history.settle(SettleAction.DISCARD)
    elif state is State.HELD:
        held(history, life)
    else:
        for said, by, changes in _WAYS[life, state]:
            history.send(said, by, **changes)
    assert history.opened.state is state
    return history


def held(history: History, life: Life = Life.TRANSFER) -> tuple[Effect, ...]:
    """Open the history with a message for which nobody is competent."""
    if life is Life.TRANSFER:
        return held_lead(history)
    return history.send("violation_notice", SENDER, violation=violation(matter=NOBODYS))


# What opens a case of each life: record, sender, and who is to answer.
PARTS = {
    Life.TRANSFER: ("lead_transfer", SENDER, HANDLER),
    Life.NOTICE: ("violation_notice", SENDER, HANDLER),
    Life.COPY: ("copy", HANDLER, SENDER),
    Life.INFORMATION: ("information_request", HANDLER, SENDER),
    Life.ASSISTANCE: ("assistance_request", SENDER, HANDLER),
    Life.JOINT: ("joint_plan", SENDER, PARTICIPANT),
    Life.CONSULTATION: ("consultation", SENDER, HANDLER),
    Life.GUIDANCE_YEAR: ("guidance_year_opened", SENDER, HANDLER),  # by the bus
}
_Way = list[tuple[str, str, dict[str, Any]]]
_ISSUED: dict[Life, _Way] = {life: [(record, by, {})] for life, (record, by, _) in PARTS.items()}
_RECEIVED: dict[Life, _Way] = {
    life: [*_ISSUED[life], ("signed_for", by, {})] for life, (_, _, by) in PARTS.items()
}
_FILED: _Way = [*_RECEIVED[Life.TRANSFER], ("filing_reply", HANDLER, {})]
FAILED = {"agreed": False, "handler": None, "handles_from": None}  # 协商不成
_DISPUTED: _Way = [*_RECEIVED[Life.TRANSFER], ("objection", HANDLER, {})]
_REFERRED: _Way = [*_DISPUTED, ("negotiation_result", HANDLER, FAILED)]
_DESIGNATED: _Way = [
    *_REFERRED,
    ("designation_request", HANDLER, {}),
    ("designation", SUPERIOR, {"designee": organ(HANDLER)}),
]
_WAYS: dict[tuple[Life, State], _Way] = {
    (Life.TRANSFER, State.DISPUTED): _DISPUTED,
    (Life.TRANSFER, State.REFERRED): _REFERRED,
    (Life.TRANSFER, State.DESIGNATED): _DESIGNATED,
    **{(life, State.ISSUED): way for life, way in _ISSUED.items()},
    **{(life, State.RECEIVED): way for life, way in _RECEIVED.items()},
    **{
        (life, State.WITHDRAWN): [*_ISSUED[life], ("withdrawal", by, {})]
        for life, (_, by, _) in PARTS.items()
    },
    (Life.TRANSFER, State.FILED): _FILED,
    (Life.TRANSFER, State.DECLINED): [
        *_RECEIVED[Life.TRANSFER],
        ("filing_reply", HANDLER, {"answers": [not_filed()]}),
    ],
    (Life.TRANSFER, State.CLOSED): [*_FILED, ("outcome_feedback", HANDLER, {})],
    (Life.NOTICE, State.HANDLED): [
        *_RECEIVED[Life.NOTICE],
        ("handling_feedback", HANDLER, {}),
    ],
    (Life.COPY, State.SENT): _ISSUED[Life.COPY],
    (Life.JOINT, State.SENT): _ISSUED[Life.JOINT],
    (Life.JOINT, State.DECLINED): [
        ("joint_plan", SENDER, {"county_decision_requested": True}),
        ("joint_plan_decision", SUPERIOR, {"approved": False, "reasons": "时机不宜"}),
    ],
    (Life.CONSULTATION, State.SENT): _ISSUED[Life.CONSULTATION],
    (Life.GUIDANCE_YEAR, State.OWED): _ISSUED[Life.GUIDANCE_YEAR],
    (Life.GUIDANCE_YEAR, State.GUIDED): [
        *_ISSUED[Life.GUIDANCE_YEAR],
        ("linked_effect", HANDLER, {"kind": "guidance_given"}),
    ],
    (Life.INFORMATION, State.ANSWERED): [
        *_RECEIVED[Life.INFORMATION],
        ("information_reply", SENDER, {}),
    ],
    (Life.ASSISTANCE, State.ANSWERED): [
        *_RECEIVED[Life.ASSISTANCE],
        ("assistance_reply", HANDLER, {}),
    ],
}


def state_of(history: History) -> State:
    """Where the case stands now."""
    return history.opened.state


def refusal_of(effects: tuple[Effect, ...]) -> str:
    """The code of the one refusal that the effects are."""
    (effect,) = effects
    assert isinstance(effect, Reject), effect
    return effect.refusal.code


def is_refused(effects: tuple[Effect, ...]) -> bool:
    """Whether the effects refuse something."""
    return any(isinstance(effect, Reject) for effect in effects)


def the(kind: type[E], effects: tuple[Effect, ...]) -> E:
    """The one effect of the kind."""
    (found,) = all_of(kind, effects)
    return found


def all_of(kind: type[E], effects: tuple[Effect, ...]) -> list[E]:
    """The effects of the kind, in order."""
    return [effect for effect in effects if isinstance(effect, kind)]


def _answered(record: str, case: Case) -> MessageId:
    """What a message of this record answers, unless the test says otherwise."""
    disputed = record == "negotiation_result" and case.dispute is not None
    return case.dispute.about if disputed and case.dispute else case.current


def _target(text: str, case: Case) -> Target:
    return Target(MessageId(text), case.id, case.flow)


def duties(case: Case) -> dict[tuple[str, OrganCode], Duty]:
    """The open duties by kind and owner."""
    return {(duty.kind, duty.owner): duty for duty in case.duties if duty.closing is None}


def ledger(effects: tuple[Effect, ...]) -> list[tuple[str, str]]:
    """What the effects do to duties, in order: (kind, "open" or how it closed)."""
    return [
        (effect.duty.kind, "open" if isinstance(effect, OpenDuty) else effect.closing.value)
        for effect in effects
        if isinstance(effect, OpenDuty | CloseDuty)
    ]


def delivered_to(effects: tuple[Effect, ...]) -> list[tuple[str, Relation]]:
    """(alias, relation) of what the effects deliver, in order."""
    aliases = {o.code: o.alias for o in demo().directory.organs.values()}
    return [(aliases[effect.to], effect.relation) for effect in all_of(Deliver, effects)]
