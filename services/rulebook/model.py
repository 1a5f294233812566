"""The rulebook as frozen data. Parsed by parse.py, read from disk by load.py, checked by lint.py.

Durations and competences are data with a legal basis and dates (domain, section 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from hashlib import sha256
from typing import Final

from schemas.classes import FieldClass
from schemas.ids import Alias, DivisionCode, MatterCode, OrganCode, RulebookHash, RuleId
from schemas.oversight import SuspensionReason
from schemas.parts import Relation
from schemas.secrecy import NoSharing
from schemas.sharing import ContentCategory
from services.rulebook.disputes import Disputes
from services.rulebook.indexes import (
    areas_above,
    by_area,
    by_seat,
    by_subject,
    recodings,
    townships_by_name,
    turns,
)
from services.rulebook.openings import Openings
from services.rulebook.reminders import Reminders
from services.rulebook.retention import Retention

CALENDAR_DIGEST: Final = 16  # hexadecimal digits


class OrganType(StrEnum):
    """What kind of organ (domain, section 1)."""

    TOWNSHIP = "township"
    DEPARTMENT = "department"
    OTHER_DEPARTMENT = "other_department"
    COUNTY_GOVERNMENT = "county_government"
    SUPERVISOR = "supervisor"
    CITY_GOVERNMENT = "city_government"
    CITY_DEPARTMENT = "city_department"


HANDLERS: Final = frozenset({OrganType.TOWNSHIP, OrganType.DEPARTMENT})  # punish, and hand over
ONE_OF_A_DIVISION: Final = frozenset(each for each in OrganType if "department" not in each)


class Line(StrEnum):
    """On which line an organ is superior."""

    GOVERNMENT = "government"
    PROFESSIONAL = "professional"


@dataclass(frozen=True, slots=True)
class Superior:
    """One superior of an organ, with dates (valid_to is the last day, inclusive)."""

    organ: OrganCode
    line: Line
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class RegisteredOfficer:
    """An officer as the directory knows them; valid_to is the last day of the certificate."""

    name: str
    organ: OrganCode
    certificate: str
    valid_to: date


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key of an organ (or of the bus): keys.csv. Judged at the log append time."""

    kid: str  # RFC 7638 thumbprint of the JWK
    organ: OrganCode
    algorithm: str  # ES256, Ed25519 or SM2-SM3; the key's, never the message's
    x: str  # base64url, as in the JWK
    y: str  # base64url; empty for Ed25519
    valid_from: datetime
    valid_to: datetime | None = None
    compromised_since: datetime | None = None  # refused from then on, valid or not


@dataclass(frozen=True, slots=True)
class Organ:
    """A participant of the bus."""

    code: OrganCode
    alias: Alias
    name: str
    type: OrganType
    division: DivisionCode
    kind: str | None = None  # of a department: market_supervision, urban_management, …
    superiors: tuple[Superior, ...] = ()
    contact: str = ""
    phone: str = ""
    address: str = ""
    valid_from: date = date.min
    valid_to: date | None = None
    successor: OrganCode | None = None

    @property
    def seat(self) -> str:
        """What it is in its division: where there is one of its type that, else its kind if any."""
        return self.type if self.type in ONE_OF_A_DIVISION else self.kind or self.type


