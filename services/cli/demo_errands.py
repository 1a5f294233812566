"""The demo's other stories: notices, copies, requests, complaints. Data, read into errands.

A row: kind/variant sender>receivers matter place | steps. A step is who:act/variant; `!code` marks
what must come back refused, `~held` what must be held. `demo_errand_play` tells them, step by step.
"""

import re
from dataclasses import dataclass
from typing import Final

from services.cli.demo_errand_rows import HELD, LAWFUL, UNLAWFUL
from services.cli.demo_scenarios import ALIASES, PLACES, Scenario

FIRST_NUMBER: Final = 201  # behind the transfers'; numbers of documents go by it
ALL: Final = "*"  # every organ of the county but the sender and the one that signs nothing
ACCEPTED: Final = "accepted"
RECORD_OF: Final = {
    "notice": "violation_notice",
    "copy": "copy",
    "circular": "circular",
    "information": "information_request",
    "guidance": "guidance_record",
    "complaint": "complaint_forward",
    "assistance": "assistance_request",
    "lead": "lead_transfer",
    "case": "case_transfer",
}
_TOKEN: Final = re.compile(r"([a-z_]+)(?:/([a-z_0-9]+))?(?:!([a-z_.]+)|~(held))?")


@dataclass(frozen=True, slots=True)
class Act:
    """One message of a story: what, who writes it, and what the bus must answer.

    `fault`: the code by which it is refused; its document is spoilt accordingly (demo_faults).
    """

    by: str
    name: str
    variant: str = ""
    fault: str = ""
    is_held: bool = False

    @property
    def expected(self) -> str:
        """The state that its author's connector must show."""
        return "rejected" if self.fault else "held" if self.is_held else ACCEPTED


@dataclass(frozen=True, slots=True)
class Errand:
    """One story: its opening message and what follows, each after the one before was answered."""

    number: int
    receivers: tuple[str, ...]
    opening: Act
    matters: tuple[str, ...]
    place: str
    steps: tuple[Act, ...]

    @property
    def sender(self) -> str:
        """Who writes the opening message."""
        return self.opening.by

    @property
    def record(self) -> str:
        """The record of the opening message."""
        return RECORD_OF[self.opening.name]

    @property
    def scenario(self) -> Scenario:
        """The same as a transfer: complaints and leads are answered as transfers are."""
        return Scenario(
            number=self.number,
            sender=self.sender,
            receiver=self.receivers[0],
            record="case_transfer" if self.opening.name == "case" else "lead_transfer",
            matters=self.matters,
            place=self.place,
            plan="unsigned",
            outcome="penalty",
        )


def errands() -> tuple[Errand, ...]:
    """Return the stories of one run, lawful ones first, in the order they begin."""
    rows = [row for block in (LAWFUL, HELD, UNLAWFUL) for row in _rows(block)]
    return tuple(_errand(number, row) for number, row in enumerate(rows, start=FIRST_NUMBER))


def _rows(block: str) -> list[str]:
    joined = re.sub(r"\n[ ]+", " ", block)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def _errand(number: int, row: str) -> Errand:
    head, _, tail = row.partition("|")
    what, way, *where = head.split()
    matter, place = where or ("CG-001", "岩脚")
    sender, _, receivers = way.partition(">")
    return Errand(
        number=number,
        receivers=tuple(_alias(each) for each in receivers.split(",")),
        opening=_act(_alias(sender), what),
        matters=tuple(matter.split("+")),
        place=PLACES[place],
        steps=tuple(_act(_alias(by), act) for by, act in (s.split(":") for s in tail.split())),
    )


def _act(by: str, token: str) -> Act:
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ValueError(token)
    name, variant, fault, held = found.groups()
    return Act(by, name, variant or "", fault or "", is_held=held is not None)


def _alias(short: str) -> str:
    return ALIASES.get(short, short)
