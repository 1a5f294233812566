"""Several exchanges on one PostgreSQL: they come, go, die in turn; the database goes away."""

import sys
from collections import deque
from contextlib import suppress
from typing import Final

from psycopg import OperationalError

from services.exchange import workers
from tests.faults.build import MODULE
from tests.faults.campaign import Campaign
from tests.faults.kills import VISIT_MAX
from tests.faults.points import EXCHANGE, Strike

THIRD: Final = 2  # the number of the exchange that comes and goes
EVERY_SECONDS: Final = 5.0
TIMES: Final = 6  # it comes, and goes
CASES: Final = 4
AWAY_SECONDS: Final = 15.0
LAND_SECONDS_MAX: Final = 90.0


def workers_come_and_go(campaign: Campaign) -> str:
    """Start and stop a third exchange every 5 s: partitions go to and fro under the letters."""
    county = campaign.county
    name = workers.name_of(THIRD)
    before = len(campaign.traffic.answered)
    for _ in range(TIMES):
        county.commands[name] = _words(campaign, name)
        county.begin(name)
        campaign.work_for(EVERY_SECONDS)
        del county.commands[name]
        county.end(name)
        campaign.work_for(EVERY_SECONDS)
    cases = len(campaign.traffic.answered) - before
    return f"{TIMES} times in and out, {cases} cases meanwhile; {campaign.judged()}"


def rolling_kills(campaign: Campaign) -> str:
    """Kill the exchanges in turn, each at another labelled point, while the others go on."""
    county = campaign.county
    points = deque(EXCHANGE)
    for number, point in enumerate(points):
        name = county.exchanges[number % len(county.exchanges)]
        before = len(county.landed())
        county.strikes[name] = Strike(point.name, 1 + campaign.chance.randrange(VISIT_MAX))
        county.end(name)
        campaign.work_until(
            lambda count=before: len(county.landed()) > count,  # type: ignore[misc]
            f"{point.name} lands in {name}",
            LAND_SECONDS_MAX,
        )
        campaign.work(CASES)
    return f"{len(points)} kills in turn; {campaign.judged()}"


def database_down(campaign: Campaign) -> str:
    """Stop PostgreSQL at once, leave it away, start it: what was not committed is done again."""
    server = campaign.ground.server
    assert server is not None
    server.stop()
    with suppress(OperationalError):
        server.run("SELECT 1")
        message = "the database answers"
        raise AssertionError(message)
    campaign.work_for(AWAY_SECONDS)
    server.start()
    campaign.work(CASES)
    return f"away for {AWAY_SECONDS:.0f} s; {campaign.judged()}"


def _words(campaign: Campaign, name: str) -> tuple[str, ...]:
    county = campaign.county
    told = ("--name", name, "--events", str(county.events), "exchange")
    numbered = ("--home", str(campaign.home.path), "--worker", str(THIRD))
    return (sys.executable, "-m", MODULE, *told, *numbered)
