"""Two outages that overlap: what one leaves half done, the other finds.

A host that starts anew while its database is away, a worker that wakes up beside another one's
work while the broker comes back: each alone is survived, and the two together are another thing.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import combinations
from typing import Final

from deploy.local import processes, stack
from deploy.local.artifacts import KAFKA, REGISTRY
from deploy.local.java import environment
from tests.faults.campaign import Campaign
from tests.faults.link import Link, Mode, linked
from tests.faults.links import PORT_OFFSET
from tests.faults.outages import hand_over_files, store_away
from tests.prove.kill_stand import kill

APART_SECONDS: Final = 3.0  # between the two beginnings, and between the two ends
TOGETHER_SECONDS: Final = 12.0  # longer than a session of the group
CUT_SECONDS: Final = 1.0
CASES: Final = 4  # after each pair
BACK_SECONDS_MAX: Final = 180.0

Outage = Callable[[Campaign, Link], AbstractContextManager[None]]


@contextmanager
def broker(campaign: Campaign, _link: Link) -> Iterator[None]:
    """Kafka killed -9."""
    with _away(campaign, KAFKA):
        yield


@contextmanager
def registry(campaign: Campaign, _link: Link) -> Iterator[None]:
    """The registry killed -9."""
    with _away(campaign, REGISTRY):
        yield


@contextmanager
def database(campaign: Campaign, _link: Link) -> Iterator[None]:
    """PostgreSQL stopped at once."""
    server = campaign.ground.server
    assert server is not None
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(campaign: Campaign, _link: Link) -> Iterator[None]:
    """One exchange stopped wherever it is, for longer than its session and its transaction."""
    process = processes.running(campaign.home, campaign.county.exchanges[0])
    if process is not None:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if process is not None and processes.is_alive(process):
            os.kill(process.pid, signal.SIGCONT)


@contextmanager
def cut(campaign: Campaign, link: Link) -> Iterator[None]:
    """The other exchange's link to the broker swallows what passes, and then is cut."""
    link.mode = Mode.SWALLOW
    try:
        yield
    finally:
        link.mode = Mode.REFUSE  # what was held back is not given out late
        campaign.work_for(CUT_SECONDS)
        link.mode = Mode.PASS


@contextmanager
def store(campaign: Campaign, _link: Link) -> Iterator[None]:
    """The attachments' store away: of some letters before their files are fetched or stored."""
    hand_over_files(campaign)
    with store_away(campaign):
        hand_over_files(campaign)
        yield


@contextmanager
def killed(campaign: Campaign, _link: Link) -> Iterator[None]:
    """Every process of ours killed -9, and started by who supervises the host."""
    for name in campaign.county.commands:
        campaign.county.kill_now(name)
    yield


OUTAGES: Final[tuple[Outage, ...]] = (broker, registry, database, store, frozen, cut, killed)
PAIRS: Final = tuple(combinations(OUTAGES, 2))


def two_at_once(campaign: Campaign) -> str:
    """Let each two overlap: one begins, the other; the first ends, the second."""
    base, county = campaign.settings.ports.base, campaign.county
    name = county.exchanges[-1]
    took = dict[str, float]()
    with linked(base + PORT_OFFSET, base) as link:
        county.more[name] = ("--via", f"{base}={base + PORT_OFFSET}")
        county.terminate(name)
        campaign.work_until(lambda: link.passed > 0, f"{name} by its link", BACK_SECONDS_MAX)
        for first, second in PAIRS:
            took[f"{first.__name__} and {second.__name__}"] = _struck(campaign, link, first, second)
        del county.more[name]
        county.end(name)
        campaign.supervise()
    slowest = max(took, key=lambda pair: took[pair])
    return (
        f"{len(took)} pairs, {APART_SECONDS:.0f} s apart, {TOGETHER_SECONDS:.0f} s together; "
        f"{CASES} cases after each within {took[slowest]:.0f} s ({slowest}); {campaign.judged()}"
    )


def _struck(campaign: Campaign, link: Link, first: Outage, second: Outage) -> float:
    """Return how long after both are over some more cases have come to their end, in seconds."""
    pair = f"{first.__name__} and {second.__name__}"
    with ExitStack() as later, ExitStack() as sooner:
        sooner.enter_context(first(campaign, link))
        campaign.work_for(APART_SECONDS)
        later.enter_context(second(campaign, link))
        campaign.work_for(TOGETHER_SECONDS)
        sooner.close()
        campaign.work_for(APART_SECONDS)
    stack.up(campaign.home, campaign.settings, lambda _line: None)  # until both answer
    wanted = len(campaign.traffic.answered) + CASES
    return campaign.work_until(
        lambda: len(campaign.traffic.answered) >= wanted, f"after {pair}", BACK_SECONDS_MAX
    )


@contextmanager
def _away(campaign: Campaign, name: str) -> Iterator[None]:
    """Kill one of the servers, and start that one alone as it was."""
    process = kill(campaign.home, name)
    try:
        yield
    finally:
        processes.start(campaign.home, name, process.argv, environment())
