"""rulebook.toml: what the rulebook is called, whose it is, how far its calendar is known."""

from dataclasses import dataclass
from datetime import date

from schemas.ids import DivisionCode
from services.rulebook.tables import nothing_left, take, take_optional, toml


@dataclass(frozen=True, slots=True)
class Head:
    """rulebook.toml."""

    name: str
    bus: str
    county: DivisionCode
    notes_zh: str
    notes_en: str
    calendar_known_until: date | None


def read_head(file: str, content: bytes) -> Head:
    """Read the file. Raises UserError rules.invalid."""
    table = toml(file, content)
    where = (file, None)
    head = Head(
        name=take(table, "name", str, where),
        bus=take(table, "bus", str, where),
        county=DivisionCode(take(table, "county", str, where)),
        notes_zh=take(table, "notes_zh", str, where),
        notes_en=take(table, "notes_en", str, where),
        calendar_known_until=take_optional(table, "calendar_known_until", date, where),
    )
    nothing_left(table, where)
    return head
