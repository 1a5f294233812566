"""What the doctor finds: how grave, which code, where. Texts and cures are those of errors.toml."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.errors import YichuanError, text
from services.rulebook.finding import Severity


@dataclass(frozen=True, slots=True)
class Symptom:
    """One finding. `where` and `detail` hold names, codes, numbers and times; never content."""

    severity: Severity
    code: str
    where: str
    detail: str = ""


def wrong(code: str, where: str, detail: str = "") -> Symptom:
    """Return an error: a promise of the bus does not hold, or will not at the next start."""
    return Symptom(Severity.ERROR, code, where, detail)


def doubtful(code: str, where: str, detail: str = "") -> Symptom:
    """Return a warning: it holds today, somebody has to look."""
    return Symptom(Severity.WARNING, code, where, detail)


def remark(code: str, where: str, detail: str = "") -> Symptom:
    """Return a note."""
    return Symptom(Severity.NOTE, code, where, detail)


def of_error(error: YichuanError) -> Symptom:
    """Return what kept the doctor from looking, as a finding."""
    return wrong(error.code, error.where or "", error.detail or "")


def gravest_first(found: Iterable[Symptom]) -> tuple[Symptom, ...]:
    """Return the findings by severity, then code, then place; each once."""
    order = tuple(Severity)
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda s: (order.index(s.severity), s.code, s.where)))


def as_document(symptom: Symptom) -> dict[str, Any]:
    """Return the stable form of a finding: one line of `doctor --json`."""
    words = text(symptom.code)
    return {
        "severity": symptom.severity.value,
        "code": symptom.code,
        "where": symptom.where,
        "detail": symptom.detail or None,
        "zh": words.zh,
        "en": words.en,
        "remedy_zh": words.remedy_zh,
        "remedy_en": words.remedy_en,
    }
