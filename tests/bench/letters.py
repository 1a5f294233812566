"""Leads that have nothing in common: township, matter and days, and a party of their own.

The default lead in all else. A thousand about one firm, or about one matter at one place in one
week, would measure how possible duplicates are found and told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

from schemas.load import default_example
from schemas.messages import Message
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.model import OrganType
from tests.batches import partition_of
from tests.bench.china_rulebook import code_of
from tests.history import MONDAY, demo, message, violation

BUSINESS: Final = "92"  # 个体工商户
_LAST_DAY: Final = date(2026, 9, 19)
_DAYS: Final = 500  # so many that a third of a million have no place, matter and day in common


@dataclass(frozen=True, slots=True)
class _Way:
    """A township that hands over a matter which another organ handles."""

    sender: str  # alias
    place: str
    matter: str
    officers: tuple[dict[str, str], ...]


def lead(number: int, at: datetime = MONDAY, matter: str | None = None) -> Message:
    """Return a lead of a case of its own; of one matter only, where that is given."""
    ways = _ways(matter)
    way, ago = ways[number % len(ways)], _DAYS - 1 - number // len(ways) % _DAYS
    day = _LAST_DAY - timedelta(days=ago)  # later leads are about later days
    (party,) = default_example("lead_transfer")["parties"]
    named: dict[str, Any] = {
        "name": f"六枝特区示例{number}号工作室",
        "uscc": code_of("520203", number, BUSINESS),
    }
    days: dict[str, Any] = {
        "act_from": str(day),
        "act_to": str(day),
        "found_on": str(day),
        "continuing": False,
    }
    there: dict[str, Any] = {
        "place": way.place,
        "place_text": f"示例街{number}号临街楼顶",
        "matter": way.matter,
    }
    return message(
        "lead_transfer",
        way.sender,
        f"bench-lead-{number}",
        at,
        parties=[{**party, **named}],
        violations=[violation(**there, **days)],
        envelope={"document_number": f"案移〔2026〕{number + 1}号", "officers": list(way.officers)},
    )


def leads(
    first: int,
    at: datetime = MONDAY,
    partition: int | None = None,
    matter: str | None = None,
) -> Iterator[Message]:
    """Yield leads from a number on; of one partition, of one matter only, where that is given."""
    number = first
    while True:
        found = lead(number, at, matter)
        if partition in {None, partition_of(found)}:
            yield found
        number += 1


@cache
def _ways(matter: str | None) -> tuple[_Way, ...]:
    return tuple(way for way in _found() if matter in {None, way.matter})


def _found() -> Iterator[_Way]:
    rules = demo()
    for organ in rules.directory.organs.values():
        if organ.type is not OrganType.TOWNSHIP or organ.alias is None:
            continue
        officers: list[dict[str, Any]] = [
            {"name": each.name, "organ": each.organ, "certificate": each.certificate}
            for each in rules.directory.officers.values()
            if each.organ == organ.code and each.valid_to > _LAST_DAY.replace(year=2027)
        ]
        for matter in rules.matters:
            first = _LAST_DAY - timedelta(days=_DAYS)
            answers = [
                route(rules, Question(organ.division, matter, day, day, None, _LAST_DAY))
                for day in (first, _LAST_DAY)
            ]
            same = answers[0].organs == answers[1].organs
            alone = all(a.verdict is Verdict.COMPETENT and len(a.organs) == 1 for a in answers)
            if same and alone and organ.code not in answers[0].organs and len(officers) > 1:
                yield _Way(organ.alias, organ.division, matter, tuple(officers[:2]))
