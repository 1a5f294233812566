"""What the doctor sees on this host: the casebook, disk, ports, processes. Only looks."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil
from sqlalchemy import Connection, func, make_url, select
from sqlalchemy.exc import ArgumentError

from connectors.bus.home import Home, Settings
from deploy.local import processes
from deploy.local.ports import LOOPBACK, holder, is_free, listening_ports
from schemas.errors import UserError, YichuanError
from services.casebook.backed_up import last_backup
from services.casebook.key_file import noted_key
from services.casebook.progress import Place, progress_now
from services.casebook.rows import Progress, case_from_text
from services.casebook.store import place_of
from services.casebook.tables import CASES, OUTBOX
from services.casebook.which import mark_there
from services.casework.routing import HOLD_CODES
from services.cli.casebook_view import reading
from services.cli.doctor_backup import BackedUp
from services.cli.doctor_casebook import (
    CASEBOOK_URL,
    Book,
    Frozen,
    judge_casebook,
    judge_connection,
)
from services.cli.doctor_finding import Symptom, doubtful, of_error
from services.cli.doctor_host import (
    Disk,
    Part,
    Port,
    judge_disks,
    judge_parts,
    judge_ports,
)
from services.cli.running import build_at, installed, page
from services.exchange import workers

_STACK_PORTS: Final = (0, 1, 2, 10, 11)  # from ports.base
_STUCK_SECONDS: Final = 2.0  # a row of the outbox is published within far less
_STUCK_ROWS_MAX: Final = 100_000  # of those that wait the oldest: what stands still is among them
_FROZEN_MAX: Final = 1_000


class Seen(NamedTuple):
    """What was found; how far each partition is decided; of one that opens: last backup, mark."""

    found: list[Symptom]
    progress: dict[Place, Progress]
    backed_up: BackedUp | None
    mark: str | None = None


def look_at_casebook(home: Home, settings: Settings) -> Seen:
    """Judge the casebook, opened once."""
    found = [*_several_on_sqlite(settings), *_unverified(settings)]
    is_file = not settings.casebook.url.get_secret_value()
    if is_file and not home.casebook.exists():
        return Seen([*found, doubtful("casebook.missing", str(home.casebook))], {}, None)
    try:
        with reading(home) as connection:
            book = _book(connection, home, is_file=is_file)
            progress = progress_now(connection)
            backed_up = BackedUp(book.where, last_backup(connection))
            mark = mark_there(connection, place_of(home))
            found += _without_its_key(connection, home.casebook_key)
    except YichuanError as error:  # it is another program's, or nobody answers
        return Seen([*found, of_error(error)], {}, None)
    return Seen([*found, *judge_casebook(book)], progress, backed_up, mark)


def _several_on_sqlite(settings: Settings) -> Iterator[Symptom]:
    """Find a configuration with which no exchange starts."""
    try:
        workers.refuse_several_on_sqlite(settings)
    except UserError as error:
        yield of_error(error)


def _unverified(settings: Settings) -> Iterator[Symptom]:
    """Judge the line to a database; of what is no URL, opening it says so."""
    with suppress(ArgumentError):
        yield from judge_connection(make_url(settings.casebook.url.get_secret_value()))


def _without_its_key(connection: Connection, path: Path) -> Iterator[Symptom]:
    """Find that the key file is gone or another's: at the next start no original would open."""
    try:
        noted_key(connection, path)
    except UserError as error:
        yield of_error(error)


def look_at_host(home: Home, settings: Settings, rulebook: str | None) -> Iterator[Symptom]:
    """Judge disk, ports and processes. `rulebook`: the hash of the copy in force."""
    yield from judge_disks([Disk(str(home.path), shutil.disk_usage(home.path).free)])
    if settings.stack_is_local:
        yield from judge_ports([_port(home, settings.ports.base + o) for o in _STACK_PORTS])
    yield from judge_parts(_parts(home, settings), rulebook)


