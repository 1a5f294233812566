"""Are the home's files fit: modes, keys against keys.csv, rulebook in force, calendar? Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from connectors.bus.keyring import ListedKey
from connectors.bus.keys import BUS_LOGIN
from schemas.ids import OrganCode
from services.cli.doctor_finding import Symptom, doubtful, remark, wrong
from services.rulebook.finding import Finding, Severity
from services.rulebook.lint_calendar import CALENDAR_AHEAD

OTHERS: Final = 0o077  # the bits of everybody but the owner
_CALENDAR_CODE: Final = "calendar_short"  # lint's finding; the doctor has a judgement of its own
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """A file or folder that only its owner may read. `path` as seen from the home."""

    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key of the home. `kid` None: it cannot be read as a key."""

    login: str
    kid: str | None
    use: str = ""  # ".encryption": by which attachments' keys are opened; empty: it seals
    is_kept: bool = False  # of before a rotation: what was wrapped to it is still opened

    @property
    def where(self) -> str:
        """Its name, as seen from the home."""
        kept = f".{self.kid}" if self.is_kept else ""
        return f"keys/{self.login}{self.use}{kept}.pem"


def judge_modes(files: Sequence[PrivateFile]) -> Iterator[Symptom]:
    """Find what others than the owner can read, write or list."""
    for file in files:
        if file.mode & OTHERS:
            yield wrong("file.readable_by_others", file.path, f"{file.mode & 0o777:04o}")


def judge_keys(
    files: Sequence[KeyFile],
    listed: Mapping[str, ListedKey],
    organs: Mapping[str, OrganCode],
    now: datetime,
) -> Iterator[Symptom]:
    """Compare the private keys with keys.csv; `organs` by login, the bus among them."""
    for file in files:
        where = file.where
        key = listed.get(file.kid or "")
        if file.kid is None:
            yield wrong("keys.unreadable", where)
        elif file.is_kept:
            continue
        elif file.login not in organs:
            yield remark("key.of_nobody", where)
        elif key is None:
            yield wrong("key.unlisted", where, file.kid)
        elif key.organ != organs[file.login]:
            yield wrong("key.of_another_organ", where, key.organ)
        elif now < key.valid_from or any(
            end is not None and now >= end for end in (key.valid_to, key.compromised_since)
        ):
            until = key.compromised_since or key.valid_to
            yield wrong("key.not_in_force", where, f"{key.valid_from} - {until}")
    there = {file.login for file in files if not file.use}
    for login in sorted(set(organs) - there):
        judge = wrong if login == BUS_LOGIN else doubtful  # an organ may keep its own elsewhere
        yield judge("key.missing", f"keys/{login}.pem")


def judge_rulebook(findings: Sequence[Finding], *, differs: bool) -> Iterator[Symptom]:
    """Give what lint finds in the copy in force; `differs`: it is not the one configured."""
    for finding in findings:
        if finding.code == _CALENDAR_CODE or finding.severity is Severity.NOTE:
            continue
        where, detail = f"rulebook/{finding.where}", f"{finding.code}: {finding.zh} | {finding.en}"
        if finding.severity is Severity.ERROR:
            yield wrong("rules.lint_failed", where, detail)
        else:
            yield doubtful("rules.doubtful", where, detail)
    if differs:
        yield wrong("rules.copy_differs", "rulebook")


def judge_calendar(known_until: date, today: date) -> Iterator[Symptom]:
    """Say from when due dates are provisional; near or past, it is more than a remark."""
    detail = f"{known_until + _DAY}"
    if known_until < today:
        yield wrong("calendar.ends", "rulebook/calendar.csv", detail)
    elif known_until < today + CALENDAR_AHEAD:
        yield doubtful("calendar.ends", "rulebook/calendar.csv", detail)
    else:
        yield remark("calendar.ends", "rulebook/calendar.csv", detail)
