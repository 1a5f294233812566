"""The rulebook's only I/O: a folder of plain files, and the library's table of Chinese holidays.

A shelf is a folder of rulebooks by their hash. With each lies the library's calendar that belongs
to its hash: a later library must not change what a replay decides.
"""

import gc
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import chinese_calendar

from connectors.bus.durable import make_folder, put_in_place, write_new_folder
from connectors.bus.private import write_private
from connectors.bus.scratch import scratch_in
from schemas.errors import Broken, UserError
from schemas.ids import RulebookHash
from services.rulebook.layout import FILES
from services.rulebook.model import Calendar, Rulebook
from services.rulebook.parse import parse

FILE_MAX_BYTES: Final = 64 * 1024 * 1024  # each file; the whole country's divisions are 2 MB
_SATURDAY: Final = 5
_LIBRARY: Final = "library_calendar.json"
_HASH: Final = re.compile("[0-9a-f]{64}")
_FIRST: Final = "first"  # the hash that an installation's logs begin under


def load(folder: Path) -> Rulebook:
    """Read the rulebook in a folder. Raises UserError rules.not_found, rules.invalid."""
    return _parsed(read_files(folder), library_calendar())


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


def keep(folder: Path, shelf: Path) -> Rulebook:
    """Put the rulebook of a folder onto the shelf, unless it is there whole; return it.

    To stay: progress and journal name it from then on. Several workers may do so at one time.
    Raises UserError rules.not_found, rules.invalid.
    """
    library = library_calendar()
    files = read_files(folder)
    rulebook = _parsed(files, library)
    target = shelf / rulebook.hash
    whole = {**files, _LIBRARY: _calendar_text(library).encode()}
    if _files_of(target) != whole:
        make_folder(shelf, 0o700)
        with scratch_in(shelf) as scratch:
            write_new_folder(scratch / rulebook.hash, whole)
            _put(scratch / rulebook.hash, target, whole, scratch)
    return rulebook


def kept(shelf: Path, rulebook: RulebookHash) -> Rulebook | None:
    """Return the rulebook of this hash; None when the shelf has it not, or not unchanged.

    Raises UserError rules.invalid.
    """
    folder = shelf / rulebook
    if not (folder / _LIBRARY).is_file():
        return None
    try:
        calendar = _calendar_of((folder / _LIBRARY).read_text(encoding="utf-8"))
    except (ValueError, KeyError):  # half of it: what an earlier release wrote without a flush
        return None
    found = _parsed(read_files(folder), calendar)
    return found if found.hash == rulebook else None


def keep_first(shelf: Path, rulebook: RulebookHash) -> None:
    """Note the rulebook that decides before any other is activated."""
    write_private(shelf / _FIRST, rulebook + "\n")


def first_kept(shelf: Path) -> RulebookHash | None:
    """Return what `keep_first` noted last; None when nothing was.

    Raises Broken rulebook.unknown for what is no hash: a file that somebody has overwritten.
    """
    path = shelf / _FIRST
    if not path.is_file():
        return None
    found = path.read_bytes().decode("ascii", "replace").strip()
    if not _HASH.fullmatch(found):
        raise Broken("rulebook.unknown", where=str(path), detail="SHA-256")
    return RulebookHash(found)


def _files_of(folder: Path) -> dict[str, bytes]:
    """Return what the shelf has under a hash: nothing, or half of it, where that was cut off."""
    library = folder / _LIBRARY
    return {**read_files(folder), _LIBRARY: library.read_bytes()} if library.is_file() else {}


def _put(new: Path, target: Path, whole: Mapping[str, bytes], scratch: Path) -> None:
    """Give it its name, unless another worker has put it there meanwhile."""
    try:
        put_in_place(new, target)
    except OSError:  # there is something
        if _files_of(target) != whole:
            target.rename(scratch / "half")
            put_in_place(new, target)


def _parsed(contents: Mapping[str, bytes], calendar: Calendar) -> Rulebook:
    with _nothing_collected():
        return parse(contents, calendar)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep the collector from counting what is only being built: a third of a country's load.

    Nothing of a rulebook is garbage while it is read, and its values have no cycles.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _calendar_text(calendar: Calendar) -> str:
    document = {
        "days_off": sorted(day.isoformat() for day in calendar.days_off),
        "workdays": sorted(day.isoformat() for day in calendar.workdays),
        "known_until": calendar.known_until.isoformat(),
    }
    return json.dumps(document, indent=1) + "\n"


def _calendar_of(text: str) -> Calendar:
    document = json.loads(text)
    return Calendar(
        days_off=frozenset(map(date.fromisoformat, document["days_off"])),
        workdays=frozenset(map(date.fromisoformat, document["workdays"])),
        known_until=date.fromisoformat(document["known_until"]),
    )
