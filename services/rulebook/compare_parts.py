"""What else changes between two rulebooks: duties, the calendar, who and what there is."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from schemas.ids import Alias, OrganCode
from services.rulebook import compare_tables as tables
from services.rulebook.calendar import is_workday, length_text
from services.rulebook.compare_tables import Listed
from services.rulebook.duties import duty_rule
from services.rulebook.indexes import turns
from services.rulebook.model import DutyRule, Organ, OrganType, Rulebook
from services.rulebook.reminders import Reminders

# Who somebody's superiors are is compared as text; the rest field by field.
_ORGAN_FIELDS: Final = (
    "name",
    "alias",
    "type",
    "division",
    "kind",
    "contact",
    "phone",
    "address",
    "valid_from",
    "valid_to",
    "successor",
    "superiors",
)
_OF_ALL: Final = ""  # a sector or record that no rule names: what holds for all others


@dataclass(frozen=True, slots=True)
class DutyShift:
    """A duty of another length, basis or ladder, for owners of a sector and an opening record.

    None for sector or record: all that no other rule names. `before`, `after` None: no rule.
    """

    kind: str
    sector: str | None
    record: str | None
    before: DutyRule | None
    after: DutyRule | None
    since: date
    until: date | None

    @property
    def lengths(self) -> tuple[str, str]:
        """The two lengths as rulebooks write them; empty where there is none."""
        return _length(self.before), _length(self.after)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something listed that is new, gone or changed: `fields` name → (before, after)."""

    part: str  # organs, officers, keys, head, …: of services/cli/rules_diff.py
    code: str
    name: str
    is_there: tuple[bool, bool]  # in the old one, in the new one
    fields: Mapping[str, tuple[str, str]]


def duty_shifts(old: Rulebook, new: Rulebook) -> tuple[DutyShift, ...]:
    """Return every change of a duty's length, from when, leaving out what a wider one tells."""
    both = (*old.duties, *new.duties)
    sectors = (_OF_ALL, *sorted({rule.sector for rule in both if rule.sector}))
    records = (_OF_ALL, *sorted({rule.record for rule in both if rule.record}))
    found: dict[tuple[str, str, str], list[DutyShift]] = {}
    for kind in sorted({rule.kind for rule in both}):
        for sector in sectors:
            for record in records:
                here = list(_duty(old, new, kind, sector, record))
                wider = (found.get((kind, sector, _OF_ALL)), found.get((kind, _OF_ALL, record)))
                if not any(_tell_the_same(here, told) for told in wider if told is not None):
                    found[kind, sector, record] = here
    return tuple(shift for listed in found.values() for shift in listed)


def changed_days(old: Rulebook, new: Rulebook) -> dict[date, bool]:
    """Return the days that were of another kind: True now a working day, False now off."""
    calendars = (old.calendar, new.calendar)
    days = sorted(set().union(*(each.days_off | each.workdays for each in calendars)))
    kinds = {day: tuple(is_workday(each, day) for each in calendars) for day in days}
    return {day: after for day, (before, after) in kinds.items() if before != after}


def entries(old: Rulebook, new: Rulebook) -> Iterator[Entry]:
    """Yield what is listed differently, part by part."""
    yield from _entries("head", _head(old), _head(new))
    yield from _entries("organs", *map(_organs, (old, new)))
    yield from _entries("officers", *map(_officers, (old, new)))
    yield from _entries("divisions", *map(_divisions, (old, new)))
    yield from _entries("matters", *map(_matters, (old, new)))
    yield from _entries("keys", *map(_keys, (old, new)))
    yield from _entries("clearances", *map(tables.clearances, (old, new)))
    yield from _entries("openings", *map(tables.openings, (old, new)))
    yield from _entries("audiences", *map(tables.audiences, (old, new)))
    yield from _entries("no_sharing", *map(tables.no_sharing, (old, new)))
    yield from _entries("retention", *map(tables.retention, (old, new)))


