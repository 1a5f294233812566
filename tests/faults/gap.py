"""The exchange is away until the broker has deleted what nobody has decided: a gap in the log."""

import asyncio
from typing import Any, Final

from aiokafka.structs import TopicPartition

from connectors.bus.layout import EXCHANGE
from connectors.bus.truncate import delete_below
from schemas.parts import Flow
from services.cli.log_reader import open_log
from services.cli.main import main
from tests.faults.campaign import Campaign
from tests.faults.rewinds import started, stopped
from tests.prove.stand import beside, wait_until

CASES: Final = 4
BROKEN: Final = 70
SECONDS_MAX: Final = 60.0
WORDS: Final = ("--by", "王某", "--reason", "停机，记录到期删除")
_UNSENT: Final = frozenset({"new", "taken"})


def log_gap(campaign: Campaign) -> str:
    """Delete all that waits undecided, let somebody answer for it, and start the exchange again."""
    campaign.work(CASES)
    campaign.settle()
    names = stopped(campaign)
    archive = campaign.home.path / "before-the-gap.tar"
    assert main(["backup", str(archive), "--home", str(campaign.home.path)]) == 0
    campaign.replay_from = archive
    lost = _handed_over(campaign)
    _delete_all(campaign)
    _handed_over(campaign)
    stand = campaign.stand
    campaign.ground.command(
        beside("yichuan"),
        *("exchange", "run"),
        env=stand.environment,
        exit_code=BROKEN,
        seconds_max=SECONDS_MAX,
    )
    *gaps, named = stand.objects("exchange", "gap", exit_code=1)
    (done,) = stand.objects("exchange", "gap", "--accept", named["accept"], *WORDS)
    assert done["offsets"] == _offsets(gaps)
    started(campaign, names)
    campaign.settle()  # a connector looks back each minute
    return (
        f"{lost} letters lost with {done['offsets']} records of {len(gaps)} partitions, and sent"
        f" again; {campaign.judged()}"
    )


def _handed_over(campaign: Campaign) -> int:
    """Let so many leads and the answers that are due be published; return how many leads."""
    campaign.traffic.feed(CASES)
    campaign.breathe()
    wait_until(lambda: not _unsent(campaign), SECONDS_MAX, "published")
    return CASES


def _unsent(campaign: Campaign) -> int:
    fates = (fate for agency in campaign.county.agencies for fate in agency.fates().values())
    return sum(fate in _UNSENT for fate in fates)


def _delete_all(campaign: Campaign) -> None:
    """Let the broker delete what the flows have, as it does when its time is over."""
    with open_log(campaign.home, campaign.settings, SECONDS_MAX) as log:
        spans = {place: span for flow in Flow for place, span in log.spans(flow).items()}
    login = campaign.home.credentials(EXCHANGE)

    async def delete() -> None:
        for place, (begin, end) in spans.items():
            if begin < end:
                await delete_below(campaign.settings, login, TopicPartition(*place), end)

    asyncio.run(delete())


def _offsets(gaps: list[dict[str, Any]]) -> int:
    return sum(int(gap["offsets"]) for gap in gaps)