@dataclass(frozen=True, slots=True)
class Directory:
    """Who there is. Look-ups are in directory.py."""

    organs: Mapping[OrganCode, Organ]
    officers: Mapping[tuple[OrganCode, str], RegisteredOfficer]  # (organ, certificate)
    keys: Mapping[str, PublicKey]  # by kid
    recoded: Mapping[DivisionCode, DivisionCode] = field(default_factory=dict)  # as the rulebook's
    # Indexes, made here so that they cannot differ from what they index.
    by_text: Mapping[str, tuple[Organ, ...]] = field(init=False, repr=False, compare=False)
    by_place: Mapping[tuple[DivisionCode, str], tuple[Organ, ...]] = field(
        init=False, repr=False, compare=False
    )
    turns: frozenset[date] = field(init=False, repr=False, compare=False)  # an organ begins, ends

    def __post_init__(self) -> None:
        by_text: dict[str, tuple[Organ, ...]] = {}
        for organ in self.organs.values():
            for text in (organ.code, organ.alias, organ.name):
                by_text[text] = (*by_text.get(text, ()), organ)
        object.__setattr__(self, "by_text", by_text)
        object.__setattr__(self, "by_place", by_seat(self.organs.values(), self.recoded))
        lives = turns((organ.valid_from, organ.valid_to) for organ in self.organs.values())
        object.__setattr__(self, "turns", frozenset(lives - {date.min}))


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division (GB/T 2260 and the township level)."""

    code: DivisionCode
    name: str
    level: str  # province | prefecture | county | township
    parent: DivisionCode | None
    recoded_to: DivisionCode | None = None  # what was written under this code is that one's now


@dataclass(frozen=True, slots=True)
class Matter:
    """执法事项."""

    code: MatterCode
    name: str
    group: str


class Mode(StrEnum):
    """How the power is held."""

    STATUTORY = "statutory"  # 法定
    DEVOLVED = "devolved"  # 下放/赋权
    ENTRUSTED = "entrusted"  # 委托: the principal stays the organ


class DecidingDate(StrEnum):
    """Which date of the case decides whether a rule applies (the transitional clause)."""

    ACT = "act"
    FOUND = "found"
    FILED = "filed"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class JurisdictionRule:
    """One row of jurisdiction.csv: who is competent for what, where, from when, by what law."""

    id: RuleId
    matter: MatterCode | None  # either a matter …
    group: str | None  # … or a group of matters
    area: DivisionCode  # the division and all below it
    competent: str  # "township", "kind:<department kind>" or "organ:<code>"
    mode: Mode
    basis: str  # with 《》 and 第…条
    basis_in_force: date
    publication: str
    published_on: date
    valid_from: date
    valid_to: date | None = None  # last day, inclusive
    deciding_date: DecidingDate = DecidingDate.ACT
    concurrent: bool = False
    line: int = 0  # in jurisdiction.csv, for lint and explanations

    @property
    def subject(self) -> str:
        """The matter or the group of matters that the rule names."""
        return self.matter or self.group or ""


class Unit(StrEnum):
    """The kind of day or hour a length counts in."""

    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"


@dataclass(frozen=True, slots=True)
class Length:
    """A legal length: `7 working days`."""

    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Extension:
    """One step of a duty's list of extensions: by how much, and who has to approve it."""

    length: Length
    approval: str


class RungDays(StrEnum):
    """On which days a rung may fall."""

    WORKING = "working"
    ANY = "any"
    AT_ONCE = "at_once"  # the plain distance after the due time, to the minute: demo and tests


@dataclass(frozen=True, slots=True)
class Ladder:
    """When the rungs fall (domain, section 4, Ladder). Plans are kept by its hash."""

    name: str
    hour: time  # 09:00
    reminder_lead: Length = field(hash=False)  # before the due day
    reminder_lead_hours: Length = field(hash=False)  # before the due time, of hours or minutes
    yellow_after: Length = field(hash=False)  # 0 working days: the first one after the due day
    red_after: Length = field(hash=False)  # after yellow's day
    supervision_after: Length = field(hash=False)  # after yellow's day
    rung_days: RungDays


