"""What the county leans on is killed, away, and back: broker, registry, store, an agency."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.watchdog import EXIT_STUCK
from deploy.local import processes, stack
from deploy.local.artifacts import KAFKA, REGISTRY
from services.exchange.app import STOP_SECONDS_MAX
from tests.faults.campaign import Campaign
from tests.faults.traffic import ACCEPTED
from tests.faults.varied import Filed
from tests.prove.kill_stand import kill

AWAY_SECONDS: Final = 15.0  # longer than a session of the group
CASES: Final = 6
STRIKES: Final = 2
BACK_SECONDS_MAX: Final = 180.0
END_SECONDS_MAX: Final = STOP_SECONDS_MAX + 10.0  # a turn of the agencies lies between two looks
SEEN_SECONDS_MAX: Final = 120.0
FILED: Final = 3  # leads with files on each side of the store
FILE_BYTES: Final = (5 * 1024**2, 100)  # one of two parts, a small one


def broker_killed(campaign: Campaign) -> str:
    """Kill -9 the broker and start it at once, then leave it away for longer than a session."""
    for away in (0.0, AWAY_SECONDS):
        kill(campaign.home, KAFKA)
        campaign.work_for(away)
        stack.up(campaign.home, campaign.settings, _quietly)
        campaign.work(CASES, BACK_SECONDS_MAX)
    return f"killed and back at once, killed and away for {AWAY_SECONDS:.0f} s; {campaign.judged()}"


def term_without_broker(campaign: Campaign) -> str:
    """SIGTERM to an exchange while the broker is away: it ends in time, and nothing is lost."""
    campaign.work(CASES)
    kill(campaign.home, KAFKA)
    name = campaign.county.exchanges[0]
    pid = campaign.county.pid(name)
    began = monotonic()
    os.kill(pid, signal.SIGTERM)
    statuses = campaign.county.statuses
    campaign.work_until(lambda: pid in statuses, f"{name} ends", END_SECONDS_MAX)
    took = monotonic() - began
    assert statuses[pid] in (0, EXIT_STUCK), f"{statuses[pid]}: {campaign.county.log(name)}"
    stack.up(campaign.home, campaign.settings, _quietly)
    campaign.work(CASES, BACK_SECONDS_MAX)
    return f"ended with status {statuses[pid]} in {took:.0f} s; {campaign.judged()}"


def registry_down(campaign: Campaign) -> str:
    """Take the registry away: everybody decodes by the map of ids; a start needs none either."""
    kill(campaign.home, REGISTRY)
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
    campaign.work_for(AWAY_SECONDS)
    county.commands[alias] = kept
    campaign.supervise()
    return f"{alias} away for {CASES} cases and {AWAY_SECONDS:.0f} s; {campaign.judged()}"


def store_down(campaign: Campaign) -> str:
    """Take the attachments' store away before some files are fetched, and others stored."""
    county, traffic = campaign.county, campaign.traffic
    alias = traffic.sleeper.alias
    names = [alias, *(township.alias for township in traffic.townships)]
    kept = county.commands.pop(alias)
    processes.stop(campaign.home, alias, stack.GRACE_SECONDS)
    stored = hand_over_files(campaign)
    _see(campaign, lambda: all(_fate(campaign, each) == ACCEPTED for each in stored), "stored")
    county.commands[alias] = kept
    with store_away(campaign):
        waiting = hand_over_files(campaign)
        campaign.work(CASES)
        for name in names:
            if name in county.ended():
                county.begin(name)
            else:
                county.terminate(name)
        _see(campaign, lambda: {each.number for each in stored} <= _numbers(campaign), "shown")
        campaign.work(CASES)
        early = traffic.sleeper.files()
        assert not any(early.get(each.number) for each in stored), f"files of nowhere: {early}"
        shown = {each.number for each in waiting} & _numbers(campaign)
        assert not shown, f"published before their files were stored: {shown}"
        fates = {_fate(campaign, each) for each in waiting}
        assert fates <= {"new", "taken"}, f"told of what is not published: {fates}"
    took = campaign.work_until(lambda: not campaign.wrong_files(), "the files", BACK_SECONDS_MAX)
    return (
        f"away before {len(stored)} leads' files were fetched and {len(waiting)} leads' stored, "
        f"nothing early; all there {took:.0f} s after it came back; {campaign.judged()}"
    )


def _see(campaign: Campaign, fact: Callable[[], bool], what: str) -> None:
    campaign.work_until(fact, f"the leads with files are {what}", SEEN_SECONDS_MAX)


@contextmanager
def store_away(campaign: Campaign) -> Iterator[None]:
    """Keep the store away while the block runs, as a share that is not mounted."""
    store, elsewhere = campaign.store, campaign.store.with_name("store-away")
    store.rename(elsewhere)
    try:
        yield
        assert not store.exists(), "something was stored where the store would be"
    finally:
        elsewhere.rename(store)


def hand_over_files(campaign: Campaign) -> list[Filed]:
    """Hand over leads with files."""
    return [
        campaign.traffic.feed_files(
            {
                f"{number}-{size}.bin": campaign.chance.randbytes(size)
                for number, size in enumerate(FILE_BYTES)
            }
        )
        for _ in range(FILED)
    ]


def _fate(campaign: Campaign, filed: Filed) -> str | None:
    agency = next(each for each in campaign.county.agencies if each.alias == filed.sender)
    return agency.fates().get(filed.name)


def _numbers(campaign: Campaign) -> set[str | None]:
    """Return the 文号 of all that the department of the files holds."""
    return {got.document_number for got in campaign.traffic.sleeper.everything()}


def _quietly(_line: str) -> None:
    """Say nothing of how the stack comes up."""
