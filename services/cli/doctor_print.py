"""How a command tells people what it found wrong: each code once, with its places and its cure."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from schemas.errors import text
from services.cli.doctor_finding import Symptom, as_document
from services.cli.exit_codes import NO
from services.cli.output import emit_json, in_language, language, one_line, say, system_words
from services.rulebook.finding import Severity

_PLACES_SHOWN_MAX: Final = 8  # of one code, to people; --json has all
SEVERITIES: Final = {
    Severity.ERROR: ("错误", "error"),
    Severity.WARNING: ("警告", "warning"),
    Severity.NOTE: ("提示", "note"),
}


def tell(found: Sequence[Symptom], *, as_json: bool) -> int:
    """Print all that a doctor found, the gravest first, and return its exit code."""
    count = dict.fromkeys(Severity, 0)
    for symptom in found:
        count[symptom.severity] += 1
    errors, warnings = count[Severity.ERROR], count[Severity.WARNING]
    if as_json:
        for symptom in found:
            emit_json(as_document(symptom))
    else:
        print_findings(found)
        notes = count[Severity.NOTE]
        say(
            f"错误 {errors}，警告 {warnings}，提示 {notes}",
            f"{errors} errors, {warnings} warnings, {notes} notes",
        )
    return NO if errors else 0


def print_findings(found: Sequence[Symptom]) -> None:
    """Print each code once, with its places and its cure."""
    for (severity, code), group in groupby(found, key=lambda s: (s.severity, s.code)):
        meaning, cure = text(code).in_language(language())
        print(f"{in_language(*SEVERITIES[severity])} {code}: {meaning}")
        symptoms = list(group)
        for symptom in symptoms[:_PLACES_SHOWN_MAX]:
            places = filter(None, (symptom.where, symptom.detail))
            print(one_line("    " + "  ".join(system_words(part) for part in places)))
        more = len(symptoms) - _PLACES_SHOWN_MAX
        if more > 0:
            print("    " + in_language(f"另有 {more} 处", f"and {more} more"))
        print(f"  → {cure}", flush=True)
