"""The law chapter: ten thousand simulated counties, and bugs planted that they must find."""

import re
from typing import Final

from tests.prove.chapter import Check, Ground
from tests.simulation.planted import PLANTS

RUNS: Final = 10_000
MESSAGES_MIN: Final = 50  # of each run
EACH_MIN: Final = 100  # how often every step and every refusal is taken
SEED: Final = 1
SECONDS_MAX: Final = 4 * 3600.0
PLANTED_RUNS: Final = 60  # within which a planted bug is found
PLANT_SECONDS_MAX: Final = 900.0


def sim_ten_thousand(ground: Ground) -> str:
    """`make sim` over ten thousand seeds: nothing broken, everything taken a hundred times."""
    options = ("--seed", str(SEED), "--each", str(EACH_MIN))
    told = simulated(ground, RUNS, *options, seconds_max=SECONDS_MAX)
    lines = told.splitlines()
    totals = next(line for line in lines if " runs, " in line)
    fewest = re.search(r"\((\d+) or more each\)", totals)
    assert fewest is not None, totals
    assert int(fewest[1]) >= MESSAGES_MIN, totals
    rarest = [line for line in lines if line.startswith("rarest")]
    return "; ".join((totals, *rarest))


def sim_planted_bugs(ground: Ground) -> str:
    """Each bug planted alone is found within a few runs, and without one nothing is."""
    found = [f"{plant} {_runs_until_found(ground, plant)}" for plant in PLANTS]
    clean = simulated(ground, PLANTED_RUNS, seconds_max=PLANT_SECONDS_MAX)
    assert " 0 broken" in clean, clean
    return f"{len(found)} bugs, each found; runs until then: {', '.join(found)}"


def _runs_until_found(ground: Ground, plant: str) -> int:
    """Return how many runs it took; the command fails, as it must, when it has found it."""
    options = ("--first", "--jobs", "1", "--plant", plant)
    told = simulated(ground, PLANTED_RUNS, *options, seconds_max=PLANT_SECONDS_MAX, exit_code=1)
    runs = re.search(r"(\d+) runs, .* [1-9]\d* broken", told)
    assert runs is not None, f"{plant} was not found"
    return int(runs[1])


def simulated(
    ground: Ground, runs: int, *options: str, seconds_max: float, exit_code: int = 0
) -> str:
    """Run the simulation over so many seeds; return what it prints."""
    return ground.command(
        ground.repo / ".venv/bin/python",
        *("-m", "tests.simulation", "--runs", str(runs), "--quiet", *options),
        cwd=ground.repo,
        seconds_max=seconds_max,
        exit_code=exit_code,
    )


CHECKS: Final = (
    Check("sim_ten_thousand", sim_ten_thousand),
    Check("sim_planted_bugs", sim_planted_bugs),
)
