"""The county's scenarios and others of the kind, by the command, against what lies beside them."""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from tests.counted import miscounted
from tests.expected import FOLDER, expected, scenarios, told
from tests.prove.chapter import Check, Ground

SECONDS_MAX: Final = 60.0  # for one scenario
EDGES_SECONDS_MAX: Final = 300.0
EDGES_MIN: Final = 40
VARIANTS_MIN: Final = 10
_COMMAND: Final = Path(sys.executable).with_name("yichuan")
_LISTED: Final = {f"{number:02}" for number in range(1, 15)} - {"12"}  # 15 is the fault tests'
_EDGES: Final = "tests/unit/services/rulebook/test_edges.py"
_LATER_CALENDAR: Final = {"11_calendar_changes_in_mid_year"}  # the counter knows one calendar


def scenarios_hold(ground: Ground) -> str:
    """`yichuan simulate --json` on every file, line by line; then the table of edges."""
    paths, counts = scenarios(), Counter[str]()
    missing = _LISTED - {path.stem[:2] for path in paths if path.parent == FOLDER}
    assert not missing, f"no file for {sorted(missing)}"
    variants = [path for path in paths if path.parent != FOLDER]
    assert len(variants) >= VARIANTS_MIN, f"{len(variants)} variants"
    for path in paths:
        printed = ground.command(_COMMAND, "simulate", path, "--json", seconds_max=SECONDS_MAX)
        found, wanted = told(map(json.loads, printed.splitlines())), expected(path)
        for number, (got, right) in enumerate(zip(found, wanted, strict=False), 1):
            assert got == right, f"{path.name}, line {number}: {got}, not {right}"
        assert len(found) == len(wanted), f"{path.name}: {len(found)} lines, not {len(wanted)}"
        wrong = [] if path.stem in _LATER_CALENDAR else list(miscounted(wanted))
        assert not wrong, f"{path.name}: counted otherwise: {wrong[0]}"
        counts.update(line.split()[2] for line in found)
    edges = _edges(ground)
    return (
        f"{len(paths) - len(variants)} scenarios of the list and {len(variants)} others:"
        f" {counts['to']} recipients, {counts['refused']} refusals, {counts['due']} due dates,"
        f" {counts['moved']} moved, {counts['rung']} rungs as written beside them; {edges} edges"
    )


def _edges(ground: Ground) -> int:
    pytest = [sys.executable, "-m", "pytest", _EDGES, "-q", "-p", "no:cacheprovider"]
    printed = ground.command(*pytest, seconds_max=EDGES_SECONDS_MAX)
    passed = re.search(r"(\d+) passed", printed)
    count = int(passed[1]) if passed else 0
    assert count >= EDGES_MIN, f"{count} edge cases, not {EDGES_MIN}"
    return count


CHECKS: Final = (Check("scenarios", scenarios_hold),)
