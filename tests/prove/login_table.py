"""What one organ's login may do, request by request: login_rights.csv and login_http.csv."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.prove.kafka_requests import REQUESTS, On, Request
from tests.prove.kafka_requests_cluster import CLUSTER_REQUESTS

RIGHTS: Final = Path(__file__).with_name("login_rights.csv")
DOORS: Final = Path(__file__).with_name("login_http.csv")
OWN: Final = "own"
FLOW: Final = "flow"
OTHER: Final = "other"
PLACES: Final = {
    On.TOPIC: (OWN, FLOW, OTHER),
    On.GROUP: (OWN, OTHER),
    On.TRANSACTION: (OTHER,),
    On.CLUSTER: (OTHER,),
}
ALL_REQUESTS: Final[tuple[Request, ...]] = (*REQUESTS, *CLUSTER_REQUESTS)


@dataclass(frozen=True, slots=True)
class Door:
    """One HTTP request, and the status it must get: by nobody, by the organ, by the reader."""

    port: str
    method: str
    path: str
    statuses: tuple[int, ...]


def rights() -> Mapping[tuple[str, str], str]:
    """Return (request, place) → the error that the broker must give."""
    found = {}
    for row in _rows(RIGHTS):
        for place in (OWN, FLOW, OTHER):
            if row[place]:
                found[row["request"], place] = row[place]
    return found


def doors() -> tuple[Door, ...]:
    """Return every HTTP request that is tried."""
    return tuple(
        Door(row["port"], row["method"], row["path"], tuple(map(int, row["statuses"].split())))
        for row in _rows(DOORS)
    )


def unmatched(table: Mapping[tuple[str, str], str]) -> list[str]:
    """Return what is tried and has no row, and the reverse."""
    wanted = {(each.name, place) for each in ALL_REQUESTS for place in PLACES[each.on]}
    return sorted(f"{name} ({place})" for name, place in wanted ^ table.keys())


def _rows(path: Path) -> Iterator[dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    yield from csv.DictReader(line for line in lines if not line.startswith("#"))
