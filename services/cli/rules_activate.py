"""`yichuan rules activate FOLDER`: a rulebook comes into force, in every partition of every flow.

Errors of lint refuse it, and what changes for whom is shown first. It comes into force with a
sealed record in each partition (design D8): what lies before it is decided by the old one. When
effects begin is in the rulebook's rows; the activation itself is at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings, home_at
from connectors.bus.key_rows import KEYS_CSV, as_csv, overlaid, read_rows
from schemas.errors import UserError
from schemas.ids import RulebookHash
from services.cli.activation import await_taken, not_yet_taken, write_activation
from services.cli.exit_codes import NO
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, say
from services.cli.rules_diff import differences, print_differences
from services.cli.topics import make_fit
from services.rulebook.calendar import local_date
from services.rulebook.compare import takes_over
from services.rulebook.finding import Severity
from services.rulebook.lint import lint
from services.rulebook.load import keep, library_calendar, load, locate, read_files
from services.rulebook.model import Rulebook
from services.rulebook.parse import parse


def activate(
    rulebook: Annotated[
        str | None,
        typer.Argument(
            help="name or folder; the one configured / 名称或文件夹", show_default=False
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="do it; without it only the changes are shown / 确认启用")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, max=600, help="seconds / 等待秒数")] = 30.0,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what the rulebook changes; with --yes bring it into force and wait until it is."""
    place = home_at(home).checked()
    settings = place.settings()
    folder = locate(rulebook or settings.bus.rulebook)
    old, new = load(place.rulebook), _judged(_with_our_keys(place, folder))
    if not takes_over(old, new):
        raise UserError("rules.other_bus", where=str(folder), detail=f"{old.bus} → {new.bus}")
    found = list(differences(old, new))
    if as_json:
        for document in found:
            emit_json(document)
    else:
        print_differences(found)
    if not yes:
        note("未启用；确认后加 --yes", "not activated: once you have read this, add --yes")
        return
    in_force = _bring_in(place, settings, folder)
    written = bool(not_yet_taken(place, settings, in_force.hash))
    if written:
        write_activation(place, settings, in_force)
        await_taken(place, settings, in_force.hash, wait)
    _tell(old.hash, in_force.hash, written=written, as_json=as_json)
    if folder != place.rulebook and locate(settings.bus.rulebook) != folder:
        whole = folder.resolve()  # a relative one would be seen from where each process starts
        note(
            f"请把 yichuan.toml 的 [bus] rulebook 改为 {whole}",
            f"set [bus] rulebook in yichuan.toml to {whole}",
        )


def _with_our_keys(home: Home, folder: Path) -> dict[str, bytes]:
    """Return the rulebook's files as they will lie in the home, but for the keys of new organs."""
    by_kid = overlaid(read_rows(home.rulebook / KEYS_CSV), read_rows(folder / KEYS_CSV))
    files = read_files(folder)
    return {**files, KEYS_CSV: as_csv(by_kid.values()).encode()} if by_kid else files


def _judged(files: dict[str, bytes]) -> Rulebook:
    """Return the rulebook. Raises UserError rules.lint_failed, rules.invalid."""
    for finding in lint(files, library_calendar(), local_date(now())):
        if finding.severity is Severity.ERROR:
            words = f"{finding.code}: {in_language(finding.zh, finding.en)}"
            raise UserError("rules.lint_failed", where=finding.where, detail=words, exit_code=NO)
    return parse(files, library_calendar())


def _bring_in(home: Home, settings: Settings, folder: Path) -> Rulebook:
    """Copy it, with keys, topics and logins for new organs, and put it onto the shelf.

    The keys of the copy before stay: connectors read what was sealed under them.
    """
    keep(home.rulebook, home.rulebooks)  # what is in force until now: a replay will need it
    make_fit(home, settings, folder)
    return keep(home.rulebook, home.rulebooks)


def _tell(old: RulebookHash, new: RulebookHash, *, written: bool, as_json: bool) -> None:
    if as_json:
        emit_json({"rulebook": new, "before": old, "activated": written})
    elif written:
        say(f"已在全部分区启用：{new[:12]}", f"in force in every partition: {new[:12]}")
    else:
        say(f"早已在全部分区启用：{new[:12]}", f"was in force in every partition: {new[:12]}")
