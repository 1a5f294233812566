"""Kill -9 at every labelled point, and at random: where each landed, how soon it works again."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Final

from connectors.bus.clock import monotonic
from tests.faults.build import Event
from tests.faults.campaign import Campaign
from tests.faults.points import CONNECTOR, EXCHANGE, POINTS, RANDOM, Act, Part, Point, Strike

OF_EXCHANGE: Final = 2 / 3  # of the strikes
LAND_SECONDS_MAX: Final = 90.0  # nothing was struck for so long: the plan does not come on
VISIT_MAX: Final = 6  # at which passing it is struck, by chance
KILLS_MIN: Final = 10
KILLS_MAX: Final = 400
SECONDS_OF_A_KILL: Final = 3.5  # of exchange and connectors together
SETTLE_SECONDS: Final = 40.0  # kept for the end of all letters
START_SECONDS: Final = 1.0  # before which a process is not killed from outside
RANDOM_SECONDS_MAX: Final = 5.0  # longer than a start: some are struck in it, some at work
RECOVERY_SECONDS_MAX: Final = 5.0  # kill -9 to the first message processed again, p95
_MANY: Final = frozenset({Part.INSIDE, Part.BETWEEN})


@dataclass(frozen=True, slots=True)
class Landings:
    """What was struck, and how soon each exchange was at work again."""

    events: Sequence[Event]
    recoveries: Sequence[float]  # seconds
    cpu: Sequence[float] = ()  # of each of these, the seconds of the processor

    def by_point(self) -> Counter[str]:
        """Count where they landed."""
        return Counter(event.point.split()[0] for event in self.events)

    def by_part(self) -> Counter[Part]:
        """Count by the part of the way."""
        parts: Counter[Part] = Counter()
        for point, count in self.by_point().items():
            parts[POINTS[point].part] += count
        return parts

    def p95(self) -> float:
        """Return the 95th percentile of the recoveries, in seconds."""
        return percentile(self.recoveries, 0.95)

    def __str__(self) -> str:
        """Return the counts."""
        points = ", ".join(f"{point} {count}" for point, count in sorted(self.by_point().items()))
        parts = ", ".join(f"{count} {part}" for part, count in self.by_part().items())
        again = ""
        if self.recoveries:
            median, most = percentile(self.recoveries, 0.5), max(self.recoveries)
            again = (
                f"; at work again after kill -9: median {median:.1f} s, p95 {self.p95():.1f} s, "
                f"max {most:.1f} s of {len(self.recoveries)}; "
                f"of the processor median {percentile(self.cpu, 0.5):.1f} s"
            )
        return f"{len(self.events)} kills ({parts}; {points}){again}"


def chance_of(seed: int) -> Random:
    """Return the chance that follows from a seed."""
    return Random(seed)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so great a share does not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def kill_points(campaign: Campaign) -> str:
    """Strike as often as the time allows, most where most can be lost; then settle and judge."""
    seconds = campaign.seconds_left() - SETTLE_SECONDS
    kills = max(KILLS_MIN, min(KILLS_MAX, round(seconds / SECONDS_OF_A_KILL)))
    found = kill_all(campaign, kills, max(seconds, KILLS_MIN * SECONDS_OF_A_KILL * 2))
    return f"{found}; {campaign.judged()}"


def plan(
    kills: int, chance: Random, *, connectors: bool = True
) -> tuple[list[Strike], list[Strike]]:
    """Return the strikes on the exchange and on connectors: most where most can be lost."""
    exchange = [point for point in EXCHANGE if point.part in _MANY for _ in range(3)]
    exchange += [*EXCHANGE, RANDOM, RANDOM, RANDOM]
    connector = [*CONNECTOR, RANDOM]
    of_exchange = ceil(kills * OF_EXCHANGE) if connectors else kills
    return (
        _strikes(exchange, of_exchange, chance),
        _strikes(connector, kills - of_exchange, chance),
    )


def kill_all(
    campaign: Campaign, kills: int, seconds_max: float, *, connectors: bool = True
) -> Landings:
    """Strike so many times, each process as soon as it is at work again; stop after the limit."""
    county, chance = campaign.county, campaign.chance
    exchange, connector = (deque(each) for each in plan(kills, chance, connectors=connectors))
    struck = county.commands if connectors else county.exchanges
    begun = len(county.read_events())
    deadline = monotonic() + seconds_max
    for name in tuple(struck):  # each is started again with its strike
        assert county.kill_now(name), f"{name} does not run:\n{county.log(name)}"
    armed: set[str] = set()
    due: dict[str, float] = {}  # process → when it is killed from outside
    landed, at = begun, monotonic()
    while (exchange or connector or due or armed) and monotonic() < deadline:
        for name in county.ended():
            armed.discard(name)
            queue = exchange if name in county.exchanges else connector
            strike = queue.popleft() if queue else None
            if strike is not None and strike.point == RANDOM.name:
                due[name] = monotonic() + START_SECONDS + chance.random() * RANDOM_SECONDS_MAX
            elif strike is not None:
                county.strikes[name] = strike
                armed.add(name)
            county.begin(name)
        for name in [name for name, when in due.items() if monotonic() > when]:
            del due[name]
            county.kill_now(name)
        campaign.turn()
        seen = len(county.read_events())
        if seen > landed:
            landed, at = seen, monotonic()
        assert monotonic() - at < LAND_SECONDS_MAX, f"nothing is struck: {campaign.state()}"
    for name in armed:  # what did not land until now is taken away
        county.kill_now(name)
    campaign.supervise()
    return landings(county.read_events()[begun:], county.exchanges)


def landings(events: Sequence[Event], exchanges: Sequence[str]) -> Landings:
    """Read from the events what was struck, and how soon an exchange was at work again."""
    kills = [each for each in events if each.event == "landed" and each.act == Act.KILL]
    recoveries, cpu, since = list[float](), list[float](), dict[str, float]()
    for each in events:
        if each.process in exchanges and each.event == "landed":
            since[each.process] = each.at
        elif each.process in since and each.event == "processed":
            recoveries.append(each.at - since.pop(each.process))
            cpu.append(each.cpu)
    return Landings(kills, recoveries, cpu)


def _strikes(points: Sequence[Point], count: int, chance: Random) -> list[Strike]:
    chosen = [points[number % len(points)].name for number in range(count)]
    chance.shuffle(chosen)
    return [Strike(name, 1 + chance.randrange(VISIT_MAX)) for name in chosen]
