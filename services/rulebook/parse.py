"""The files of a rulebook as one frozen rulebook, versioned by its hash. Pure: load.py reads disks.

What the rulebook could not hold (two organs of one code) is refused here; everything else that is
wrong but readable is lint's to find.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from schemas.ids import DivisionCode, RulebookHash
from services.rulebook.indexes import recodings
from services.rulebook.layout import LEVELS
from services.rulebook.model import Calendar, Clearances, Directory, Division, Rulebook
from services.rulebook.openings import Openings
from services.rulebook.source import Source, read
from services.rulebook.tables import Placed, invalid

Value = TypeVar("Value")


def parse(files: Mapping[str, bytes], library: Calendar) -> Rulebook:
    """Return the rulebook that the files hold, over the library's calendar.

    Raises UserError rules.invalid with file, line and column.
    """
    source = read(files)
    for where, what in repeated(source):
        file, _, line = where.partition(":")
        raise invalid(file, int(line), what, "重复", "appears twice")
    return rulebook_of(source, files, library)


def rulebook_of(source: Source, files: Mapping[str, bytes], library: Calendar) -> Rulebook:
    """Return the rulebook of what the files say, in which nothing stands twice (`repeated`)."""
    divisions = _divisions(source)
    return Rulebook(
        name=source.head.name,
        hash=content_hash(files, library),
        bus=source.head.bus,
        county=source.head.county,
        directory=_directory(source, recodings(divisions.values())),
        divisions=divisions,
        matters={entry.value.code: entry.value for entry in source.matters},
        rules=tuple(entry.value for entry in source.rules),
        duties=source.duties.rules,
        calendar=calendar_over(library, source),
        clearances=Clearances(tuple(entry.value for entry in source.clearances)),
        openings=Openings(tuple(entry.value for entry in source.openings)),
        audiences=tuple(entry.value for entry in source.audiences),
        no_sharing=source.no_sharing,
        disputes=source.disputes,
        reminders=source.reminders,
        retention=source.retention,
    )


def content_hash(files: Mapping[str, bytes], library: Calendar) -> RulebookHash:
    """Return the version: SHA-256 over the sorted file names and bytes, keys.csv included.

    The library's calendar belongs to it: a newer library moves due dates, so it is a new version.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\n{len(files[name])}\n".encode())
        digest.update(files[name])
    for days in (library.days_off, library.workdays, {library.known_until}):
        digest.update(("\n".join(sorted(day.isoformat() for day in days)) + "\n\n").encode())
    return RulebookHash(digest.hexdigest())


def calendar_over(library: Calendar, source: Source) -> Calendar:
    """Return the library's calendar with the rulebook's own days over it."""
    workdays = {day for day, works in (entry.value for entry in source.days) if works}
    days_off = {day for day, works in (entry.value for entry in source.days) if not works}
    return Calendar(
        days_off=(library.days_off | days_off) - workdays,
        workdays=(library.workdays | workdays) - days_off,
        known_until=source.head.calendar_known_until or library.known_until,
    )


def repeated(source: Source) -> Iterator[tuple[str, str]]:
    """Yield where and what stands a second time that must be unique."""
    yield from _again(source.organs, lambda organ: ("code", organ.code))
    yield from _again(source.organs, lambda organ: ("alias", organ.alias))
    yield from _again(source.officers, lambda officer: (officer.organ, officer.certificate))
    yield from _again(source.divisions, lambda division: (division.level, division.code))
    yield from _again(source.matters, lambda matter: ("code", matter.code))
    yield from _again(source.rules, lambda rule: ("id", rule.id))
    yield from _again(source.days, lambda day: ("date", day[0].isoformat()))
    yield from _again(source.keys, lambda key: ("kid", key.kid))
    yield from _again(
        source.clearances,
        lambda row: (row.relation, f"{row.field_class} {row.path or ''}".strip()),
    )
    yield from _again(
        source.openings,
        lambda row: (row.relation, f"{row.field_class} {row.path or ''}".strip()),
    )
    yield from _again(source.audiences, lambda rule: ("id", rule.id))


def _again(
    entries: tuple[Placed[Value], ...], key: Callable[[Value], tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        identity = key(entry.value)
        if identity in seen:
            yield entry.where, " ".join(identity)
        seen.add(identity)


def _directory(source: Source, recoded: Mapping[DivisionCode, DivisionCode]) -> Directory:
    return Directory(
        organs={entry.value.code: entry.value for entry in source.organs},
        officers={
            (entry.value.organ, entry.value.certificate): entry.value for entry in source.officers
        },
        keys={entry.value.kid: entry.value for entry in source.keys},
        recoded=recoded,
    )


def _divisions(source: Source) -> dict[DivisionCode, Division]:
    """Where a real table has one code on two levels (东莞市, 金门县, …) the upper one stays."""
    lowest_first = sorted(
        (entry.value for entry in source.divisions),
        key=lambda division: -LEVELS.index(division.level),
    )
    return {division.code: division for division in lowest_first}
