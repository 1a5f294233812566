"""What lint finds: how grave, where, which rule of ours, in both languages."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps a rulebook from being used; a note is for the official who wrote it."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `where` is file:line; a code is lint's own and stable."""

    severity: Severity
    code: str
    where: str
    zh: str
    en: str


def error(code: str, where: str, zh: str, en: str) -> Finding:
    """Return an error."""
    return Finding(Severity.ERROR, code, where, zh, en)


def warning(code: str, where: str, zh: str, en: str) -> Finding:
    """Return a warning."""
    return Finding(Severity.WARNING, code, where, zh, en)


def note(code: str, where: str, zh: str, en: str) -> Finding:
    """Return a note."""
    return Finding(Severity.NOTE, code, where, zh, en)
