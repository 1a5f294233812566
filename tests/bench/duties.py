"""What duties cost among many: a Tick that fires a thousand, registering, closing.

    python -m tests.bench.duties FOLDER [--sizes 10000 1000000 10000000] [--only sqlite]

Casebooks of each size lie side by side, and what is measured goes from one to the next, in turns.
Each Tick is the first thing that a process that has just begun does with a cold casebook: nothing
of it is in the database's memory, nor in the system's.
"""

import time
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from connectors.bus.clock import monotonic
from schemas.messages import Message
from services.casebook.store import Casebook
from tests.batches import lead, partition_of
from tests.bench.duties_ground import Ground, opened
from tests.history import MONDAY
from tests.office import Log, run

SIZES: Final = (10_000, 1_000_000, 10_000_000)
FIRED: Final = 1_000  # duties of one Tick
TICKS: Final = (2, 10, 24)  # days after the letters: yellow, red, supervision
BATCH: Final = 200


def leads(count: int) -> list[Message]:
    """Return letters of cases that share a partition."""
    numbered = (lead(number) for number in range(10, 100 * count))
    return list(islice((each for each in numbered if partition_of(each) == 0), count))


def register_fired(casebook: Casebook, log: Log) -> None:
    letters = [log.put(each, MONDAY) for each in leads(FIRED)]
    for begin in range(0, FIRED, BATCH):
        run(casebook, letters[begin : begin + BATCH])


def tick(ground: Ground, casebook: str, days: int, offset: int) -> dict[str, Any]:
    """Run one Tick in a casebook that is open and cold, the rest of the process being warm."""
    log = Log({("leads", 0): offset})
    with opened(ground, casebook) as found:
        record = log.tick(MONDAY + timedelta(days=days), 0)
        began, cpu = monotonic(), time.process_time()
        tally = run(found, [record])
        wall, cpu = monotonic() - began, time.process_time() - cpu
    assert len(tally.rungs) == FIRED, len(tally.rungs)
    return {"ms": round(wall * 1e3, 1), "cpu_ms": round(cpu * 1e3, 1)}
