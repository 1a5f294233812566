"""`yichuan doctor`: is this installation fit? Every finding with its code, its place and its cure.

Looks only: it writes no record, commits no offset and mends nothing. Exit 0: no error was found;
1: one was; 3: there was nothing to look at. What could not be looked at is a finding, too.
"""

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings, home_at
from schemas.errors import UserError
from services.cli.doctor_ask import ask_broker, ask_logs, ask_registry
from services.cli.doctor_backup import judge_backup, look_at_replaced
from services.cli.doctor_finding import Symptom, gravest_first
from services.cli.doctor_here import look_at_casebook, look_at_host
from services.cli.doctor_look import (
    look_at_files,
    look_at_keys,
    look_at_rulebook,
    rulebook_in_force,
)
from services.cli.doctor_print import tell
from services.cli.doctor_store import look_at_store
from services.cli.doctor_tls import ask_certificates
from services.cli.options import AsJson, HomeFolder
from services.cli.output import note


def doctor(home: HomeFolder = None, as_json: AsJson = False) -> int:
    """Look at everything that the bus rests on; say what is wrong, and the cure."""
    place = home_at(home)
    return tell(examine(place, _settings(place)), as_json=as_json)


def examine(home: Home, settings: Settings) -> tuple[Symptom, ...]:
    """Return every finding, the gravest first."""
    at = now()
    note("正在检查……", "looking …")
    rulebook = rulebook_in_force(home, settings)
    book = look_at_casebook(home, settings)
    return gravest_first(
        [
            *look_at_files(home),
            *look_at_store(home),
            *look_at_rulebook(home, settings, at),
            *look_at_keys(home, rulebook, at),
            *book.found,
            *judge_backup(book.backed_up, at),
            *look_at_replaced(home),
            *ask_broker(home, settings, rulebook, book.mark),
            *ask_logs(home, settings, rulebook, book.progress, at),
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