def _duty(old: Rulebook, new: Rulebook, kind: str, sector: str, record: str) -> Iterator[DutyShift]:
    owner = Organ(
        OrganCode(""), Alias(""), "", OrganType.DEPARTMENT, new.county, kind=sector or None
    )
    rules = [rule for rule in (*old.duties, *new.duties) if rule.kind == kind]
    found: DutyShift | None = None
    for day in sorted(turns((rule.valid_from, rule.valid_to) for rule in rules)):
        before = _undated(duty_rule(old, kind, owner, record, day))
        after = _undated(duty_rule(new, kind, owner, record, day))
        if found is not None and (found.before, found.after) != (before, after):
            yield replace(found, until=date.fromordinal(day.toordinal() - 1))
            found = None
        if found is None and before != after:
            found = DutyShift(kind, sector or None, record or None, before, after, day, None)
    if found is not None:
        yield found


def _undated(rule: DutyRule | None) -> DutyRule | None:
    """Return the rule without what says for whom and when it holds: that is asked, not compared."""
    if rule is None:
        return None
    return replace(rule, valid_from=date.min, valid_to=None, sector=None, record=None)


def _tell_the_same(here: list[DutyShift], wider: list[DutyShift]) -> bool:
    return [replace(each, sector=None, record=None) for each in here] == [
        replace(each, sector=None, record=None) for each in wider
    ]


def _length(rule: DutyRule | None) -> str:
    return length_text(rule.length) if rule else ""


def _entries(part: str, old: Listed, new: Listed) -> Iterator[Entry]:
    listed = {**old, **new}
    for code in sorted(listed):
        before, after = old.get(code), new.get(code)
        name, _ = listed[code]
        fields = {
            key: (_text(before[1][key]), _text(after[1][key]))
            for key in (before[1] if before and after else ())
            if before and after and before[1][key] != after[1][key]
        }
        if fields or before is None or after is None:
            yield Entry(part, code, name, (before is not None, after is not None), fields)


def _head(rulebook: Rulebook) -> Listed:
    known = rulebook.calendar.known_until
    fields = {"bus": rulebook.bus, "county": rulebook.county, "calendar_known_until": known}
    policy = rulebook.disputes
    disputes = {
        "hops_max": policy.hops_max,
        "retransfer_by_objector": policy.retransfer_by_objector,
        "declined_needs_new_evidence": policy.declined_needs_new_evidence,
        "designee_grounds": " ".join(sorted(policy.designee_grounds)),
        "basis": policy.basis,
    }
    return {
        "rulebook": ("rulebook.toml", fields),
        "disputes": ("disputes.toml", disputes),
        "reminders": ("reminders.toml", _reminders(rulebook.reminders)),
    }


def _reminders(policy: Reminders) -> dict[str, object]:
    """Return the policy flat; what is not warned of has empty cells."""
    limitation, measure = policy.limitation, policy.measure
    return {
        "hour": policy.hour,
        "limitation.years": limitation and limitation.years,
        "limitation.long_years": limitation and limitation.long_years,
        "limitation.long_groups": limitation and " ".join(sorted(limitation.long_groups)),
        "limitation.lead_calendar_days": limitation and limitation.lead_calendar_days,
        "limitation.basis": limitation and limitation.basis,
        "measure.lead_working_days": measure and measure.lead_working_days,
        "measure.basis": measure and measure.basis,
    }


def _organs(rulebook: Rulebook) -> Listed:
    return {
        organ.code: (organ.name, {key: getattr(organ, key) for key in _ORGAN_FIELDS})
        for organ in rulebook.directory.organs.values()
    }


def _officers(rulebook: Rulebook) -> Listed:
    directory = rulebook.directory
    return {
        f"{code} {certificate}": (
            f"{directory.organs[code].name if code in directory.organs else code} {officer.name}",
            {"name": officer.name, "valid_to": officer.valid_to},
        )
        for (code, certificate), officer in directory.officers.items()
    }


def _divisions(rulebook: Rulebook) -> Listed:
    return {code: (each.name, asdict(each)) for code, each in rulebook.divisions.items()}


def _matters(rulebook: Rulebook) -> Listed:
    return {code: (each.name, asdict(each)) for code, each in rulebook.matters.items()}


def _keys(rulebook: Rulebook) -> Listed:
    return {kid: (str(each.organ), asdict(each)) for kid, each in rulebook.directory.keys.items()}


def _text(value: Any) -> str:  # noqa: ANN401 - a field of any part
    if isinstance(value, tuple):
        return ", ".join(f"{each.organ} {each.line} {each.valid_from}" for each in value)
    return "" if value is None else str(value)
