"""`yichuan simulate SCENARIO.yaml`: the core alone, months in milliseconds.

The exchange's own intake, desk and casebook, in memory: no broker, no server, no clock.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer

from schemas.errors import Refusal
from services.cli.options import AsJson
from services.cli.output import emit_json, note
from services.cli.scenario import Activate, Scenario, Send, read_scenario
from services.cli.scenario_letters import Letters
from services.cli.scenario_years import years_played
from services.cli.simulation import Simulation
from services.cli.simulation_lines import Line, Lines
from services.cli.simulation_words import words
from services.rulebook.layout import HEAD
from services.rulebook.load import library_calendar, load, locate, read_files
from services.rulebook.model import Rulebook
from services.rulebook.parse import parse

_CALENDAR: Final = "calendar.csv"


def simulate(
    scenario: Annotated[Path, typer.Argument(help="SCENARIO.yaml / 情景文件")],
    as_json: AsJson = False,
) -> None:
    """Print every effect in order. A refused message is an answer, not a failure."""
    read = read_scenario(scenario)
    rulebook = _rulebook(read.rulebook, scenario)
    count = 0
    for line in run(read, rulebook, scenario):
        count += 1
        if as_json:
            emit_json(line)
        else:
            print(words(line, rulebook.directory))
    note(f"共 {len(read.steps)} 步，{count} 项结果", f"{len(read.steps)} steps, {count} effects")


def run(scenario: Scenario, rulebook: Rulebook, path: Path) -> Iterator[Line]:
    """Yield the lines of a scenario under a rulebook. Raises UserError with the step's number."""
    letters, lines = Letters(scenario.steps), Lines()
    years = years_played(scenario, rulebook.directory)
    with closing(Simulation(rulebook, scenario.start, years)) as simulation:
        for step in scenario.steps:
            if isinstance(step, Activate):
                happening = simulation.activate(_activated(step, path), step.at)
            elif isinstance(step, Send):
                letter = letters.letter(step, simulation.rulebook)
                lines.know(letter)
                if isinstance(letter.message, Refusal):
                    for happened in simulation.advance(step.at):
                        yield from lines.of(happened, simulation.at)
                    yield lines.stopped(letter, letter.message, step.at)
                    continue
                happening = simulation.send(letter.message, step.at)
            else:
                happening = simulation.advance(step.at)
            for happened in happening:
                yield from lines.of(happened, simulation.at)


def _rulebook(named: str, scenario: Path) -> Rulebook:
    """Return a bundled rulebook, or one in a folder beside the scenario or here."""
    return load(_folder(named, scenario))


def _activated(step: Activate, scenario: Path) -> Rulebook:
    """Return the rulebook of the step, its own days laid over by the step's."""
    contents = read_files(_folder(step.rulebook, scenario))
    if step.days:
        rows = contents.get(_CALENDAR, b"date,kind,note\n").decode().splitlines()
        kept = [row for row in rows if row.partition(",")[0] not in set(map(str, step.days))]
        own = [f"{day},{kind}," for day, kind in sorted(step.days.items())]
        contents[_CALENDAR] = "\n".join([*kept, *own, ""]).encode()
    if step.known_until is not None:
        head = contents[HEAD].decode()
        known = f"calendar_known_until = {step.known_until}"
        rest = [line for line in head.splitlines() if not line.startswith("calendar_known_until")]
        contents[HEAD] = "\n".join([known, *rest, ""]).encode()
    return parse(contents, library_calendar())


def _folder(named: str, scenario: Path) -> Path:
    beside = scenario.parent / named
    return beside if beside.is_dir() else locate(named)
