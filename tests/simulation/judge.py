"""The promises of design.md, section 1, held against the casebook's file and what was published.

The judge reads the file with SQLite alone and keeps its own record of what was sent. It calls
nothing that decides.
"""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from services.exchange.incoming import Incoming
from services.exchange.rewriting import WRITING
from tests.simulation import advice, years
from tests.simulation.county import alias_of
from tests.simulation.dues import Due
from tests.simulation.inboxes import Inboxes
from tests.simulation.ledger import Ledger
from tests.simulation.promise import hold
from tests.simulation.world import World


@dataclass(slots=True)
class Judge:
    """Looks after each step."""

    world: World
    decisions: int = 0  # the last that was looked at
    rows: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    advised: dict[tuple[str, int, int], set[tuple[str, str]]] = field(default_factory=dict)
    warned: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    last: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # case → its last record
    inboxes: Inboxes = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.inboxes, self.ledger = Inboxes(self.world), Ledger(self.world)

    def look(self, connection: sqlite3.Connection, new: list[Incoming], *, whole: bool) -> None:
        """Judge what the step has done. `whole`: all that was put into the log is decided."""
        connection.row_factory = sqlite3.Row
        self._decided(connection)
        for incoming in new:
            self._became(connection, incoming)
        self.inboxes.look()
        self.ledger.look(connection)
        if whole:
            self.ledger.stands(connection)
            years.stand(self.world, set(self.ledger.ticked))
            self.inboxes.all_there()
            hold(self.warned == self.world.warned, "1 warned in time", _apart(self))

    def _decided(self, connection: sqlite3.Connection) -> None:
        query = "select * from decisions where seq > ? order by seq"
        for row in connection.execute(query, (self.decisions,)):
            self.decisions = row["seq"]
            entry = json.loads(row["entry"])
            hold(row["rulebook"] == entry["rulebook"], "4 a decision names its rulebook", row)
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
        if row["record"] == "RulebookActivated" and row["case_id"] != due.case:
            return
        key = (row["sender"], row["message_id"], f"{row['outcome']}/{row['code']}/{where}")
        self.rows[key] += 1
        hold(self.rows[key] == 1, "2 a message is decided once", row)

    def _in_order(self, row: sqlite3.Row) -> None:
        if row["outcome"] in ("waiting", "dead") or row["record"] in ("RulebookActivated", "Tick"):
            return
        where = (row["topic"], row["partition"], row["offset"])
        before = self.last.get(row["case_id"])
        due = self.world.dues[where]
        if before is not None and before[:2] == where[:2] and not due.ends:
            hold(before[2] <= where[2], "2 order within a case", row)
            self.last[row["case_id"]] = where
        elif before is None:
            self.last[row["case_id"]] = where

    def _effect(self, effect: dict[str, Any], row: sqlite3.Row) -> None:
        match effect["effect"]:
            case "delivered":
                self.inboxes.owing.append((row["case_id"], effect["message"], effect["to"]))
            case "duty_opened":
                duty = effect["duty"]
                self.ledger.ever.add(duty["id"])
                hold(bool(duty["basis"]), "4 a duty has its basis", row)
            case "duty_closed":
                hold(effect["closing"] is not None, "1 a duty ends for a reason", row)
            case "advised":
                self._advised(effect, row)
            case "written":
                hold(row["record"] in WRITING, "2 what a gap took is found again", row)
            case "accepted":
                due = self.world.dues[row["topic"], row["partition"], row["offset"]]
                if due.ruled and effect["message"] == due.message_id:
                    hold(bool(effect["rule"] and effect["basis"]), "4 rule and basis", row)
            case _:
                pass

    def _advised(self, effect: dict[str, Any], row: sqlite3.Row) -> None:
        told = (effect["code"], effect["to"])
        self.codes[effect["code"]] += 1
        if effect["code"] in advice.OF_A_TICK:
            case = effect["salt"].split("/")[1]
            self.warned[case, effect["to"], effect["code"]] += 1
            return
        where = (row["topic"], row["partition"], row["offset"])
        self.advised.setdefault(where, set()).add(told)

    def _became(self, connection: sqlite3.Connection, incoming: Incoming) -> None:
        position = incoming.position
        where = (position.topic, position.partition, position.offset)
        due = self.world.dues.get(where)
        progress = connection.execute(
            "select next_offset, clock_ms from progress where topic = ? and partition = ?",
            where[:2],
        ).fetchone()
        hold(progress is not None and progress[0] > where[2], "1 progress covers it", where)
        if due is None:  # a Tick
            self.ledger.ticked[where[:2]] = max(
                self.ledger.ticked.get(where[:2], incoming.stamped_at), incoming.stamped_at
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
            hold(not found and dead is None, "2 a repeat does nothing", _where(due, where))
            return
        if due.outcome == "dead":
            hold(
                dead is not None and dead[0] == due.code,
                "1 a dead letter",
                _where(due, where, dead and dead[0]),
            )
            self.codes[str(due.code)] += 1
            return
        got = (found[0]["outcome"], found[0]["code"]) if found else ("nothing", None)
        wanted = (due.outcome, due.code) if due.outcome == "rejected" else (due.outcome, got[1])
        hold(got == wanted, "1 what becomes of it", (*_where(due, where), got, wanted))
        hold(found[0]["rulebook"] == due.rulebook, "4 the rulebook in force", _where(due, where))
        told = self.advised.get(where, set())
        hold(told >= due.advised, "1 what must be told is told", (*_where(due, where), told))
        short = {each for each in told if each[0] == advice.SHORT}
        hold(short <= due.advised, "1 nothing is missing", _where(due, where))
        if due.code in ("message.misrouted", "message.bus_only"):  # they reserve no id
            return
        row = connection.execute(
            "select outcome from messages where sender = ? and message_id = ?",
            (due.sender, due.message_id),
        ).fetchone()
        hold(row is not None, "1 it is on the books", _where(due, where))


def _where(due: Due, where: object, *more: object) -> tuple[object, ...]:
    return (due.move, due.record, due.outcome, due.code, where, *more)


def _apart(judge: Judge) -> object:
    """Return what was warned of and not owed, and what was owed."""
    given, owed = judge.warned - judge.world.warned, judge.world.warned - judge.warned
    return [(alias_of(to), code) for _, to, code in given], [
        (judge.world.affairs[case].state, alias_of(to), code) for case, to, code in owed
    ]
