"""The chapter of the faults: real processes struck, judged by what the agencies hold."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from tests.faults import stops
from tests.faults.campaign import begin
from tests.faults.harness import STRIKES, found
from tests.faults.kills import RECOVERY_SECONDS_MAX, kill_all
from tests.faults.points import Part
from tests.faults.table import FAULTS
from tests.prove.chapter import Check, Ground

KILLS: Final = 330
KILLS_MIN: Final = 300
OF_A_PART_MIN: Final = 50
KILL_SECONDS_MAX: Final = 75 * 60.0
RECOVERIES: Final = 30  # kills of which each is at work again
RECOVERY_RUN_SECONDS_MAX: Final = 480.0
FAULT_SECONDS_MAX: Final = 20 * 60.0


def kill_points(ground: Ground) -> str:
    """Strike 300 times and more; then settle, judge, and hold the journal against the log."""
    with ExitStack() as ends:
        campaign = begin(replace(ground, ends=ends), "三百")
        landed = kill_all(campaign, KILLS, KILL_SECONDS_MAX)
        figure = f"{landed}; {campaign.judged()}; {campaign.replayed()}"
    parts = landed.by_part()
    assert len(landed.events) >= KILLS_MIN, figure
    assert min(parts[Part.INSIDE], parts[Part.BETWEEN]) >= OF_A_PART_MIN, figure
    return figure


def recovery_p95(ground: Ground) -> str:
    """Kill the exchange and nothing else, and look how soon it has processed a message again."""
    with ExitStack() as ends:
        campaign = begin(replace(ground, ends=ends), "复")
        landed = kill_all(campaign, RECOVERIES, RECOVERY_RUN_SECONDS_MAX, connectors=False)
        figure = f"{landed}; {campaign.judged()}"
    assert landed.recoveries, figure
    assert landed.p95() <= RECOVERY_SECONDS_MAX, figure
    return figure


def harness_finds_planted(ground: Ground) -> str:
    """Take away what the promises rest on; the judge must say what is missing or doubled."""
    figures = []
    for bug in STRIKES:
        with ExitStack() as ends:
            campaign = begin(replace(ground, ends=ends), "种", bug=bug)
            verdict = found(campaign, bug)
        assert not verdict.clean, f"{bug}: the judge found nothing wrong"
        figures.append(f"{bug}: {verdict}")
    return "; ".join(figures)


def every_fault(ground: Ground) -> str:
    """Run every other fault of the table, each judged with all that came before it."""
    names = [fault.name for fault in FAULTS if not fault.takes_the_rest]
    told = ground.command(
        sys.executable,
        *("-m", "tests.faults", "--minutes", "60"),
        *(word for name in names for word in ("--only", name)),
        seconds_max=3 * FAULT_SECONDS_MAX,
    )
    return f"{len(names)} faults: {' '.join(told.split())}"


def stuck_is_ended(ground: Ground) -> str:
    """Let a process hang: it is noticed, ended and started again, and nothing is lost."""
    with ExitStack() as ends:
        campaign = begin(replace(ground, ends=ends), "停")
        return stops.hang_inside(campaign)


CHECKS: Final[tuple[Check, ...]] = (
    Check("kill_points", kill_points),
    Check("recovery_p95", recovery_p95),
    Check("harness_finds_planted", harness_finds_planted),
    Check("every_fault", every_fault),
    Check("stuck_is_ended", stuck_is_ended),
)
