"""What a process takes over time, and whether it grows: samples from /proc, a line through them."""

import os
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from tests.bench.figures import Line, fitted

SCRAPE_SECONDS_MAX: Final = 10.0
SAMPLES_MIN: Final = 6  # through fewer no line is drawn
_KB: Final = 1024
_HANDLED: Final = re.compile(
    rb"^yichuan_(?:exchange|connector_read|connector_delivered)_messages_total(?:{[^}]*})? (\S+)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process."""

    at: float  # seconds, monotonic
    rss_bytes: int
    files: int  # open descriptors
    threads: int
    messages: float  # handled since its start, by its own count


def look(pid: int, at: float, port: int) -> Sample:
    """Look at a process once, and ask it for its metrics as a monitor does."""
    here = Path(f"/proc/{pid}")
    status = (here / "status").read_text(encoding="ascii")
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SCRAPE_SECONDS_MAX) as answer:
        page = answer.read()
    return Sample(
        at=at,
        rss_bytes=int(told["VmRSS"].split()[0]) * _KB,
        files=len(os.listdir(here / "fd")),  # noqa: PTH208 - no Path: links that may be gone
        threads=int(told["Threads"]),
        messages=sum(map(float, _HANDLED.findall(page))),
    )


def line(points: Sequence[tuple[float, float]]) -> Line:
    """Draw the line of least squares. ValueError: too few points."""
    if len(points) < SAMPLES_MIN:
        message = f"{len(points)} samples"
        raise ValueError(message)
    return fitted(points)


def gained(counts: Sequence[int]) -> int:
    """Return by how much the last third lies above the first, each by its median."""
    third = max(len(counts) // 3, 1)
    return round(statistics.median(counts[-third:]) - statistics.median(counts[:third]))
