"""Whose years of guidance a scenario plays (guidance 二(五)).

An exchange opens them for every department and township of the county. A scenario shows those of
its own guidance records, and those that it names: the others are no part of what it tells.
"""

from collections.abc import Iterator

from schemas.errors import UserError
from schemas.ids import OrganCode
from schemas.load import default_example
from schemas.sharing import GuidanceRecord
from services.cli.scenario import Scenario, Send
from services.rulebook.calendar import local_date
from services.rulebook.directory import find
from services.rulebook.model import Directory

Pair = tuple[OrganCode, OrganCode]  # department, township


def years_played(scenario: Scenario, directory: Directory) -> frozenset[Pair]:
    """Return the pairs. Raises UserError organ.unknown for one that the scenario names wrongly."""
    named = (_named(pair, scenario, directory) for pair in scenario.guidance)
    guided = (
        pair
        for step in scenario.steps
        if isinstance(step, Send) and step.record.cls is GuidanceRecord
        for pair in _of_record(step, directory)
    )
    return frozenset((*named, *guided))


def _named(pair: tuple[str, str], scenario: Scenario, directory: Directory) -> Pair:
    on = local_date(scenario.start)
    codes: list[OrganCode] = []
    for text in pair:
        organ = find(directory, text, on)
        if organ is None:
            raise UserError("organ.unknown", "guidance", text)
        codes.append(organ.code)
    return codes[0], codes[1]


def _of_record(step: Send, directory: Directory) -> Iterator[Pair]:
    """Yield the pairs of a record. Who is unknown is left to the rules to refuse."""
    on = local_date(step.at)
    given = (step.body.get("envelope") or {}).get("addressees")
    usual = default_example(step.record.snake)["envelope"]["addressees"]
    department = find(directory, step.sender, on)
    for text in usual if given is None else given:
        township = find(directory, str(text), on)
        if department is not None and township is not None:
            yield department.code, township.code
