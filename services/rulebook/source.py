"""The files of a rulebook as typed rows, each with its line, duplicates included.

Lint points at these rows; parse.py makes the rulebook of them. An organ is named by its alias or
its code wherever it is meant. Whoever wrote the files is told of every fault at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, TypeVar

from schemas.errors import UserError
from schemas.ids import DivisionCode, OrganCode
from schemas.secrecy import NoSharing
from schemas.secrecy_list import read_no_sharing
from services.rulebook.audiences import read_audience
from services.rulebook.clearances import read_clearance
from services.rulebook.disputes import Disputes, read_disputes
from services.rulebook.duty_tables import Duties, read_duties
from services.rulebook.head import Head, read_head
from services.rulebook.indexes import recodings
from services.rulebook.layout import (
    COLUMNS,
    DISPUTES,
    DUTIES,
    FILES,
    HEAD,
    NO_SHARING,
    OPTIONAL,
    REMINDERS,
    RETENTION,
)
from services.rulebook.model import (
    AudienceRule,
    Clearance,
    Division,
    JurisdictionRule,
    Matter,
    Organ,
    PublicKey,
    RegisteredOfficer,
    Superior,
)
from services.rulebook.openings import OpeningRule, read_opening
from services.rulebook.reminders import Reminders, read_reminders
from services.rulebook.retention import Retention, read_retention
from services.rulebook.source_rows import (
    read_day,
    read_division,
    read_key,
    read_matter,
    read_officer,
    read_organ,
    read_rule,
    read_superior,
)
from services.rulebook.tables import Placed, Row, Unreadable, invalid, rows

FAULTS_MAX: Final = 200  # faults told at once; behind a spoilt column lie thousands

Value = TypeVar("Value")

# In the place of what cannot be read, until all else is read and its faults are found as well.
_NO_HEAD: Final = Head("", "", DivisionCode(""), "", "", None)
_NO_DUTIES: Final = Duties((), ())


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
    """Read the files, by name. Raises Unreadable with every fault: file, line and column."""
    misnamed = [
        *(
            invalid(name, None, name, "缺少该文件", "the file is missing")
            for name in sorted(FILES - OPTIONAL - files.keys())
        ),
        *(
            invalid(name, None, name, "没有这种文件", "there is no such file in a rulebook")
            for name in sorted(files.keys() - FILES)
        ),
    ]
    if misnamed:
        raise Unreadable(misnamed)
    reader = _Reader(files)
    codes: dict[str, OrganCode] = {}
    for row in reader.rows["organs.csv"]:
        code = OrganCode(row.cells["code"])
        codes.setdefault(code, code)
        codes.setdefault(row.cells["alias"], code)
    divisions = reader.table("divisions.csv", read_division)
    recoded = recodings(entry.value for entry in divisions)
    superiors = reader.table("superiors.csv", partial(read_superior, codes=codes))
    above: dict[OrganCode, tuple[Superior, ...]] = {}
    for code, superior in (entry.value for entry in superiors):
        above[code] = (*above.get(code, ()), superior)
    found = Source(
        head=reader.file(HEAD, read_head, _NO_HEAD),
        organs=reader.table(
            "organs.csv", partial(read_organ, codes=codes, above=above, recoded=recoded)
        ),
        superiors=superiors,
        officers=reader.table("officers.csv", partial(read_officer, codes=codes)),
        divisions=divisions,
        matters=reader.table("matters.csv", read_matter),
        rules=reader.table("jurisdiction.csv", partial(read_rule, codes=codes, recoded=recoded)),
        duties=reader.file(DUTIES, read_duties, _NO_DUTIES),
        days=reader.table("calendar.csv", read_day),
        keys=reader.table("keys.csv", partial(read_key, codes=codes)),
        clearances=reader.table("clearances.csv", read_clearance),
        openings=reader.table("openings.csv", read_opening),
        audiences=reader.table(
            "audiences.csv", partial(read_audience, codes=codes, recoded=recoded)
        ),
        no_sharing=reader.file(NO_SHARING, _no_sharing, NoSharing()),
        disputes=reader.file(DISPUTES, read_disputes, Disputes()),
        reminders=reader.file(REMINDERS, read_reminders, Reminders()),
        retention=reader.file(RETENTION, read_retention, Retention()),
    )
    if reader.faults:
        raise Unreadable(reader.faults)
    return found


class _Reader:
    """Reads what can be read, and keeps the fault of what cannot."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self.faults: list[UserError] = []
        none: tuple[Row, ...] = ()
        self.rows = {
            name: self.file(name, partial(_rows, columns), none)
            for name, columns in COLUMNS.items()
        }

    def file(self, name: str, read_file: Callable[[str, bytes], Value], absent: Value) -> Value:
        """Return what the file says; `absent` where there is none, or it cannot be read."""
        if name in self._files:
            try:
                return read_file(name, self._files[name])
            except UserError as fault:
                self._keep(fault)
        return absent

    def table(self, name: str, read_row: Callable[[Row], Value]) -> tuple[Placed[Value], ...]:
        """Return what the rows of a CSV file say, those that can be read."""
        found: list[Placed[Value]] = []
        for row in self.rows[name]:
            try:
                found.append(Placed(read_row(row), row.file, row.line))
            except UserError as fault:
                self._keep(fault)
        return tuple(found)

    def _keep(self, fault: UserError) -> None:
        self.faults.append(fault)
        if len(self.faults) == FAULTS_MAX:
            raise Unreadable(self.faults)


def _rows(columns: tuple[str, ...], name: str, content: bytes) -> tuple[Row, ...]:
    return rows(name, content, columns)


def _no_sharing(_: str, content: bytes) -> NoSharing:
    return read_no_sharing(content)
