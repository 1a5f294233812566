"""What a run of the demo depends on, and what its documents are numbered and signed by. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from schemas.ids import DivisionCode
from services.cli.demo_scenarios import Scenario
from services.rulebook.directory import find
from services.rulebook.model import Organ, Rulebook

Document = dict[str, Any]
SERIES_PER_RUN: Final = 500  # document numbers of one run: more than it has stories
REUSED: Final = 4  # the scenario whose number another of the same sender uses again

_SHORT: Final = {
    "yanjiao": "六岩",
    "langdai": "六郎",
    "liuzhi-cgj": "六综执",
    "liuzhi-scjg": "六市监",
    "liuzhi-swj": "六水",
    "liuzhi-sfj": "六司",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run's documents depend on beyond the scenario."""

    rulebook: Rulebook
    run: int  # 1 for the first; gives the numbers of documents
    today: date

    def organ(self, alias: str) -> Organ:
        """Return an organ of the cast. A KeyError means that the rulebook has another cast."""
        found = find(self.rulebook.directory, alias, self.today)
        if found is None:
            raise KeyError(alias)
        return found

    def place_name(self, code: str) -> str:
        """Return a division's name."""
        return self.rulebook.divisions[DivisionCode(code)].name


def transfer_number(scenario: Scenario, setting: Setting) -> str:
    """Return the document number that the sender gives the transfer."""
    if scenario.twist == "number_used":
        return _letter_number(scenario.sender, REUSED, setting)
    return _letter_number(scenario.sender, scenario.number, setting)


def own_number(
    series: str, alias: str, scenario: Scenario, setting: Setting, violation: int = 0
) -> str:
    """Return a number of the organ's own books; a second violation has a case of its own."""
    number = number_of(series, alias, scenario.number, setting)
    return f"{number}之{violation}" if violation > 1 else number


def number_of(series: str, alias: str, number: int, setting: Setting) -> str:
    """Return the organ's document number of a series (案移, 立, 罚决)."""
    serial = (setting.run - 1) * SERIES_PER_RUN + number
    return f"{_SHORT[alias]}{series}〔{setting.today.year}〕{serial}号"


def officers_of(alias: str, setting: Setting) -> list[Document]:
    """Return two officers of the organ whose certificates are valid today."""
    organ = setting.organ(alias)
    registered = (
        officer
        for officer in setting.rulebook.directory.officers.values()
        if officer.organ == organ.code and officer.valid_to >= setting.today
    )
    ordered = sorted(registered, key=lambda officer: officer.certificate)[:2]
    return [
        {"name": officer.name, "organ": officer.organ, "certificate": officer.certificate}
        for officer in ordered
    ]


def contact_of(alias: str, setting: Setting) -> Document:
    """Return the contact that the annexes ask for, as the directory has it."""
    organ = setting.organ(alias)
    return {
        "name": officers_of(alias, setting)[0]["name"],
        "phone": organ.phone,
        "address": organ.address,
    }


def serial(scenario: Scenario, setting: Setting) -> int:
    """Return the scenario's number over all runs."""
    return (setting.run - 1) * SERIES_PER_RUN + scenario.number


def _letter_number(alias: str, number: int, setting: Setting) -> str:
    return number_of("案移", alias, number, setting)
