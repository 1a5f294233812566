"""Scenarios played, and their lines asked: what became of whom, when."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.cli.scenario import read_scenario
from services.cli.simulate import run
from services.cli.simulation_lines import Line
from services.rulebook.load import bundled, load
from tests.history import demo

FOLDER = Path(__file__).parent / "scenarios"


def alias(code: str) -> str:
    """An organ's alias by its code."""
    known = {str(organ.code): str(organ.alias) for organ in demo().directory.organs.values()}
    return known.get(code, code)


class Played:
    """The lines of a scenario, organs by their aliases."""

    def __init__(self, path: Path) -> None:
        scenario = read_scenario(path)
        beside = path.parent / scenario.rulebook
        rulebook = load(beside if beside.is_dir() else bundled(scenario.rulebook))
        self.lines: list[Line] = [_named(line) for line in run(scenario, rulebook, path)]

    def of(self, effect: str, label: str | None = None, **values: Any) -> list[Line]:
        """The lines of an effect, about the labelled message, with these values."""
        return [
            line
            for line in self.lines
            if line["effect"] == effect
            and (label is None or line["label"] == label)
            and all(line[key] == value for key, value in values.items())
        ]

    def one(self, effect: str, label: str | None = None, **values: Any) -> Line:
        """The only such line."""
        (found,) = self.of(effect, label, **values)
        return found

    def told(self, effect: str, label: str | None, *keys: str) -> list[tuple[Any, ...]]:
        """The values under the keys, line by line; times without their seconds and offset."""
        return [tuple(_short(line[key]) for key in keys) for line in self.of(effect, label)]


def play(text_or_name: str, folder: Path | None = None) -> Played:
    """Play a scenario file of tests/scenarios, or a text that is written into the folder."""
    if folder is None:
        (path,) = FOLDER.glob(f"{text_or_name}*.yaml")
    else:
        path = folder / "scenario.yaml"
        path.write_text(text_or_name, encoding="utf-8")
    return Played(path)


def _named(line: Mapping[str, Any]) -> Line:
    named = dict(line)
    for key in ("from", "to", "organ"):
        value = line[key]
        named[key] = [alias(each) for each in value] if isinstance(value, list) else alias(value)
    return named


def _short(value: Any) -> Any:
    is_instant = isinstance(value, str) and value.endswith("+08:00")
    return value.removesuffix(":00+08:00").replace("T", " ") if is_instant else value
