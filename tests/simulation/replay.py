"""The whole log once more, into an empty casebook, cut otherwise: the same decisions, to the byte.

The order is that in which the first exchange took the records: partitions have an order each, and
what one case asks of another (is this number used?) is recorded with the decision.
"""

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.office import unvouched
from tests.simulation.counting import counted
from tests.simulation.exchange import Exchange
from tests.simulation.promise import BrokenPromise
from tests.simulation.world import World

BATCH: Final = 37  # records of one transaction of the replay
# What must be the same: all of it but the numbers that only count rows.
_TABLES: Final = {
    "decisions": "topic, partition, offset, case_id, message_id, sender, record, at_ms, outcome,"
    " code, rulebook, entry",
    "messages": "sender, message_id, digest, outcome, code, receipt, received_ms",
    "cases": "case_id, state, stopped, waiting, rests_ms, look_ms, body",
    "duties": "duty_id, case_id, position, due_ms, open, body",
    "dead": "topic, partition, offset, at_ms, code",
    "progress": "topic, partition, next_offset, clock_ms, rulebook",
}


def again(world: World, file: Path, loop: asyncio.AbstractEventLoop) -> None:
    """Replay what the world's exchange took, and hold both casebooks together."""
    other = Exchange(file, lambda *_: None, loop)
    failing = set(world.failed)
    try:
        with counted(Counter(), failing, once=True):
            for at in range(0, len(world.processed), BATCH):
                other.handle(world.processed[at : at + BATCH], None, 0)
        with world.exchange.looked_at() as first, other.looked_at() as second:
            for table, columns in _TABLES.items():
                _same(table, _rows(first, table, columns), _rows(second, table, columns))
    finally:
        other.close()


def _rows(connection: sqlite3.Connection, table: str, columns: str) -> list[Any]:
    order = "seq" if table == "decisions" else columns
    rows = connection.execute(f"select {columns} from {table} order by {order}")
    return [tuple(_told(value) for value in row) for row in rows]


def _told(value: Any) -> Any:
    """Of a receipt all but the bus's word, which is one for a batch: where one ends is chance."""
    return unvouched(value) if isinstance(value, bytes) else value


def _same(table: str, first: list[Any], second: list[Any]) -> None:
    if first != second:
        differing = sum(a != b for a, b in zip(first, second, strict=False))
        detail = f"{table}: {differing} of {len(first)} rows differ, {len(second)} on replay"
        raise BrokenPromise("5 the same decisions on replay", detail)
