"""Registry and database answer late: through the proxy, each piece delayed both ways."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Final

from sqlalchemy import make_url

from tests.faults.campaign import Campaign
from tests.faults.link import Link, Mode, Place, linked
from tests.faults.links import PORT_OFFSET

REGISTRY_PORT_OFFSET: Final = 10  # from ports.base
REGISTRY_DELAY_SECONDS: Final = 0.05
DATABASE_DELAY_SECONDS: Final = 0.01  # a transaction asks some fifty times, and may take 15 s
SOCKETS: Final = ".s.PGSQL.*[0-9]"  # how PostgreSQL calls its socket
CASES: Final = 6
SLOW_SECONDS_MAX: Final = 240.0
APPLIED_SECONDS_MAX: Final = 600.0  # 300 without delay on a machine that is crowded


def registry_slow(campaign: Campaign) -> str:
    """Start everybody anew beside a slow registry, and apply the schemas through it meanwhile."""
    county, base = campaign.county, campaign.settings.ports.base
    proxy = base + PORT_OFFSET
    around = {
        "YICHUAN_REGISTRY__URL": f"https://127.0.0.1:{proxy}/apis/ccompat/v7",
        "YICHUAN_REGISTRY__CA_FILE": str(campaign.home.tls.ca),
    }
    with _slow(proxy, base + REGISTRY_PORT_OFFSET, REGISTRY_DELAY_SECONDS) as link:
        with _told(campaign, tuple(county.commands), around):
            campaign.work(CASES, SLOW_SECONDS_MAX)
            took = _applied(campaign, around)
            campaign.work(CASES, SLOW_SECONDS_MAX)
        passed = link.passed
    assert passed, "nothing went through the proxy"
    return f"schemas applied through it in {took:.0f} s, {passed} bytes; {campaign.judged()}"


def database_slow(campaign: Campaign) -> str:
    """Let every exchange reach PostgreSQL through a slow link."""
    county, server = campaign.county, campaign.ground.server
    assert server is not None
    (socket,) = Path(server.socket).glob(SOCKETS)
    folder = campaign.home.path / "slow"
    folder.mkdir(exist_ok=True)
    url = make_url(campaign.settings.casebook.url.get_secret_value())
    slow = url.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
    with _slow(folder / socket.name, socket, DATABASE_DELAY_SECONDS) as link:
        with _told(campaign, county.exchanges, {"YICHUAN_CASEBOOK__URL": slow}):
            campaign.work_until(lambda: link.passed > 0, "the slow link", SLOW_SECONDS_MAX)
            campaign.work(2 * CASES, SLOW_SECONDS_MAX)
        passed = link.passed
    late = DATABASE_DELAY_SECONDS * 1000
    return f"each piece {late:.0f} ms late, {passed} bytes; {campaign.judged()}"


@contextmanager
def _slow(at: Place, target: Place, delay_seconds: float) -> Iterator[Link]:
    with linked(at, target) as link:
        link.delay_seconds = delay_seconds
        link.mode = Mode.DELAY
        yield link


@contextmanager
def _told(campaign: Campaign, names: tuple[str, ...], around: dict[str, str]) -> Iterator[None]:
    """Start these processes anew with more of an environment while the block runs."""
    county = campaign.county
    for name in names:
        county.environment[name] = around
        county.terminate(name)
    try:
        yield
    finally:
        for name in names:
            del county.environment[name]
            county.end(name)
        campaign.supervise()


def _applied(campaign: Campaign, around: dict[str, str]) -> float:
    """Apply the schemas while the agencies go on; return the seconds."""
    stand = campaign.stand
    command = [str(word) for word in stand.command("schemas", "apply")]
    with Popen(command, env={**os.environ, **stand.environment, **around}, stdout=DEVNULL) as child:
        took = campaign.work_until(
            lambda: child.poll() is not None, "the schemas are applied", APPLIED_SECONDS_MAX
        )
    assert child.returncode == 0, f"schemas apply ended with {child.returncode}"
    return took
