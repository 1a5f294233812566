"""One agency sends a hundred times its share."""

from typing import Final

from connectors.bus.clock import monotonic
from tests.faults.campaign import Campaign

SHARE: Final = 4  # leads of each other township meanwhile
TIMES: Final = 100
FLOOD_SECONDS_MAX: Final = 600.0


def agency_floods(campaign: Campaign) -> str:
    """Hand a hundred times as many leads over at one township as at the other, at one moment."""
    traffic = campaign.traffic
    flooder, *others = traffic.townships
    began = monotonic()
    flood = traffic.flood(flooder, TIMES * SHARE)
    theirs = {number for each in others for number in traffic.flood(each, SHARE)}
    campaign.work_until(lambda: not _left(campaign, theirs), "the others' leads", FLOOD_SECONDS_MAX)
    took, waiting = monotonic() - began, len(_left(campaign, flood))
    campaign.work_until(lambda: not _left(campaign, flood), "the flood's leads", FLOOD_SECONDS_MAX)
    whole = monotonic() - began
    campaign.settle()  # the answers to the flood take longer than those to what goes on beside it
    return (
        f"{len(flood)} leads of {flooder.alias} in {whole:.0f} s; {len(theirs)} of "
        f"others in {took:.0f} s, {waiting} of the flood were still on their way then; "
        f"{campaign.judged()}"
    )


def _left(campaign: Campaign, numbers: set[str]) -> set[str]:
    """Return which of these leads no department holds yet."""
    held = (got for agency in campaign.traffic.departments for got in agency.everything())
    return numbers - {got.document_number for got in held if got.document_number}
