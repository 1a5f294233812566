"""The harness put to the test: builds from which something was taken away must not pass."""

import time
from typing import Final

from connectors.bus.clock import monotonic
from schemas.parts import Flow
from tests.faults.campaign import Campaign
from tests.faults.judge import Verdict
from tests.faults.points import Act, Strike
from tests.faults.records import repeat

LAND_SECONDS_MAX: Final = 40.0
STILL_SECONDS: Final = 20.0  # nothing more came for so long: what is missing is missing
WORK_SECONDS: Final = 4.0  # after each strike
# What a stock agent does not survive: an exception behind which Faust goes on, and a kill between
# its state and its offsets. What nobody drops without an id: what is written a second time.
STRIKES: Final[dict[str, tuple[tuple[str, Strike], ...]]] = {
    "stock_exactly_once": (
        ("exchange", Strike("decided", 1, Act.RAISE)),
        ("exchange", Strike("committed", 2, Act.KILL)),
        ("exchange", Strike("unwritten", 3, Act.RAISE)),
        ("exchange", Strike("handled", 1, Act.KILL)),
    ),
    "no_message_id": (),
}


def found(campaign: Campaign, bug: str) -> Verdict:
    """Strike the planted build, wait until nothing more comes, and return what the judge says."""
    county = campaign.county
    for name, strike in STRIKES[bug]:
        before = len(county.landed())
        county.strikes[name] = strike
        county.end(name)
        given_up = monotonic() + LAND_SECONDS_MAX  # such a build may not even come so far again
        while len(county.landed()) == before and monotonic() < given_up:
            campaign.turn()
            campaign.supervise()
        deadline = monotonic() + WORK_SECONDS
        while monotonic() < deadline:
            campaign.turn()
            campaign.supervise()
    repeat(campaign, Flow.LEADS)
    left, since = campaign.left(), monotonic()
    while monotonic() - since < STILL_SECONDS:
        campaign.supervise()
        campaign.traffic.answer()
        if campaign.left() != left:
            left, since = campaign.left(), monotonic()
        time.sleep(1)
    return campaign.verdict()
