"""What the supervisor's figures count, one by one (domain, section 8). Pure.

An item is one duty, message or case that shows in one figure: every figure is a number of items, so
it is told down to the message. They follow from the ledger of duties, the cases and the journal
alone, which nothing erases: a figure is the same after a restart, and after the content is gone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from schemas.ids import BUS, CaseId
from services.casework.case import Case, Closing, Duty
from services.casework.owed import is_late, is_overdue, is_owed
from services.casework.routing import HOLD_CODES
from services.rulebook.calendar import local_date, start_of
from services.rulebook.guidance import KIND as YEARLY

Entry = Mapping[str, Any]  # a line of the journal
CaseOf = Callable[[CaseId], Case | None]

# Accepted messages that are counted as they are, by who sent them.
ACCEPTED: Final[Mapping[str, str]] = {
    "Objection": "disputed",
    "Designation": "designated",
    "RoutingAssignment": "assigned",
    "SupervisionLetter": "supervised",
    "BreachAnnotation": "explained",
    "JointPlan": "joint_plan",
    "JointPlanAnswer": "joint_answer",
    "JointPlanDecision": "joint_decision",
    "JointOutcome": "joint_outcome",
}
TIMED: Final[Mapping[str, str]] = {  # duty → the figure of how long it took
    "sign_for": "time_to_sign",
    "decide_filing": "time_to_decide_filing",
    "decide_case": "time_to_decide",
}
_LETTERS: Final = frozenset({"LeadTransfer", "CaseTransfer", "ComplaintForward"})
# Of these an item's time is when it fell due: 24:00 of a day.
DUE: Final = frozenset({"overdue", "kept", "breached", "guidance_missing"})
_AS_IT_STANDS: Final = frozenset({"open", "overdue", "guidance_missing"})  # at the period's end
_DONE: Final = frozenset({Closing.MET, Closing.LATE})
_MOMENT: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of Beijing, the last one inclusive; `until`: as far as the figures can know."""

    first: date
    last: date
    until: datetime

    @property
    def start(self) -> datetime:
        """The first day's 00:00."""
        return start_of(self.first)

    def has(self, at: datetime) -> bool:
        """Whether something happened in it: the midnight that ends it is the next one's."""
        return self.start <= at < self.until

    def day_of(self, item: "Item") -> date:
        """Return on which of its days an item is to be looked at: what is due at 24:00, on that."""
        at = self.until if item.figure in _AS_IT_STANDS else item.at
        return local_date(min(max(at, self.start + _MOMENT), self.until) - _MOMENT)

    def has_due(self, due: datetime) -> bool:
        """Whether something fell due in it: 24:00 of the last day is that day's."""
        return self.start < due <= self.until


@dataclass(frozen=True, slots=True)
class Item:
    """One that counts. `organ` is whose it is; `detail` a kind, a code or another organ."""

    figure: str
    organ: str
    detail: str
    case: str
    message: str
    at: datetime
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """A duty has gone to the successor of `before`, which owed it until then."""

    before: str
    at: datetime


def of_duty(
    case_id: CaseId,
    duty: Duty,
    period: Period,
    frozen_at: datetime | None,
    passed: Sequence[Passed] = (),
) -> Iterator[Item]:
    """Yield what one duty shows: whether it is open, was kept, and how long it took.

    `frozen_at`: since when its case stands still, by a defect of ours. `passed`: in their order.
    Who inherits a breach has not committed it; figures of before an organ's end stay its own.
    """
    if duty.begins_at is not None:
        if duty.closing is None:  # nothing is owed yet
            return
        duty = replace(duty, begins_at=None)  # it was done, or given up, before it was to begin

    def item(figure: str, at: datetime, seconds: float | None = None) -> Item:
        detail = duty.counterpart if duty.kind == YEARLY else duty.kind
        then = period.until if figure in _AS_IT_STANDS else at
        owner = next((each.before for each in passed if then <= each.at), duty.owner)
        return Item(figure, owner, detail, case_id, duty.message, at, seconds)

    ended = duty.closed_at
    is_open = is_owed(duty, period.until)
    if duty.kind == YEARLY:
        yield from _of_guidance(item, duty, period, is_open=is_open)
        return
    if is_open:
        yield item("open", duty.opened_at)
        if is_overdue(duty, period.until, frozen_at):
            yield item("overdue", duty.due)
    if period.has_due(duty.due):
        if is_late(duty, period.until, frozen_at):
            yield item("breached", duty.due)
        elif duty.closing in _DONE and ended and ended <= duty.due:
            # What was withdrawn, waived or superseded before is neither.
            yield item("kept", duty.due)
    if duty.kind in TIMED and duty.closing in _DONE and ended and period.has(ended):
        yield item(TIMED[duty.kind], ended, (ended - duty.opened_at).total_seconds())