@dataclass(frozen=True, slots=True)
class DutyRule:
    """The length of a duty, for whom, since when, by what basis (duties.toml)."""

    kind: str  # sign_for, decide_filing, …
    length: Length
    ladder: Ladder
    basis: str
    valid_from: date
    valid_to: date | None = None
    sector: str | None = None  # only for owners of this department kind; None: for all
    record: str | None = None  # only when opened by this record; None: by any
    author: OrganType | None = None  # only when that record is of such an organ; None: of any
    roll: bool = False  # calendar-day duties that end on a day off end on the next working day
    waived_if_contact_unknown: bool = False  # 投诉举报人联系方式不详的除外 (guidance 二(一)3)
    custody_wait: Length | None = None  # at most, for what is handed over
    suspend_for: tuple[SuspensionReason, ...] = ()  # the closed list; empty: it never stands still
    extensions: tuple[Extension, ...] = ()  # in this order, each once
    waived_if_in_force_under: Length | None = None  # of the year: yearly_guidance [policy]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days: the library's table with the rulebook's own over it, as plain sets.

    A date not in `days_off` and not in `workdays` follows its weekday. Past `known_until` the
    weekday rule is a guess, and what is computed from it is provisional.
    """

    days_off: frozenset[date]  # weekdays that are holidays
    workdays: frozenset[date]  # Saturdays and Sundays made workdays (调休)
    known_until: date
    # What a due date was computed with: a duty whose calendar has another digest is projected anew.
    digest: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = (self.days_off, self.workdays, {self.known_until})
        text = "/".join(",".join(map(str, sorted(days))) for days in parts)
        object.__setattr__(self, "digest", sha256(text.encode()).hexdigest()[:CALENDAR_DIGEST])

    def __hash__(self) -> int:
        """Days that were counted are kept by calendar: its thousand dates are hashed once."""
        return hash(self.digest)


class Treatment(StrEnum):
    """What becomes of a field on a copy. In this order, the most open first."""

    KEEP = "keep"
    MASK = "mask"  # 王**, 138****1234
    GENERALISE = "generalise"  # an address to its division, a date to its year
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Clearance:
    """One row of clearances.csv: what a recipient of that relation gets of that class."""

    relation: Relation
    field_class: FieldClass
    path: str | None  # of this field only, `parties[].address`; None: of every field of the class
    treatment: Treatment
    basis: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Clearances:
    """The clearance table. Look-ups are in clearances.py: what has no row is withheld."""

    rows: tuple[Clearance, ...] = ()
    by_key: Mapping[tuple[Relation, FieldClass, str | None], Clearance] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_key = {(row.relation, row.field_class, row.path): row for row in self.rows}
        object.__setattr__(self, "by_key", by_key)


@dataclass(frozen=True, slots=True)
class AudienceRule:
    """One row of audiences.csv: whom a copy or circular reaches besides its addressees."""

    id: RuleId
    category: ContentCategory
    matter: MatterCode | None  # a matter, …
    group: str | None  # … a group of matters, or neither: whatever the matter
    area: DivisionCode  # the division and all below it
    audience: str  # "township", "type:<organ type>", "kind:<department kind>" or "organ:<code>"
    basis: str
    valid_from: date
    valid_to: date | None = None  # last day, inclusive
    line: int = 0

    @property
    def subject(self) -> str | None:
        """The matter or the group of matters that the rule names; None: whatever the matter."""
        return self.matter or self.group


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything a decision may depend on beyond the case and the message."""

    name: str
    hash: RulebookHash
    bus: str  # the name of the bus, sealed into every message
    county: DivisionCode
    directory: Directory
    divisions: Mapping[DivisionCode, Division]
    matters: Mapping[MatterCode, Matter]
    rules: tuple[JurisdictionRule, ...]
    duties: tuple[DutyRule, ...]
    calendar: Calendar
    clearances: Clearances = field(default_factory=Clearances)
    openings: Openings = field(default_factory=Openings)
    audiences: tuple[AudienceRule, ...] = ()
    no_sharing: NoSharing = field(default_factory=NoSharing)
    disputes: Disputes = field(default_factory=Disputes)
    reminders: Reminders = field(default_factory=Reminders)
    retention: Retention = field(default_factory=Retention)
    # Indexes, made here so that they cannot differ from what they index. Subject → its rules.
    rules_by_subject: Mapping[str, tuple[JurisdictionRule, ...]] = field(
        init=False, repr=False, compare=False
    )
    # Area → matter or group → its rules there.
    rules_at: Mapping[DivisionCode, Mapping[str, tuple[JurisdictionRule, ...]]] = field(
        init=False, repr=False, compare=False
    )
    # A code that was changed → the one that stands for it now; no other code is here.
    recoded: Mapping[DivisionCode, DivisionCode] = field(init=False, repr=False, compare=False)
    # A division → itself and all above it, the smallest first; of an old code, the new one's.
    areas_of: Mapping[DivisionCode, tuple[DivisionCode, ...]] = field(
        init=False, repr=False, compare=False
    )
    # A county → its townships by each of their names, the longest first.
    townships_of: Mapping[DivisionCode, tuple[tuple[str, Division], ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules_by_subject", by_subject(self.rules))
        object.__setattr__(self, "rules_at", by_area(self.rules))
        recoded = recodings(self.divisions.values())
        object.__setattr__(self, "recoded", recoded)
        object.__setattr__(self, "areas_of", areas_above(self.divisions, recoded))
        object.__setattr__(self, "townships_of", townships_by_name(self.divisions, recoded))
