"""The links to the broker go slow, are cut, and swallow what passes."""

from typing import Final

from tests.faults.campaign import Campaign
from tests.faults.link import Mode, linked

PORT_OFFSET: Final = 57  # of the proxy, from ports.base
CASES: Final = 3
CUTS: Final = 4
CUT_SECONDS: Final = 1.0
SWALLOWED_SECONDS: Final = 15.0  # longer than a session of the group
SLOW_SECONDS_MAX: Final = 240.0


def exchange_link(campaign: Campaign) -> str:
    """Delay, cut and swallow what passes between the exchange and the broker."""
    return _link(campaign, campaign.county.exchanges[0])


def connector_link(campaign: Campaign) -> str:
    """The same between a department's connector and the broker."""
    return _link(campaign, campaign.traffic.departments[0].alias)


def _link(campaign: Campaign, name: str) -> str:
    base, county = campaign.settings.ports.base, campaign.county
    proxy = base + PORT_OFFSET
    with linked(proxy, base) as link:
        county.more[name] = ("--via", f"{base}={proxy}")
        county.terminate(name)
        campaign.work_until(
            lambda: link.passed > 0, f"{name} goes through the proxy", SLOW_SECONDS_MAX
        )
        campaign.work(CASES)
        link.mode = Mode.DELAY
        campaign.work(CASES, SLOW_SECONDS_MAX)
        for _ in range(CUTS):
            link.mode = Mode.REFUSE
            campaign.work_for(CUT_SECONDS)
            link.mode = Mode.PASS
            campaign.work_for(CUT_SECONDS)
        campaign.work(CASES, SLOW_SECONDS_MAX)
        link.mode = Mode.SWALLOW
        campaign.work_for(SWALLOWED_SECONDS)
        link.mode = Mode.REFUSE  # the held back is not given out late: it is lost with the link
        campaign.work_for(CUT_SECONDS)
        link.mode = Mode.PASS
        campaign.work(CASES, SLOW_SECONDS_MAX)
        passed = link.passed
        del county.more[name]
        county.terminate(name)
    figure = campaign.judged()
    return (
        f"{name}: delayed, cut {CUTS} times, swallowed for {SWALLOWED_SECONDS:.0f} s; "
        f"{passed} bytes passed; {figure}"
    )
