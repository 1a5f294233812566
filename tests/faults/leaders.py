"""Three brokers with three copies of everything: each dies in turn, and leaders change hands."""

from typing import Final

from tests.faults.campaign import Campaign
from tests.prove import brokers
from tests.prove.kill_stand import kill

CASES: Final = 4  # while one is away, and after it is back
AWAY_SECONDS_MAX: Final = 120.0
BACK_SECONDS_MAX: Final = 180.0


def leader_changes(campaign: Campaign) -> str:
    """Kill -9 each broker while letters are on their way, work without it, and let it come back.

    Two of three copies are enough to go on, and without the first nobody elects: what it leads
    waits until it is back. At the end every partition is given back to its first leader.
    """
    home, settings = campaign.home, campaign.settings
    moved = []
    for node in brokers.OTHERS:
        before = brokers.led(home, settings)
        kill(home, brokers.name_of(node))
        campaign.work_until(
            lambda gone=node: gone not in brokers.led(home, settings).values(),  # type: ignore[misc]
            f"others lead what broker {node} led",
            AWAY_SECONDS_MAX,
        )
        campaign.work(CASES, AWAY_SECONDS_MAX)
        after = brokers.led(home, settings)
        moved.append(sum(after[place] != leader for place, leader in before.items()))
        assert moved[-1], f"broker {node} led nothing"
        _back(campaign, node)
    kill(home, brokers.name_of(brokers.FIRST))
    _back(campaign, brokers.FIRST)
    elected = brokers.elect(home, settings)
    assert elected, "no leader changed at the election"
    campaign.work(CASES, BACK_SECONDS_MAX)
    return (
        f"leaders of {moved[0]} and {moved[1]} partitions changed as brokers died, the controller"
        f" killed and back, {elected} changed at the election; {campaign.judged()}"
    )


def _back(campaign: Campaign, node: int) -> None:
    home, settings = campaign.home, campaign.settings
    brokers.begin(home, settings, node)
    campaign.work_until(
        lambda: brokers.whole(home, settings),
        f"all copies in step behind broker {node}",
        BACK_SECONDS_MAX,
    )
    campaign.work(CASES, BACK_SECONDS_MAX)
