"""Opening the casebook: one writer, confidential files, the right version; readers only read."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import OperationalError

from schemas.errors import Broken, UserError
from services.casebook.rows import Progress, from_ms
from services.casebook.store import open_for_reading, open_sqlite
from services.casebook.tables import METADATA, PROGRESS, SETTINGS
from services.casebook.work import Work
from tests.office import open_at

NAMES = ["casebook.sqlite", "账 本?mode=rw#1%20.sqlite"]


@pytest.fixture(params=NAMES, ids=["plain", "a name that a URL would misread"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / "home" / str(request.param)


def write(path: Path) -> None:
    casebook = open_sqlite(path)
    with casebook.engine.begin() as connection:
        work = Work(connection)
        work.advance("leads", 0, Progress(7, from_ms(0)))
        work.flush()
    casebook.close()


def test_a_new_casebook_has_every_table_and_its_version(path: Path) -> None:
    casebook = open_sqlite(path)
    made = set(inspect(casebook.engine).get_table_names())
    assert made == {*METADATA.tables, "alembic_version"}
    casebook.close()
    assert path.exists()


def test_what_was_written_is_there_when_it_is_opened_again(path: Path) -> None:
    write(path)
    casebook = open_sqlite(path)
    with casebook.engine.begin() as connection:
        assert Work(connection).progress("leads", 0) == Progress(7, from_ms(0))
    casebook.close()


def test_every_file_is_the_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        casebook = open_sqlite(tmp_path / "home" / "casebook.sqlite")
        with casebook.engine.begin() as connection:
            Work(connection).flush()
        modes = {
            file.name: stat.S_IMODE(file.stat().st_mode)
            for file in (tmp_path / "home").rglob("*")
            if file.is_file()
        }
        assert stat.S_IMODE((tmp_path / "home" / "keys").stat().st_mode) == 0o700
        casebook.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(
        [
            "casebook.key",
            "casebook.sqlite",
            "casebook.sqlite-shm",
            "casebook.sqlite-wal",
            "casebook.sqlite.lock",
        ],
        0o600,
    )


def test_an_older_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    write(path)
    path.chmod(0o644)
    open_sqlite(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_writer_is_refused_and_told_who_writes(path: Path) -> None:
    casebook = open_sqlite(path)
    with pytest.raises(UserError) as raised:
        open_sqlite(path)
    assert (raised.value.code, raised.value.detail) == ("casebook.in_use", f"pid {os.getpid()}")
    assert raised.value.exit_code == 3
    casebook.close()
    open_sqlite(path).close()


def test_another_process_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    casebook = open_sqlite(path)
    script = (
        "import sys, pathlib\n"
        "from schemas.errors import UserError\n"
        "from services.casebook.store import open_sqlite\n"
        "try:\n"
        "    open_sqlite(pathlib.Path(sys.argv[1]))\n"
        "except UserError as error:\n"
        "    print(error)\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    casebook.close()
    assert other.stdout.strip() == f"casebook.in_use pid {os.getpid()}"


def test_a_lock_file_left_by_a_crash_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    (tmp_path / "casebook.sqlite.lock").write_text("12345")
    casebook = open_sqlite(path)
    assert (tmp_path / "casebook.sqlite.lock").read_text() == str(os.getpid())
    casebook.close()


def test_a_casebook_of_another_version_is_refused_untouched_and_let_go(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        SETTINGS.create(connection)
        connection.execute(SETTINGS.insert().values(key="version", value="99"))
    for _ in range(2):  # the lock is free again after the refusal
        with pytest.raises(Broken) as raised:
            open_sqlite(path)
        assert raised.value.code == "casebook.version"
    assert inspect(engine).get_table_names() == ["settings"]
    engine.dispose()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    casebook = open_sqlite(tmp_path / "casebook.sqlite")

    def fail() -> None:
        with casebook.engine.begin() as connection:
            work = Work(connection)
            work.advance("leads", 0, Progress(7, from_ms(0)))
            work.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with casebook.engine.begin() as connection:
        assert Work(connection).progress("leads", 0) is None
    casebook.close()


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    casebook = open_sqlite(tmp_path / "casebook.sqlite")
    with casebook.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    casebook.close()


def test_what_is_deleted_or_written_over_is_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    casebook = open_sqlite(path)
    rows = {"gone": "deleted-" * 9, "other": "written-over-" * 9}
    with casebook.engine.begin() as connection:
        for key, value in rows.items():
            connection.execute(SETTINGS.insert().values(key=key, value=value))
    with casebook.engine.begin() as connection:
        connection.execute(SETTINGS.delete().where(SETTINGS.c.key == "gone"))
        connection.execute(SETTINGS.update().where(SETTINGS.c.key == "other").values(value=""))
    casebook.close()  # what lies in the -wal goes into the file
    assert b"deleted-" not in path.read_bytes()
    assert b"written-over-" not in path.read_bytes()


def test_a_reader_sees_what_the_writer_wrote_and_cannot_write(path: Path) -> None:
    casebook = open_sqlite(path)
    with casebook.engine.begin() as connection:
        work = Work(connection)
        work.advance("leads", 0, Progress(7, from_ms(0)))
        work.flush()
    reader = open_for_reading(path)
    with reader.connect() as connection:
        assert connection.execute(select(PROGRESS.c.next_offset)).scalar_one() == 7
        with pytest.raises(OperationalError, match="readonly"):
            connection.execute(PROGRESS.delete())
    reader.dispose()
    casebook.close()


def test_a_casebook_that_nobody_writes_is_read_too(path: Path) -> None:
    write(path)
    reader = open_for_reading(path)
    with reader.connect() as connection:
        assert connection.execute(select(PROGRESS.c.next_offset)).scalar_one() == 7
    reader.dispose()


def test_reading_makes_no_casebook(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    with pytest.raises(UserError) as raised:
        open_for_reading(path)
    assert (raised.value.code, raised.value.where) == ("casebook.missing", str(path))
    assert list(tmp_path.iterdir()) == []


def test_an_address_of_sqlite_is_a_path(tmp_path: Path) -> None:
    open_at(f"sqlite:///{tmp_path / 'c.sqlite'}").close()
    open_for_reading(f"sqlite:///{tmp_path / 'c.sqlite'}").dispose()
    assert (tmp_path / "c.sqlite").exists()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hidden@localhost/casebook",
        "postgresql+asyncpg://u:hidden@localhost/casebook",
        "postgresql://u:hidden@localhost",  # no database
        "sqlite://",  # in memory: gone at the end
        "u:hidden@localhost",
        "",
    ],
)
def test_other_addresses_are_refused_without_being_repeated(url: str) -> None:
    for opening in (open_at, open_for_reading):
        with pytest.raises(UserError) as raised:
            opening(url)
        assert raised.value.code == "casebook.url_unsupported"
        assert "hidden" not in f"{raised.value}{raised.value.__cause__}"
