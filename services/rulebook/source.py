"""The files of a rulebook as typed rows, each with its line, duplicates included.

Lint points at these rows; parse.py makes the rulebook of them. An organ is named by its alias or
its code wherever it is meant.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from schemas.ids import Alias, MatterCode, OrganCode, RuleId
from schemas.secrecy import NoSharing
from schemas.secrecy_list import read_no_sharing
from services.rulebook.audiences import read_audience
from services.rulebook.clearances import read_clearance
from services.rulebook.disputes import Disputes, read_disputes
from services.rulebook.duty_tables import Duties, read_duties
from services.rulebook.head import Head, read_head
from services.rulebook.layout import (
    COLUMNS,
    DISPUTES,
    DUTIES,
    FILES,
    HEAD,
    LEVELS,
    NO_SHARING,
    OPTIONAL,
    REMINDERS,
    RETENTION,
)
from services.rulebook.model import (
    AudienceRule,
    Clearance,
    DecidingDate,
    Division,
    JurisdictionRule,
    Line,
    Matter,
    Mode,
    Organ,
    OrganType,
    PublicKey,
    RegisteredOfficer,
    Superior,
)
from services.rulebook.openings import OpeningRule, read_opening
from services.rulebook.reminders import Reminders, read_reminders
from services.rulebook.retention import Retention, read_retention
from services.rulebook.tables import Placed, Row, invalid, rows

_COMPETENT: Final = re.compile(r"township|kind:[a-z_]{1,40}|organ:\S{1,40}")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that the files say."""

    head: Head
    organs: tuple[Placed[Organ], ...]  # with their superiors, which have lines of their own too
    superiors: tuple[Placed[tuple[OrganCode, Superior]], ...]
    officers: tuple[Placed[RegisteredOfficer], ...]
    divisions: tuple[Placed[Division], ...]
    matters: tuple[Placed[Matter], ...]
    rules: tuple[Placed[JurisdictionRule], ...]
    duties: Duties
    days: tuple[Placed[tuple[date, bool]], ...]  # the date, and whether it is a working day
    keys: tuple[Placed[PublicKey], ...]
    clearances: tuple[Placed[Clearance], ...]
    openings: tuple[Placed[OpeningRule], ...]
    audiences: tuple[Placed[AudienceRule], ...]
    no_sharing: NoSharing
    disputes: Disputes
    reminders: Reminders
    retention: Retention


def read(files: Mapping[str, bytes]) -> Source:
    """Read the files, by name. Raises UserError rules.invalid with file, line and column."""
    for name in sorted(FILES - OPTIONAL - files.keys()):
        raise invalid(name, None, name, "缺少该文件", "the file is missing")
    for name in sorted(files.keys() - FILES):
        raise invalid(name, None, name, "没有这种文件", "there is no such file in a rulebook")
    table = {
        name: rows(name, files[name], columns) if name in files else ()
        for name, columns in COLUMNS.items()
    }
    codes: dict[str, OrganCode] = {}
    for row in table["organs.csv"]:
        code = OrganCode(row.required("code"))
        codes.setdefault(code, code)
        codes.setdefault(row.required("alias"), code)
    superiors = tuple(_placed(row, _superior(row, codes)) for row in table["superiors.csv"])
    above: dict[OrganCode, tuple[Superior, ...]] = {}
    for code, superior in (entry.value for entry in superiors):
        above[code] = (*above.get(code, ()), superior)
    return Source(
        head=read_head(HEAD, files[HEAD]),
        organs=tuple(_placed(row, _organ(row, codes, above)) for row in table["organs.csv"]),
        superiors=superiors,
        officers=tuple(_placed(row, _officer(row, codes)) for row in table["officers.csv"]),
        divisions=tuple(_placed(row, _division(row)) for row in table["divisions.csv"]),
        matters=tuple(_placed(row, _matter(row)) for row in table["matters.csv"]),
        rules=tuple(_placed(row, _rule(row, codes)) for row in table["jurisdiction.csv"]),
        duties=read_duties(DUTIES, files[DUTIES]),
        days=tuple(_placed(row, _day(row)) for row in table["calendar.csv"]),
        keys=tuple(_placed(row, _key(row, codes)) for row in table["keys.csv"]),
        clearances=tuple(_placed(row, read_clearance(row)) for row in table["clearances.csv"]),
        openings=tuple(_placed(row, read_opening(row)) for row in table["openings.csv"]),
        audiences=tuple(_placed(row, read_audience(row, codes)) for row in table["audiences.csv"]),
        no_sharing=read_no_sharing(files[NO_SHARING]) if NO_SHARING in files else NoSharing(),
        disputes=read_disputes(DISPUTES, files[DISPUTES]) if DISPUTES in files else Disputes(),
        reminders=_reminders(files),
        retention=(
            read_retention(RETENTION, files[RETENTION]) if RETENTION in files else Retention()
        ),
    )


