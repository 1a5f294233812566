"""The law chapter: the table of the guidance, each row's rule taken away in turn."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from typing import Final

from tests.law.carriers import carrier
from tests.law.page import PAGE, current
from tests.law.rows import Row, collected
from tests.law.sentences import TEXT, left_out, sentences
from tests.law.taken_away import Copy, copied, failing, missed
from tests.prove.chapter import Check, Ground

COPIES: Final = 2  # of the tree, each with one test at a time: the cores of a small machine
SHOWN: Final = 5  # of those that failed to fail


def guidance_table(ground: Ground) -> str:
    """Hold the page against the tests and the text; then take away what carries each row."""
    assert left_out(sentences(), TEXT.read_text(encoding="utf-8")) == "", "a sentence is left out"
    assert PAGE.read_text(encoding="utf-8") == current(), "the page is stale: make guidance"
    rows = collected()
    once = list({(row.carrier, row.test): row for row in rows}.values())
    with TemporaryDirectory(dir=ground.scratch) as folder, ExitStack() as ends:
        copies = [ends.enter_context(copied(Path(folder) / str(n))) for n in range(COPIES)]
        for copy in copies:
            said = failing(copy, once)
            assert said is None, f"with every rule in place: {said}"
        wrong = _without_each(copies, once)
    assert not wrong, f"{len(wrong)} of {len(once)} are not missed: {wrong[:SHOWN]}"
    kinds = sorted({row.carrier.partition(" ")[0] for row in rows})
    counts = ", ".join(
        f"{len({r.carrier for r in rows if r.carrier.startswith(f'{kind} ')})} {kind}"
        for kind in kinds
    )
    return (
        f"{len(sentences())} sentences, {len(rows)} rows, none empty; carried by {counts}; "
        f"{len({row.test for row in rows})} tests pass with every rule in place, and each of the "
        f"{len(once)} pairs of rule and test fails when the rule is taken out of the product"
    )


def _without_each(copies: Sequence[Copy], rows: Sequence[Row]) -> list[str]:
    """Return what was not missed, of all rows, on as many copies at once as there are."""
    free: Queue[Copy] = Queue()
    for copy in copies:
        free.put(copy)
    for row in rows:
        carrier(row.carrier)  # read before the threads share what was read
    with ThreadPoolExecutor(len(copies)) as pool:
        found = pool.map(_without, repeat(free), rows)
        return [each for each in found if each is not None]


def _without(free: Queue[Copy], row: Row) -> str | None:
    copy = free.get()
    try:
        return missed(copy, row)
    finally:
        free.put(copy)


CHECKS: Final = (Check("guidance_table", guidance_table),)
