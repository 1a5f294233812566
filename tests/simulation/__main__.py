"""`make sim RUNS= SEED=`: run the simulation and say how often each step and refusal was taken.

Exit 0: nothing is broken and, with --each, everything was taken so often. 1: not so. 2: wrong use.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from connectors.bus import clock
from tests.simulation.exchange import Crash
from tests.simulation.planted import PLANTS
from tests.simulation.pool import MESSAGES, Totals, run_all, shortest

PROGRESS_RUNS: Final = 500
SHOWN_OF_A_HISTORY: Final = 25
FAILURES_SHOWN: Final = 3


def main(argv: Sequence[str]) -> int:
    """Run, print, return the exit code."""
    parser = argparse.ArgumentParser(prog="sim", description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--messages", type=int, default=MESSAGES, help="of a run, at least")
    parser.add_argument("--pace", type=int, default=1, help="how fast the days go by")
    parser.add_argument("--each", type=int, default=0, help="how often everything must be taken")
    parser.add_argument("--crashes", type=float, help="chance of each batch to be struck")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="with this bug in the product")
    parser.add_argument("--first", action="store_true", help="end with the first that is broken")
    parser.add_argument("--quiet", action="store_true", help="the totals only")
    options = parser.parse_args(argv)
    began, totals, told = clock.monotonic(), Totals(), 0
    seeds = range(options.seed, options.seed + options.runs)
    parts = run_all(
        seeds,
        options.messages,
        options.jobs,
        plant=options.plant,
        stop=options.first,
        crash_chance=options.crashes,
        pace=options.pace,
    )
    for part in parts:
        totals.merge(part)
        for result in part.broken:  # at once: a long run is read while it goes on
            print(f"broken: seed {result.seed}: {result.broken}", flush=True)
        if options.first and totals.broken:
            break
        if totals.runs // PROGRESS_RUNS > told and not options.quiet:
            told = totals.runs // PROGRESS_RUNS
            print(f"  {totals.runs} runs, {clock.monotonic() - began:.0f} s", flush=True)
    seconds = clock.monotonic() - began
    _print_totals(totals, seconds, options)
    if totals.broken:
        _print_broken(totals, options)
        return 1
    rare = [each for each in (*totals.steps(), *totals.refusals()) if each[0] < options.each]
    for times, what in rare:
        print(f"TOO RARE  {times}  {what}")
    return 1 if rare else 0


def _print_totals(totals: Totals, seconds: float, options: argparse.Namespace) -> None:
    steps, refusals = totals.steps(), totals.refusals()
    if not options.quiet:
        for title, rows in (("steps", steps), ("refusals", refusals)):
            print(f"{title}, the rarest first:")
            for times, what in rows:
                print(f"  {times:>7}  {what}{'   NOT COVERED' if times == 0 else ''}")
    print(
        f"{totals.runs} runs, {totals.messages} messages ({totals.fewest} or more each), "
        f"{totals.records} records with ticks, {totals.replayed} replayed to the byte, "
        f"{len(totals.broken)} broken, {seconds:.0f} s with {options.jobs} processes"
    )
    landed = ", ".join(f"{where} {totals.crashes[where]}" for where in Crash)
    print(f"{totals.crashes.total()} crashes: {landed}")
    print(f"rarest step: {steps[0][1]} ({steps[0][0]} times)")
    print(f"rarest refusal: {refusals[0][1]} ({refusals[0][0]} times)")
    missing = [what for times, what in (*steps, *refusals) if times == 0]
    print(f"not covered: {len(missing)} (of {len(steps)} steps and {len(refusals)} refusals)")


def _print_broken(totals: Totals, options: argparse.Namespace) -> None:
    for result in totals.broken[:FAILURES_SHOWN]:
        if options.plant is None:
            result = shortest(result.seed, options.messages, options.crashes, options.pace)  # noqa: PLW2901 - the same, shorter
        print(f"BROKEN  seed {result.seed}, after {result.messages} messages: {result.broken}")
        for line in result.history[-SHOWN_OF_A_HISTORY:]:
            print(f"    {line}")
    print("keep it: a [[seed]] in tests/simulation/seeds.toml")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
