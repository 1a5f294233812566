"""What the tests of a batch share: leads of one partition, a law made to fail, what fired."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from schemas.messages import Message
from schemas.topics import flow_partition
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.casework.case import Case
from services.casework.decide import decide
from services.casework.effects import Decision
from tests.history import MONDAY, SENDER, message
from tests.office import PARTITIONS, rows

LATER = MONDAY + timedelta(hours=1)
Decide = Callable[..., Decision]


class Planted(Exception):
    """A defect planted by a test."""


def lead(number: int) -> Message:
    """A lead of a case of its own."""
    return message(
        "lead_transfer",
        SENDER,
        f"lead-{number}",
        envelope={"document_number": f"案移〔2026〕{number + 1}号"},
    )


def failing(when: Callable[[Case | None, Message], bool]) -> Decide:
    """The law, with a defect planted where `when` says."""

    def planted(case: Case | None, sent: Message, *rest: Any) -> Decision:
        if when(case, sent):
            raise Planted
        return decide(case, sent, *rest)

    return planted


def fired(casebook: Casebook) -> list[tuple[str, str]]:
    """Duty and rung of each that the journal tells of, in its order."""
    entries = (json.loads(row.entry) for row in rows(casebook, DECISIONS))
    told = (effect for entry in entries for effect in entry["effects"])
    return [(each["duty"]["kind"], each["rung"]) for each in told if each["effect"] == "rung"]


def partition_of(sent: Message) -> int:
    return flow_partition(sent.envelope.case_id.encode(), PARTITIONS)


def of_one_partition(count: int) -> list[Message]:
    """Leads of cases that share a partition."""
    found: list[Message] = []
    number = 0
    while len(found) < count:
        number += 1
        if partition_of(lead(number)) == 0:
            found.append(lead(number))
    return found
