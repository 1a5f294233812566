"""Under load for a long time: no process of ours grows, nothing is lost.

    python -m tests.faults.soak [--minutes 30] [--per-second 60] [--out FILE]

Two kinds of load at once: cases through connectors, as the fault campaign has them, and a steady
stream of sealed letters written to the flows. Each process is looked at every few seconds, in /proc
and by its own metrics. What is compared begins after the warm-up: caches fill, the allocator
comes to what it needs.
"""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic
from deploy.local import processes
from services.exchange import workers
from tests.bench.figures import Line
from tests.faults.campaign import Campaign, begin
from tests.faults.county import CONNECTOR_PORT_OFFSET
from tests.faults.stream import Stream
from tests.faults.watched import SAMPLES_MIN, Sample, gained, line, look
from tests.prove.chapter import REPO, Ground, forget_settings

MINUTES: Final = 30.0
PER_SECOND: Final = 60.0  # letters of the stream
CASES_PER_SECOND: Final = 1.5  # through connectors; each is four messages and their receipts
OUTSTANDING_MAX: Final = 40  # cases on their way: then the load waits, on a host that is too slow
EVERY_SECONDS: Final = 4.0  # between two looks
WARM_PART: Final = 1 / 3  # of the time, before anything is compared,
# and so many messages through the exchange: until then SQLite fills its cache of pages (64 MB).
WARM_MESSAGES: Final = 10_000
RSS_BYTES_PER_MINUTE_MAX: Final = 1 << 20
FILES_GAINED_MAX: Final = 0
THREADS_GAINED_MAX: Final = 0
_MINUTE: Final = 60.0


@dataclass(slots=True)
class Soak:
    """What was seen of each process."""

    campaign: Campaign
    ports: dict[str, int]
    pids: dict[str, int]
    stream: Stream | None = None
    figure: str = ""  # what the judges of the traffic said
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    def judge(self) -> None:
        """Hold all that was sent against what came. AssertionError says what is wrong."""
        assert self.stream is not None
        self.figure = f"{self.campaign.judged()}; {self.stream.judged()}"

    def look(self) -> None:
        """Look at each process. AssertionError: one was started anew meanwhile."""
        for name, port in self.ports.items():
            process = processes.running(self.campaign.home, name)
            assert process is not None, f"{name} has ended: {self.campaign.state()}"
            assert process.pid == self.pids[name], f"{name} was started anew"
            self.samples[name].append(look(process.pid, monotonic(), port))


@dataclass(frozen=True, slots=True)
class Growth:
    """How one process grew after the warm-up."""

    name: str
    rss_mb: float  # at the end
    per_minute: Line  # bytes
    per_message: Line  # bytes
    messages: float
    files: int  # gained
    threads: int  # gained

    @property
    def is_flat(self) -> bool:
        """Whether it keeps within every limit, the errors of the line considered."""
        return (
            self.per_minute.most <= RSS_BYTES_PER_MINUTE_MAX
            and self.files <= FILES_GAINED_MAX
            and self.threads <= THREADS_GAINED_MAX
        )

    def __str__(self) -> str:
        """Say it in one line."""
        slope, error = self.per_minute.slope / 1024, self.per_minute.error / 1024
        return (
            f"{self.name} {self.rss_mb:.0f} MB, {slope:+.0f} kB/min (error {error:.0f}), "
            f"{self.per_message.slope:+.0f} bytes a message over {self.messages:.0f}, "
            f"files {self.files:+d}, threads {self.threads:+d}"
        )


def soak(campaign: Campaign, minutes: float = MINUTES, per_second: float = PER_SECOND) -> Soak:
    """Let the county work for so long, and look at it."""
    seen = _watched(campaign)
    cases, ends = 0, monotonic() + minutes * _MINUTE
    began = looked = monotonic()
    aliases = [agency.alias for agency in campaign.county.agencies]
    with Stream(campaign.stand, per_second, aliases) as stream:
        while monotonic() < ends:
            stream.is_held = campaign.outstanding > OUTSTANDING_MAX
            if not stream.is_held and (monotonic() - began) * CASES_PER_SECOND > cases:
                campaign.traffic.feed(1)
                cases += 1
            campaign.breathe()
            if monotonic() - looked > EVERY_SECONDS:
                looked = monotonic()
                seen.look()
    seen.stream = stream
    return seen


def growths(seen: Soak) -> Iterator[Growth]:
    """Yield how each process grew after the warm-up. AssertionError: it did not come to an end."""
    begins = warmed_up(seen.samples[workers.NAME])
    for name, samples in seen.samples.items():
        yield growth(name, samples, begins)


def warmed_up(exchange: Sequence[Sample]) -> float:
    """Return from when on what is seen is compared. AssertionError: too little was done."""
    last = exchange[-1]
    begins = exchange[0].at + (last.at - exchange[0].at) * WARM_PART
    warm = [each.at for each in exchange if each.at >= begins and each.messages >= WARM_MESSAGES]
    assert len(warm) >= SAMPLES_MIN, f"{last.messages:.0f} messages only: too little to warm up"
    return warm[0]


def growth(name: str, samples: Sequence[Sample], begins: float) -> Growth:
    """Return how one grew from then on."""
    warm = [each for each in samples if each.at >= begins]
    return Growth(
        name=name,
        rss_mb=warm[-1].rss_bytes / (1 << 20),
        per_minute=line([(each.at / _MINUTE, each.rss_bytes) for each in warm]),
        per_message=line([(each.messages, each.rss_bytes) for each in warm]),
        messages=warm[-1].messages - warm[0].messages,
        files=gained([each.files for each in warm]),
        threads=gained([each.threads for each in warm]),
    )


def _watched(campaign: Campaign) -> Soak:
    settings, county = campaign.settings, campaign.county
    ports = {
        workers.name_of(each): workers.port_of(settings, each) for each in workers.numbers(settings)
    }
    first = settings.ports.base + CONNECTOR_PORT_OFFSET
    ports |= {agency.alias: first + number for number, agency in enumerate(county.agencies)}
    return Soak(campaign, ports, {name: county.pid(name) for name in ports})


def main(argv: Sequence[str]) -> int:
    """Soak once; print a line for each process, and return the exit code."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--per-second", type=float, default=PER_SECOND)
    parser.add_argument("--out", type=Path, help="every sample, as JSON")
    options = parser.parse_args(argv)
    forget_settings()
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yichuan-soak-")))
        campaign = begin(Ground(REPO, scratch, ends), "浸", is_planted=False)
        seen = soak(campaign, options.minutes, options.per_second)
        if options.out:
            samples = {name: [*map(asdict, found)] for name, found in seen.samples.items()}
            options.out.write_text(json.dumps(samples), encoding="utf-8")
        seen.judge()
    found = list(growths(seen))
    print("\n".join(map(str, found)), seen.figure, sep="\n")
    return 0 if all(each.is_flat for each in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
