"""`yichuan doctor`: is this installation fit? Every finding with its code, its place and its cure.

Looks only: it writes no record, commits no offset and mends nothing. Exit 0: no error was found;
1: one was; 3: there was nothing to look at. What could not be looked at is a finding, too.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings, home_at
from schemas.errors import UserError, text
from services.cli.doctor_ask import ask_broker, ask_logs, ask_registry
from services.cli.doctor_finding import Symptom, as_document, gravest_first
from services.cli.doctor_here import look_at_casebook, look_at_host
from services.cli.doctor_look import (
    look_at_files,
    look_at_keys,
    look_at_rulebook,
    rulebook_in_force,
)
from services.cli.doctor_store import look_at_store
from services.cli.doctor_tls import ask_certificates
from services.cli.exit_codes import NO
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, language, note, say
from services.rulebook.finding import Severity

_PLACES_SHOWN_MAX: Final = 8  # of one code, to people; --json has all


def doctor(home: HomeFolder = None, as_json: AsJson = False) -> int:
    """Look at everything that the bus rests on; say what is wrong, and the cure."""
    place = home_at(home)
    found = examine(place, _settings(place))
    errors = sum(symptom.severity is Severity.ERROR for symptom in found)
    if as_json:
        for symptom in found:
            emit_json(as_document(symptom))
    else:
        _print(found)
        count = dict.fromkeys(Severity, 0)
        for symptom in found:
            count[symptom.severity] += 1
        say(
            f"错误 {errors}，警告 {count[Severity.WARNING]}，提示 {count[Severity.NOTE]}",
            f"{errors} errors, {count[Severity.WARNING]} warnings, {count[Severity.NOTE]} notes",
        )
    return NO if errors else 0


def examine(home: Home, settings: Settings) -> tuple[Symptom, ...]:
    """Return every finding, the gravest first."""
    at = now()
    note("正在检查……", "looking …")
    rulebook = rulebook_in_force(home, settings)
    book, progress = look_at_casebook(home, settings)
    return gravest_first(
        [
            *look_at_files(home),
            *look_at_store(home),
            *look_at_rulebook(home, settings, at),
            *look_at_keys(home, rulebook, at),
            *book,
            *ask_broker(home, settings, rulebook),
            *ask_logs(home, settings, rulebook, progress, at),
            *ask_registry(home, settings),
            *ask_certificates(settings, at),
            *look_at_host(home, settings, rulebook.hash if rulebook else None),
        ]
    )


def _settings(home: Home) -> Settings:
    """Raises UserError home.missing or home.config_invalid: then there is nothing to look at."""
    try:
        return home.there().settings()
    except UserError as error:
        raise UserError(error.code, error.where, error.detail, exit_code=3) from None


_SEVERITIES: Final = {
    Severity.ERROR: ("错误", "error"),
    Severity.WARNING: ("警告", "warning"),
    Severity.NOTE: ("提示", "note"),
}


def _print(found: Sequence[Symptom]) -> None:
    """Print each code once, with its places and its cure."""
    for (severity, code), group in groupby(found, key=lambda s: (s.severity, s.code)):
        meaning, cure = text(code).in_language(language())
        print(f"{in_language(*_SEVERITIES[severity])} {code}: {meaning}")
        symptoms = list(group)
        for symptom in symptoms[:_PLACES_SHOWN_MAX]:
            print("    " + "  ".join(part for part in (symptom.where, symptom.detail) if part))
        more = len(symptoms) - _PLACES_SHOWN_MAX
        if more > 0:
            print("    " + in_language(f"另有 {more} 处", f"and {more} more"))
        print(f"  → {cure}", flush=True)
