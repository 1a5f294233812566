"""`make mutate`: spoil one thing at a time, and see whether a test of the behaviour notices.

Every row of the tables of steps, duties and clearances is taken out and altered; of the code, 300
places chosen by a seed. All of the first must be noticed, and 95 % of the second; what is not is
listed in survivors.toml with its reason.
"""

import argparse
import json
import os
import select
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import monotonic  # noqa: TID251 - how long the run took
from typing import Final

from tests.mutation.child import Child, ask, fate_of, run_tests, start, warm
from tests.mutation.code import NUMBER, code_mutants
from tests.mutation.mutant import Fate, Group, Mutant, Verdict
from tests.mutation.reach import Reach, reach
from tests.mutation.rulebook_rows import clearance_mutants, duty_mutants
from tests.mutation.served import serve
from tests.mutation.stand import Stand, on_a_stand
from tests.mutation.step_rows import span_mutants, step_mutants
from tests.mutation.survivors import known

SEED: Final = 20260928
CODE_KILLED_MIN: Final = 0.95
FIRST_FILES: Final = 6  # of tests: a child imports these alone, and all of them only if none kills
PROGRESS_EVERY: Final = 50  # mutants


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments say and return the exit code."""
    arguments = _arguments(argv)
    began = monotonic()
    warm()
    reached = reach(_say, arguments.jobs)
    mutants, sites = _chosen(arguments.seed, arguments.only)
    _say(f"{len(mutants)} mutants, {len(reached.tests)} tests, {arguments.jobs} at a time")
    verdicts = _all(mutants, reached, arguments.jobs)
    summary = _summary(verdicts, arguments.seed, sites, (monotonic() - began) / 60)
    if arguments.out is not None:
        arguments.out.write_text(
            json.dumps(summary, ensure_ascii=False, indent=1), encoding="utf-8"
        )
    return _told(verdicts, summary)


def _all(mutants: Sequence[Mutant], reached: Reach, jobs: int) -> list[Verdict]:
    """Judge the rows of tables on a stand; what survives there, and the code, each from scratch."""
    rows = [mutant for mutant in mutants if mutant.change.patch is not None]
    judged = ask(partial(on_a_stand, partial(_rows, rows, reached, jobs))) if rows else []
    done = [verdict for verdict in judged if verdict.is_killed]
    again = [verdict.mutant for verdict in judged if not verdict.is_killed]
    code = [mutant for mutant in mutants if mutant.change.patch is None]
    return done + _heard(judge([*again, *code], reached, jobs, _from_scratch), len(again + code))


def _rows(rows: Sequence[Mutant], reached: Reach, jobs: int, stand: Stand) -> list[Verdict]:
    def run(mutant: Mutant, tests: list[str]) -> tuple[str, int, int]:
        stand.put(mutant.change)
        return stand.run(tests)

    return _heard(judge(rows, reached, jobs, run), len(rows))


def _heard(verdicts: Iterator[Verdict], number: int) -> list[Verdict]:
    found: list[Verdict] = []
    for verdict in verdicts:
        found.append(verdict)
        if not verdict.is_killed:
            _say(f"  {verdict.fate}: {verdict.mutant}")
        if len(found) % PROGRESS_EVERY == 0:
            _say(f"  {len(found)} of {number}")
    return found


def judge(
    mutants: Sequence[Mutant],
    reached: Reach,
    jobs: int,
    run: Callable[[Mutant, list[str]], tuple[str, int, int]],
) -> Iterator[Verdict]:
    """Yield what became of each mutant, as they end; so many processes at a time."""
    waiting = list(reversed(mutants))
    running: dict[int, tuple[Child, Mutant, list[str]]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            tests = reached.killers(mutant)
            if not tests:
                yield Verdict(mutant, Fate.UNREACHED)
                continue
            first, rest = _first(tests)
            child = start(partial(run, mutant, first))
            running[child.pipe] = child, mutant, rest
        if not running:
            continue
        for pipe in select.select(list(running), [], [])[0]:
            child, mutant, rest = running.pop(pipe)
            fate, by = fate_of(*child.heard())
            if fate is Fate.SURVIVED and rest:
                child = start(partial(run, mutant, rest))
                running[child.pipe] = child, mutant, []
            else:
                yield Verdict(mutant, fate, by)


def _from_scratch(mutant: Mutant, tests: list[str]) -> tuple[str, int, int]:
    serve(mutant.change)
    return run_tests(tests)


def _first(tests: list[str]) -> tuple[list[str], list[str]]:
    """Return the tests of the first few files, and the others."""
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))[:FIRST_FILES]
    first = [test for test in tests if test.split("::")[0] in files]
    return first, [test for test in tests if test.split("::")[0] not in files]


def _chosen(seed: int, only: Sequence[str]) -> tuple[list[Mutant], int]:
    found: list[Mutant] = []
    code, sites = code_mutants(seed)
    groups: dict[Group, Callable[[], list[Mutant]]] = {
        Group.TRANSITIONS: lambda: ask(step_mutants),
        Group.SPANS: lambda: ask(span_mutants),
        Group.DUTIES: duty_mutants,
        Group.CLEARANCES: clearance_mutants,
        Group.CODE: lambda: code,
    }
    for group, made in groups.items():
        if not only or any(word.split(":")[0] == group for word in only):
            found += made()
    words = [word.split(":", 1)[1] for word in only if ":" in word]
    return [each for each in found if not words or any(word in str(each) for word in words)], sites


def _summary(
    verdicts: Sequence[Verdict], seed: int, sites: int, minutes: float
) -> dict[str, object]:
    reasons = known()
    groups = {
        group: {
            "killed": sum(each.is_killed for each in verdicts if each.mutant.group is group),
            "of": sum(each.mutant.group is group for each in verdicts),
        }
        for group in Group
    }
    survivors = [
        {"mutant": str(each.mutant), "fate": each.fate, "reason": reasons.get(each.mutant.key, "")}
        for each in verdicts
        if not each.is_killed
    ]
    return {
        "seed": seed,
        "sites": sites,
        "minutes": round(minutes, 1),
        "groups": {str(group): counts for group, counts in groups.items() if counts["of"]},
        "fates": dict(Counter(each.fate for each in verdicts)),
        "survivors": survivors,
    }


def _told(verdicts: Sequence[Verdict], summary: dict[str, object]) -> int:
    """Print the summary; return 1 where something survived that must not."""
    reasons = known()
    alive = [each.mutant for each in verdicts if not each.is_killed]
    rows = [mutant for mutant in alive if mutant.group is not Group.CODE]
    unlisted = [m for m in alive if m.group is Group.CODE and m.key not in reasons]
    code = [each for each in verdicts if each.mutant.group is Group.CODE]
    share = sum(each.is_killed for each in code) / len(code) if code else 1.0
    _say(json.dumps(summary, ensure_ascii=False, indent=1))
    for mutant in rows:
        _say(f"a row that no test needs: {mutant}")
    for mutant in unlisted:
        _say(f"neither killed nor listed in survivors.toml: {mutant}")
    if share < CODE_KILLED_MIN:
        _say(f"{share:.1%} of the code's mutants killed, {CODE_KILLED_MIN:.0%} are promised")
    return int(bool(rows or unlisted or share < CODE_KILLED_MIN))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help=f"chooses the {NUMBER} places")
    jobs = len(os.sched_getaffinity(0))
    parser.add_argument("--jobs", type=int, default=jobs, help="processes at a time")
    groups = ", ".join(Group)
    parser.add_argument(
        "--only", action="append", default=[], help=f"{groups}; or GROUP:WORD of its line"
    )
    parser.add_argument("--out", type=Path, help="write the summary there as JSON")
    return parser.parse_args(argv)


_OUT: Final = os.dup(1)  # a child's own output goes nowhere; what it says here is seen


def _say(line: str) -> None:
    os.write(_OUT, (line + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
