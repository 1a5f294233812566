"""The chapter of faults, what takes long: half an hour of load, a flood, ten thousand deaths.

The first two are run shorter by `python -m tests.faults.soak` and `python -m tests.faults.flood`.
"""

import re
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from tests.faults.campaign import begin
from tests.faults.flood import RATIO_MAX, By, flooded
from tests.faults.soak import MINUTES, growths
from tests.faults.soak import soak as soaked
from tests.prove.chapter import Check, Ground
from tests.prove.law_sim import simulated
from tests.simulation.exchange import Crash

CRASHES_MIN: Final = 10_000
OF_A_PLACE_MIN: Final = 1_000
RUNS: Final = 900
CRASH_CHANCE: Final = 0.7  # of each batch: some fifteen of a run
SEED: Final = 1
SIM_SECONDS_MAX: Final = 2 * 3600.0


def soak(ground: Ground) -> str:
    """Let a county work for half an hour, and look whether any process of ours grows."""
    with ExitStack() as ends:
        campaign = begin(replace(ground, ends=ends), "浸", is_planted=False)
        seen = soaked(campaign)
        seen.judge()
    found = list(growths(seen))
    figure = f"{MINUTES:.0f} minutes: {'; '.join(map(str, found))}; {seen.figure}"
    assert all(each.is_flat for each in found), figure
    return figure


def one_agency_floods(ground: Ground) -> str:
    """Let one send 100 times its share by its connector."""
    return _flood(ground, By.CONNECTOR)


def one_client_floods(ground: Ground) -> str:
    """Let one send as much by a client of its own, all at once."""
    return _flood(ground, By.CLIENT)


def _flood(ground: Ground, by: By) -> str:
    with ExitStack() as ends:
        found, told = flooded(replace(ground, ends=ends), [by])
    figure = "; ".join((*map(str, found), told))
    assert all(each.ratio <= RATIO_MAX for each in found), figure
    return figure


def simulated_kills(ground: Ground) -> str:
    """Let the exchange die in the simulation ten thousand times, at every kind of place."""
    options = ("--seed", str(SEED), "--crashes", str(CRASH_CHANCE))
    told = simulated(ground, RUNS, *options, seconds_max=SIM_SECONDS_MAX)
    lines = told.splitlines()
    figure = "; ".join(line for line in lines if " runs, " in line or " crashes: " in line)
    landed = {where: re.search(rf"{re.escape(where)} (\d+)", figure) for where in Crash}
    counts = {where: int(found[1]) if found else 0 for where, found in landed.items()}
    assert " 0 broken" in figure, figure
    assert sum(counts.values()) >= CRASHES_MIN, figure
    assert min(counts.values()) >= OF_A_PLACE_MIN, figure
    return figure


CHECKS: Final = (
    Check("soak", soak),
    Check("one_agency_floods", one_agency_floods),
    Check("one_client_floods", one_client_floods),
    Check("simulated_kills", simulated_kills),
)
