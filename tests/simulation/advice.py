"""What the bus must tell of its own accord, counted anew by the judge: warnings, shortfalls, twins.

A warning is owed at the first Tick after its day to who has the case then, and to who is designated
or agreed on later with the decision that makes it the handler. That a handover brings
less than was listed is told to its receiver. The rest is said of letters that are sent to be alike.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from tests.simulation import days
from tests.simulation.affair import Affair

if TYPE_CHECKING:
    from tests.simulation.world import World

LIMITATION, MEASURE = "advice.limitation_near", "advice.measure_expires"
SHORT, TWIN, AGAIN = (
    "advice.handover_short",
    "advice.possible_duplicate",
    "advice.declined_before",
)
OF_A_TICK: Final = frozenset({LIMITATION, MEASURE})
_YEARS: Final = 2  # 行政处罚法 36
_LEAD: Final = timedelta(days=60)
_LEAD_WORKDAYS: Final = 2
_UNDECIDED: Final = frozenset({"issued", "received", "disputed", "referred", "designated"})
_NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Watch:
    """A day that is warned of."""

    at: datetime
    code: str
    number: int
    told: set[str] = field(default_factory=set, compare=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a letter, or a handover, says that it brings."""

    counts: tuple[Decimal, ...]  # volumes, pages, proceeds
    items: tuple[tuple[int, Decimal], ...]


def takes_up(affair: Affair, message: Any, *, local: bool) -> None:
    """Take down what a letter lists and what is to be warned of in it; or what was handed over."""
    name = type(message).__name__
    if name == "CustodyHandover":
        affair.handed = _handed(message)
    if name in ("LeadTransfer", "CaseTransfer", "ComplaintForward", "ViolationNotice"):
        affair.came_near = []
        affair.watches = [*_limitations(message), *_measures(message, local=local)]
        affair.listed = _listed(message)


def parted(affair: Affair, numbers: tuple[int, ...]) -> list[Watch]:
    """Return what a case that is split off is warned of: its violations' limitations."""
    known: list[Watch] = [*affair.came_near, *affair.watches]
    return [
        Watch(each.at, each.code, each.number)
        for each in known
        if each.code == LIMITATION and each.number in numbers
    ]


def told_at_once(affair: Affair, message: Any) -> frozenset[tuple[str, str]]:
    """Return what must be told with the decision on the message, and to whom."""
    before = affair.handed or affair.listed
    if type(message).__name__ != "CustodyHandover" or before is None:
        return frozenset()
    now = _handed(message)
    brought = dict(now.items)
    less = any(here < there for there, here in zip(before.counts, now.counts, strict=True))
    less = less or any(brought.get(number, _NONE) < there for number, there in before.items)
    gone = any(number not in brought for number, _ in before.items)
    receivers = frozenset((SHORT, organ) for organ in message.envelope.addressees)
    return receivers if less or gone else frozenset()


def time_passes(world: "World", affair: Affair) -> None:
    """Take down the warnings that a Tick owes in a case that moves."""
    near = [each for each in affair.watches if each.at <= world.now]
    affair.watches = [each for each in affair.watches if each.at > world.now]
    affair.came_near += near
    for each in near:
        asking = set() if affair.state == "filed" else {affair.asking}
        _warn(world, affair, each, {str(affair.handler)} | asking)


def is_taken_over(world: "World", affair: Affair) -> None:
    """Take down that who was designated, or agreed on, is warned of what came near before."""
    for each in affair.came_near:
        _warn(world, affair, each, {str(affair.handler)} - each.told)


def _warn(world: "World", affair: Affair, watch: Watch, organs: set[str]) -> None:
    filed = watch.code == MEASURE and affair.state == "filed"
    if affair.state not in _UNDECIDED and not filed:
        return
    if watch.code == LIMITATION and watch.number not in affair.numbers:
        return
    watch.told.update(organs)
    for organ in organs:
        world.warned[affair.id, organ, watch.code] += 1


def _limitations(message: Any) -> Iterator[Watch]:
    is_notice = type(message).__name__ == "ViolationNotice"
    violations: tuple[Any, ...] = (message.violation,) if is_notice else message.violations or ()
    for each in violations:
        ended = each.act_to or (None if each.continuing else each.act_from)
        if ended is not None:
            year = ended.year + _YEARS
            last = date(year, ended.month, min(ended.day, monthrange(year, ended.month)[1]))
            yield Watch(_nine(last - _LEAD), LIMITATION, each.number)


def _measures(message: Any, *, local: bool) -> Iterator[Watch]:
    disposed = {each.item for each in getattr(message, "disposals", None) or ()}
    for item in getattr(message, "items", None) or ():
        if item.measure_until is not None and item.number not in disposed:
            day = days.before(item.measure_until, _LEAD_WORKDAYS, local=local)
            yield Watch(_nine(day), MEASURE, item.number)


def _listed(message: Any) -> Listed | None:
    name = type(message).__name__
    if name == "ComplaintForward":
        pages = sum(each.pages or 0 for each in message.materials or ())
        return Listed((_NONE, Decimal(pages), _NONE), ())
    if name not in ("LeadTransfer", "CaseTransfer"):
        return None
    disposed = {each.item: each.proceeds or _NONE for each in message.disposals or ()}
    items = [each for each in message.items or () if each.number not in disposed]
    counts = (message.volumes or 0, message.pages or 0, sum(disposed.values()))
    return Listed(
        tuple(map(Decimal, counts)), tuple((each.number, each.quantity or _NONE) for each in items)
    )


def _handed(message: Any) -> Listed:
    counts = (message.volumes or 0, message.pages or 0, message.proceeds or 0)
    items = tuple((each.number, each.quantity or _NONE) for each in message.items or ())
    return Listed(tuple(map(Decimal, counts)), items)


def _nine(day: date) -> datetime:
    return datetime.combine(day, days.HOUR, days.ZONE)
