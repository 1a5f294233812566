"""What has reached the inboxes: all of it, once, for whom it is, nothing above its clearance."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.codec import unframe
from schemas.describe import describe
from schemas.jws import VerifiedKey
from schemas.parts import Relation
from schemas.seal_open import verify_opened
from services.rulebook.model import Treatment
from tests.simulation.affair import Affair, Copied
from tests.simulation.county import alias_of, code, here
from tests.simulation.dues import Due, Sent
from tests.simulation.letters import FOUND, Planted
from tests.simulation.promise import BrokenPromise, hold
from tests.simulation.world import World
from tests.unit.services.confidentiality.test_clearances_hold import expected_of

_RECEIPTS: Final = frozenset({"Accepted", "Rejected", "Held"})
_QUIET: Final = frozenset({"Delivered"})


@dataclass(slots=True)
class Inboxes:
    """Everybody's inbox, as its reader has it."""

    world: World
    got: dict[tuple[str, str, str, str], str] = field(default_factory=dict)  # content digests
    copies: set[tuple[str, str, str]] = field(default_factory=set)  # (case, message, to)
    owing: list[tuple[str, str, str]] = field(default_factory=list)  # copies that decisions wrote
    fields: set[str] = field(default_factory=set)  # requests of which fields were opened
    receipts: Counter[tuple[str, str]] = field(default_factory=Counter)
    notices: dict[tuple[Any, ...], str] = field(default_factory=dict)  # a rung → its message
    seen: set[Sent] = field(default_factory=set)
    read: int = 0  # published records that were looked at

    def look(self) -> None:
        """Look at what was published since."""
        for topic, key, value in self.world.published[self.read :]:
            self.read += 1
            if topic == "journal":
                hold(FOUND.search(value or b"") is None, "3 no content in the journal", topic)
            elif topic == "dead-letters":
                for number in _numbers(value or b""):
                    hold(number not in self.world.secrets, "3 a secret in a dead letter", topic)
            elif self.world.twice[topic, key, value] > 0 and self._had(topic, key, value):
                self.world.twice[topic, key, value] -= 1
            elif topic.startswith("inbox.") and value is not None and key is not None:
                self._inbox(code(topic.removeprefix("inbox.")), key.decode(), value)

    def _had(self, topic: str, key: bytes | None, value: bytes | None) -> bool:
        """Whether the same was there before: what comes again after a crash is no other thing."""
        once = (topic, key, value)
        first = once in self.seen
        self.seen.add(once)
        return first

    def _inbox(self, organ: str, case: str, value: bytes) -> None:
        schema, body = unframe(value)
        opened = here().codecs[schema].open(body)
        message, envelope = opened.message, opened.message.envelope
        name = type(message).__name__
        which = (case, organ, envelope.sender, envelope.message_id)
        before = self.got.get(which)
        if before is not None:
            same = before == opened.content_digest
            hold(same, "2 a repeat has the same content", (name, *which))
            if name not in _RECEIPTS:
                raise BrokenPromise("2 nothing is delivered twice", (name, *which))
        self.got[which] = opened.content_digest
        delivery = envelope.delivery
        if delivery is None:
            self._said(name, message, organ)
        else:
            hold(delivery.to == organ, "3 it is for whom it says", (name, *which))
            self.copies.add((case, envelope.message_id, organ))
            affair = self.world.affairs.get(case)
            if affair is not None and before is None:
                affair.papers.append((envelope.message_id, envelope.sender, organ, name))
                hidden = frozenset((*delivery.withheld, *delivery.masked))
                if envelope.sender != "BUS":
                    copied = Copied(name, envelope.sender, delivery.relation, hidden)
                    affair.copies[envelope.message_id, organ] = copied
                self._relation(affair, organ, delivery.relation, name)
        if name == "FieldsOpened":
            self._opened(message, organ)
            return
        relation = delivery.relation if delivery else None
        for number in _numbers(value):
            self._is_cleared(number, organ, relation, name)

    def _opened(self, message: Any, organ: str) -> None:
        """Only what was asked for and opened, to who asked, and by the seal that it had."""
        affair = self.world.affairs[message.envelope.case_id]
        asked = next(each for each in affair.asked if each.request == message.envelope.in_reply_to)
        hold(asked.opened, "3 opened by nobody", (message.message, asked.path))
        hold(asked.by == organ, "3 opened to another", (message.message, alias_of(organ)))
        hold(asked.message == message.message, "3 opened of another message", asked.path)
        for one in message.fields:
            within = one.path == asked.path or one.path.startswith(f"{asked.path}.")
            hold(within, "3 more is opened than was asked for", one.path)
        found = verify_opened(message, here().key)
        hold(isinstance(found, VerifiedKey), "3 an opened field proves itself", asked.path)
        self.fields.add(asked.request)

    def _said(self, name: str, message: Any, organ: str) -> None:
        if name in _RECEIPTS:
            self.receipts[organ, message.envelope.in_reply_to] += 1
        if name != "DutyNotice":
            return
        envelope = message.envelope
        about = (envelope.case_id, envelope.in_reply_to, message.duty, message.owner)
        key = (*about, message.opened_at, message.rung, organ, envelope.message_id)
        once = key[:-1]
        first = self.notices.setdefault(once, key[-1])
        hold(first == key[-1], "2 each rung once", (message.duty, str(message.rung)))

    def _relation(self, affair: Affair, organ: str, relation: Relation, name: str) -> None:
        """Only who has ever handled the case is its handler, and only who sent it its sender."""
        held = {affair.handler, *affair.holders}
        if affair.life in ("transfer", "notice") and not affair.parent:
            if relation is Relation.HANDLER:
                hold(organ in held, "3 a handler that is none", (name, alias_of(organ)))
            if relation is Relation.FORWARDER:
                hold(
                    organ == affair.sender and affair.complaint in ("reachable", "unknown"),
                    "3 a forwarder that is none",
                    (name, alias_of(organ)),
                )

    def _is_cleared(self, number: int, organ: str, relation: Relation | None, name: str) -> None:
        known = self.world.planted.get(number)
        if known is None:
            return
        _, planted = known
        hold(number not in self.world.secrets, "3 a secret is delivered", (name, organ))
        allowed = relation is not None and expected_of(relation, _path(planted)) is Treatment.KEEP
        hold(allowed, "3 above its clearance", (name, planted.path, str(relation)))

    def all_there(self) -> None:
        """All is published: each copy that a decision wrote is there, and each that is due."""
        for case, message, to in self.owing:
            hold((case, message, to) in self.copies, "1 a copy is lost", (case, message, to))
        self.owing.clear()
        for due in self._accepted():
            for organ in due.must_get:
                hold(
                    (due.case, due.message_id, organ) in self.copies,
                    "1 who must get it has it",
                    (due.record, due.message_id, alias_of(organ)),
                )
            answered = due.sender == "BUS" or due.record in _QUIET
            hold(
                answered or self.receipts[due.sender, due.message_id] > 0,
                "1 the sender is answered",
                (due.record, due.message_id),
            )
        for affair in self.world.affairs.values():
            for asked in affair.asked:
                if asked.opened:
                    hold(asked.request in self.fields, "1 opened fields are lost", asked.path)
        hold(not self.world.parted, "1 what was split off begins", len(self.world.parted))

    def _accepted(self) -> Iterable[Due]:
        return [due for due in self.world.dues.values() if due.outcome == "accepted"]


def _path(planted: Planted) -> Any:
    return _PATHS.setdefault(
        (planted.record, planted.path),
        next(path for path in describe(planted.record).paths if path.path == planted.path),
    )


_PATHS: dict[tuple[str, str], Any] = {}


def _numbers(value: bytes) -> list[int]:
    return [int(next(filter(None, match.groups()))) for match in FOUND.finditer(value)]
