"""SIGTERM, an exception, a cancel and SIGSTOP at the points where most is in hand."""

import os
import signal
from typing import Final

from connectors.bus.clock import monotonic
from deploy.local import processes
from tests.faults.campaign import Campaign
from tests.faults.points import EXCHANGE, Act, Part, Strike

LAND_SECONDS_MAX: Final = 60.0
END_SECONDS_MAX: Final = 40.0  # of a graceful stop
STUCK_SECONDS_MAX: Final = 180.0  # to the watchdog's end: up to 120 s, and two looks
FROZEN_SECONDS: Final = 25.0  # the group waits 10 s for a worker, the database 15 s
STUCK: Final = "progress.stuck"
EXIT_BROKEN: Final = 70
EXIT_AGAIN: Final = 75
CASES: Final = 4  # after each strike
_STRUCK: Final = tuple(
    point.name for point in EXCHANGE if point.part in (Part.INSIDE, Part.BETWEEN)
)
_EXCHANGE: Final = 0  # its number among the exchanges


def term_inside(campaign: Campaign) -> str:
    """SIGTERM in the transaction and behind it: it finishes the batch and ends with status 0."""
    for point in _STRUCK:
        name, pid = _struck(campaign, Strike(point, 2, Act.TERM))
        status = _ended(campaign, name, pid, END_SECONDS_MAX)
        assert status == 0, f"{point}: ended with {status}: {campaign.county.log(name)}"
        campaign.work(CASES)
    return f"{len(_STRUCK)} × SIGTERM, each ended with status 0; {campaign.judged()}"


def raise_inside(campaign: Campaign) -> str:
    """Raise what nobody expects: the process ends, and what it had in hand is read again."""
    for point in _STRUCK:
        name, pid = _struck(campaign, Strike(point, 2, Act.RAISE))
        status = _ended(campaign, name, pid, END_SECONDS_MAX)
        assert status == EXIT_BROKEN, f"{point}: ended with {status}: {campaign.county.log(name)}"
        campaign.work(CASES)
    return f"{len(_STRUCK)} exceptions, each ended with status {EXIT_BROKEN}; {campaign.judged()}"


def cancel_inside(campaign: Campaign) -> str:
    """Cancel the task at work: the process ends, for nobody would decide any more."""
    name, pid = _struck(campaign, Strike("committed", 2, Act.CANCEL))
    began = monotonic()
    status = _ended(campaign, name, pid, STUCK_SECONDS_MAX)
    took = monotonic() - began
    assert status in (EXIT_AGAIN, EXIT_BROKEN), f"ended with {status}: {campaign.county.log(name)}"
    campaign.work(CASES)
    return f"cancelled, ended with status {status} after {took:.0f} s; {campaign.judged()}"


def hang_inside(campaign: Campaign) -> str:
    """Let the loop hang in the transaction: only the watchdog's own thread can notice."""
    name, pid = _struck(campaign, Strike("decided", 2, Act.HANG))
    began = monotonic()
    status = _ended(campaign, name, pid, STUCK_SECONDS_MAX)
    took = monotonic() - began
    assert status == EXIT_AGAIN, f"ended with {status}: {campaign.county.log(name)}"
    assert STUCK in campaign.county.whole_log(name), campaign.county.log(name)
    campaign.work(CASES)
    return f"hung, ended by its watchdog with status {status} in {took:.0f} s; {campaign.judged()}"


def freeze_inside(campaign: Campaign) -> str:
    """SIGSTOP in the transaction and behind it until session and transaction are over; SIGCONT."""
    points = ("written", "published")
    for point in points:
        name, _ = _struck(campaign, Strike(point, 2, Act.STOP))
        _for_seconds(campaign, FROZEN_SECONDS, name)
        process = processes.running(campaign.home, name)
        assert process is not None
        os.kill(process.pid, signal.SIGCONT)
        campaign.work(CASES)
    return f"{len(points)} × {FROZEN_SECONDS:.0f} s at {', '.join(points)}; {campaign.judged()}"


def _struck(campaign: Campaign, strike: Strike) -> tuple[str, int]:
    """Start an exchange anew with a strike, and work until it lands; return its name and pid.

    What is struck may have ended, and run again under another pid, when that is seen.
    """
    county = campaign.county
    name = county.exchanges[_EXCHANGE]
    before = len(county.landed())
    county.strikes[name] = strike
    county.terminate(name)
    pid = county.pid(name)
    campaign.work_until(lambda: len(county.landed()) > before, f"{strike} lands", LAND_SECONDS_MAX)
    return name, pid


def _ended(campaign: Campaign, name: str, pid: int, seconds_max: float) -> int:
    """Work until the process has ended; return its exit status. It is started again."""
    statuses = campaign.county.statuses
    campaign.work_until(lambda: pid in statuses, f"{name} ends", seconds_max)
    return statuses[pid]


def _for_seconds(campaign: Campaign, seconds: float, frozen: str) -> None:
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        campaign.turn()
        assert frozen not in campaign.county.ended(), f"{frozen} ended while it was stopped"
