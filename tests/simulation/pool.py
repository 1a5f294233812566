"""Many runs on several processes, and what they come to."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.simulation.counting import Counts, codes, transitions
from tests.simulation.exchange import Crash, folder, forget_folders
from tests.simulation.planted import planted
from tests.simulation.run import Result, simulate

MESSAGES: Final = 50  # of a run: fifty or more
CHUNK: Final = 20  # seeds that a process takes at once
REPLAYED_OF: Final = 10  # one run of so many is replayed from zero and compared to the byte


@dataclass(slots=True)
class Totals:
    """What some runs came to."""

    runs: int = 0
    messages: int = 0
    fewest: int = 1_000_000  # messages of a run
    records: int = 0
    replayed: int = 0
    counts: Counts = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    crashes: Counter[Crash] = field(default_factory=Counter)
    broken: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Add a run."""
        self.runs += 1
        self.messages += result.messages
        self.fewest = min(self.fewest, result.messages)
        self.records += result.records
        self.replayed += result.replayed
        self.counts += result.counts
        self.codes += result.codes
        self.crashes += result.crashes
        if result.broken is not None:
            self.broken.append(result)

    def merge(self, other: "Totals") -> None:
        """Add another's runs."""
        self.runs += other.runs
        self.messages += other.messages
        self.fewest = min(self.fewest, other.fewest)
        self.records += other.records
        self.replayed += other.replayed
        self.counts += other.counts
        self.codes += other.codes
        self.crashes += other.crashes
        self.broken += other.broken

    def steps(self) -> list[tuple[int, str]]:
        """Return how often each row of the table was taken, the rarest first."""
        return sorted(
            (self.counts["step", life, state, step, after], f"{life}: {state} -{step}-> {after}")
            for life, state, step, after in transitions()
        )

    def refusals(self) -> list[tuple[int, str]]:
        """Return how often each code was given, the rarest first."""
        return sorted((self.codes[code], code) for code in codes())


def run_all(
    seeds: Sequence[int],
    messages: int,
    jobs: int,
    *,
    plant: str | None = None,
    stop: bool = False,
    crash_chance: float | None = None,
    pace: int = 1,
) -> Iterator[Totals]:
    """Run the seeds; yield each chunk's totals. `stop`: a chunk ends with its first failure."""
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    work = partial(
        run_some, messages=messages, plant=plant, stop=stop, crash_chance=crash_chance, pace=pace
    )
    if jobs == 1:
        yield from map(work, chunks)
        return
    # Fresh interpreters, each with its own caches: no state of the parent is shared.
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(work, chunks)


def run_some(
    seeds: Iterable[int],
    messages: int,
    plant: str | None = None,
    *,
    stop: bool = False,
    crash_chance: float | None = None,
    pace: int = 1,
) -> Totals:
    """Run some seeds in this process."""
    totals, made, loop = Totals(), folder(), asyncio.new_event_loop()
    try:
        with planted(plant):
            for seed in seeds:
                totals.add(one(seed, messages, made, loop, crash_chance, pace))
                if stop and totals.broken:
                    break
    finally:
        loop.close()
        forget_folders(made)
    return totals


def one(
    seed: int,
    messages: int,
    made: Path,
    loop: asyncio.AbstractEventLoop,
    crash_chance: float | None = None,
    pace: int = 1,
) -> Result:
    """Run one seed, and take its file away."""
    file = made / f"{seed}.sqlite"
    replayed = seed % REPLAYED_OF == 0
    result = simulate(
        seed, messages, file, loop, replayed=replayed, crash_chance=crash_chance, pace=pace
    )
    for path in made.glob(f"{seed}*"):
        path.unlink()
    return result


def shortest(seed: int, messages: int, crash_chance: float | None = None, pace: int = 1) -> Result:
    """Return the shortest beginning of a failing run that still fails."""
    least, most = 1, messages
    found = run_some([seed], messages, crash_chance=crash_chance, pace=pace).broken[0]
    while least < most:
        middle = (least + most) // 2
        broken = run_some([seed], middle, crash_chance=crash_chance, pace=pace).broken
        if broken:
            most, found = middle, broken[0]
        else:
            least = middle + 1
    return found
