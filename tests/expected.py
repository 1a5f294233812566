"""What is written beside a scenario: whom what reaches, what is refused, due dates, rungs, states.

A file NAME.expected beside NAME.yaml holds one line an effect, in order, as a person reads it.
`python -m tests.expected NAME.yaml` drafts it; then each line is read against the domain, and its
dates are counted again by tests/counted.py, which shares nothing with the product. Times are
China's; 00:00 is 24:00 of the day before.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from services.cli.scenario import read_scenario
from services.cli.simulate import run
from services.rulebook.load import bundled, load
from tests.history import demo

FOLDER: Final = Path(__file__).parent / "scenarios"
_COMMENT: Final = "#"
_OFFSET: Final = ":00+08:00"
# What an effect is called there, and which of its values are written, in this order.
_WRITTEN: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "delivered": ("to", ("to", "relation")),
    "opened": ("opened", ("to", "reason")),
    "rejected": ("refused", ("code",)),
    "held": ("held", ("reason", "to")),
    "released": ("released", ()),
    "advised": ("advised", ("to", "code")),
    "duty_opened": ("due", ("duty", "organ", "due", "provisional")),
    "duty_moved": ("moved", ("duty", "organ", "due", "provisional", "reason")),
    "duty_suspended": ("suspended", ("duty", "organ", "due", "provisional", "reason")),
    "duty_resumed": ("resumed", ("duty", "organ", "due", "provisional")),
    "duty_closed": ("done", ("duty", "organ", "outcome")),
    "duty_passed": ("passed", ("duty", "organ", "due", "provisional")),
    "rung": ("rung", ("duty", "rung", "to")),
    "state_changed": ("state", ("state",)),
}


def scenarios() -> list[Path]:
    """Every scenario file: the county's list, and others of the kind."""
    return sorted([*FOLDER.glob("*.yaml"), *(FOLDER / "variants").glob("*.yaml")])


def expected(scenario: Path) -> list[str]:
    """Return what is written beside the scenario, without comments."""
    text = scenario.with_suffix(".expected").read_text(encoding="utf-8")
    lines = (line.partition(_COMMENT)[0].split() for line in text.splitlines())
    return [" ".join(line) for line in lines if line]


def told(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what `simulate --json` printed, in the same words."""
    return [_line(line) for line in lines if line.get("effect") in _WRITTEN]


def _line(line: Mapping[str, Any]) -> str:
    word, keys = _WRITTEN[line["effect"]]
    about = line["label"] or line["record"]
    values = [_value(key, line[key]) for key in keys]
    return " ".join([_instant(line["at"]), word, about, *filter(None, values)])


def _value(key: str, value: Any) -> str:
    if key == "provisional":
        return "provisional" if value else ""
    if key == "due":
        return _instant(value)
    if isinstance(value, list):
        return ",".join(map(_alias, value))
    return _alias(str(value))


def _instant(text: str) -> str:
    return text.removesuffix(_OFFSET).replace("T", " ")


def _alias(text: str) -> str:
    organs = {str(organ.code): str(organ.alias) for organ in demo().directory.organs.values()}
    return organs.get(text, text)


def _draft(path: Path) -> str:
    scenario = read_scenario(path)
    return "\n".join(told(run(scenario, load(bundled(scenario.rulebook)), path)))


if __name__ == "__main__":
    sys.stdout.write(_draft(Path(sys.argv[1])) + "\n")
