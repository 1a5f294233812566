"""The books against the judge's own: cases, who handles them, duties, due days and cards."""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.simulation.affair import Affair
from tests.simulation.books import Owed
from tests.simulation.county import alias_of
from tests.simulation.promise import BrokenPromise, hold
from tests.simulation.world import World

_CLASS: Final = {"met": "met", "late": "met"}  # which of them it is, its day says


@dataclass(slots=True)
class _Duty:
    text: str
    body: dict[str, Any]
    case: str


@dataclass(slots=True)
class Ledger:
    """Every duty that there ever was."""

    world: World
    duties: dict[str, _Duty] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)  # duties that a decision said it opened
    ticked: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def look(self, connection: sqlite3.Connection) -> None:
        """Look at each duty that has changed."""
        here_now: set[str] = set()
        for row in connection.execute("select duty_id, case_id, open, body, ended from duties"):
            here_now.add(row["duty_id"])
            before, text = self.duties.get(row["duty_id"]), f"{row['body']} {row['ended']}"
            if before is not None and before.text == text:
                continue
            body = _duty(row["body"], row["ended"])
            self._rungs(before.body if before else None, body)
            hold(bool(row["open"]) == (body["closing"] is None), "1 open or closed", body["kind"])
            self.duties[row["duty_id"]] = _Duty(text, body, row["case_id"])
        gone = (set(self.duties) | self.ever) - here_now
        hold(not gone, "1 a duty has vanished", sorted(gone)[:3])

    def _rungs(self, before: dict[str, Any] | None, body: dict[str, Any]) -> None:
        fired = [rung for rung in body["ladder"] if rung["fired_at"] is not None]
        names = [rung["rung"] for rung in body["ladder"]]
        hold(len(set(names)) == len(names), "2 each rung once", (body["kind"], names))
        hold(body["ladder"][: len(fired)] == fired, "2 rungs in order", body["kind"])
        for rung in fired:
            early = _at(rung["fired_at"]) < _at(rung["nominal_at"])
            hold(not early, "2 no rung before its time", (body["kind"], rung["rung"]))
            # A year ends when the guidance came in, and hears of it later, in another partition.
            if body["closed_at"] is not None and body["kind"] != "yearly_guidance":
                met = _at(rung["fired_at"]) <= _at(body["closed_at"])
                hold(met, "2 no rung for a duty that has ended", (body["kind"], rung["rung"]))
        if before is None:
            return
        kept = {rung["rung"]: rung["fired_at"] for rung in before["ladder"] if rung["fired_at"]}
        now = {rung["rung"]: rung["fired_at"] for rung in fired}
        hold(kept.items() <= now.items(), "2 a rung is fired once", body["kind"])
        if before["closing"] is not None:
            same = before["closing"] == body["closing"]
            hold(same, "1 a duty that has ended stays so", body["kind"])
            hold(kept == now, "2 no rung once a duty has ended", body["kind"])

    # ------------------------------------------------------------------ cases against the own books

    def stands(self, connection: sqlite3.Connection) -> None:
        """All is decided: every case is as the own books have it."""
        cases = {row["case_id"]: row for row in connection.execute("select * from cases")}
        own: dict[str, list[dict[str, Any]]] = {}
        for duty in self.duties.values():
            own.setdefault(duty.case, []).append(duty.body)
        for affair in self.world.affairs.values():
            row = cases.get(affair.id)
            hold(row is not None, "1 a case is lost", affair.record)
            assert row is not None
            body = {"handler": None, "charges": [], **json.loads(row["body"])}
            self._case(affair, row, body)
            owed = own.get(affair.id, [])
            self._ledger(affair, owed)
            self._on_time(affair, owed)

    def _case(self, affair: Affair, row: sqlite3.Row, body: dict[str, Any]) -> None:
        told = (affair.life, affair.record, affair.state)
        hold(row["state"] == affair.state, "1 its state", (*told, row["state"]))
        hold(body["handler"] == affair.handler, "1 its handler", told)
        numbers = tuple(sorted(charge["number"] for charge in body["charges"]))
        if affair.life in ("transfer", "notice"):
            hold(numbers == tuple(sorted(affair.numbers)), "1 its violations", (told, numbers))
        stopped = affair.frozen is not None or affair.state == "held"
        hold((row["stopped"] is not None) == stopped, "1 whether it stands still", told)
        hold(row["waiting"] == len(affair.waiting), "1 what waits", told)

    def _ledger(self, affair: Affair, owed: list[dict[str, Any]]) -> None:
        there = Counter(
            (duty["kind"], duty["owner"], _CLASS.get(duty["closing"], duty["closing"]) or "open")
            for duty in owed
        )
        wanted = affair.books()
        if there != wanted:
            more = [(kind, alias_of(who), how) for kind, who, how in there - wanted]
            less = [(kind, alias_of(who), how) for kind, who, how in wanted - there]
            told = (affair.record, affair.state, f"{more} for {less}")
            raise BrokenPromise("1 the duties", told)

    def _on_time(self, affair: Affair, owed: list[dict[str, Any]]) -> None:
        """By the judge's own calendar: due days, met or late, and each card that is owed."""
        for duty in owed:
            if duty["closing"] in ("met", "late"):
                late = _at(duty["closed_at"]) > _at(duty["due"])
                hold(late == (duty["closing"] == "late"), "1 late or not", duty["kind"])
            mine = _match(affair, duty)
            plan = self.world.plan(affair, mine) if mine is not None else None
            if mine is not None and mine.kind == "decide_case":
                ends = self.world.decided_by(affair, mine)
                hold(_at(duty["due"]) == ends, "2 its day", ("decide_case", duty["due"], ends))
            # A frozen case is counted anew when it goes on, not before: nothing of it is decided.
            if plan is None or duty["closing"] is not None or affair.frozen is not None:
                continue
            hold(
                _at(duty["due"]) == plan.due,
                "2 its day",
                (duty["kind"], duty["due"], str(plan.due)),
            )
            provisional = duty.get("provisional", False)
            hold(provisional == plan.provisional, "2 for certain or not", duty["kind"])
            unfired = [rung for rung in duty["ladder"] if rung["fired_at"] is None]
            fired = [rung for rung in duty["ladder"] if rung["fired_at"] is not None]
            nominal = dict(plan.rungs)
            for rung in unfired:
                same = nominal.get(rung["rung"]) == _at(rung["nominal_at"])
                hold(same, "2 the day of a card", (duty["kind"], rung["rung"]))
            names = {rung["rung"] for rung in (*unfired, *fired)}
            hold(names >= set(nominal), "2 a card is missing", (duty["kind"], sorted(names)))
            heard = self.ticked.get((affair.flow, affair.partition))
            moves = affair.state != "held"  # a frozen one was passed by above
            fresh = affair.since is not None and heard is not None and affair.since >= heard
            if heard is not None and moves and unfired and not fresh:
                owing = _at(unfired[0]["nominal_at"]) <= heard and _at(duty["opened_at"]) <= heard
                hold(not owing, "1 a card that is owed has fired", (duty["kind"], str(heard)))


def _match(affair: Affair, duty: dict[str, Any]) -> Owed | None:
    """Return the judge's own entry of a duty that is open, if there is exactly one."""
    if duty["closing"] is not None:  # after it another of its kind may have begun about the same
        return None
    found = [
        each for each in affair.open(duty["kind"], duty["owner"]) if each.about == duty["message"]
    ]
    return found[0] if len(found) == 1 else None


def _duty(text: str, ended: str | None) -> dict[str, Any]:
    """Return a duty as it lies there, with what is left out: nothing."""
    at, closing = ended.split() if ended else (None, None)
    body = {"ladder": [], **json.loads(text), "closed_at": at, "closing": closing}
    return body | {"ladder": [{"fired_at": None, **rung} for rung in body["ladder"]]}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
