"""The promises of design.md, section 1, held against the casebook's file and what was published.

The judge reads the file with SQLite alone and keeps its own record of what was sent. It calls
nothing that decides.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from schemas.codec import unframe
from schemas.describe import describe
from schemas.parts import Relation
from services.exchange.intake import Incoming
from services.rulebook.model import Treatment
from tests.simulation.affair import Affair
from tests.simulation.county import alias_of, code, here
from tests.simulation.letters import FOUND, Planted
from tests.simulation.world import Due, World
from tests.unit.services.confidentiality.test_clearances_hold import expected_of

_RECEIPTS: Final = frozenset({"Accepted", "Rejected", "Held"})
_QUIET: Final = frozenset({"Delivered"})
_CLASS: Final = {"met": "met", "late": "met"}


class Broken(AssertionError):
    """A promise is broken: which, and where. No content of a message is in it."""


@dataclass(slots=True)
class _Duty:
    text: str
    body: dict[str, Any]
    case: str


@dataclass(slots=True)
class Judge:
    """Looks after each step."""

    world: World
    decisions: int = 0  # the last that was looked at
    rows: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    duties: dict[str, _Duty] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)  # duties that a decision said it opened
    got: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    copies: set[tuple[str, str, str]] = field(default_factory=set)  # (case, message, to)
    owing: list[tuple[str, str, str]] = field(default_factory=list)  # copies that decisions wrote
    receipts: Counter[tuple[str, str]] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    notices: set[tuple[Any, ...]] = field(default_factory=set)
    ticked: dict[tuple[str, int], datetime] = field(default_factory=dict)
    seen: set[tuple[str, bytes | None, bytes | None]] = field(default_factory=set)
    read: int = 0  # published records that were looked at
    last: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # case → its last record

    def look(self, connection: sqlite3.Connection, new: list[Incoming], *, whole: bool) -> None:
        """Judge what the step has done. `whole`: all that was put into the log is decided."""
        connection.row_factory = sqlite3.Row
        self._decided(connection)
        for incoming in new:
            self._became(connection, incoming)
        self._published()
        self._books(connection)
        if whole:
            self._stand(connection)
            self._delivered()

    # ------------------------------------------------------------------ decisions (1, 2, 4)

    def _decided(self, connection: sqlite3.Connection) -> None:
        query = "select * from decisions where seq > ? order by seq"
        for row in connection.execute(query, (self.decisions,)):
            self.decisions = row["seq"]
            entry = json.loads(row["entry"])
            _hold(row["rulebook"] == entry["rulebook"], "4 a decision names its rulebook", row)
            if row["outcome"] == "rejected":
                self.codes[row["code"]] += 1
            if row["outcome"] in ("held", "waiting"):
                self.held[row["code"]] += 1
            if row["record"] != "Tick":
                self._once(row)
            for effect in entry["effects"]:
                self._effect(effect, row)
            self._in_order(row)

    def _once(self, row: sqlite3.Row) -> None:
        where = (row["topic"], row["partition"], row["offset"])
        due = self.world.dues[where]
        if row["message_id"] != due.message_id:  # a duty counted anew at an activation
            return
        if row["record"] == "RulebookActivated" and row["case_id"] != _own_case(due):
            return
        key = (row["sender"], row["message_id"], f"{row['outcome']}/{row['code']}/{where}")
        self.rows[key] += 1
        _hold(self.rows[key] == 1, "2 a message is decided once", row)

    def _in_order(self, row: sqlite3.Row) -> None:
        if row["outcome"] in ("waiting", "dead") or row["record"] in ("RulebookActivated", "Tick"):
            return
        where = (row["topic"], row["partition"], row["offset"])
        before = self.last.get(row["case_id"])
        due = self.world.dues[where]
        if before is not None and before[:2] == where[:2] and not due.ends:
            _hold(before[2] <= where[2], "2 order within a case", row)
            self.last[row["case_id"]] = where
        elif before is None:
            self.last[row["case_id"]] = where

    def _effect(self, effect: dict[str, Any], row: sqlite3.Row) -> None:
        match effect["effect"]:
            case "delivered":
                self.owing.append((row["case_id"], effect["message"], effect["to"]))
            case "duty_opened":
                duty = effect["duty"]
                self.ever.add(duty["id"])
                _hold(bool(duty["basis"]), "4 a duty has its basis", row)
            case "duty_closed":
                _hold(effect["closing"] is not None, "1 a duty ends for a reason", row)
            case "accepted":
                due = self.world.dues[row["topic"], row["partition"], row["offset"]]
                if due.ruled and effect["message"] == due.message_id:
                    _hold(bool(effect["rule"] and effect["basis"]), "4 rule and basis", row)
            case _:
                pass

    # ------------------------------------------------------------------ records (1, 2)

    def _became(self, connection: sqlite3.Connection, incoming: Incoming) -> None:
        position = incoming.position
        where = (position.topic, position.partition, position.offset)
        due = self.world.dues.get(where)
        progress = connection.execute(
            "select next_offset, clock_ms from progress where topic = ? and partition = ?", where[:2]
        ).fetchone()
        _hold(progress is not None and progress[0] > where[2], "1 progress covers it", where)
        if due is None:  # a Tick
            self.ticked[where[:2]] = max(
                self.ticked.get(where[:2], incoming.stamped_at), incoming.stamped_at
            )
            return
        found = connection.execute(
            "select outcome, code, rulebook from decisions where topic = ? and partition = ?"
            " and offset = ? and message_id = ? and (record != 'RulebookActivated' or"
            " outcome = 'accepted') order by seq",
            (*where, due.message_id),
        ).fetchall()
        dead = connection.execute(
            "select code from dead where topic = ? and partition = ? and offset = ?", where
        ).fetchone()
        if due.outcome == "repeated":
            _hold(not found and dead is None, "2 a repeat does nothing", _where(due, where))
            return
        if due.outcome == "dead":
            _hold(dead is not None and dead[0] == due.code, "1 a dead letter", _where(due, where, dead and dead[0]))
            self.codes[str(due.code)] += 1
            return
        got = (found[0]["outcome"], found[0]["code"]) if found else ("nothing", None)
        wanted = (due.outcome, due.code) if due.outcome == "rejected" else (due.outcome, got[1])
        _hold(got == wanted, "1 what becomes of it", (*_where(due, where), got, wanted))
        _hold(found[0]["rulebook"] == due.rulebook, "4 the rulebook in force", _where(due, where))
        if due.code in ("message.misrouted", "message.bus_only"):  # they reserve no id
            return
        row = connection.execute(
            "select outcome from messages where sender = ? and message_id = ?",
            (due.sender, due.message_id),
        ).fetchone()
        _hold(row is not None, "1 it is on the books", _where(due, where))

    # ------------------------------------------------------------------ what was published (1, 2, 3)

    def _published(self) -> None:
        for topic, key, value in self.world.published[self.read :]:
            self.read += 1
            if topic == "journal":
                _hold(FOUND.search(value or b"") is None, "3 no content in the journal", topic)
            elif topic == "dead-letters":
                for number in _numbers(value or b""):
                    _hold(number not in self.world.secrets, "3 a secret in a dead letter", topic)
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
            _hold(same, "2 a repeat has the same content", (name, *which))
            if name not in _RECEIPTS:
                _hold(False, "2 nothing is delivered twice", (name, *which))
        self.got[which] = opened.content_digest
        delivery = envelope.delivery
        if delivery is None:
            self._said(name, message, organ)
        else:
            _hold(delivery.to == organ, "3 it is for whom it says", (name, *which))
            self.copies.add((case, envelope.message_id, organ))
            affair = self.world.affairs.get(case)
            if affair is not None and before is None:
                affair.papers.append((envelope.message_id, envelope.sender, organ, name))
                self._relation(affair, organ, delivery.relation, name)
        relation = delivery.relation if delivery else None
        for number in _numbers(value):
            self._is_cleared(number, organ, relation, name)

    def _said(self, name: str, message: Any, organ: str) -> None:
        if name in _RECEIPTS:
            self.receipts[organ, message.envelope.in_reply_to] += 1
        if name != "DutyNotice":
            return
        envelope = message.envelope
        about = (envelope.case_id, envelope.in_reply_to, message.duty, message.owner)
        key = (*about, message.opened_at, message.rung, organ, envelope.message_id)
        once = key[:-1]
        others = {each for each in self.notices if each[:-1] == once and each != key}
        _hold(not others, "2 each rung once", (message.duty, str(message.rung)))
        self.notices.add(key)

    def _relation(self, affair: Affair, organ: str, relation: Relation, name: str) -> None:
        """Only who has ever handled the case is its handler, and only who sent it its sender."""
        held = {affair.handler, *affair.holders}
        if affair.life in ("transfer", "notice") and not affair.parent:
            if relation is Relation.HANDLER:
                _hold(organ in held, "3 a handler that is none", (name, alias_of(organ)))
            if relation is Relation.FORWARDER:
                _hold(
                    organ == affair.sender and affair.complaint in ("reachable", "unknown"),
                    "3 a forwarder that is none",
                    (name, alias_of(organ)),
                )

    def _is_cleared(self, number: int, organ: str, relation: Relation | None, name: str) -> None:
        known = self.world.planted.get(number)
        if known is None:
            return
        _, planted = known
        _hold(number not in self.world.secrets, "3 a secret is delivered", (name, organ))
        allowed = relation is not None and expected_of(relation, _path(planted)) is Treatment.KEEP
        _hold(allowed, "3 above its clearance", (name, planted.path, str(relation)))

    def _delivered(self) -> None:
        """All has been published: each copy that a decision wrote is there, and each that is due."""
        for case, message, to in self.owing:
            _hold((case, message, to) in self.copies, "1 a copy is lost", (case, message, to))
        self.owing.clear()
        for due in self._accepted():
            for organ in due.must_get:
                _hold(
                    (due.case, due.message_id, organ) in self.copies,
                    "1 who must get it has it",
                    (due.record, due.message_id, alias_of(organ)),
                )
            answered = due.sender == "BUS" or due.record in _QUIET
            _hold(
                answered or self.receipts[due.sender, due.message_id] > 0,
                "1 the sender is answered",
                (due.record, due.message_id),
            )
        _hold(not self.world.parted, "1 what was split off begins", len(self.world.parted))

    def _accepted(self) -> Iterable[Due]:
        return [due for due in self.world.dues.values() if due.outcome == "accepted"]

    # ------------------------------------------------------------------ duties (1, 2)

    def _books(self, connection: sqlite3.Connection) -> None:
        here_now: set[str] = set()
        for row in connection.execute("select duty_id, case_id, open, body from duties"):
            here_now.add(row["duty_id"])
            before = self.duties.get(row["duty_id"])
            if before is not None and before.text == row["body"]:
                continue
            body = json.loads(row["body"])
            self._rungs(before.body if before else None, body)
            _hold(bool(row["open"]) == (body["closing"] is None), "1 open or closed", body["kind"])
            self.duties[row["duty_id"]] = _Duty(row["body"], body, row["case_id"])
        gone = (set(self.duties) | self.ever) - here_now
        _hold(not gone, "1 a duty has vanished", sorted(gone)[:3])

    def _rungs(self, before: dict[str, Any] | None, body: dict[str, Any]) -> None:
        fired = [rung for rung in body["ladder"] if rung["fired_at"] is not None]
        names = [rung["rung"] for rung in body["ladder"]]
        _hold(len(set(names)) == len(names), "2 each rung once", (body["kind"], names))
        _hold(body["ladder"][: len(fired)] == fired, "2 rungs in order", body["kind"])
        for rung in fired:
            early = _at(rung["fired_at"]) < _at(rung["nominal_at"])
            _hold(not early, "2 no rung before its time", (body["kind"], rung["rung"]))
            if body["closed_at"] is not None:
                met = _at(rung["fired_at"]) <= _at(body["closed_at"])
                _hold(met, "2 no rung for a duty that has ended", (body["kind"], rung["rung"]))
        if before is None:
            return
        kept = {rung["rung"]: rung["fired_at"] for rung in before["ladder"] if rung["fired_at"]}
        now = {rung["rung"]: rung["fired_at"] for rung in fired}
        _hold(kept.items() <= now.items(), "2 a rung is fired once", body["kind"])
        if before["closing"] is not None:
            same = before["closing"] == body["closing"]
            _hold(same, "1 a duty that has ended stays so", body["kind"])

    # ------------------------------------------------------------------ cases against the own books

    def _stand(self, connection: sqlite3.Connection) -> None:
        cases = {row["case_id"]: row for row in connection.execute("select * from cases")}
        own: dict[str, list[dict[str, Any]]] = {}
        for duty in self.duties.values():
            own.setdefault(duty.case, []).append(duty.body)
        for affair in self.world.affairs.values():
            row = cases.get(affair.id)
            _hold(row is not None, "1 a case is lost", affair.record)
            assert row is not None
            body = json.loads(row["body"])
            self._case(affair, row, body)
            owed = own.get(affair.id, [])
            self._ledger(affair, owed)
            self._on_time(affair, owed)

    def _case(self, affair: Affair, row: sqlite3.Row, body: dict[str, Any]) -> None:
        told = (affair.life, affair.record, affair.state)
        _hold(row["state"] == affair.state, "1 its state", (*told, row["state"]))
        _hold(body["handler"] == affair.handler, "1 its handler", told)
        numbers = tuple(sorted(charge["number"] for charge in body["charges"]))
        if affair.life in ("transfer", "notice"):
            _hold(numbers == tuple(sorted(affair.numbers)), "1 its violations", (told, numbers))
        stopped = affair.frozen is not None or affair.state == "held"
        _hold((row["stopped"] is not None) == stopped, "1 whether it stands still", told)
        _hold(row["waiting"] == len(affair.waiting), "1 what waits", told)

    def _ledger(self, affair: Affair, owed: list[dict[str, Any]]) -> None:
        there = Counter(
            (duty["kind"], duty["owner"], _CLASS.get(duty["closing"], duty["closing"]) or "open")
            for duty in owed
        )
        wanted = affair.books()
        if there != wanted:
            more = [(kind, alias_of(who), how) for kind, who, how in there - wanted]
            less = [(kind, alias_of(who), how) for kind, who, how in wanted - there]
            _hold(False, "1 the duties", (affair.record, affair.state, f"{more} for {less}"))

    def _on_time(self, affair: Affair, owed: list[dict[str, Any]]) -> None:
        """By the judge's own calendar: due days, met or late, and each card that is owed."""
        for duty in owed:
            if duty["closing"] in ("met", "late"):
                late = _at(duty["closed_at"]) > _at(duty["due"])
                _hold(late == (duty["closing"] == "late"), "1 late or not", duty["kind"])
            mine = _match(affair, duty)
            plan = self.world.plan(affair, mine) if mine is not None else None
            if plan is None or duty["closing"] is not None:
                continue
            _hold(_at(duty["due"]) == plan.due, "2 its day", (duty["kind"], duty["due"], str(plan.due)))
            unfired = [rung for rung in duty["ladder"] if rung["fired_at"] is None]
            fired = [rung for rung in duty["ladder"] if rung["fired_at"] is not None]
            nominal = dict(plan.rungs)
            for rung in unfired:
                same = nominal.get(rung["rung"]) == _at(rung["nominal_at"])
                _hold(same, "2 the day of a card", (duty["kind"], rung["rung"]))
            names = {rung["rung"] for rung in (*unfired, *fired)}
            _hold(names >= set(nominal), "2 a card is missing", (duty["kind"], sorted(names)))
            heard = self.ticked.get((affair.flow, affair.partition))
            moves = affair.frozen is None and affair.state != "held"
            fresh = affair.since is not None and heard is not None and affair.since >= heard
            if heard is not None and moves and unfired and not fresh:
                owing = _at(unfired[0]["nominal_at"]) <= heard and _at(duty["opened_at"]) <= heard
                _hold(not owing, "1 a card that is owed has fired", (duty["kind"], str(heard)))


def _match(affair: Affair, duty: dict[str, Any]) -> Any:
    """Return the judge's own entry of the duty, if there is exactly one that is open."""
    found = [
        each
        for each in affair.open(duty["kind"], duty["owner"])
        if each.about == duty["message"]
    ]
    return found[0] if len(found) == 1 else None


def _own_case(due: Due) -> str:
    return due.case


def _path(planted: Planted) -> Any:
    return _PATHS.setdefault(
        (planted.record, planted.path),
        next(path for path in describe(planted.record).paths if path.path == planted.path),
    )


_PATHS: dict[tuple[str, str], Any] = {}


def _numbers(value: bytes) -> list[int]:
    return [int(next(filter(None, match.groups()))) for match in FOUND.finditer(value)]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _where(due: Due, where: object, *more: object) -> tuple[object, ...]:
    return (due.move, due.record, due.outcome, due.code, where, *more)


def _hold(kept: bool, promise: str, where: Any) -> None:  # noqa: FBT001 - a statement, as assert is
    if not kept:
        if isinstance(where, sqlite3.Row):
            names = ("record", "outcome", "code", "topic", "partition", "offset")
            where = tuple(where[name] for name in names)
        raise Broken(f"{promise}: {where}")
