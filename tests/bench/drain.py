"""How fast a backlog is drained, by one exchange and by two, in turns.

The exchanges run and wait while the backlog is written, faster than they can take it. Counted
is from when all of it lies there to when all that was left is decided, stored and published.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from connectors.bus.clock import monotonic
from tests.bench.figures import spread
from tests.bench.processors import over
from tests.bench.running import Bus, finished
from tests.bench.sealed import Letters

Line = dict[str, Any]
LEFT_MIN: Final = 0.5  # of the backlog: with less of it left, the writer was no faster than we


def drained(bus: Bus, letters: Letters, messages: int, workers: int) -> Line:
    """Write a backlog and let it be drained. AssertionError: too little was left to be measured."""
    file = letters.part(messages)
    bus.run(workers)
    finished(bus.writer(file, rate=0))
    file.unlink()
    left, began, spent = bus.lag(), monotonic(), over(bus.pids())
    assert left >= LEFT_MIN * messages, f"{left} of {messages} left when the last was written"
    bus.settle()
    seconds = monotonic() - began
    rate = round(left / seconds, 1)
    line = {"what": "drain", "workers": workers, "messages": messages, "left": left}
    return {**line, "per_second": rate, **spent()}


def in_turns(
    bus: Bus, letters: Letters, messages: int, workers: Sequence[int], rounds: int
) -> Iterator[Line]:
    """Yield a line for each backlog; who comes first changes."""
    for turn in range(rounds):
        at = turn % len(workers)
        for number in (*workers[at:], *workers[:at]):
            yield {"turn": turn, **drained(bus, letters, messages, number)}


def figures(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the rate by number of workers, what each message cost whom, and the ratio to one."""
    one = {line["turn"]: line["per_second"] for line in lines if line["workers"] == 1}
    for workers in sorted({line["workers"] for line in lines}):
        own = [line for line in lines if line["workers"] == workers]
        names = own[0]["cpu_seconds"]
        yield {
            "what": "drain",
            "workers": workers,
            "per_second": spread([line["per_second"] for line in own]),
            "to_one": spread([line["per_second"] / one[line["turn"]] for line in own], 2)
            if one
            else None,
            "busy": spread([line["busy"] for line in own], 3),
            "cores": {
                name: spread([line["cpu_seconds"][name] / line["seconds"] for line in own], 2)
                for name in names
            },
        }
