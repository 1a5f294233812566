"""The county of the simulation: the demo's organs, one from far away, and a second rulebook."""

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Final

from schemas.ids import Alias, DivisionCode, OrganCode, RulebookHash
from services.exchange.office import Office
from services.exchange.shelf import Shelf
from services.rulebook.model import (
    Calendar,
    Length,
    Organ,
    OrganType,
    RegisteredOfficer,
    Rulebook,
    Unit,
)
from tests.history import organ
from tests.office import OUTSIDER, office
from tests.simulation.days import LATER_LENGTHS, LOCAL_HOLIDAY

TOWNSHIPS: Final = (
    "yanjiao", "langdai", "zangke", "luobie", "dayong", "guanzhai", "xinhua", "longhe",
)  # fmt: skip
STRANGERS: Final = ("niuchang", "xinchang", "liuzhi-mzj")  # parties of nothing
# Matters that the county's departments kept, whose they are.
KEPT: Final = {
    "CG-001": "liuzhi-cgj",
    "SC-002": "liuzhi-scjg",
    "JT-001": "liuzhi-jtj",
    "NY-001": "liuzhi-nyj",
    "HB-002": "liuzhi-sthj",
    "LY-001": "liuzhi-lyj",
}
DEVOLVED: Final = "CG-002"  # every township's
NOBODYS: Final = "CG-013"  # the organ's designation for this matter has run out
CONCURRENT: Final = "ZR-002"
COUNTY, SUPERVISOR, CITY = "liuzhi-gov", "liuzhi-sfj", "lps-gov"
FAR: Final = "far-away"
GUIDING, GUIDED = "liuzhi-jtj", ("zangke", "luobie")  # whose years of guidance are owed
SHORT_DAYS: Final = 200  # of another rulebook: their 181 days of this year are too few
EXPIRED: Final = ("过期示例", "520203000001")
LATER_HASH: Final = RulebookHash("b" * 64)
UNKNOWN_ORGAN: Final = OrganCode("91520203YC0008888X")


def code(alias: str) -> str:
    """Return the organ's code. Of the simulation's own books all organs are plain text."""
    return OUTSIDER if alias == FAR else organ(alias)


@cache
def alias_of(code: str) -> str:
    """Return the organ's alias."""
    return here().rulebook.directory.organs[OrganCode(code)].alias


def place_of(alias: str) -> str:
    """Return a township's own division; the county's first township for the others."""
    found = here().rulebook.directory.organs[OrganCode(code(alias))]
    return found.division if found.type is OrganType.TOWNSHIP else place_of("yanjiao")


@cache
def here() -> Office:
    """What the exchange decides with at first."""
    return replace(office(), rulebook=_with_few_years(_with_strangers(office().rulebook)))


@cache
def later() -> Rulebook:
    """The second rulebook: other lengths, for what is opened later, and a day off more."""
    first = here().rulebook
    rules = tuple(
        replace(rule, length=Length(LATER_LENGTHS[rule.kind], Unit.WORKING_DAYS))
        if rule.kind in LATER_LENGTHS and rule.length.unit is Unit.WORKING_DAYS
        else rule
        for rule in first.duties
    )
    short = Length(SHORT_DAYS, Unit.CALENDAR_DAYS)
    rules = tuple(
        replace(rule, waived_if_in_force_under=short) if rule.kind == "yearly_guidance" else rule
        for rule in rules
    )
    old = first.calendar
    calendar = Calendar(old.days_off | {LOCAL_HOLIDAY}, old.workdays, old.known_until)
    return replace(first, hash=LATER_HASH, duties=rules, calendar=calendar)


@cache
def shelf() -> Shelf:
    """Both rulebooks, as a worker has them: what it remembers is made of them alone."""
    return Shelf(here(), {LATER_HASH: later()}.get)


def _with_few_years(rulebook: Rulebook) -> Rulebook:
    """Let guidance be owed by the departments of one kind only, for speed."""
    kind = rulebook.directory.organs[organ(GUIDING)].kind
    rules = (
        replace(rule, sector=kind) if rule.kind == "yearly_guidance" else rule
        for rule in rulebook.duties
    )
    return replace(rulebook, duties=tuple(rules))


def _with_strangers(rulebook: Rulebook) -> Rulebook:
    """Add a department under nobody, and an officer whose certificate has run out."""
    directory = rulebook.directory
    far = Organ(
        OUTSIDER,
        Alias(FAR),
        "外地示例执法局",
        OrganType.DEPARTMENT,
        DivisionCode("520222000000"),
        "elsewhere",
        valid_from=date(2019, 3, 1),
    )
    officers = [
        RegisteredOfficer(name, OUTSIDER, number, date(2099, 12, 31))
        for name, number in (("甲示例", "990000000001"), ("乙示例", "990000000002"))
    ]
    for alias in (*TOWNSHIPS, *KEPT.values()):
        name, number = EXPIRED
        officers.append(RegisteredOfficer(name, organ(alias), number, date(2026, 1, 1)))
    # All others' are renewed in good time: a county may live for years.
    renewed = {
        key: replace(each, valid_to=date(2099, 12, 31)) for key, each in directory.officers.items()
    }
    known = {**renewed, **{(each.organ, each.certificate): each for each in officers}}
    organs = {**directory.organs, OUTSIDER: far}
    wider = replace(directory, organs=organs, officers=known)
    return replace(rulebook, directory=wider)
