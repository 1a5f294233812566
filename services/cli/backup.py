"""`yichuan backup FILE`, `yichuan restore FILE`: the home's parts that nothing can make again.

A backup is made while the exchange runs; the casebook first, so that each rulebook and schema that
it names is among what is read after it. A restore puts the casebook back, and of the other parts
what is missing: those that are there are as new as the backup, or newer.

Wherever the casebook lies, in the backup it is a SQLite file; so one is also the way from SQLite to
PostgreSQL, and back.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from connectors.bus.clock import now
from connectors.bus.durable import make_folder, put_in_place
from connectors.bus.home import Home, home_at
from connectors.bus.scratch import scratch_in
from schemas.errors import UserError
from services.casebook.backed_up import note_in_casebook, note_in_copy
from services.casebook.key_file import noted_key
from services.casebook.migrate import is_current
from services.casebook.postgresql_copy import analyze, copy_from_server, empty_server
from services.casebook.sqlite import only_writer, readers
from services.casebook.standalone import aside_of, copy_alone, put_back, refuse_damaged
from services.casebook.store import place_of
from services.cli.backup_archive import CASEBOOK, Listed, read_archive, units_of, write_archive
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, note, say
from services.cli.writing import writing
from services.exchange.all_stopped import all_stopped


@dataclass(frozen=True, slots=True)
class _Restored:
    """What was missing; where the casebook before is, if any was; None: there is no planner."""

    missing: Sequence[str]
    aside: Path | None = None
    is_analyzed: bool | None = None


Archive = Annotated[Path, typer.Argument(metavar="FILE", help="备份文件 / the backup")]


def backup(file: Archive, home: HomeFolder = None, as_json: AsJson = False) -> None:
    """Write the casebook, keys, logins, rulebooks and settings to a new file, its owner's alone.

    Raises UserError backup.exists, backup.running, file.unwritable, casebook.missing,
    casebook.foreign_wal or casebook.damaged, and of PostgreSQL what `copy_from_server` raises;
    backup.not_noted, the file being whole.
    """
    place = home_at(home).there()
    with _alone_at(place):
        listed = _backed_up(place, file)
    size = file.stat().st_size
    if as_json:
        emit_json({"file": str(file), "bytes": size, "files": sorted(listed)})
        return
    say(
        f"已备份：{file}（{size} 字节，{len(listed)} 个文件）",
        f"{file}: {size} bytes, {len(listed)} files",
    )
    note(
        "内有账本和打开它的钥匙：妥善保管。Kafka 的数据和附件不在内",
        "it holds the casebook and the keys that open it: keep it safe. Kafka's data and the "
        "attachments are not in it",
    )


def restore(file: Archive, home: HomeFolder = None, as_json: AsJson = False) -> None:
    """Put the casebook of a backup back, and what else is missing in the home.

    Raises UserError backup.unreadable, backup.running, file.unreadable, file.unwritable,
    casebook.in_use, casebook.damaged, casebook.key_missing or casebook.key_wrong, Broken
    casebook.version; of PostgreSQL what `empty_server` raises.
    """
    place = home_at(home)
    with writing(place.path):
        make_folder(place.path, 0o700)
        with _alone_at(place):
            done = _restored(file, place)
    if as_json:
        emit_json(
            {
                "restored": [CASEBOOK, *sorted(done.missing)],
                "replaced": str(done.aside) if done.aside else None,
                "analyzed": done.is_analyzed,
            }
        )
        return
    number = len(done.missing)
    say(
        f"已还原账本，并补上缺少的 {number} 项；其余已有的未动",
        f"the casebook is restored, and {number} things that were missing; the rest stays",
    )
    if done.aside is not None:
        note(
            f"原账本移到 {done.aside}，核对无误后删除",
            f"the old one is in {done.aside}: delete it when all is well",
        )
    if done.is_analyzed is False:
        note(
            "数据库的统计信息未能及时更新，查询会慢：在该库执行一次 ANALYZE",
            "the database's statistics were not brought up to date in time, looking things up will"
            " be slow: run ANALYZE in it",
        )
    note(
        "启动交换进程后，账本之后的记录接着处理；先 yichuan doctor",
        "run yichuan doctor, then the exchange: it decides again what came after the backup",
    )


def _backed_up(place: Home, file: Path) -> Listed:
    """Write the file, then let the casebook know of it; return what is in it."""
    casebook, began = place_of(place), now()
    if file.exists():
        raise UserError("backup.exists", where=str(file), exit_code=3)
    with scratch_in(place.run) as scratch, _partial(file) as partial:
        copy = scratch / CASEBOOK
        if isinstance(casebook, Path):
            copy_alone(casebook, copy)
        else:
            copy_from_server(casebook, copy)
        note_in_copy(copy, began)
        listed = write_archive(partial, place.path, copy)
        put_in_place(partial, file)
    note_in_casebook(casebook, began)
    return listed


@contextmanager
def _alone_at(home: Home) -> Iterator[None]:
    """Let one backup or restore of a home run at a time. Raises UserError backup.running.

    Two into one file would give it a name before it is whole; and nothing is to be noted in a
    casebook while another one takes its place. The folder itself is locked, not a file in it as
    `alone` makes: what is refused leaves nothing behind in a bare home.
    """
    with writing(home.run):
        make_folder(home.run, 0o700)
        descriptor = os.open(home.run, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("backup.running", where=str(home.path), exit_code=3) from None
        yield
    finally:
        os.close(descriptor)


def _restored(file: Path, place: Home) -> _Restored:
    """Put back the casebook, and what is missing."""
    place_of(place)  # it may be none
    with scratch_in(place.run) as scratch:
        units = units_of(read_archive(file, scratch))
        refuse_damaged(scratch / CASEBOOK)
        _refuse_foreign_key(place, Home(scratch))
        missing = [each for each in units if not (place.path / each).exists() and each != CASEBOOK]
        if place.config.name in missing:
            _put(place.config.name, scratch, place)  # it may say where the casebook is to lie
        with all_stopped(place, place.settings()):
            return _put_back(place, scratch, missing)


def _put_back(home: Home, scratch: Path, missing: Sequence[str]) -> _Restored:
    """Put the missing parts there, then the casebook."""
    casebook = place_of(home)
    if not isinstance(casebook, Path):
        with empty_server(casebook) as fill:
            for each in missing:
                _put(each, scratch, home)
            fill(scratch / CASEBOOK)
        return _Restored(missing, is_analyzed=analyze(casebook))
    casebook = casebook.resolve()  # a link may lead to a larger disk: there it stays
    aside = aside_of(casebook, now())
    with only_writer(casebook):
        for each in missing:
            _put(each, scratch, home)
        put_back(casebook, scratch / CASEBOOK, aside)
    return _Restored(missing, aside if aside.exists() else None)


@contextmanager
def _partial(file: Path) -> Iterator[Path]:
    """Give the name under which the backup grows; what was not finished goes."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        with writing(file):
            partial.unlink(missing_ok=True)
            yield partial
    finally:
        with suppress(OSError):  # where it could not be made, there is nothing to be removed
            partial.unlink(missing_ok=True)


def _refuse_foreign_key(home: Home, backed_up: Home) -> None:
    """Raise UserError casebook.key_wrong when the home's key file does not open the backup's book.

    Also casebook.key_missing, where neither has one; Broken casebook.version.
    """
    key_file = home.casebook_key if home.casebook_key.exists() else backed_up.casebook_key
    # After a rotation the backup has its key by its id, too, and that is put where it is missing.
    engine = readers(backed_up.casebook)
    try:
        with engine.connect() as connection:
            is_current(connection)  # an older one is brought forward at the next start
            noted_key(connection, key_file, backed_up.casebook_key)
    finally:
        engine.dispose()


def _put(name: str, scratch: Path, home: Home) -> None:
    """Put a file or a whole folder where it was missing; another time it is there."""
    path = home.path / name
    if not path.exists():
        make_folder(path.parent, 0o700)
        put_in_place(scratch / name, path)
