"""`yichuan rules lint | show`: whether a rulebook is fit to be used, and what it says."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from connectors.bus.clock import now
from connectors.bus.home import home_at
from schemas.errors import text
from services.cli.doctor_print import SEVERITIES
from services.cli.exit_codes import NO
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, error_object, in_language, note, print_error, say, table
from services.cli.rules_columns import Part, drawn_of
from services.rulebook.calendar import length_text, local_date
from services.rulebook.finding import Finding, Severity
from services.rulebook.lint import lint as findings_of
from services.rulebook.load import library_calendar, load, locate, read_files
from services.rulebook.model import DutyRule, Ladder, Organ, Rulebook

RulebookChoice = Annotated[
    str | None,
    typer.Option("--rulebook", help="name or folder / 名称或文件夹", show_default=False),
]


def lint(
    rulebook: Annotated[
        str | None,
        typer.Argument(help="name or folder; the home's / 名称或文件夹", show_default=False),
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> int:
    """Check a rulebook: errors keep it from being used, warnings and notes are for its author."""
    folder = chosen_folder(rulebook, home)
    if rulebook is None:  # the copy in force, once there is one: not the one that is being written
        note(
            f"检查的是 {folder}；要检查别的，写出其名称或文件夹",
            f"this is of {folder}; to check another, name it or its folder",
        )
    found = findings_of(read_files(folder), library_calendar(), local_date(now()))
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if as_json and not errors:
        for finding in found:
            emit_json(asdict(finding))
    if not as_json:
        _print_findings(found, len(errors))
    if errors:
        words = error_object(text("rules.lint_failed"), errors[0].where, _message(errors[0]))
        print_error(words, as_json=as_json, findings=[asdict(finding) for finding in found])
        return NO
    return 0


def show(
    part: Annotated[Part, typer.Argument(help="which part / 哪一部分")],
    home: HomeFolder = None,
    rulebook: RulebookChoice = None,
    as_json: AsJson = False,
) -> None:
    """Print a part of the rulebook: a table of what is asked for most, or with --json all of it."""
    objects = list(_OBJECTS[part](load(chosen_folder(rulebook, home))))
    if as_json:
        for each in objects:
            emit_json(each)
        return
    heads, rows, whole = drawn_of(part, objects)
    table(heads, rows, title=part, whole=whole)
    note("--json 给出全部字段", "--json gives every field")


def chosen_folder(rulebook: str | None, home: Path | None) -> Path:
    """Return the rulebook asked for, else the copy in the home, else the one configured."""
    if rulebook is not None:
        return locate(rulebook)
    place = home_at(home)
    return place.rulebook if place.rulebook.is_dir() else locate(place.settings().bus.rulebook)


def _print_findings(found: Sequence[Finding], errors: int) -> None:
    heads = (
        in_language("程度", "severity"),
        in_language("位置", "where"),
        in_language("规则", "rule"),
        in_language("说明", "why"),
    )
    if found:
        table(
            heads,
            [
                (in_language(*SEVERITIES[each.severity]), each.where, each.code, _message(each))
                for each in found
            ],
        )
    say(
        f"错误 {errors} 项，其余 {len(found) - errors} 项",
        f"{errors} errors of {len(found)} findings",
    )


def _message(finding: Finding) -> str:
    return in_language(finding.zh, finding.en)


def _organs(rulebook: Rulebook) -> Iterator[dict[str, Any]]:
    officers: dict[str, list[dict[str, Any]]] = {}
    for officer in rulebook.directory.officers.values():
        listed = {"name": officer.name, "certificate": officer.certificate}
        officers.setdefault(officer.organ, []).append(listed | {"valid_to": officer.valid_to})
    keys: dict[str, list[str]] = {}
    for key in rulebook.directory.keys.values():
        keys.setdefault(key.organ, []).append(key.kid)
    for organ in rulebook.directory.organs.values():
        yield _organ(organ) | {
            "officers": officers.get(organ.code, []),
            "keys": keys.get(organ.code, []),
        }


def _organ(organ: Organ) -> dict[str, Any]:
    return asdict(organ) | {
        "superiors": [
            {
                "organ": superior.organ,
                "line": superior.line,
                "from": superior.valid_from,
                "to": superior.valid_to,
            }
            for superior in organ.superiors
        ]
    }


def _duty(rule: DutyRule) -> dict[str, Any]:
    return asdict(rule) | {"length": length_text(rule.length), "ladder": _ladder(rule.ladder)}


def _ladder(ladder: Ladder) -> dict[str, Any]:
    lengths = ("reminder_lead", "reminder_lead_hours", "yellow_after", "red_after")
    return asdict(ladder) | {
        name: length_text(getattr(ladder, name)) for name in (*lengths, "supervision_after")
    }


def _calendar(rulebook: Rulebook) -> Iterator[dict[str, Any]]:
    calendar = rulebook.calendar
    for day in sorted(calendar.days_off | calendar.workdays):
        yield {
            "date": day,
            "kind": "workday" if day in calendar.workdays else "off",
            "known_until": calendar.known_until,
        }


_OBJECTS: Final = {
    Part.ORGANS: _organs,
    Part.DIVISIONS: lambda rulebook: map(asdict, rulebook.divisions.values()),
    Part.MATTERS: lambda rulebook: map(asdict, rulebook.matters.values()),
    Part.JURISDICTION: lambda rulebook: map(asdict, rulebook.rules),
    Part.DUTIES: lambda rulebook: map(_duty, rulebook.duties),
    Part.CLEARANCES: lambda rulebook: map(asdict, rulebook.clearances.rows),
    Part.CALENDAR: _calendar,
}
