"""Years of guidance (guidance 二(五)) as the judge keeps them: whose, who opens and ends them.

The county of the simulation owes guidance for two townships only: all thirty-eight of the demo's
years would be opened anew in every run, and take a third of its time.
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from schemas.disputes import GuidanceYearOpened, LinkedEffect, LinkedKind
from schemas.ids import BUS, MessageId, case_id_of, derive
from schemas.topics import flow_partition
from tests.office import PARTITIONS
from tests.simulation import days
from tests.simulation.affair import Affair, When, step
from tests.simulation.beginnings import begin, between
from tests.simulation.county import GUIDED, GUIDING, code, place_of
from tests.simulation.dues import Place
from tests.simulation.moves import Draft, Scene, steps
from tests.simulation.promise import hold
from tests.simulation.ways import way

if TYPE_CHECKING:
    from tests.simulation.world import World

YEAR: Final = 2026
OPENED: Final = datetime(YEAR, 1, 1, tzinfo=days.ZONE)
_COUNTING: Final = ("on_site", "leading_case")
_STEPS: Final = {LinkedKind.GUIDANCE_GIVEN: "guide", LinkedKind.GUIDANCE_SHORT: "excuse"}


def opening_of(township: str) -> MessageId:
    """Return the id of the message that opens the year of a township's alias."""
    return MessageId(derive("yearly guidance", code(GUIDING), code(township), str(YEAR)))


def places() -> tuple[Place, ...]:
    """Return the partitions in which the years lie."""
    return tuple(map(place_of_year, GUIDED))


def place_of_year(township: str) -> Place:
    """Return the partition of a township's year."""
    return "copies", flow_partition(case_id_of(BUS, opening_of(township)).encode(), PARTITIONS)


@begin("GuidanceRecord", "copy", 5)
def guidance_of_a_year(affair: Affair, scene: Scene) -> Draft:
    """On site, or a case led: that counts; what was written or is of another place does not."""
    township = scene.rng.choice(GUIDED)
    between(affair, GUIDING, "")
    form = scene.rng.choice((*_COUNTING, *_COUNTING, "document"))
    there = scene.rng.random() < 0.8
    affair.guides = township if there and form in _COUNTING else None
    changes = {
        "form": form,
        "place": place_of(township) if there else place_of("yanjiao"),
        "held_on": "2026-09-03",
    }
    to = (code(township),)
    then = steps("send", state="sent", to=to)
    return Draft(affair.record, affair.sender, changes, to=to, then=then)


def begins(world: "World", message: GuidanceYearOpened) -> None:
    """A year is on the books from its first day; a short one is owed by nobody."""
    envelope = message.envelope
    year = Affair(
        envelope.case_id, "copies", "guidance_year", "GuidanceYearOpened", message.township,
        envelope.message_id, flow_partition(envelope.case_id.encode(), PARTITIONS),
        handler=message.department, asking=message.township, current=envelope.message_id,
    )  # fmt: skip
    later = world.is_later(year.partition, year.flow)
    when = When(OPENED, year.opening, "GuidanceYearOpened", BUS, later)
    step(year, "begin_year", when, state="owed")
    if not later:  # written under the other rulebook, and decided under this one: it is owed
        world.too_short.pop((year.flow, year.partition), None)
    if later:
        step(year, "excuse", replace(when, by=message.department))
    year.goal, year.since = 4, world.now
    year.way = way(world.rng, year)
    world.affairs[year.id] = year


def told(year: Affair, kind: LinkedKind) -> Any:
    """Return what the effect does to the year's books."""

    def then(affair: Affair, when: When) -> None:
        taken = replace(when, by=str(affair.handler))
        guided = "guided" if kind is LinkedKind.GUIDANCE_GIVEN else None
        step(affair, _STEPS[kind], taken, about=year.opening, state=guided)

    return then


def is_of_a_year(message: LinkedEffect) -> bool:
    """Whether the effect is told to a year of guidance."""
    return message.kind in _STEPS


def stand(world: "World", heard: set[Place]) -> None:
    """All is decided. Each year that must be there is there, and none is owed that is too short."""
    for township in GUIDED:
        year = world.affairs.get(case_id_of(BUS, opening_of(township)))
        place = place_of_year(township)
        told = place in heard and place in world.too_short  # within the year, not after it only
        hold(year is not None or not told, "1 a year is opened", township)
    hold(not world.guiding, "1 guidance is told to its year", sorted(world.guiding)[:2])
    for year in world.affairs.values():
        if year.life == "guidance_year" and world.too_short.get((year.flow, year.partition)):
            stands = year.frozen is not None or not year.open("yearly_guidance")
            hold(stands, "1 a year that is too short is owed", year.id)
