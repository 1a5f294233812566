"""`make prove WHAT=<chapter> [LONG=1] [ONLY="id ..."]`: run each promise, print, write the proof.

Exit 0: every check that ran passed. 1: one failed. 2: wrong use, or a promise without a check.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from connectors.bus import clock
from tests.prove import bus, county, endurance, faults, law, load, seal, speed
from tests.prove.chapter import (
    REPO,
    Check,
    Ground,
    Promise,
    Result,
    forget_settings,
    promises_of,
    read_results,
    unmatched,
    write_results,
)
from tests.prove.kept import keep_logs

CHAPTERS: Final = {
    "bus": bus.CHECKS,
    "county": county.CHECKS,
    "faults": (*faults.CHECKS, *speed.CHECKS, *load.CHECKS, *endurance.CHECKS),
    "law": law.CHECKS,
    "seal": seal.CHECKS,
}
WRONG_USE: Final = 2


def main(argv: Sequence[str]) -> int:
    """Run a chapter and return the exit code."""
    parser = argparse.ArgumentParser(prog="prove", description=__doc__)
    parser.add_argument("chapter", choices=sorted(CHAPTERS))
    parser.add_argument("--long", action="store_true", help="also those over 10 minutes")
    parser.add_argument("--only", action="append", metavar="ID", help="these promises only")
    options = parser.parse_args(argv)
    promises, checks = promises_of(options.chapter), CHAPTERS[options.chapter]
    wanted = options.only or list(promises)
    wrong = [each for each in unmatched(promises, checks) if each.partition(":")[0] in wanted]
    wrong += [f"{id_}: not promised" for id_ in wanted if id_ not in promises]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return WRONG_USE
    forget_settings()
    chosen = [
        promises[id_] for id_ in wanted if options.only or options.long or not promises[id_].is_long
    ]
    return prove(promises, chosen, checks, REPO / "tests" / "proof" / f"{options.chapter}.json")


def prove(
    promises: dict[str, Promise],
    chosen: Sequence[Promise],
    checks: Sequence[Check],
    proof: Path,
) -> int:
    """Run the chosen promises; the others keep the result they had in `proof`."""
    by_id = {check.id: check for check in checks}
    results = read_results(proof)
    failed = 0
    with ExitStack() as ends:
        # Entered first, so removed last: after what runs in it has ended.
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yichuan-prove-")))
        ground = Ground(REPO, scratch, ends)
        for promise in promises.values():
            if promise not in chosen:
                before = results.get(promise.id)
                known = f"{before.result} at {before.when}" if before else "never run"
                print(f"  --  {promise.id}: not run ({known})", flush=True)
                continue
            result = _one(promise, by_id[promise.id], ground)
            failed += result.result == "FAIL"
            results[promise.id] = result
            write_results(proof, promises, results)  # at once: a killed run keeps what it found
            print(f"{result.result}  {promise.id} ({result.seconds} s): {result.figure}")
            print(f"      {promise.text}", flush=True)
            if result.result == "FAIL" and (logs := keep_logs(scratch, promise.id)):
                print(f"      logs: {logs}", flush=True)  # of every stand there is by now
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _one(promise: Promise, check: Check, ground: Ground) -> Result:
    started = clock.monotonic()
    try:
        figure, verdict = check.run(ground), "PASS"
    except AssertionError as error:
        figure, verdict = str(error) or "an assertion without words", "FAIL"
    except Exception as error:  # noqa: BLE001 - whatever breaks a check, its promise is not shown
        figure, verdict = f"{type(error).__name__}: {error}", "FAIL"
    return Result(
        promise=promise.text,
        result=verdict,
        figure=_without_paths(figure, ground),
        seconds=round(clock.monotonic() - started, 1),
        when=clock.now().isoformat(timespec="seconds"),
        commit=_commit(),
        cores=len(os.sched_getaffinity(0)),
    )


def _without_paths(figure: str, ground: Ground) -> str:
    """Return the figure fit for a committed file: no path of this machine."""
    for path, name in ((ground.scratch, "<scratch>"), (ground.repo, "<repo>")):
        figure = figure.replace(str(path), name)
    # What a check runs has folders of its own, and names them in what it prints.
    return re.sub(rf"{re.escape(tempfile.gettempdir())}/yichuan-[a-z]+-\w+", "<scratch>", figure)


def _commit() -> str:
    """Return what was proved: the commit, marked when the tree differs from it.

    The proof itself does not count: this very run writes it.
    """
    commit = _git("rev-parse", "--short=12", "HEAD")
    tracked = ("status", "--porcelain", "--untracked-files=no")
    changed = _git(*tracked, "--", ".", ":(exclude)tests/proof")
    return f"{commit}-dirty" if changed else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=REPO, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
