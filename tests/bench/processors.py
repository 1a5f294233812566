"""Who had the processors: seconds of processor time by process, over a part of a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psutil

from connectors.bus.clock import monotonic

OTHERS: Final = "others"  # of the machine: the writer, this process, whoever else is here
_COUNTED_TWICE: Final = "guest"  # lies in user and nice already
_GONE: Final = (psutil.NoSuchProcess, psutil.AccessDenied)


@dataclass(frozen=True, slots=True)
class Moment:
    """What had been spent at one moment: seconds by process, and of the whole machine."""

    at: float
    spent: Mapping[str, float]
    busy: float
    all: float


def look(pids: Mapping[str, int]) -> Moment:
    """Look now. A process counts with its children, the ended ones too."""
    times = psutil.cpu_times()._asdict()
    whole = sum(spent for name, spent in times.items() if not name.startswith(_COUNTED_TWICE))
    idle = times["idle"] + times.get("iowait", 0.0)
    spent = {name: _spent(pid) for name, pid in pids.items()}
    return Moment(monotonic(), spent, whole - idle, whole)


def between(before: Moment, after: Moment) -> dict[str, Any]:
    """Return seconds, processor seconds by process, and the share of the processors in use."""
    spent = {name: after.spent[name] - before.spent[name] for name in before.spent}
    busy = after.busy - before.busy
    spent[OTHERS] = max(0.0, busy - sum(spent.values()))
    return {
        "seconds": round(after.at - before.at, 2),
        "cpu_seconds": {name: round(seconds, 2) for name, seconds in spent.items()},
        "busy": round(busy / (after.all - before.all), 3) if after.all > before.all else 0.0,
    }


def over(pids: Mapping[str, int]) -> Callable[[], dict[str, Any]]:
    """Begin to count; the function returned says what was spent since."""
    before = look(pids)
    return lambda: between(before, look(pids))


def _spent(pid: int) -> float:
    try:
        leader = psutil.Process(pid)
        family = [leader, *leader.children(recursive=True)]
    except _GONE:
        return 0.0
    return sum(map(_own, family))


def _own(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except _GONE:  # ended meanwhile: its parent counts it
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
