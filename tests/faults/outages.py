"""What the county leans on is killed, away, and back: broker, registry, an agency."""

import os
import signal
from typing import Final

from connectors.bus.clock import monotonic
from deploy.local import processes, stack
from deploy.local.artifacts import KAFKA, REGISTRY
from tests.faults.campaign import Campaign

AWAY_SECONDS: Final = 15.0  # longer than a session of the group
CASES: Final = 6
STRIKES: Final = 2
BACK_SECONDS_MAX: Final = 180.0


def broker_killed(campaign: Campaign) -> str:
    """Kill -9 the broker and start it at once, then leave it away for longer than a session."""
    for away in (0.0, AWAY_SECONDS):
        _kill(campaign, KAFKA)
        _work_without(campaign, away)
        stack.up(campaign.home, campaign.settings, _quietly)
        campaign.work(CASES, BACK_SECONDS_MAX)
    return f"killed and back at once, killed and away for {AWAY_SECONDS:.0f} s; {campaign.judged()}"


def registry_down(campaign: Campaign) -> str:
    """Take the registry away: everybody decodes by the map of ids; a start needs none either."""
    _kill(campaign, REGISTRY)
    campaign.work(CASES)
    for name in campaign.county.commands:
        campaign.county.terminate(name)
    campaign.work(CASES)
    stack.up(campaign.home, campaign.settings, _quietly)
    return f"{2 * CASES} cases without it, each process started anew; {campaign.judged()}"


def agency_down(campaign: Campaign) -> str:
    """Leave one agency's connector away while the others work; then it gets all of it, in order."""
    county = campaign.county
    alias = campaign.traffic.townships[0].alias
    kept = county.commands.pop(alias)
    processes.stop(campaign.home, alias, stack.GRACE_SECONDS)
    campaign.work(CASES)
    _work_without(campaign, AWAY_SECONDS)
    county.commands[alias] = kept
    campaign.supervise()
    return f"{alias} away for {CASES} cases and {AWAY_SECONDS:.0f} s; {campaign.judged()}"


def _kill(campaign: Campaign, name: str) -> None:
    process = processes.running(campaign.home, name)
    assert process is not None, f"{name} does not run"
    os.kill(process.pid, signal.SIGKILL)
    processes.end(process, 1.0)


def _work_without(campaign: Campaign, seconds: float) -> None:
    """Let the agencies go on, as far as they can."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        campaign.turn()
        campaign.supervise()


def _quietly(_line: str) -> None:
    """Say nothing of how the stack comes up."""
