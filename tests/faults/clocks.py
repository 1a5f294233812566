"""A host's clock an hour off, by libfaketime: of the exchange, and of an agency."""

from pathlib import Path
from typing import Final

from tests.faults.campaign import Campaign

LIBRARIES: Final = (  # where Debian's libfaketime puts it
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"),
)
CASES: Final = 4
SEEN_SECONDS_MAX: Final = 120.0
# The last: behind, it takes a key of the bus that is younger than that for one of the future.
CODES: Final = ("clock.skew", "clock.ahead", "key.not_begun")


def exchange_clock(campaign: Campaign) -> str:
    """An hour ahead and an hour behind: it stops and says so; put right, it goes on."""
    county, seen = campaign.county, []
    name = county.exchanges[0]
    for off in ("+1h", "-1h"):
        before = len(county.whole_log(name))
        county.environment[name] = _faked(off)
        county.terminate(name)

        def complains(begin: int = before) -> bool:
            return any(code in county.whole_log(name)[begin:] for code in CODES)

        campaign.work_until(complains, f"{name} at {off} stops", SEEN_SECONDS_MAX)
        told = county.whole_log(name)[before:]
        seen += [f"{off}: {code}" for code in CODES if code in told]
        del county.environment[name]
        county.end(name)
        campaign.work(CASES)
    return f"{', '.join(seen)}; {campaign.judged()}"


def agency_clock(campaign: Campaign) -> str:
    """An agency's host an hour ahead, then an hour behind: its letters go and come as ever."""
    county = campaign.county
    names = [agency.alias for agency in campaign.traffic.departments]
    for name, off in zip(names, ("+1h", "-1h"), strict=True):
        county.environment[name] = _faked(off)
        county.terminate(name)
    campaign.work(3 * CASES)
    for name in names:
        del county.environment[name]
        county.terminate(name)
    return f"{names[0]} +1h, {names[1]} -1h, {3 * CASES} cases; {campaign.judged()}"


def _faked(off: str) -> dict[str, str]:
    library = next((path for path in LIBRARIES if path.exists()), None)
    assert library is not None, "libfaketime is not installed (Debian: apt-get install libfaketime)"
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": off,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "0",
    }
