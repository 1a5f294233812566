"""The duties: which step opens which, whose it is, which step ends it (domain, section 4).

The table is the whole rule. Lengths, ladders and their legal basis are the rulebook's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.errors import Broken
from schemas.ids import DutyId, MessageId, derive
from services.casework.case import Case, Closing, Duty, PlannedRung
from services.casework.effects import CloseDuty, Effect, OpenDuty
from services.casework.transitions import Step
from services.rulebook.calendar import due_at, local_date, rung_times
from services.rulebook.duties import duty_rule
from services.rulebook.model import Rulebook


class Owner(StrEnum):
    """Whose duty it is; the counterpart is the other of the two."""

    HANDLER = "handler"
    SENDER = "sender"


@dataclass(frozen=True, slots=True)
class Life:
    """When a duty begins and ends."""

    owner: Owner
    opened_by: frozenset[Step]
    closed_by: Mapping[Step, Closing]


DUTIES: Final[Mapping[str, Life]] = MappingProxyType(
    {
        "sign_for": Life(
            Owner.HANDLER,
            frozenset({Step.ISSUE}),
            MappingProxyType({Step.SIGN: Closing.MET, Step.WITHDRAW: Closing.WITHDRAWN}),
        ),
        # Until custody exists, the filing decision runs from the signing alone.
        "decide_filing": Life(
            Owner.HANDLER,
            frozenset({Step.SIGN}),
            MappingProxyType({Step.FILE: Closing.MET, Step.DECLINE: Closing.MET}),
        ),
        "decide_case": Life(
            Owner.HANDLER,
            frozenset({Step.FILE}),
            MappingProxyType({Step.DECIDE: Closing.MET, Step.FEED_BACK: Closing.MET}),
        ),
        "outcome_feedback": Life(
            Owner.HANDLER,
            frozenset({Step.CONCLUDE}),
            MappingProxyType({Step.FEED_BACK: Closing.MET}),
        ),
    }
)


def close_and_open(
    case: Case, step: Step, cause: MessageId, record: str, at: datetime, rulebook: Rulebook
) -> tuple[Case, tuple[Effect, ...]]:
    """Return the case after the step has ended and begun its duties. The step itself is legal."""
    kept: list[Duty] = []
    effects: list[Effect] = []
    for duty in case.duties:
        closing = DUTIES[duty.kind].closed_by.get(step) if duty.closing is None else None
        if closing is None:
            kept.append(duty)
            continue
        if closing is Closing.MET and at > duty.due:
            closing = Closing.LATE
        ended = replace(duty, closed_at=at, closing=closing)
        kept.append(ended)
        effects.append(CloseDuty(cause, ended, closing))
    for kind, life in DUTIES.items():
        if step in life.opened_by:
            opened = _open(case, kind, life, record, at, rulebook)
            kept.append(opened)
            effects.append(OpenDuty(cause, opened))
    return replace(case, duties=tuple(kept)), tuple(effects)


def _open(case: Case, kind: str, life: Life, record: str, at: datetime, rulebook: Rulebook) -> Duty:
    """Return the duty. Raises Broken rules.duty_missing when the rulebook has no length for it."""
    handler = case.handler
    if handler is None:
        raise Broken("case.no_handler")
    owner, counterpart = (
        (handler, case.sender) if life.owner is Owner.HANDLER else (case.sender, handler)
    )
    rule = duty_rule(rulebook, kind, rulebook.directory.organs[owner], record, local_date(at))
    if rule is None:
        raise Broken("rules.duty_missing", where=kind)
    due = due_at(rulebook.calendar, at, rule.length, roll=rule.roll)
    ladder = rung_times(rulebook.calendar, rule.ladder, at, due, rule.length)
    return Duty(
        id=DutyId(derive("duty", case.id, case.opening, owner, kind)),
        kind=kind,
        message=case.opening,
        owner=owner,
        counterpart=counterpart,
        opened_at=at,
        due=due.at,
        provisional=due.provisional,
        basis=rule.basis,
        ladder=tuple(PlannedRung(rung, nominal) for rung, nominal in ladder),
    )
