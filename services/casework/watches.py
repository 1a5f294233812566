"""Dates in a letter that pass: the bus warns of them beforehand (domain, section 5).

The limitation of a violation (行政处罚法 36) and the last day of a measure on an item
(行政处罚法 56, 行政强制法 25). Warn and remind, never refuse: a letter may come when the day has
passed already, and whether that decides the case is the handler's to judge. How long before, the
rulebook says.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from schemas.disputes import SplitCharge
from schemas.ids import MatterCode, MessageId, OrganCode
from schemas.messages import Routed, Transfer
from services.casework.case import Case, State
from services.casework.effects import Advise
from services.casework.kept import Watch, WatchKind
from services.casework.listing import items_kept, violations_of
from services.casework.steps import Outcome
from services.rulebook.calendar import ZONE, workdays_before
from services.rulebook.model import Rulebook
from services.rulebook.reminders import LimitationPolicy

_UNDECIDED: Final = frozenset(
    {State.ISSUED, State.RECEIVED, State.DISPUTED, State.REFERRED, State.DESIGNATED}
)
# A case that was filed was found in time, or was not; a seized thing stays seized until its end.
_WITH_MEASURES: Final = _UNDECIDED | {State.FILED}
_CODES: Final = {
    WatchKind.LIMITATION: "advice.limitation_near",
    WatchKind.MEASURE: "advice.measure_expires",
}
_WORDS: Final = {
    WatchKind.LIMITATION: "第{number}项违法行为的追责时效",
    WatchKind.MEASURE: "第{number}号物品上的措施",
}


def watches_of(message: Routed, rulebook: Rulebook) -> tuple[Watch, ...]:
    """Return what is to be warned of in a letter, the earliest first."""
    found = [*_limitations(message, rulebook), *_measures(message, rulebook)]
    return tuple(sorted(found, key=_order))


def watches_of_split(charges: Iterable[SplitCharge], rulebook: Rulebook) -> tuple[Watch, ...]:
    """Return what is to be warned of in a child case: the days that its parent's letter has."""
    policy = rulebook.reminders.limitation
    found = [
        _limited(each.number, each.limitation_ends_on, policy, rulebook)
        for each in charges
        if policy is not None and each.limitation_ends_on is not None
    ]
    return tuple(sorted(found, key=_order))


def limitation_of(watches: Iterable[Watch], number: int) -> date | None:
    """Return the last day of a violation's limitation, if it runs."""
    limitations = (each for each in watches if each.kind is WatchKind.LIMITATION)
    return next((each.last_day for each in limitations if each.number == number), None)


def warn(case: Case, tick: MessageId, at: datetime) -> Outcome:
    """Warn of what has come near: who handles it, and while it is not filed, who sent it."""
    near = {watch for watch in case.watches if watch.told is None and watch.at <= at}
    to_tell = {watch: _told(case) if _is_of_use(watch, case) else () for watch in near}
    return _warned(Outcome(case), to_tell, tick)


def warn_newcomer(outcome: Outcome, handler: OrganCode, cause: MessageId) -> Outcome:
    """Warn who has become the handler of what came near before: others were told of it then."""
    case = outcome.case
    unheard = {
        watch: (handler,)
        for watch in case.watches
        if watch.told is not None and handler not in watch.told and _is_of_use(watch, case)
    }
    return _warned(outcome, unheard, cause)


def _warned(
    outcome: Outcome, to_tell: Mapping[Watch, tuple[OrganCode, ...]], cause: MessageId
) -> Outcome:
    case = outcome.case
    advice = (
        Advise(cause, organ, _CODES[watch.kind], _words(watch), f"/{case.id}/{watch.number}")
        for watch in case.watches
        for organ in to_tell.get(watch, ())
    )
    noted = tuple(
        replace(watch, told=(*(watch.told or ()), *to_tell[watch])) if watch in to_tell else watch
        for watch in case.watches
    )
    return Outcome(replace(case, watches=noted), outcome.effects).also(*advice)


def _order(watch: Watch) -> tuple[datetime, WatchKind, int]:
    return watch.at, watch.kind, watch.number


def _is_of_use(watch: Watch, case: Case) -> bool:
    """Whether it still matters: not of a violation that was split off, nor in a case that ended."""
    if watch.kind is WatchKind.MEASURE:
        return case.state in _WITH_MEASURES
    return case.state in _UNDECIDED and watch.number in {each.number for each in case.charges}


def _told(case: Case) -> tuple[OrganCode, ...]:
    asking = () if case.state is State.FILED else (case.asking,)
    return tuple(dict.fromkeys(organ for organ in (case.handler, *asking) if organ is not None))


def _words(watch: Watch) -> str:
    what = _WORDS[watch.kind].format(number=watch.number)
    return f"{what}于{watch.last_day:%Y-%m-%d}届满（{watch.basis}）。"


def _limitations(message: Routed, rulebook: Rulebook) -> Iterator[Watch]:
    for violation in violations_of(message):
        ended = violation.act_to or (None if violation.continuing else violation.act_from)
        watch = ended and _limitation(violation.number, violation.matter, ended, rulebook)
        if watch:
            yield watch


def _limitation(number: int, matter: MatterCode, ended: date, rulebook: Rulebook) -> Watch | None:
    """Count from the day on which the act ended; the last month may lack that day (民法典 202)."""
    policy = rulebook.reminders.limitation
    if policy is None:
        return None
    known = rulebook.matters.get(matter)
    is_long = known is not None and known.group in policy.long_groups
    year = ended.year + (policy.long_years if is_long else policy.years)
    day = min(ended.day, monthrange(year, ended.month)[1])
    last = date(year, ended.month, day)
    return _limited(number, last, policy, rulebook)


def _limited(number: int, last: date, policy: LimitationPolicy, rulebook: Rulebook) -> Watch:
    first = last - timedelta(days=policy.lead_calendar_days)
    return _watch(WatchKind.LIMITATION, number, first, last, policy.basis, rulebook)


def _measures(message: Routed, rulebook: Rulebook) -> Iterator[Watch]:
    policy = rulebook.reminders.measure
    if policy is None or not isinstance(message, Transfer):
        return
    for item in items_kept(message):
        last = item.measure_until
        if last is not None:
            first = workdays_before(rulebook.calendar, last, policy.lead_working_days)
            yield _watch(WatchKind.MEASURE, item.number, first, last, policy.basis, rulebook)


def _watch(
    kind: WatchKind, number: int, first: date, last: date, basis: str, rulebook: Rulebook
) -> Watch:
    at = datetime.combine(first, rulebook.reminders.hour, ZONE)
    return Watch(at, kind, number, last, basis)
