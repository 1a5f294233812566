"""What lies in a flow and is no message, and an inbox that takes nothing."""

from random import Random
from typing import Any, Final

from confluent_kafka import Producer

from connectors.bus.admin import carry_out, connect
from connectors.bus.changes import Grant, Revoke
from connectors.bus.layout import Acl
from schemas.parts import Flow
from schemas.topics import DEAD_LETTERS, inbox_of
from tests.faults.campaign import Campaign
from tests.prove.flow_writer import write
from tests.prove.stand import records, wait_until

CASES: Final = 4
REPEATED_MAX: Final = 600
SECONDS_MAX: Final = 90.0
_MAGIC: Final = b"\x00"


def poison(campaign: Campaign) -> str:
    """Write what is no message of ours between the letters: each is a dead letter, once."""
    login, written = campaign.traffic.townships[0].alias, 0
    places = set()
    for value in _poisons(campaign.chance):
        flow = Flow.LEADS if written % 2 else Flow.TRANSFERS
        place = write(campaign.stand, flow.value, written % 4, b"poison", value, login)
        places.add((place.topic, place.partition, place.offset))
        written += 1
        campaign.turn()
    campaign.work(CASES)

    def dead() -> bool:
        return places <= set(_dead(campaign))

    wait_until(dead, SECONDS_MAX, "a dead letter for each")
    figure = campaign.judged()
    found = _dead(campaign)
    twice = [place for place in places if found.count(place) != 1]
    assert not twice, f"not once in the dead letters: {twice[:3]}"
    return f"{written} poisoned records, each a dead letter once; {figure}"


def sent_twice(campaign: Campaign) -> str:
    """Write what lies in the leads' log once more, to the byte: each has its effect already."""
    campaign.work(CASES)
    again = repeat(campaign, Flow.LEADS)
    campaign.work(CASES)
    return f"{again} records once more; {campaign.judged()}"


def repeat(campaign: Campaign, flow: Flow) -> int:
    """Write the newest records of a flow once more, where they lay; return how many."""
    login = campaign.traffic.townships[0].alias
    lying = records(campaign.stand, "exchange", flow.value)[-REPEATED_MAX:]
    producer = Producer(campaign.stand.client(login) | {"acks": "all"})
    for record in lying:
        producer.produce(flow.value, record.value(), record.key(), record.partition() or 0)
    left = producer.flush(SECONDS_MAX)
    assert not left, f"{left} of {len(lying)} were not written"
    return len(lying)


def inbox_refuses(campaign: Campaign) -> str:
    """Take the right to write into one inbox away: only that one waits, then has all, in order."""
    alias = campaign.traffic.townships[0].alias
    denied = Acl("User:exchange", "topic", "literal", inbox_of(alias), "write", permission="deny")
    client = connect(campaign.settings, campaign.home.credentials("admin"))
    carry_out(client, campaign.home, campaign.settings, [Grant(denied)])
    try:
        campaign.work(2 * CASES)
        waiting = campaign.left()
        assert waiting, "nothing waits for the shut inbox"
    finally:
        carry_out(client, campaign.home, campaign.settings, [Revoke(denied)])
    return f"{alias} shut for {2 * CASES} cases, {waiting} letters waited; {campaign.judged()}"


def _poisons(chance: Random) -> list[bytes | None]:
    noise = [chance.randbytes(size) for size in (1, 5, 100, 10_000)]
    unknown = _MAGIC + (999_999).to_bytes(4, "big") + chance.randbytes(40)
    framed = [_MAGIC + number.to_bytes(4, "big") + b"\xff" * 64 for number in range(1, 6)]
    return [None, b"", b"{}", _MAGIC, unknown, *noise, *framed, b"\xc3\x28" * 50]


def _dead(campaign: Campaign) -> list[tuple[str, int, int]]:
    found = []
    for letter in records(campaign.stand, "admin", DEAD_LETTERS):
        headers: Any = letter.headers() or ()  # pairs; the stubs allow other forms, too
        told = {name: value.decode() for name, value in headers}
        topic, *numbers = (
            told[f"__connect.errors.{name}"] for name in ("topic", "partition", "offset")
        )
        found.append((topic, int(numbers[0]), int(numbers[1])))
    return found
