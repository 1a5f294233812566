"""The rulebook's only I/O: a folder of plain files, and the library's table of Chinese holidays."""

from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import chinese_calendar

from schemas.errors import UserError
from services.rulebook.layout import FILES
from services.rulebook.model import Calendar, Rulebook
from services.rulebook.parse import parse

FILE_MAX_BYTES: Final = 64 * 1024 * 1024  # each file; the whole country's divisions are 2 MB
_SATURDAY: Final = 5


def load(folder: Path) -> Rulebook:
    """Read the rulebook in a folder. Raises UserError rules.not_found, rules.invalid."""
    return parse(read_files(folder), library_calendar())


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the rulebook's files by name. Raises UserError rules.not_found, rules.invalid.

    All .csv and .toml files are returned, so that a misspelt name is refused, not overlooked;
    what else lies there (a README) is no part of the rulebook.
    """
    if not folder.is_dir():
        raise UserError("rules.not_found", where=str(folder), exit_code=3)
    contents: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in {".csv", ".toml"} or path.name in FILES:
            if path.stat().st_size > FILE_MAX_BYTES:
                raise UserError("rules.invalid", where=str(path), detail=f"> {FILE_MAX_BYTES} B")
            contents[path.name] = path.read_bytes()
    return contents


def bundled(name: str) -> Path:
    """Return the folder of a rulebook that comes with the product. Raises UserError."""
    folder = Path(str(files("deploy").joinpath("rulebooks", name)))
    if not name.replace("-", "").isalnum() or not folder.is_dir():
        raise UserError("rules.not_found", where=name, exit_code=3)
    return folder


def locate(name_or_folder: str) -> Path:
    """Return the folder meant: a bundled rulebook's name, or a path. Raises UserError."""
    folder = Path(name_or_folder).expanduser()
    return folder if folder.is_dir() else bundled(name_or_folder)


@cache
def library_calendar() -> Calendar:
    """Return chinesecalendar's table: holidays on weekdays, weekends made workdays (调休)."""
    holidays = frozenset(chinese_calendar.holidays)
    return Calendar(
        days_off=frozenset(day for day in holidays if day.weekday() < _SATURDAY),
        workdays=frozenset(chinese_calendar.workdays),
        known_until=date(max(holidays).year, 12, 31),
    )
