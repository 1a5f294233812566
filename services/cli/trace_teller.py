"""The parts of a case's journey as documents: decisions with their effects, duties, organs."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from schemas.ids import OrganCode
from services.casebook.rows import DecisionRow
from services.casework.case import Case, Duty, Handed
from services.casework.owed import is_late, is_overdue
from services.cli.recipients import copy_of
from services.rulebook.model import Directory

Document = dict[str, Any]


class Teller:
    """Names organs and joins what was handed over with when it arrived."""

    def __init__(self, directory: Directory, case: Case | None) -> None:
        self._directory = directory
        self._handed: Mapping[tuple[tuple[str, str], str], Handed] = {
            copy_of(handed): handed for handed in (case.handed if case else ())
        }
        # A case holds its stages in the order in which they were accepted, as the decisions are.
        self._stages = iter(case.stages if case else ())
        stop = case.stop if case and case.is_frozen else None
        self._frozen_at = stop.at if stop else None

    def organ(self, code: str | None) -> Document | None:
        """Return an organ by its code, name and alias; of one that is unknown, its code."""
        if code is None:
            return None
        known = self._directory.organs.get(OrganCode(code))
        return {
            "code": code,
            "alias": known.alias if known else None,
            "name": known.name if known else code,
        }

    def step(self, row: DecisionRow) -> Document:
        """Return one decision, and what it did."""
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

    def duty(self, duty: Duty, at: datetime) -> Document:
        """Return a duty as it stands at that time, with what was fired of its ladder."""
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
            # Whether a card has fired or not; what ended just now is open no more.
            "overdue": duty.closing is None and is_overdue(duty, at, self._frozen_at),
            # As the figures count it: whatever has ended it since, a breach stays one.
            "breached": duty.due <= at and is_late(duty, at, self._frozen_at),
            "begins_at": duty.begins_at,  # nothing is owed before
            "suspended_until": duty.suspension.ends_at if duty.suspension else None,
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
            case _ if name.startswith("duty_"):
                return {"effect": name, **self._of_duty(effect["duty"]), **self._changed(effect)}
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
            case _:  # released, state_changed, erased: no organ in them
                return effect

    def _changed(self, effect: Document) -> Document:
        """Return what else is said of a duty that was moved, stands still, or passed to another."""
        match effect["effect"]:
            case "duty_moved" | "duty_suspended":
                return {each: effect[each] for each in ("was", "reason") if each in effect}
            case "duty_passed":
                return {"before": self.organ(effect["before"])}
            case _:
                return {}

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
