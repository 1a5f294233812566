"""The law chapter: a rulebook of the whole country is loaded, linted and asked.

Seconds are the process's own on a core: one thread that waits for nothing takes as long on a host
that has a core for it, and what else a busy host does is not counted. The wall's are told beside.
"""

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic
from schemas.ids import DivisionCode, MatterCode
from services.rulebook.finding import Severity
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.lint import lint
from services.rulebook.load import library_calendar, load, read_files
from services.rulebook.model import Rulebook
from tests.bench.china_rulebook import write_china
from tests.prove.chapter import Check, Ground
from tests.prove.stand import python

LOAD_SECONDS_MAX: Final = 5.0
LINT_SECONDS_MAX: Final = 60.0
QUESTIONS_A_SECOND_MIN: Final = 50_000
QUESTIONS: Final = 100_000
ROUNDS: Final = 3  # each of questions of its own; what else the host does takes from some of them
DIVISIONS_MIN, MATTERS, RULES = 44_000, 500, 20_000
PROCESS_SECONDS_MAX: Final = 600
TODAY: Final = date(2026, 9, 21)
_FIRST: Final = date(2021, 6, 1)
_DAYS: Final = 2_500


def china_rulebook(ground: Ground) -> str:
    """Measure in a process of its own: what it holds is the rulebook, and its memory is told."""
    folder = write_china(ground.scratch / "china")
    other = write_china(ground.scratch / "china-again")
    assert read_files(folder) == read_files(other), "two runs wrote other bytes"
    printed = ground.command(
        python(), "-m", "tests.prove.law_china", folder, seconds_max=PROCESS_SECONDS_MAX
    )
    told = json.loads(printed)
    assert told["divisions"] >= DIVISIONS_MIN, told
    assert (told["matters"], told["rules"]) == (MATTERS, RULES), told
    assert told["errors"] == 0, told
    assert told["load_s"] < LOAD_SECONDS_MAX, f"loaded in {told['load_s']:.1f} s: {told}"
    assert told["lint_s"] < LINT_SECONDS_MAX, f"linted in {told['lint_s']:.1f} s: {told}"
    slow = f"{told['considered_per_s']:,.0f} questions a second: {told}"
    assert told["considered_per_s"] >= QUESTIONS_A_SECOND_MIN, slow
    assert told["distinct"] == told["asked"], f"a question was asked twice: {told}"
    return (
        f"{told['divisions']:,} divisions, {told['organs']:,} organs, {told['officers']:,} "
        f"officers, {MATTERS} matters, {RULES:,} dated rules: loaded in {told['load_s']:.1f} s, "
        f"linted in {told['lint_s']:.1f} s of the processor ({told['findings']:,} findings, no "
        f"error; by the wall {told['wall_s'][0]} and {told['wall_s'][1]} s on this host), "
        f"{told['considered_per_s']:,.0f} distinct random questions a second with every rule "
        f"considered (the bare verdict {told['routed_per_s']:,.0f}, with the reasons in words "
        f"{told['explained_per_s']:,.0f}), the best of {ROUNDS} rounds of {QUESTIONS:,}; "
        f"{told['verdicts']}; {told['memory_mb']} MB"
    )


CHECKS: Final = (Check("china_rulebook", china_rulebook),)


def measure(folder: Path) -> dict[str, object]:
    """Load, ask, lint; return what it took."""
    library_calendar()  # the library's own table, read once in a process
    began, wall = time.process_time(), monotonic()
    book = load(folder)
    loaded, load_wall = time.process_time() - began, monotonic() - wall
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rounds = [list(_questions(book, number)) for number in range(ROUNDS)]
    answered = Counter(route(book, asked).verdict for asked in rounds[0])
    speeds = {
        "routed_per_s": max(_speed(book, asked, "verdict") for asked in rounds),
        "considered_per_s": max(_speed(book, asked, "considered") for asked in rounds),
        "explained_per_s": max(_speed(book, asked, "explanation_zh") for asked in rounds),
    }
    began, wall = time.process_time(), monotonic()
    findings = lint(read_files(folder), library_calendar(), TODAY)
    linted, lint_wall = time.process_time() - began, monotonic() - wall
    return {
        "load_s": loaded,
        "lint_s": linted,
        "wall_s": [round(load_wall, 1), round(lint_wall, 1)],
        **speeds,
        "asked": QUESTIONS * ROUNDS,
        "distinct": len({asked for each in rounds for asked in each}),
        "divisions": len(book.divisions),
        "organs": len(book.directory.organs),
        "officers": len(book.directory.officers),
        "matters": len(book.matters),
        "rules": len(book.rules),
        "findings": len(findings),
        "errors": sum(each.severity is Severity.ERROR for each in findings),
        "verdicts": ", ".join(f"{each} {answered[each]:,}" for each in Verdict),
        "memory_mb": memory,
    }


def _speed(book: Rulebook, questions: Sequence[Question], part: str) -> float:
    """Return how many a second are answered, with that part of the answer made out."""
    began = time.process_time()
    for asked in questions:
        getattr(route(book, asked), part)
    return len(questions) / (time.process_time() - began)


def _questions(book: Rulebook, round_: int) -> Iterator[Question]:
    """Yield questions of any township, any matter and any dates, none twice."""
    places = sorted(code for code, each in book.divisions.items() if each.level == "township")
    matters = sorted(book.matters)
    seen: set[Question] = set()
    number = 0
    while len(seen) < QUESTIONS:
        digest = sha256(f"{round_}:{number}".encode()).digest()
        number += 1
        place, matter, act, steps = (int.from_bytes(digest[at : at + 4]) for at in range(0, 16, 4))
        asked = _question(
            places[place % len(places)], matters[matter % len(matters)], act % _DAYS, steps
        )
        if asked not in seen:
            seen.add(asked)
            yield asked


def _question(place: DivisionCode, matter: MatterCode, act: int, steps: int) -> Question:
    acted = _FIRST + timedelta(days=act)
    found = acted + timedelta(days=steps % 40)
    filed = found + timedelta(days=steps // 40 % 20)
    sent = filed + timedelta(days=steps // 800 % 30)
    return Question(place, matter, acted, found, filed if steps // 24_000 % 2 else None, sent)


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
