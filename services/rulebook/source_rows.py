"""One row of each CSV file as what it says. All raise UserError rules.invalid.

`codes`: an organ's code by its code and by its alias. `recoded`: a division's code that was changed
→ the one that stands for it now; an organ and a rule stand under it, by whichever they are written.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from schemas.ids import Alias, DivisionCode, MatterCode, OrganCode, RuleId
from services.rulebook.layout import LEVELS
from services.rulebook.model import (
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
from services.rulebook.tables import Row

_COMPETENT: Final = re.compile(r"township|kind:[a-z_]{1,40}|organ:\S{1,40}")


def read_organ(
    row: Row,
    codes: Mapping[str, OrganCode],
    above: Mapping[OrganCode, tuple[Superior, ...]],
    recoded: Mapping[DivisionCode, DivisionCode],
) -> Organ:
    """Read a row of organs.csv, with what superiors.csv says of it."""
    code = OrganCode(row.required("code"))
    return Organ(
        code=code,
        alias=Alias(row.required("alias")),
        name=row.required("name"),
        type=row.choice("type", OrganType),
        kind=row.optional("kind"),
        division=row.division("division", recoded),
        superiors=above.get(code, ()),
        contact=row.cells["contact"],
        phone=row.cells["phone"],
        address=row.cells["address"],
        valid_from=row.day("valid_from"),
        valid_to=row.optional_day("valid_to"),
        successor=_code(row, "successor", codes) if row.optional("successor") else None,
    )


def read_superior(row: Row, codes: Mapping[str, OrganCode]) -> tuple[OrganCode, Superior]:
    """Read a row of superiors.csv: whose superior, and which."""
    return _code(row, "organ", codes), Superior(
        organ=_code(row, "superior", codes),
        line=row.choice("line", Line),
        valid_from=row.day("valid_from"),
        valid_to=row.optional_day("valid_to"),
    )


def read_officer(row: Row, codes: Mapping[str, OrganCode]) -> RegisteredOfficer:
    """Read a row of officers.csv."""
    return RegisteredOfficer(
        name=row.required("name"),
        organ=_code(row, "organ", codes),
        certificate=row.required("certificate"),
        valid_to=row.day("valid_to"),
    )


def read_division(row: Row) -> Division:
    """Read a row of divisions.csv."""
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
        recoded_to=row.division("recoded_to") if row.optional("recoded_to") else None,
    )


def read_matter(row: Row) -> Matter:
    """Read a row of matters.csv."""
    return Matter(MatterCode(row.required("code")), row.required("name"), row.required("group"))


def read_rule(
    row: Row, codes: Mapping[str, OrganCode], recoded: Mapping[DivisionCode, DivisionCode]
) -> JurisdictionRule:
    """Read a row of jurisdiction.csv."""
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
        area=row.division("area", recoded),
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


def read_day(row: Row) -> tuple[date, bool]:
    """Read a row of calendar.csv: the date, and whether it is a working day."""
    kind = row.required("kind")
    if kind not in {"workday", "off"}:
        raise row.wrong("kind", "应为 workday 或 off", "is neither workday nor off")
    return row.day("date"), kind == "workday"


def read_key(row: Row, codes: Mapping[str, OrganCode]) -> PublicKey:
    """Read a row of keys.csv."""
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
