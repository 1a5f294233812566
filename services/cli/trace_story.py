"""The journey of a case as one document, from the casebook's case and decisions. Pure.

It holds what the casebook holds in the clear: ids, numbers, codes, organs, rules and times. No
content of a message is in it, so an operator may look at it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from schemas.ids import OrganCode
from services.casebook.rows import DecisionRow
from services.casework.case import Case, Duty, Handed, State
from services.cli.recipients import Arrival, Copy, arrival_of, copy_of, recipients_of
from services.rulebook.model import Directory

Document = dict[str, Any]
_SUMMARY: Final = (
    "case",
    "flow",
    "state",
    "opened_at",
    "document_number",
    "sender",
    "handler",
)


def story(
    case: Case | None,
    decisions: Sequence[DecisionRow],
    directory: Directory,
    waiting: frozenset[Copy] = frozenset(),
) -> Document:
    """Return the journey of one case; it has at least one decision.

    `case` None: its opening message was refused, so no case came of it. `waiting`: its copies that
    are still in the outbox.
    """
    told = _Teller(directory, case)
    steps = [told.step(row) for row in decisions]
    first = decisions[0]
    duties = [told.duty(duty) for duty in case.duties] if case else []
    return {
        "case": first.case_id,
        "flow": first.position.topic,
        "state": _state(case, waiting),
        "opened_at": case.opened_at if case else first.at,
        "document_number": steps[0]["document_number"],
        "sender": steps[0]["from"],
        "handler": told.organ(case.handler if case else None),
        "rule": case.rule if case else None,
        "basis": _basis(steps),
        "stop": _stop(case),
        "waiting": [
            {"message": waiting.message, "received_at": waiting.received_at}
            for waiting in (case.waiting if case else ())
        ],
        "steps": steps,
        "recipients": recipients_of(case, waiting, told.organ),
        "duties": duties,
        "clock": [duty for duty in duties if duty["closing"] is None],
    }


def summary(told: Document) -> Document:
    """Return the short form of a story, for when a number is borne by several."""
    return {name: told[name] for name in _SUMMARY}


def _state(case: Case | None, waiting: frozenset[Copy]) -> str:
    """A copy to several is sent when every one of them has it, and no sooner."""
    if case is None:
        return "refused"
    if case.state is not State.SENT:
        return case.state
    states = {arrival_of(handed, waiting) for handed in case.handed}
    return "sending" if Arrival.PENDING in states else case.state


class _Teller:
    """Names organs and joins what was handed over with when it arrived."""

    def __init__(self, directory: Directory, case: Case | None) -> None:
        self._directory = directory
        self._handed: Mapping[tuple[tuple[str, str], str], Handed] = {
            copy_of(handed): handed for handed in (case.handed if case else ())
        }
        # A case holds its stages in the order in which they were accepted, as the decisions are.
        self._stages = iter(case.stages if case else ())

    def organ(self, code: str | None) -> Document | None:
        if code is None:
            return None
        known = self._directory.organs.get(OrganCode(code))
        return {
            "code": code,
            "alias": known.alias if known else None,
            "name": known.name if known else code,
        }

    def step(self, row: DecisionRow) -> Document:
        entry = json.loads(row.entry)
        return {
            "at": row.at,
            "message": row.message_id,
            "record": row.record,
            "stage": self._stage(row),
            "from": self.organ(row.sender),
            "document_number": entry.get("document_number"),
            "in_reply_to": entry.get("in_reply_to"),
            "outcome": row.outcome,
            "code": row.code,
            "rulebook": row.rulebook,
            "effects": [self._effect(effect) for effect in entry.get("effects", ())],
        }

    def _stage(self, row: DecisionRow) -> str | None:
        if row.record == "CaseProgress" and row.outcome == "accepted":
            return next(self._stages, None)
        return None

    def duty(self, duty: Duty) -> Document:
        return {
            "duty": duty.kind,
            "organ": self.organ(duty.owner),
            "counterpart": self.organ(duty.counterpart),
            "message": duty.message,
            "opened_at": duty.opened_at,
            "due": duty.due,
            "provisional": duty.provisional,
            "basis": duty.basis,
            "closing": duty.closing,
            "closed_at": duty.closed_at,
            "rungs": [
                {"rung": rung.rung, "nominal_at": rung.nominal_at, "fired_at": rung.fired_at}
                for rung in duty.ladder
            ],
        }

    def _effect(self, effect: Document) -> Document:
        name = effect["effect"]
        match name:
            case "accepted":
                return {
                    "effect": name,
                    "to": self.organ(effect["to"]),
                    "recipients": [
                        {"organ": self.organ(organ), "relation": relation}
                        for organ, relation in effect["recipients"]
                    ],
                    **_picked(effect, ("rule", "basis", "explanation", "quiet")),
                }
            case "rejected":
                refusal = effect["refusal"]
                return {
                    "effect": name,
                    "to": self.organ(effect["to"]),
                    "code": refusal["code"],
                    "where": refusal["where"],
                    "explanation": refusal["detail"],
                }
            case "held":
                return {
                    "effect": name,
                    "to": self._organs(effect["to"]),
                    **_picked(effect, ("reason", "code", "explanation")),
                }
            case "delivered":
                return self._delivered(effect)
            case "duty_opened" | "duty_closed":
                return {"effect": name, **self._of_duty(effect["duty"])}
            case "rung":
                return {
                    "effect": name,
                    "duty": effect["duty"]["kind"],
                    "organ": self.organ(effect["duty"]["owner"]),
                    **_picked(effect, ("rung", "nominal_at")),
                    "to": self._organs(effect["to"]),
                }
            case "opened":
                return self._opened(effect)
            case "advised":
                return {
                    "effect": name,
                    "to": self.organ(effect["to"]),
                    **_picked(effect, ("code", "explanation")),
                }
            case "written":
                envelope = effect["record"]["envelope"]
                return {
                    "effect": name,
                    "record": envelope["record"],
                    "case": envelope["case_id"],
                }
            case _:  # released, state_changed: no organ in them
                return effect

    def _delivered(self, effect: Document) -> Document:
        handed = self._handed.get(((effect["author"], effect["message"]), effect["to"]))
        return {
            "effect": effect["effect"],
            "to": self.organ(effect["to"]),
            **_picked(effect, ("record", "relation", "rule")),
            "delivered_at": handed.delivered_at if handed else None,
            "signed_at": handed.signed_at if handed else None,
        }

    def _opened(self, effect: Document) -> Document:
        return {
            "effect": effect["effect"],
            "to": self.organ(effect["to"]),
            "by": self.organ(effect["by"]) if effect["by"] else None,
            **_picked(effect, ("about", "record", "fields")),
        }

    def _of_duty(self, duty: Document) -> Document:
        return {
            "duty": duty["kind"],
            "organ": self.organ(duty["owner"]),
            **_picked(duty, ("due", "provisional", "basis", "closing")),
        }

    def _organs(self, codes: Iterable[str]) -> list[Document | None]:
        return [self.organ(code) for code in codes]


def _picked(document: Document, names: Iterable[str]) -> Document:
    return {name: document.get(name) for name in names}


def _basis(steps: Iterable[Document]) -> str | None:
    bases = (
        effect["basis"]
        for step in steps
        for effect in step["effects"]
        if effect["effect"] == "accepted" and effect["basis"]
    )
    return next(bases, None)


def _stop(case: Case | None) -> Document | None:
    if case is None or case.stop is None:
        return None
    stop = case.stop
    return {"message": stop.message, "reason": stop.reason, "code": stop.code, "since": stop.at}
