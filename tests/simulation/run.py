"""One run: a county is made from a seed, lives through its messages, and is judged at each step."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from schemas.messages import CaseSettled, SettleAction
from tests.simulation import (
    beginnings,
    custody,
    disputes,
    faults,
    figures,
    openings,
    other_beginnings,
    oversight,
    requests,
    transfers,
    years,
)
from tests.simulation.affair import Affair
from tests.simulation.alike import across, declined_before
from tests.simulation.beginnings import BEGINNINGS, a_lead_of_a_known_party, waits
from tests.simulation.bus import bus_envelope, of_the_bus, switch, tick
from tests.simulation.counting import Counts, counted
from tests.simulation.county import code
from tests.simulation.exchange import UNCOMMITTED, USUAL, Crash
from tests.simulation.judge import Judge
from tests.simulation.moves import MOVES, Draft
from tests.simulation.replay import again
from tests.simulation.themes import theme_of
from tests.simulation.ways import way
from tests.simulation.world import World
from tests.simulation.years import guidance_of_a_year

# The modules whose moves these are; importing them notes the moves. A seed is the same county
# whichever of them was imported first: their moves come in this order, or kept seeds tell nothing.
TAUGHT: Final = tuple(
    module.__name__
    for module in (
        custody, transfers, disputes, faults, openings,
        beginnings, oversight, requests, other_beginnings, years,
    )
)  # fmt: skip
MOVES.sort(key=lambda move: TAUGHT.index(move.make.__module__))
BEGINNINGS.sort(key=lambda beginning: TAUGHT.index(beginning[2].__module__))
MOVES_TRIED_MAX: Final = 12  # moves that do not fit, before another case is looked at
BY_NAME: Final = {make.__name__: (record, life, make) for record, life, make, _ in BEGINNINGS}
NAMED: Final = {move.name: move for move in MOVES}
OF_A_CASE: Final = 12  # moves in one case, about
THEME_CHANCE: Final = 0.4  # that a case begins as the theme has it
WAY_CHANCE: Final = 0.85  # that what is wanted is said, not anything
BATCH_MAX: Final = 24  # records of one transaction
STEP_CHANCE: Final = 0.11  # that the exchange takes a batch before the next is said
CRASH_CHANCE: Final = 0.06  # that the exchange dies in a batch
STEPS_MAX: Final = 20_000  # of one run: a loop that does not end is a defect


@dataclass(slots=True)
class Result:
    """What a run did."""

    seed: int
    messages: int = 0
    records: int = 0
    counts: Counts = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    crashes: Counter[Crash] = field(default_factory=Counter)
    replayed: int = 0
    broken: str | None = None
    history: list[str] = field(default_factory=list)


class Run:
    """A seed's county and what happens in it."""

    def __init__(
        self,
        seed: int,
        file: Path,
        loop: asyncio.AbstractEventLoop,
        crash_chance: float | None = None,
        pace: int = 1,
    ) -> None:
        self.rng = Random(seed)  # noqa: S311 - a simulation
        self.result = Result(seed)
        self.world = World(self.rng, file, loop)
        self.world.settle = self.settle
        self.world.always = years.places()
        self.judge = Judge(self.world)
        self.taste = {move.name: self.rng.choice((0.3, 1, 1, 1, 4)) for move in MOVES}
        self.likes = [self.rng.choice((0.2, 1, 1, 5)) for _ in BEGINNINGS]
        self.frozen: dict[str, tuple[Draft, Any, Any]] = {}
        self.pace = pace
        self.crash_chance = CRASH_CHANCE if crash_chance is None else crash_chance
        self.crash_places = USUAL if crash_chance is None else tuple(Crash)

    def live(self, messages: int) -> None:
        """Let the county live until so many messages were sent and decided."""
        for _ in range(STEPS_MAX):
            if self.world.messages >= messages:
                break
            self._something()
            if self.rng.random() < STEP_CHANCE:
                self.step()
        self._everything_goes_on()
        self.settle()

    def _something(self) -> None:
        world, chance = self.world, self.rng.random()
        world.now += timedelta(minutes=self.rng.choice((1, 5, 30, 60, 200)))
        if chance < 0.05 and world.sent:
            self._again()
        elif chance < 0.12:
            self._time()
        elif chance < 0.135 and world.affairs:
            place = self.rng.choice(world.all_places())
            self.say("switch")
            switch(world, place)
        elif chance < 0.155 and world.affairs:
            self._freeze_or_settle()
        elif chance < 0.18:
            self._across()
        elif chance < 0.34 or len(world.affairs) < 2:
            self._begin()
        else:
            self._move()

    def say(self, what: str) -> None:
        """Note what happens, without content."""
        self.result.history.append(what)

    def _begin(self) -> None:
        if self.rng.random() < THEME_CHANCE:
            self._begin_the_theme()
            return
        weights = [
            weight * like for (_, _, _, weight), like in zip(BEGINNINGS, self.likes, strict=True)
        ]
        record, life, make, _ = self.rng.choices(BEGINNINGS, weights)[0]
        affair = self.world.new_affair(record, life)
        draft = make(affair, self.world)
        self._open(affair, draft, make.__name__)

    def _begin_the_theme(self) -> None:
        name, wanted = theme_of(self.result.seed)
        if name == guidance_of_a_year.__name__:
            self._years_begin()
        record, life, make = BY_NAME[name]
        affair = self.world.new_affair(record, life)
        self._open(affair, make(affair, self.world), name)
        if affair.id in self.world.affairs:
            affair.goal, affair.way = len(wanted) + 1, list(reversed(wanted))
        if name == a_lead_of_a_known_party.__name__ and self.rng.random() < 0.5:
            self._again_what_was_declined()
        if affair.guides is not None:
            self._another_rulebook(affair.guides)

    def _again_what_was_declined(self) -> None:
        found = declined_before(self.world)
        if found is not None:
            self._open(*found)

    def _years_begin(self) -> None:
        for place in years.places():
            tick(self.world, place)
        self.settle()

    def _another_rulebook(self, township: str) -> None:
        """Guidance is under way while another rulebook says that none is owed."""
        place = years.place_of_year(township)
        if place not in self.world.later and self.rng.random() < 0.8:
            self.say("switch")
            switch(self.world, place)
            self.world.now += timedelta(minutes=1)  # no two Ticks of one instant, as of the bus
            tick(self.world, place)

    def _open(self, affair: Affair, draft: Draft, name: str) -> None:
        self.say(f"{name} {affair.id[:8]} {draft.code or ''}")
        self.world.put(affair, draft, name, opens=True)
        if draft.code is None:
            self.world.affairs[affair.id] = affair
            affair.goal = self.rng.randint(4, OF_A_CASE)
            affair.way = way(self.rng, affair)

    def _move(self) -> None:
        world = self.world
        lively = [each for each in world.affairs.values() if each.goal > 0]
        wanted = [each for each in lively if each.way]
        if wanted and self.rng.random() < WAY_CHANCE:
            lively = wanted
        affair = self.rng.choice(lively or list(world.affairs.values()))
        if affair.frozen is not None:
            if affair.sender not in _UNWATCHED:
                self._put(affair, waits(affair, world), "waits")
            return
        if affair.way and self.rng.random() < WAY_CHANCE and self._goes_its_way(affair):
            return
        fitting = [move for move in MOVES if move.fits(affair)]
        weights = [move.weight * self.taste[move.name] for move in fitting]
        for _ in range(MOVES_TRIED_MAX):
            move = self.rng.choices(fitting, weights)[0]
            draft = move.make(affair, world)
            if draft is not None and draft.sender != _NOBODY:
                affair.goal -= draft.code is None
                self._put(affair, draft, move.name)
                return

    def _goes_its_way(self, affair: Affair) -> bool:
        name = affair.way.pop()
        wanted = NAMED[name.rstrip("!")]
        if not wanted.fits(affair):
            return False
        for _ in range(MOVES_TRIED_MAX):
            draft = wanted.make(affair, self.world)
            if draft is None or draft.sender == _NOBODY:
                continue
            if draft.code is None or name.endswith("!"):
                self._put(affair, draft, wanted.name)
                return True
        return False

    def _put(self, affair: Affair, draft: Draft, name: str) -> None:
        before = affair.state
        self.world.put(affair, draft, name)
        self.say(f"{name} {affair.id[:8]} {before} → {affair.state} {draft.code or ''}")

    def _again(self) -> None:
        message, incoming = self.rng.choice(self.world.sent)
        if self.rng.random() < 0.7:
            self.say(f"again {incoming.position}")
            self.world.again(message, incoming)
        else:
            self.say(f"id reused {incoming.position}")
            self.world.reuse(message, incoming)

    def _time(self) -> None:
        """Hours or days pass; most partitions hear of it, some late."""
        self.world.now += timedelta(hours=self.rng.choice((3, 20, 26, 74, 200)) * self.pace)
        places = [place for place in self.world.all_places() if self.rng.random() < 0.8]
        self.say(f"time {self.world.now:%m-%d %H:%M} {len(places)}")
        for place in places:
            tick(self.world, place)

    def _freeze_or_settle(self) -> None:
        world = self.world
        affair = self.rng.choice(list(world.affairs.values()))
        if affair.state == "held" or affair.sender in _UNWATCHED or affair.parent:
            return
        if affair.frozen is None and self.rng.random() < 0.4:
            self._settle_what_is_not_frozen(affair)
        elif affair.frozen is None:
            draft = oversight.has_it(affair, world)
            if draft is None or draft.code is not None:
                return
            broken = Draft(draft.record, draft.sender, reply=draft.reply, defect=True)
            self.world.put(affair, broken, "defect")
            when = world.when(affair, draft.record, draft.sender, str(affair.frozen))
            due = list(world.dues.values())[-1]
            self.frozen[affair.id] = (draft, when, due)
            self.say(f"defect {affair.id[:8]}")
        else:
            self._settle(affair)

    def _settle_what_is_not_frozen(self, affair: Affair) -> None:
        envelope = bus_envelope(self.world, "CaseSettled", affair, affair.opening)
        message = CaseSettled(envelope, SettleAction.RETRY, "示例")
        self.say("settled, not frozen")
        of_the_bus(self.world, message, affair.id, "case.not_frozen")

    def _settle(self, affair: Affair) -> None:
        draft, when, due = self.frozen.pop(affair.id)
        action = self.rng.choice((SettleAction.RETRY, SettleAction.DISCARD))
        self.settle()
        envelope = bus_envelope(self.world, "CaseSettled", affair, affair.frozen)
        of_the_bus(self.world, CaseSettled(envelope, action, "示例"), affair.id)
        again = action is SettleAction.RETRY
        self.world.settled(affair, again=again, draft=draft, when=when, due=due)
        self.say(f"settled {affair.id[:8]} {action}")

    def _everything_goes_on(self) -> None:
        for affair in list(self.world.affairs.values()):
            if affair.frozen is not None:
                self._settle(affair)

    def _across(self) -> None:
        """A case that touches another, which goes on meanwhile: so it is decided at once."""
        found = across(self.world)
        if found is not None:
            self._open(*found)
            self.settle()

    def step(self, crash: Crash | None = None) -> bool:
        """Let the exchange take a batch, and judge it."""
        if crash is None and self.rng.random() < self.crash_chance:
            crash = self.rng.choice(self.crash_places)
            self.say(f"crash {crash}")
        world, before = self.world, Counter[tuple[str, ...]]()
        with counted(before, world.defects):
            new = world.advance(self.rng.randint(1, BATCH_MAX), crash)
        if crash not in UNCOMMITTED:
            self.result.counts += before
        behind = any(world.done.get(place, 0) < len(all_) for place, all_ in world.records.items())
        whole = not behind and not world.crashed
        with world.exchange.looked_at() as connection:
            self.judge.look(connection, new, whole=whole)
        return behind

    def settle(self) -> None:
        """Let the exchange take all there is, and publish all that is left."""
        for _ in range(STEPS_MAX):
            self.world.exchange.publish(set(self.world.records))
            if not self.step():
                break


_NOBODY: Final = "None"  # a held case has no handler
_UNWATCHED: Final = frozenset({code("far-away"), code("liuzhi-gov")})
Look = Callable[[Run], None]


def simulate(
    seed: int,
    messages: int,
    file: Path,
    loop: asyncio.AbstractEventLoop,
    *,
    replayed: bool = False,
    crash_chance: float | None = None,
    pace: int = 1,
) -> Result:
    """Run a seed; what is broken is in the result.

    `replayed`: once more from zero, compared. `crash_chance`: that the exchange dies in a batch,
    before it has written anything, too. `pace`: how fast the days go by.
    """
    run = Run(seed, file, loop, crash_chance, pace)
    try:
        run.live(messages)
        figures.agree(run.world)
        if replayed:
            again(run.world, file.with_name(f"{file.stem}-again.sqlite"), loop)
            run.result.replayed = 1
    except (AssertionError, Exception) as error:  # noqa: BLE001 - whatever stops it, it is broken
        run.result.broken = f"{type(error).__name__}: {error}"
    finally:
        run.world.exchange.close()
    run.result.messages, run.result.records = run.world.messages, len(run.world.processed)
    run.result.codes, run.result.crashes = run.judge.codes, run.world.crashes
    return run.result
