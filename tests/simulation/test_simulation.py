"""A short simulation in every `make check`: some seeds, those that once failed, planted bugs."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from services.casework.transitions import TRANSITIONS
from tests.simulation.__main__ import main
from tests.simulation.beginnings import BEGINNINGS
from tests.simulation.counting import NOT_REFUSALS, codes, transitions
from tests.simulation.exchange import Crash
from tests.simulation.faults import bad_forms
from tests.simulation.moves import MOVES
from tests.simulation.planted import PLANTS
from tests.simulation.pool import run_some

SEEDS: Final = 12
MESSAGES: Final = 55
KEPT: Final[list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("seeds.toml").read_text(encoding="utf-8")
)["seed"]


def test_some_counties_keep_every_promise_after_every_step() -> None:
    totals = run_some(range(1, SEEDS + 1), MESSAGES)
    assert [(each.seed, each.broken) for each in totals.broken] == []
    assert (totals.runs, totals.replayed) == (SEEDS, 1)
    assert totals.fewest >= MESSAGES


def test_some_counties_keep_every_promise_over_months_and_years() -> None:
    for pace in (10, 60):  # past the known calendar; into the limitation of what is new
        totals = run_some(range(41101, 41103), MESSAGES, pace=pace)
        assert [(each.seed, each.broken) for each in totals.broken] == []


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: str(kept["seed"]))
def test_what_once_failed_does_not_fail_again(kept: dict[str, Any]) -> None:
    pace, chance = kept.get("pace", 1), kept.get("crashes")
    totals = run_some([kept["seed"]], kept["messages"], pace=pace, crash_chance=chance)
    assert [each.broken for each in totals.broken] == [], kept["found"]


def test_the_same_seed_is_the_same_county() -> None:
    first, second = (run_some([5], MESSAGES) for _ in range(2))
    assert (first.counts, first.codes, first.records) == (
        second.counts,
        second.codes,
        second.records,
    )


def test_a_seed_is_the_same_county_whichever_module_was_imported_first() -> None:
    for first in ("ledger", "years", "oversight"):
        program = (
            f"import tests.simulation.{first}; from tests.simulation.run import BEGINNINGS, MOVES;"
            "print([move.name for move in MOVES], [each[2].__name__ for each in BEGINNINGS])"
        )
        told = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        ).stdout
        names = [move.name for move in MOVES], [each[2].__name__ for each in BEGINNINGS]
        assert told == f"{names[0]} {names[1]}\n", first


def test_who_is_to_die_often_dies_at_every_kind_of_place_and_keeps_every_promise() -> None:
    totals = run_some(range(1, 5), MESSAGES, crash_chance=0.7)
    assert [(each.seed, each.broken) for each in totals.broken] == []
    assert set(totals.crashes) == set(Crash)
    assert totals.crashes.total() > 4 * run_some(range(1, 5), MESSAGES).crashes.total()


@pytest.mark.parametrize(
    "plant",
    ["ids_are_not_unique", "a_copy_is_dropped", "nothing_waits", "a_breach_is_no_figure"],
)
def test_a_planted_bug_is_found(plant: str) -> None:
    assert plant in PLANTS
    assert run_some(range(1, SEEDS + 1), MESSAGES, plant, stop=True).broken != []


def test_the_command_says_what_is_not_covered_and_what_is_broken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--runs", "1", "--jobs", "1", "--each", "1"]) == 1
    told = capsys.readouterr().out
    assert "NOT COVERED" in told
    assert "TOO RARE  0" in told
    bug = ["--runs", "1", "--jobs", "1", "--quiet", "--plant", "ids_are_not_unique"]
    assert main(bug) == 1
    assert "BROKEN  seed 1" in capsys.readouterr().out


def test_what_is_to_be_taken_is_read_from_the_code() -> None:
    rows = sum(len(row) for rows in TRANSITIONS.values() for row in rows.values())
    assert len(transitions()) == rows
    assert {"filing.use_objection", "case.unknown", "seal.invalid"} <= set(codes())
    assert not [code for code in codes() if code.startswith(tuple(NOT_REFUSALS))]
    assert {code for _, code, _ in bad_forms()} <= set(codes())
