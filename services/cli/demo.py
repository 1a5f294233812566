"""`yichuan demo`: a county exchanges lawful transfers over a real broker, and it is all printed.

The run checks itself: it ends with 0 only if every story went as it is told in demo_scenarios.
"""

import os
import shlex
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic, now
from connectors.bus.home import HOME, Home, home_at
from connectors.bus.sections import PORT_BASE
from schemas.errors import UserError
from schemas.ids import CaseId
from services.cli.casebook_view import open_duties, reading
from services.cli.demo_events import Drop
from services.cli.demo_play import Play
from services.cli.demo_report import Calls, Findings, report
from services.cli.demo_scenarios import AGENCIES
from services.cli.demo_setting import Setting
from services.cli.demo_sides import wrong_sides
from services.cli.demo_stage import (
    EXCHANGE_DATABASE,
    EXCHANGE_FOLDER,
    Part,
    raise_stage,
    system_folder,
)
from services.cli.demo_summary import summary
from services.cli.demo_systems import AgencySystem, DatabaseSystem, FolderSystem
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language
from services.cli.trace import told_case
from services.rulebook.calendar import local_date
from services.rulebook.load import load, locate

PLAY_SECONDS_MAX: Final = 240.0
_LOOK_SECONDS: Final = 0.2
_SAY_SECONDS: Final = 2.0  # between two lines of progress that differ
_REPEAT_SECONDS: Final = 10.0  # and that do not
_RULEBOOK: Final = "demo"  # whose organs, officers and matters the scenarios name
_SECRET: Final = ("CASEBOOK__URL", "DATABASE_URL")  # they may hold a password
_JOURNEY: Final = 1  # the scenario whose journey is printed
_UNFINISHED_SHOWN: Final = 10

Systems = Mapping[str, AgencySystem]


def demo(home: HomeFolder = None, as_json: AsJson = False) -> None:
    """Run the demo; exit 0 when everything came as expected, and leave it running."""
    began = monotonic()
    place = home_at(home)
    settings = place.settings()
    if load(locate(settings.bus.rulebook)).name != _RULEBOOK:
        raise UserError("demo.other_rulebook", where=settings.bus.rulebook)
    parts = raise_stage(place, settings, lambda line: _progress(began, line))
    systems = _systems(place)
    setting = Setting(load(place.rulebook), _next_run(place), local_date(now()))
    play = _perform(Play(setting), systems, began)
    for system in systems.values():
        system.close()
    _check(play)
    _print(place, play, parts, began, as_json=as_json)


def _systems(home: Home) -> dict[str, AgencySystem]:
    """Open the agencies' systems; what an earlier run left in them is read and let go."""
    systems: dict[str, AgencySystem] = {}
    for alias, kind in AGENCIES.items():
        folder = system_folder(home, alias)
        is_folder = kind == "folder"
        systems[alias] = (
            FolderSystem(alias, folder / EXCHANGE_FOLDER)
            if is_folder
            else DatabaseSystem(alias, folder / EXCHANGE_DATABASE)
        )
        for _ in systems[alias].look():
            pass
    return systems


def _perform(play: Play, systems: Systems, began: float) -> Play:
    """Drop the transfers, then let the agencies react until every story has ended."""
    for drop in play.opening():
        _drop(systems, drop)
    count = len(tuple(play.every()))
    _progress(began, in_language(f"已放入 {count} 件", f"{count} letters are dropped"))
    deadline = monotonic() + PLAY_SECONDS_MAX
    said, before = monotonic(), ""
    while play.unfinished() and monotonic() < deadline:
        for event in (event for system in systems.values() for event in system.look()):
            for drop in play.react(event, now()):
                _drop(systems, drop)
        standing = _standing(play)
        if monotonic() - said > (_SAY_SECONDS if standing != before else _REPEAT_SECONDS):
            said, before = monotonic(), standing
            _progress(began, standing)
        time.sleep(_LOOK_SECONDS)
    _progress(began, _standing(play))
    return play


def _drop(systems: Systems, drop: Drop) -> None:
    systems[drop.alias].drop(drop.name, drop.document)


def _standing(play: Play) -> str:
    states = Counter(play.tally.first.values())
    accepted, held, refused = states["accepted"], states["held"], states["rejected"]
    stories = tuple(play.every())
    ended, left = sum(story.done for story in stories), play.unfinished()
    waiting = in_language("；等待黄牌", "; waiting for the yellow card")
    tail = waiting if [story.number for story in left] == [play.late.number] else ""
    return in_language(
        f"受理 {accepted}，退回 {refused}，暂存 {held}；办完 {ended}/{len(stories)}{tail}",
        f"accepted {accepted}, refused {refused}, held {held}; done {ended}/{len(stories)}{tail}",
    )


def _check(play: Play) -> None:
    """Raise UserError demo.incomplete when something did not come, or came otherwise."""
    if play.wrong():
        detail = "; ".join(story.wrong for story in play.wrong()[:_UNFINISHED_SHOWN])
        raise UserError("demo.incomplete", detail=detail, exit_code=1)
    if wrong_sides(play.sides.pair()):
        raise UserError("demo.incomplete", detail=wrong_sides(play.sides.pair()), exit_code=1)
    if play.unfinished():
        left = play.unfinished()[:_UNFINISHED_SHOWN]
        detail = "; ".join(f"#{s.number} {s.state} {s.remaining}" for s in left)
        raise UserError("demo.incomplete", detail=detail, exit_code=1)


def _print(home: Home, play: Play, parts: tuple[Part, ...], began: float, *, as_json: bool) -> None:
    found = _findings(home, play)
    if as_json:
        emit_json(summary(play, len(found.duties), monotonic() - began))
        return
    print("\n".join(report(play, found, parts, _calls(home))))
    _progress(began, in_language("演示完成，全部结果符合预期", "done; everything came as expected"))


def _findings(home: Home, play: Play) -> Findings:
    directory = play.setting.rulebook.directory
    cases = {story.case_id for story in play.every()}
    with reading(home) as connection:
        first = CaseId(play.stories[_JOURNEY].case_id or "")
        return Findings(
            journey=told_case(connection, first, directory, home),
            late=told_case(connection, CaseId(play.late.case_id or ""), directory, home),
            duties=[entry for entry in open_duties(connection) if entry[0] in cases],
        )


def _calls(home: Home) -> Calls:
    """`make` alone means the default home: of another, what makes it mean this one is said."""
    base = home.settings().ports.base
    chosen = [] if home.path == Path(HOME).expanduser().resolve() else [f"YICHUAN_HOME={home.path}"]
    ports = [] if base == PORT_BASE else [f"PORT_BASE={base}"]
    return Calls(_command(home), shlex.join(("make", "down", *chosen, *ports)))


def _command(home: Home) -> str:
    """Return how to call `yichuan` so that it means this installation."""
    ours = sorted(name for name in os.environ if name.startswith("YICHUAN_"))
    settings = [f"{name}={'…' if name.endswith(_SECRET) else os.environ[name]}" for name in ours]
    program = "yichuan" if shutil.which("yichuan") else os.path.relpath(sys.argv[0])
    chosen = [] if home == home_at() else ["--home", str(home.path)]
    return " ".join((*settings, program, *chosen))


def _next_run(home: Home) -> int:
    """Count the runs of this home; each has document numbers of its own."""
    path = home.path / "demo" / "runs"
    path.parent.mkdir(parents=True, exist_ok=True)
    run = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
    path.write_text(str(run), encoding="ascii")
    return run


def _progress(began: float, line: str) -> None:
    print(f"[{monotonic() - began:5.1f} s] {line}", file=sys.stderr, flush=True)
