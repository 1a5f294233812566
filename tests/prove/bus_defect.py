"""The bus chapter: a defect in the rules stops the case that meets it, and no other."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from connectors.bus.clock import now
from deploy.local import processes
from deploy.local.stack import GRACE_SECONDS
from schemas.ids import BUS, MessageId, derive
from schemas.messages import Accepted, CaseSettled, Held, HoldReason, SettleAction, Withdrawal
from schemas.topics import flow_partition
from services.exchange import workers
from tests.prove.chapter import Check, Ground
from tests.prove.flow_writer import LEADS, Place, Watch, exchange_pids, write
from tests.prove.letters import message_on, partitions, sealed_value
from tests.prove.stand import Stand, demo, wait_until

EXCHANGE: Final = "exchange"  # the broker's login
BUS_KEY: Final = "bus"
PARTITION: Final = 1
SECONDS_MAX: Final = 60.0
DEFECT: Final = "case.defect"

Document = dict[str, Any]


def decide_raises(ground: Ground) -> str:
    """Freeze a case by the planted defect; then settle it under the real build."""
    stand = demo(ground)
    lead = message_on(stand, PARTITION)
    case, number = lead.envelope.case_id, lead.envelope.document_number
    later = _withdrawal(lead.envelope)
    with _planted(stand, str(number)):
        watch = Watch.begin(stand)
        place = write(stand, LEADS, PARTITION, case.encode(), sealed_value(stand, lead))
        _is_held(watch, lead.envelope.message_id, HoldReason.FROZEN, DEFECT)
        code = watch.dead(place)
        assert code == DEFECT, f"its dead letter: {code}"
        write(stand, LEADS, PARTITION, case.encode(), sealed_value(stand, later))
        _is_held(watch, later.envelope.message_id, HoldReason.WAITING, "hold.waiting")
        seconds = [watch.goes_on(partition) for partition in range(partitions(stand))]
        _is_stopped(_story(stand, case), lead.envelope.message_id, later.envelope.message_id)
    state = _settled(stand, lead.envelope, later.envelope.message_id)
    return (
        f"its case frozen ({DEFECT}, dead letter, Held to the sender), a later message of it "
        f"waits, trace says so; other cases of every partition accepted in {max(seconds):.1f} s, "
        f"in the same process; settled with the real build, both were decided: {state}"
    )


CHECKS: Final = (Check("decide_raises", decide_raises),)


@contextmanager
def _planted(stand: Stand, number: str) -> Iterator[None]:
    """Run the test build in each exchange's place, on the same home; the real ones come back."""
    names = set(exchange_pids(stand))
    real = {one.name: one.argv for one in processes.all_recorded(stand.home) if one.name in names}
    planted = (sys.executable, "-m", "tests.prove.planted_exchange", "--number", number)
    home = ("--home", str(stand.home.path))
    _swap(
        stand,
        {
            workers.name_of(worker): (*planted, *home, "--worker", str(worker))
            for worker in workers.numbers(stand.settings)
        },
    )
    try:
        yield
    finally:
        _swap(stand, real)


def _swap(stand: Stand, commands: dict[str, tuple[str, ...]]) -> None:
    """All of one build end before one of the other begins."""
    for name in commands:
        processes.stop(stand.home, name, GRACE_SECONDS)
    environment = {**os.environ, **stand.environment}
    for name, argv in commands.items():
        processes.start(stand.home, name, argv, environment, cwd=stand.ground.repo)
    exchange_pids(stand)


def _withdrawal(of: Any) -> Withdrawal:
    envelope = replace(
        of,
        message_id=MessageId(derive("prove", "withdrawal", of.message_id)),
        record="Withdrawal",
        in_reply_to=of.message_id,
        document_number=None,
        officers=None,
    )
    return Withdrawal(envelope, reason="经复核，移送依据不足。")


def _is_held(watch: Watch, message_id: str, reason: HoldReason, code: str) -> None:
    answer = watch.answer(message_id)
    assert isinstance(answer, Held), f"{type(answer).__name__}, not Held"
    assert (answer.hold, answer.code) == (reason, code), f"held: {answer.hold} {answer.code}"


def _is_stopped(story: Document, at: str, behind: str) -> None:
    stop = story["stop"]
    assert stop is not None, "trace shows no stop"
    told = (stop["message"], stop["reason"], stop["code"])
    assert told == (at, "frozen", DEFECT), f"trace: {told}"
    waiting = [entry["message"] for entry in story["waiting"]]
    assert waiting == [behind], f"trace: waiting {waiting}"


def _settled(stand: Stand, frozen: Any, later: str) -> str:
    """Let an operator, who has the bus's key, have the message decided again."""
    watch = Watch.begin(stand)
    envelope = replace(
        frozen,
        message_id=MessageId(derive("prove", "settled", frozen.message_id)),
        record="CaseSettled",
        sender=BUS,
        sent_at=now(),
        in_reply_to=frozen.message_id,
        document_number=None,
        officers=None,
    )
    settled = CaseSettled(envelope, SettleAction.RETRY, "规则已更正")
    key = frozen.case_id.encode()
    partition = flow_partition(key, partitions(stand))
    value = sealed_value(stand, settled, BUS_KEY)
    place: Place = write(stand, LEADS, partition, key, value, EXCHANGE)
    for message_id in (frozen.message_id, later):
        answer = watch.answer(message_id)
        assert isinstance(answer, Accepted), f"after {place}: {type(answer).__name__}"
    story = wait_until(
        lambda: found if not (found := _story(stand, frozen.case_id))["stop"] else None,
        SECONDS_MAX,
        "the case to go on",
    )
    return str(story["state"])


def _story(stand: Stand, case: str) -> Document:
    (story,) = stand.objects("trace", case)
    return story