def _reminders(files: Mapping[str, bytes]) -> Reminders:
    return read_reminders(REMINDERS, files[REMINDERS]) if REMINDERS in files else Reminders()


def _placed(row: Row, value: Value) -> Placed[Value]:
    return Placed(value, row.file, row.line)


def _organ(
    row: Row,
    codes: Mapping[str, OrganCode],
    above: Mapping[OrganCode, tuple[Superior, ...]],
) -> Organ:
    code = OrganCode(row.required("code"))
    return Organ(
        code=code,
        alias=Alias(row.required("alias")),
        name=row.required("name"),
        type=row.choice("type", OrganType),
        kind=row.optional("kind"),
        division=row.division("division"),
        superiors=above.get(code, ()),
        contact=row.cells["contact"],
        phone=row.cells["phone"],
        address=row.cells["address"],
        valid_from=row.day("valid_from"),
        valid_to=row.optional_day("valid_to"),
        successor=_code(row, "successor", codes) if row.optional("successor") else None,
    )


def _superior(row: Row, codes: Mapping[str, OrganCode]) -> tuple[OrganCode, Superior]:
    return _code(row, "organ", codes), Superior(
        organ=_code(row, "superior", codes),
        line=row.choice("line", Line),
        valid_from=row.day("valid_from"),
        valid_to=row.optional_day("valid_to"),
    )


def _officer(row: Row, codes: Mapping[str, OrganCode]) -> RegisteredOfficer:
    return RegisteredOfficer(
        name=row.required("name"),
        organ=_code(row, "organ", codes),
        certificate=row.required("certificate"),
        valid_to=row.day("valid_to"),
    )


def _division(row: Row) -> Division:
    code = row.division("code")
    parent = row.division("parent") if row.optional("parent") else None
    if row.cells["level"] not in LEVELS:
        words = ", ".join(LEVELS)
        raise row.wrong("level", f"应为其一：{words}", f"must be one of {words}")
    # 东莞市 and three others stand on two levels, the lower with itself as parent.
    return Division(
        code=code,
        name=row.required("name"),
        level=row.cells["level"],
        parent=None if parent == code else parent,
    )


def _matter(row: Row) -> Matter:
    return Matter(MatterCode(row.required("code")), row.required("name"), row.required("group"))


def _rule(row: Row, codes: Mapping[str, OrganCode]) -> JurisdictionRule:
    matter, group = row.optional("matter"), row.optional("group")
    if (matter is None) == (group is None):
        raise row.wrong("matter", "matter 与 group 须且只须填一项", "give either matter or group")
    competent = row.required("competent")
    if _COMPETENT.fullmatch(competent) is None:
        zh, en = "应为 township、kind:<类别> 或 organ:<机关>", "is no township, kind:… or organ:…"
        raise row.wrong("competent", zh, en)
    kind, _, name = competent.partition(":")
    return JurisdictionRule(
        id=RuleId(row.required("id")),
        matter=None if matter is None else MatterCode(matter),
        group=group,
        area=row.division("area"),
        competent=f"organ:{codes.get(name, name)}" if kind == "organ" else competent,
        mode=row.choice("mode", Mode),
        basis=row.required("basis"),
        basis_in_force=row.day("basis_in_force"),
        publication=row.required("publication"),
        published_on=row.day("published_on"),
        valid_from=row.day("valid_from"),
        valid_to=row.optional_day("valid_to"),
        deciding_date=row.choice("deciding_date", DecidingDate),
        concurrent=row.flag("concurrent"),
        line=row.line,
    )


def _day(row: Row) -> tuple[date, bool]:
    kind = row.required("kind")
    if kind not in {"workday", "off"}:
        raise row.wrong("kind", "应为 workday 或 off", "is neither workday nor off")
    return row.day("date"), kind == "workday"


def _key(row: Row, codes: Mapping[str, OrganCode]) -> PublicKey:
    return PublicKey(
        kid=row.required("kid"),
        organ=_code(row, "organ", codes),
        algorithm=row.required("algorithm"),
        x=row.required("x"),
        y=row.cells["y"],
        valid_from=row.instant("valid_from"),
        valid_to=row.optional_instant("valid_to"),
        compromised_since=row.optional_instant("compromised_since"),
    )


def _code(row: Row, column: str, codes: Mapping[str, OrganCode]) -> OrganCode:
    """Return the code of the organ named; one nobody knows is kept for lint to point at."""
    text = row.required(column)
    found = codes.get(text)
    return OrganCode(text) if found is None else found
