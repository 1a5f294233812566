"""`make faults [QUICK=1] [MINUTES=60] [ONLY="name …"] [SEED=1]`: strike, settle, judge, print.

Exit 0: after every fault that ran, nothing was missing, doubled, out of order or told falsely.
1: something was. 2: wrong use.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic
from tests.faults.campaign import begin
from tests.faults.table import BY_NAME, FAULTS, Fault, Stand
from tests.prove.brokers import BROKERS
from tests.prove.chapter import REPO, Ground, forget_settings
from tests.prove.kept import keep_logs
from tests.prove.stand import on_postgresql

WRONG_USE: Final = 2
QUICK_MINUTES: Final = 5.0
LONG_MINUTES: Final = 60.0
SECONDS_OF_A_MINUTE: Final = 60


def main(argv: Sequence[str]) -> int:
    """Run the faults that are asked for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    unknown = [name for name in options.only or () if name not in BY_NAME]
    if unknown:
        print(f"no such fault: {', '.join(unknown)}; there are: {', '.join(BY_NAME)}")
        return WRONG_USE
    chosen = [
        fault
        for fault in FAULTS
        if (fault.name in options.only if options.only else fault.is_quick or not options.quick)
    ]
    minutes = options.minutes or (QUICK_MINUTES if options.quick else LONG_MINUTES)
    forget_settings()
    return strike(chosen, minutes * SECONDS_OF_A_MINUTE, options.seed)


def strike(chosen: Sequence[Fault], seconds: float, seed: int) -> int:
    """Strike with one after the other, on one stand of each kind that is asked for.

    What is left of the time goes to the kills.
    """
    deadline = monotonic() + seconds
    held: list[bool] = []
    failed: list[str] = []
    for kind in reversed(Stand):
        faults = [fault for fault in chosen if fault.stand is kind]
        if faults:
            held += on_stand(kind, faults, lambda: deadline - monotonic(), seed, failed)
    print("\n".join(failed), end="\n" if failed else "")  # once more, where it is looked for
    # Last, for of a long output the end is shown: a failure brings the logs of all processes.
    names = "".join(
        f"; not {each.partition(':')[0].removeprefix('FAIL').strip()}" for each in failed
    )
    print(f"{sum(held)} of {len(chosen)} held, seed {seed}{names}")
    return 0 if all(held) and len(held) == len(chosen) else 1


def on_stand(
    kind: Stand,
    faults: Sequence[Fault],
    seconds_left: Callable[[], float],
    seed: int,
    failed: list[str],
) -> list[bool]:
    """Strike the faults of one kind of stand; return which held. One that is not run did not.

    What is said of those that did not hold is added to `failed`.
    """
    held: list[bool] = []
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yichuan-faults-")))
        ground = Ground(REPO, scratch, ends)
        if kind is Stand.POSTGRESQL:
            ground = on_postgresql(ground)
        if kind is Stand.THREE_BROKERS:
            ground = replace(ground, brokers=BROKERS)
        campaign = begin(ground, "障", seed=seed)
        campaign.seconds_left = seconds_left
        for fault in sorted(faults, key=lambda fault: fault.takes_the_rest):
            if seconds_left() < 0:
                print(f"  --  {fault.name}: not run, the time is over", flush=True)
                continue
            at = monotonic()
            try:
                figure, verdict = fault.strike(campaign), "PASS"
            except AssertionError as error:
                figure, verdict = str(error), "FAIL"
            except Exception as error:  # noqa: BLE001 - whatever breaks it, it was not shown
                figure, verdict = f"{type(error).__name__}: {error}", "FAIL"
            if verdict == "FAIL":
                logs = keep_logs(scratch, fault.name)
                failed.append(f"{verdict}  {fault.name}: {figure} (logs: {logs})")
                campaign.afresh()
            held.append(verdict == "PASS")
            print(f"{verdict}  {fault.name} ({monotonic() - at:.0f} s): {figure}", flush=True)
            print(f"      {fault.en}", flush=True)
        try:
            print(f"      {campaign.replayed()}", flush=True)
        except AssertionError as error:
            failed.append(f"FAIL  journal and casebook: {error}")
            print(failed[-1], flush=True)
            held.append(False)
    return held


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
