"""Where lawful messages can lead a case, in small scope: a search over the pure core.

From how a case opens, every organ sends whatever it might; cases that differ in nothing but ids and
instants are one. What was tried in each, and what came of it, is the caller's to judge.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from heapq import heappop, heappush
from typing import Any, Final

from schemas.errors import Broken
from schemas.ids import BUS, MessageId, OrganCode, derive
from schemas.messages import Correction, Message, Routed, RoutingAssignment, Tick
from schemas.parts import Envelope
from services.casework.case import Case, Life, State
from services.casework.decide import decide
from services.casework.effects import Effect, Reject
from services.casework.standstill import next_waiting
from services.casework.steps import Facts, Waiter, letters
from services.rulebook.model import Rulebook
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    SHANGHAI,
    SUPERIOR,
    SUPERVISOR,
    History,
    demo,
    filed,
    message,
    not_filed,
    organ,
    violation,
)

THIRD: Final = "liuzhi-jtj"
FAR: Final = timedelta(days=150)  # beyond every due day; officers' certificates go on
_MINUTE: Final = timedelta(minutes=1)
_Changes = dict[str, Any]
# Who, what, with which changes, about which message.
Move = tuple[str, str, _Changes, MessageId]
_ONCE: Final = frozenset({"assist", "inform_complainant", "complainant_feedback", "joint_outcome"})


@dataclass(frozen=True)
class Tried:
    """One message in one case, and what came of it. `case` None: deciding it failed."""

    sender: OrganCode
    record: str
    message: Message
    case: Case | None
    effects: tuple[Effect, ...]

    @property
    def stands(self) -> bool:
        """Whether it was accepted."""
        return self.case is not None and not any(isinstance(e, Reject) for e in self.effects)


@dataclass(frozen=True)
class Reached:
    """One case that was reached, by which way, and all that was tried in it."""

    case: Case
    at: datetime
    way: tuple[str, ...]
    tried: tuple[Tried, ...]


@dataclass
class Search:
    """Cases that follow from one opening message."""

    record: str
    sender: str
    changes: _Changes = field(default_factory=dict)
    draw: str = ""  # another one takes the cases in another order
    rulebook: Rulebook = field(default_factory=demo)
    opening: Message | None = None
    sent: dict[MessageId, Message] = field(default_factory=dict)

    def reached(self, cases_max: int) -> Iterator[Reached]:
        """Yield cases that follow from the opening, near and far ones, with what was tried in each.

        Which is next is drawn, always in the same way: the nearest first would come nowhere.
        """
        history = History(self.rulebook)
        self.opening = history.next(self.record, self.sender, **self.changes)
        history.decide(self.opening)
        queue: list[tuple[str, Case, datetime, tuple[str, ...]]] = []
        heappush(queue, ("", history.opened, history.at, (self.record,)))
        seen = {likeness(history.opened)}
        for _ in range(cases_max):
            if not queue:
                return
            _, case, at, way = heappop(queue)
            tried = tuple(self.tried(case, at + _MINUTE))
            yield Reached(case, at, way, tried)
            for each in tried:
                if each.case is None or not each.stands:
                    continue
                then = each.message.envelope.sent_at
                key = likeness(each.case)
                if key not in seen:
                    seen.add(key)
                    place = derive("drawn", self.draw, str(len(seen)))
                    heappush(queue, (place, each.case, then, (*way, _told(each))))

    def tried(self, case: Case, at: datetime) -> Iterator[Tried]:
        """Yield what comes of each message in the case, and of time."""
        for number, (sender, record, changes, about) in enumerate(_moves(case)):
            sent = _message(record, sender, changes, case, about, at, f"{len(self.sent)}-{number}")
            self.sent[sent.envelope.message_id] = sent
            yield self.decided(case, sent)
        wakes = case.due_next
        for when in (at + FAR, *([max(wakes, at)] if wakes else ())):
            yield self.decided(case, tick(case, when.astimezone(SHANGHAI)))

    def decided(self, case: Case, sent: Message) -> Tried:
        """Return what comes of one message, and of what waited for it."""
        envelope = sent.envelope
        try:
            now, effects = self._decided(case, sent, Facts(), envelope.sent_at)
            while now is not None and (found := next_waiting(now)):
                waiting, rest = found
                resumed, at = Facts(resumed=True), waiting.received_at
                now, more = self._decided(rest, self.sent[waiting.message], resumed, at)
                effects = (*effects, *more)
        except Broken as defect:
            return Tried(envelope.sender, f"{envelope.record}: {defect}", sent, None, ())
        return Tried(envelope.sender, envelope.record, sent, now, effects)

    def _decided(
        self, case: Case, sent: Message, facts: Facts, at: datetime
    ) -> tuple[Case | None, tuple[Effect, ...]]:
        releases = isinstance(sent, Correction | RoutingAssignment)
        if case.state is State.HELD and releases:
            assert isinstance(self.opening, Routed)
            facts = Facts(held=Waiter(self.opening, case.opened_at))
        decision = decide(case, sent, facts, self.rulebook, at)
        return decision.case, decision.effects


def likeness(case: Case) -> tuple[Any, ...]:
    """Return what tells a case from another but ids and instants."""
    dispute, custody = case.dispute, case.custody
    owed = frozenset(
        (duty.kind, duty.owner, duty.begins_at is None)
        for duty in case.duties
        if duty.closing is None
    )
    done = frozenset((d.kind, d.owner) for d in case.duties if d.closing and d.kind in _ONCE)
    said = frozenset((each.organ, each.handler) for each in dispute.stated) if dispute else None
    return (
        (case.life, case.state, case.handler, case.sender, case.asking, case.holders, case.stages),
        dispute and (dispute.holder, dispute.other, said, dispute.third, bool(dispute.request)),
        custody and (custody.keeper, bool(custody.message), bool(custody.check)),
        (owed, done, case.stop is None, len(case.waiting), min(case.hop, 3)),
    )


def tick(case: Case, at: datetime) -> Tick:
    """Time comes to a case."""
    of_the_bus = MessageId(derive("test", f"tick {at.isoformat()}"))
    envelope = Envelope(demo().bus, of_the_bus, case.id, case.flow, "Tick", BUS, at, addressees=())
    return Tick(envelope, case.flow.value, 0)


def _told(each: Tried) -> str:
    says = {name: getattr(each.message, name, None) for name in ("handler", "agreed", "designee")}
    return f"{each.record} {each.sender[-4:]} {[value for value in says.values() if value]}"


def _moves(case: Case) -> Iterator[Move]:
    """Yield what each organ might say now, lawful or not."""
    for handed in case.handed:
        owed = (duty for duty in case.duties if duty.kind == "sign_for" and duty.closing is None)
        if any((duty.message, duty.owner) == (handed.message, handed.to) for duty in owed):
            yield _alias(handed.to), "signed_for", {}, handed.message
    for by in _who(case):
        yield by, "withdrawal", {}, case.current
        for duty in case.duties:
            if duty.kind == "answer_withdrawal" and duty.closing is None:
                yield by, "withdrawal_answer", {"agreed": True}, duty.message
                yield by, "withdrawal_answer", {"agreed": False, "reason": "已办"}, duty.message
        for record, changes in _OF_A_LIFE.get(case.life, ()):
            yield by, record, changes, case.current
        if case.life is Life.TRANSFER:
            yield from _of_a_transfer(case, by)
    if case.state is State.HELD:
        put_right = {"number": 1, "matter": "CG-001", "place": None, "place_text": None}
        yield SENDER, "correction", {"corrections": [put_right]}, case.current
        for to in (HANDLER, THIRD):
            yield SUPERVISOR, "routing_assignment", _to(to), case.current


def _of_a_transfer(case: Case, by: str) -> Iterator[Move]:
    named, dispute, custody = case.current, case.dispute, case.custody
    if dispute is not None and dispute.designation is not None:
        assert dispute.designation in letters(case)
        named = dispute.designation
    yield by, "filing_reply", {"answers": [filed()]}, named
    yield by, "filing_reply", {"answers": [not_filed()]}, named
    yield by, "objection", {"competent": organ(SUPERIOR)}, named
    yield by, "outcome_feedback", {}, case.current
    for stage in ("decided", "concluded"):
        yield by, "case_progress", {"stage": stage}, case.current
    for leg in ("forwarding", "outcome"):
        yield by, "complainant_informed", {"leg": leg}, case.current
    about = dispute.about if dispute else case.current
    yield by, "designation_request", {"envelope": {"addressees": None}}, about
    yield by, "negotiation_result", FAILED, about
    for to in _who(case):
        yield by, "negotiation_result", {"handler": organ(to)}, about
        if by == _alias(case.sender):  # once each
            yield SUPERIOR, "designation", {"designee": organ(to)}, about
        if by != to:
            on = {"document_number": "案移〔2026〕31号", "insist_reason": "位于公路用地范围"}
            yield by, "case_transfer", {"envelope": {**on, **_to(to)["envelope"]}}, case.current
            yield by, "custody_handover", _to(to), case.current
    if custody is not None and custody.message is not None:
        nothing_is_missing = {"volumes": 1, "pages": 9, "discrepancies": []}
        yield by, "custody_check", nothing_is_missing, custody.message
        yield by, "custody_check", {}, custody.message
        yield by, "custody_settlement", {}, custody.check or custody.message


_OF_A_LIFE: Final[dict[Life, tuple[tuple[str, _Changes], ...]]] = {
    Life.NOTICE: (("handling_feedback", {}),),
    Life.INFORMATION: (("information_reply", {}), ("copy", {"envelope": {"addressees": None}})),
    Life.ASSISTANCE: (
        ("assistance_reply", {}),
        ("assistance_result", {}),
        (
            "assistance_reply",
            {
                "answer": "refused",
                "agreed_on": None,
                "ground": "outside_powers",
                "reasons": "超出职权",
            },
        ),
    ),
    Life.JOINT: (
        ("joint_plan_answer", {}),
        ("joint_plan_answer", {"agreed": False, "reasons": "人手不足"}),
        ("joint_plan_decision", {}),
        ("joint_plan_decision", {"approved": False, "reasons": "时机不宜"}),
        ("joint_outcome", {}),
    ),
}


def _to(alias: str) -> _Changes:
    return {"envelope": {"addressees": [organ(alias)]}}


def _who(case: Case) -> tuple[str, ...]:
    """Return who may say something: who stands in the case, and one that may come into it."""
    own = (case.handler, case.sender, case.asking, *case.holders)
    owing = (duty.owner for duty in case.duties if duty.closing is None)
    here: Iterable[OrganCode | None] = (*own, *owing, organ(THIRD))
    return tuple(dict.fromkeys(_alias(code) for code in here if code is not None))


@cache
def _alias(code: OrganCode) -> str:
    return str(demo().directory.organs[code].alias)


@cache
def _any_case() -> Case:
    history = History()
    history.send("lead_transfer", SENDER, violations=[violation()])
    return history.opened


_templates: dict[tuple[str, str, str], Message] = {}


def _message(
    record: str, by: str, changes: _Changes, case: Case, about: MessageId, at: datetime, label: str
) -> Message:
    """Return the message: read once from its example, then put into the case."""
    key = (record, by, repr(changes))
    if key not in _templates:
        _templates[key] = message(record, by, "template", at, _any_case(), **changes)
    template = _templates[key]
    envelope = replace(
        template.envelope,
        message_id=MessageId(derive("test", label)),
        case_id=case.id,
        flow=case.flow,
        in_reply_to=about,
        sent_at=at,
    )
    return replace(template, envelope=envelope)
