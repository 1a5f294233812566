"""What duties cost among many: a Tick that fires a thousand, registering, closing.

    python -m tests.bench.duties [--folder FOLDER] [--on sqlite postgresql] [--sizes 10000 10000000]

Casebooks of each size lie side by side, and what is measured goes from one to the next, in turns.
At each Tick the casebook is cold: nothing of it is in the database's memory, nor in the system's.
Pages are what the database asked the system for: the same however busy the machine is.
Prints JSON lines. Ten million duties take some 45 GB of disk for each database, one after another.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from connectors.bus.clock import monotonic
from schemas.topics import JOURNAL
from services.casebook.store import Casebook
from services.casebook.tables import PROGRESS
from services.exchange import garbage
from tests.bench.duties_ground import (
    Ground,
    PostgresqlGround,
    SqliteGround,
    fill,
    greatest_memory,
    opened,
)
from tests.bench.duties_written import closed, registered
from tests.bench.figures import spread
from tests.bench.letters import leads
from tests.history import MONDAY
from tests.office import Log, run

SIZES: Final = (10_000, 1_000_000, 10_000_000)
FIRED: Final = 1_000  # duties of one Tick
MATTER: Final = "CG-001"  # of one: they have one term
TICKS: Final = (2, 10, 24)  # days after the letters: yellow, red, supervision
ROUND_DAYS: Final = 28  # from one round's letters to the next one's
ROUNDS: Final = 3
BATCH: Final = 200
WRITTEN: Final = 20_000  # duties registered, and then closed, of one round
FIRST_NUMBER: Final = 10  # of letters: the casebooks hold one of their own
NUMBERS_OF_A_ROUND: Final = 10_000


def name_of(size: int) -> str:
    """Return what the casebook of a size is called."""
    return f"duties_{size}"


def log_of(casebook: Casebook) -> Log:
    """Return a log that goes on where the casebook is."""
    with casebook.engine.connect() as connection:
        rows = connection.execute(select(PROGRESS)).all()
    return Log({(row.topic, row.partition): row.next_offset for row in rows})


def measured(ground: Ground, sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield a line for each Tick and each writing, then the ratios."""
    ticks: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    for number in range(ROUNDS):
        begin = MONDAY + timedelta(days=ROUND_DAYS * number)
        for size in sizes:
            _register(ground, name_of(size), number, begin)
        for days in TICKS:
            for size in sizes:
                found = _tick(ground, name_of(size), begin + timedelta(days=days))
                ticks[size].append(found)
                yield {"on": ground.name, "what": "tick", "duties": size, **found}
    for size in sizes:
        pairs = list(zip(ticks[size], ticks[sizes[0]], strict=True))
        yield {
            "on": ground.name,
            "what": f"tick of {FIRED}, cold: times that of {sizes[0]}",
            "duties": size,
            "ms": spread([tick["ms"] for tick in ticks[size]]),
            "pages": spread([tick["pages"] for tick in ticks[size]]),
            "ratio": spread([tick["ms"] / least["ms"] for tick, least in pairs], digits=3),
            "pages_ratio": spread(
                [tick["pages"] / least["pages"] for tick, least in pairs], digits=3
            ),
        }
    for number in range(ROUNDS):
        for size in sizes:
            yield {"on": ground.name, "duties": size, **_written(ground, name_of(size), number)}


def _register(ground: Ground, casebook: str, number: int, at: datetime) -> None:
    """Let the exchange decide so many letters that one partition's Ticks will fire together."""
    first = FIRST_NUMBER + NUMBERS_OF_A_ROUND * number
    with opened(ground, casebook) as found:
        log = log_of(found)
        records = [log.put(each, at) for each in islice(leads(first, at, 0, MATTER), FIRED)]
        for begin in range(0, FIRED, BATCH):
            run(found, records[begin : begin + BATCH])


def _tick(ground: Ground, casebook: str, at: datetime) -> dict[str, Any]:
    """Decide one Tick as the exchange does, the casebook being cold."""
    with opened(ground, casebook) as found:
        record = log_of(found).tick(at, 0)
    ground.cool(casebook)
    pages = ground.pages_read(casebook)
    with opened(ground, casebook) as found:
        began, cpu = monotonic(), time.process_time()
        tally = run(found, [record])
        wall, cpu = monotonic() - began, time.process_time() - cpu
    told = sum(row.topic == JOURNAL for row in tally.unsent)  # a line for each case
    assert told == FIRED, f"{told} fired"
    pages = ground.pages_read(casebook) - pages
    return {"ms": round(wall * 1e3, 1), "cpu_ms": round(cpu * 1e3, 1), "pages": pages}


def _written(ground: Ground, casebook: str, number: int) -> dict[str, Any]:
    """Register and close duties, and say how many a second."""
    with opened(ground, casebook) as found:
        cases, opening = registered(found, WRITTEN, number)
        ending = closed(found, cases)
        return {
            "what": "written",
            "registered_per_second": round(WRITTEN / opening.clock),
            "closed_per_second": round(WRITTEN / ending.clock),
            "registered_per_cpu_second": round(WRITTEN / opening.cpu),
            "closed_per_cpu_second": round(WRITTEN / ending.cpu),
        }


def main(argv: Sequence[str]) -> int:
    """Fill, measure, print; what was filled is gone afterwards."""
    parser = argparse.ArgumentParser(prog="duties", description=__doc__)
    parser.add_argument("--folder", type=Path, help="on the disk to be measured; made when absent")
    parser.add_argument("--on", nargs="+", default=("sqlite", "postgresql"))
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--keep", action="store_true", help="the casebooks, to measure again")
    options = parser.parse_args(argv)
    garbage.keep_for_good()  # as the exchange does
    folder = options.folder or Path(tempfile.mkdtemp(prefix="yichuan-duties-"))
    for kind in options.on:
        here = folder / kind
        here.mkdir(parents=True, exist_ok=True)
        ground = SqliteGround(here) if kind == "sqlite" else PostgresqlGround(here)
        with ground:
            for size in options.sizes:
                if not ground.has(name_of(size)):
                    fill(ground, name_of(size), size)
            for line in measured(ground, options.sizes):
                print(json.dumps(line), flush=True)
        if not options.keep:
            shutil.rmtree(here)
    print(json.dumps({"what": "memory", "greatest_mb": greatest_memory()}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