def of_notice(case: Case, period: Period, sender: str | None = None) -> Iterator[Item]:
    """Yield how long a notice took from its finding to the bus: 立即 binds its sender.

    `sender`: who sent it, where a successor may stand in its place by now.
    Who says that it was found later than the bus had it has a wrong clock: it counts, with no time.
    """
    if case.found_at is None or not period.has(case.opened_at):
        return
    took = (case.opened_at - case.found_at).total_seconds()
    seconds = took if took >= 0 else None
    by = sender or case.sender
    yield Item("notify_delay", by, "", case.id, case.opening, case.opened_at, seconds)


def of_entry(entry: Entry, case_of: CaseOf) -> Iterator[Item]:
    """Yield what one decision shows, by its effects: what waited counts when it is released."""
    for effect in entry["effects"]:
        yield from _of_effect(effect, entry, case_of)


def _of_effect(effect: Entry, entry: Entry, case_of: CaseOf) -> Iterator[Item]:
    at, case_id = datetime.fromisoformat(entry["at"]), CaseId(entry["case"])

    def item(figure: str, organ: str, detail: str = "", seconds: float | None = None) -> Item:
        return Item(figure, organ, detail, case_id, effect["message"], at, seconds)

    match effect["effect"]:
        case "rejected" if effect["to"] != BUS:  # its own is no letter
            yield item("refused", effect["to"], effect["refusal"]["code"])
        case "held" if effect["code"] in HOLD_CODES.values() and _comes_to(entry, "held"):
            yield item("held", effect["to"][0], effect["code"])  # not what is held still
        case "rung":  # by a Tick, which nobody has sent: its letter shows it
            duty = effect["duty"]
            yield replace(item("rung", duty["owner"], effect["rung"]), message=duty["message"])
        case "accepted" if effect["record"] in ACCEPTED:
            yield item(ACCEPTED[effect["record"]], effect["to"], _asked(effect))
        case "accepted" if effect["record"] in _LETTERS:
            found = case_of(case_id)
            if found is not None and found.opening != effect["message"]:
                yield item("hop", effect["to"])
        case "state_changed" if effect["after"] in ("referred", "closed"):
            found = case_of(case_id)
            if effect["after"] == "referred":
                yield item("referred", _holder(entry) or (found.sender if found else ""))
            elif found is not None:
                took = (at - _began(found, case_of)).total_seconds()
                yield item("time_to_close", _author(entry, effect) or found.sender, "", took)


def _asked(effect: Entry) -> str:
    """Return of whom a supervision letter asks an account; the others have no such kind."""
    if effect["record"] != "SupervisionLetter":
        return ""
    return next((str(organ) for organ, _ in effect["recipients"]), "")


def _comes_to(entry: Entry, state: str) -> bool:
    changes = (each for each in entry["effects"] if each["effect"] == "state_changed")
    return any(each["after"] == state for each in changes)


def _author(entry: Entry, effect: Entry) -> str | None:
    """Return who sent what had this effect: by now another may stand in its place in the case."""
    said = (each for each in entry["effects"] if each["effect"] == "accepted")
    return next((str(each["to"]) for each in said if each["message"] == effect["message"]), None)


def _holder(entry: Entry) -> str | None:
    """Return who owes the request to the superior; who is told first that there is none."""
    for each in entry["effects"]:
        if each["effect"] == "duty_opened" and each["duty"]["kind"] == "request_designation":
            return str(each["duty"]["owner"])
        if each["effect"] == "advised" and each["code"] == "designation.no_superior":
            return str(each["to"])
    return None


def _began(case: Case, case_of: CaseOf) -> datetime:
    """Return when its letter came; of what was split off, when that of the whole did."""
    while case.parent is not None and (parent := case_of(case.parent)) is not None:
        case = parent
    return case.opened_at


def _of_guidance(
    item: Callable[[str, datetime], Item], duty: Duty, period: Period, *, is_open: bool
) -> Iterator[Item]:
    year = local_date(duty.due - _MOMENT).year
    if not period.first.year <= year <= period.last.year or duty.opened_at >= period.until:
        return
    if is_open:
        yield item("guidance_missing", duty.due)
    elif duty.closing in _DONE:
        yield item("guidance_done", duty.closed_at or duty.due)
    elif duty.closing is not None:
        yield item("guidance_waived", duty.closed_at or duty.due)
