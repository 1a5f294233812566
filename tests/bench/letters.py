"""Leads that have nothing in common: parties and places of their own, so that none is like another.

The default lead in all else. A thousand about one firm would measure how its duplicates are found.
"""

from collections.abc import Iterator
from datetime import datetime

from schemas.load import default_example
from schemas.messages import Message
from tests.batches import partition_of
from tests.bench.china_rulebook import code_of
from tests.history import MONDAY, SENDER, message, violation

_BUSINESS = "92"  # 个体工商户


def lead(number: int, at: datetime = MONDAY) -> Message:
    """Return a lead of a case of its own."""
    (party,) = default_example("lead_transfer")["parties"]
    named = {"name": f"六枝特区示例{number}号工作室", "uscc": code_of("520203", number, _BUSINESS)}
    there = {"place_text": f"岩脚镇示例街{number}号临街楼顶"}
    return message(
        "lead_transfer",
        SENDER,
        f"bench-lead-{number}",
        at,
        parties=[{**party, **named}],
        violations=[violation(**there)],
        envelope={"document_number": f"案移〔2026〕{number + 1}号"},
    )


def leads(first: int, at: datetime = MONDAY, partition: int | None = None) -> Iterator[Message]:
    """Yield leads from a number on; of one partition only, where that is given."""
    number = first
    while True:
        found = lead(number, at)
        if partition in (None, partition_of(found)):
            yield found
        number += 1