def _book(connection: Connection, home: Home, *, is_file: bool) -> Book:
    frozen = select(CASES.c.body).where(CASES.c.stopped == "frozen").limit(_FROZEN_MAX)
    held = select(func.count()).select_from(CASES).where(CASES.c.stopped.in_(HOLD_CODES))
    cases = [case_from_text(row.body, ()) for row in connection.execute(frozen)]
    return Book(
        where=home.casebook.name if is_file else CASEBOOK_URL,
        journal_mode=_journal_mode(connection) if is_file else None,
        writers=_writers(home.casebook) if is_file else (),
        stuck=_stuck(connection),
        frozen=[Frozen(c.id, c.stop.message, c.stop.code) for c in cases if c.stop is not None],
        held=connection.execute(held).scalar_one(),
    )


def _journal_mode(connection: Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())


def _stuck(connection: Connection) -> dict[str, int]:
    """Return the rows by topic that were there before and after a while longer than any publish."""
    before = _outbox(connection)
    if not before:
        return {}
    time.sleep(_STUCK_SECONDS)
    after = _outbox(connection)
    stuck: dict[str, int] = {}
    for seq in before.keys() & after.keys():
        stuck[before[seq]] = stuck.get(before[seq], 0) + 1
    return stuck


def _outbox(connection: Connection) -> dict[int, str]:
    """Return the oldest, by their index: the table keeps its length when its rows are gone."""
    oldest = select(OUTBOX.c.seq, OUTBOX.c.topic).order_by(OUTBOX.c.seq).limit(_STUCK_ROWS_MAX)
    found = {row.seq: row.topic for row in connection.execute(oldest)}
    connection.rollback()  # so that the next look sees what has been committed since
    return found


def _writers(path: Path) -> tuple[int, ...]:
    """Return the processes that have the file open for writing, as far as this user may see."""
    found, file_there = [], path.resolve()
    for process in psutil.process_iter():
        try:
            opened = process.open_files()
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue  # another user's, or just ended: not ours to see
        if any(file.path == str(file_there) and "+" in file.mode for file in opened):
            found.append(int(process.pid))
    return tuple(found)


def _port(home: Home, number: int) -> Port:
    ours = {port for one in processes.all_recorded(home) for port in listening_ports(one.pid)}
    if number in ours or is_free(number):
        return Port(number, None)
    found = holder(number)
    return Port(number, f"pid {found.pid or '?'} {found.name or '?'}")


def _parts(home: Home, settings: Settings) -> list[Part]:
    """Return every exchange that is to run here, and every process started and not stopped."""
    exchanges = {
        workers.name_of(n): workers.port_of(settings, n) for n in workers.numbers(settings)
    }
    parts = [part_at(name, runs=not is_free(port), port=port) for name, port in exchanges.items()]
    names = (path.name.removesuffix(".pid.json") for path in home.run.glob("*.pid.json"))
    for name in sorted(set(names) - exchanges.keys()):
        process = processes.running(home, name)
        log = str(processes.log_file(home, name).relative_to(home.path))
        if process is None:
            parts.append(Part(name, log, runs=False, reasons=None))
        elif name not in ("kafka", "registry"):  # these are asked by their own clients
            ports = listening_ports(process.pid)
            parts.append(part_at(name, runs=True, port=ports[0] if ports else None))
    return parts


def part_at(name: str, *, runs: bool, port: int | None) -> Part:
    """Return a process as its pages answer on this host."""
    where = f"{LOOPBACK}:{port or '-'}"
    if not runs or port is None:
        return Part(name, where, runs, None)
    reasons, build = _reasons(page(port, "/healthz")), build_at(port)
    if build is None:
        return Part(name, where, runs, reasons)
    differs = None if build.is_installed else f"{build} != {installed()}"
    return Part(name, where, runs, reasons, build.rulebook, differs)


def _reasons(body: str | None) -> tuple[str, ...] | None:
    """Return what /healthz says against the process; None for an answer that is not its own."""
    try:
        probes: Any = json.loads(body or "")
        return tuple(
            reason for name in ("startup", "live", "ready") for reason in probes[name]["reasons"]
        )
    except (ValueError, KeyError, TypeError):
        return None
