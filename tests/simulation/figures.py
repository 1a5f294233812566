"""The supervisor's figures (domain, section 8) against the judge's own books.

Counted from what was sent and from the judge's ledger and calendar: by nothing that the product
counts by. What the judge has no days for (days.py) is left out, on both sides.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from schemas.ids import BUS
from services.cli.statistics_items import Period
from services.cli.statistics_read import items_in
from tests.simulation.affair import Affair
from tests.simulation.books import MET, Owed
from tests.simulation.bus import tick
from tests.simulation.promise import hold

if TYPE_CHECKING:
    from tests.simulation.world import World

_Counts = Counter[tuple[str, str, str]]  # figure, organ, kind or code
_OF_DUTIES: Final = frozenset({"open", "overdue", "breached", "kept", "time_to_sign"})
# Their days are the letter's or the filing's, or wait for something: no row of days.py.
_NOT_COUNTED: Final = frozenset(
    {"decide_filing", "decide_case", "joint_outcome", "assist", "answer_supervision"}
)
_FIRST: Final = date(2026, 1, 1)
_LAST: Final = date(2036, 12, 31)


def agree(world: "World") -> None:
    """Hold the figures of all the time against the books. All is decided."""
    world.now += timedelta(minutes=1)
    for place in world.all_places():
        tick(world, place)
    world.settle()
    with world.exchange.casebook.engine.connect() as connection:
        # As far as is decided: to this last Tick and with it.
        found = list(items_in(connection, Period(_FIRST, _LAST, world.now + timedelta(hours=1))))
    of_duties, told = _judged(world), _refused(world)
    shown = (each for each in found if each.figure in _OF_DUTIES and each.case in of_duties)
    counted = Counter((each.figure, each.organ, each.detail) for each in shown)
    mine = Counter(key for affair in of_duties.values() for key in _of(world, affair))
    _same({key: counted[key] for key in counted if key[2] not in _NOT_COUNTED}, mine)
    refused = (each for each in found if each.figure == "refused")
    _same(Counter((each.figure, each.organ, each.detail) for each in refused), told)


def _same(counted: dict[tuple[str, str, str], int], mine: _Counts) -> None:
    differ = {key for key in {*counted, *mine} if counted.get(key, 0) != mine[key]}
    told = [(key, counted.get(key, 0), mine[key]) for key in sorted(differ)]
    hold(not differ, "1 the supervisor's figures", told[:3])


def _refused(world: "World") -> _Counts:
    dues = (due for due in world.dues.values() if due.outcome == "rejected" and due.sender != BUS)
    return Counter(("refused", due.sender, str(due.code)) for due in dues)


def _judged(world: "World") -> dict[str, Affair]:
    """Return the cases whose days are known: no other calendar came over them, no year's end."""
    switched = {
        (due.incoming.position.topic, due.incoming.position.partition)
        for due in world.dues.values()
        if due.record == "RulebookActivated"
    }
    return {
        affair.id: affair
        for affair in world.affairs.values()
        if (affair.flow, affair.partition) not in switched and affair.life != "guidance_year"
    }


def _of(world: "World", affair: Affair) -> Iterator[tuple[str, str, str]]:
    for duty in affair.duties:
        for figure in _figures(world, affair, duty):
            yield figure, duty.owner, duty.kind


def _figures(world: "World", affair: Affair, duty: Owed) -> Iterator[str]:
    if duty.kind in _NOT_COUNTED or duty.waits or (duty.closing and duty.closed is None):
        return
    if duty.closing is None:
        yield "open"
    if duty.kind == "sign_for" and duty.closing == MET:
        yield "time_to_sign"
    plan = world.plan(affair, duty)
    if plan is None:
        return
    if duty.closed is not None and duty.closed <= plan.due:
        if duty.closing == MET and plan.due <= world.now:
            yield "kept"
    elif plan.due <= world.now and not plan.provisional:
        yield "breached"
        if duty.closing is None:
            yield "overdue"
