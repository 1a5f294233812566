"""`make faults [QUICK=1] [MINUTES=60] [ONLY="name …"] [SEED=1]`: strike, settle, judge, print.

Exit 0: after every fault that ran, nothing was missing, doubled, out of order or told falsely.
1: something was. 2: wrong use.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic
from tests.faults.campaign import begin
from tests.faults.table import BY_NAME, FAULTS, Fault
from tests.prove.chapter import REPO, Ground
from tests.prove.run import forget_settings

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
    """Strike with one after the other on one stand; what is left of the time goes to the kills."""
    failed, began = 0, monotonic()
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yichuan-faults-")))
        campaign = begin(Ground(REPO, scratch, ends), "障", seed=seed)
        campaign.seconds_left = lambda: seconds - (monotonic() - began)
        for fault in sorted(chosen, key=lambda fault: fault.takes_the_rest):
            if campaign.seconds_left() < 0:
                print(f"  --  {fault.name}: not run, the time is over", flush=True)
                continue
            at = monotonic()
            try:
                figure, verdict = fault.strike(campaign), "PASS"
            except AssertionError as error:
                figure, verdict = str(error), "FAIL"
                failed += 1
            print(f"{verdict}  {fault.name} ({monotonic() - at:.0f} s): {figure}", flush=True)
            print(f"      {fault.en}", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} held, seed {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
