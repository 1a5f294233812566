"""A casebook out of PostgreSQL into a file and back: every row, of one moment, all or nothing."""

import re
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    create_engine,
    inspect,
    make_url,
    text,
)

from schemas.errors import Broken, Unavailable, UserError
from services.casebook import postgresql_copy
from services.casebook.migrate import migrate, step_of
from services.casebook.next_numbers import next_numbers
from services.casebook.postgresql_copy import copy_from_server, empty_server
from services.casebook.standalone import copy_alone
from services.casebook.store import Casebook, open_sqlite
from services.casebook.table_copy import into_postgresql, into_sqlite
from services.casebook.tables import CASES, DECISIONS, METADATA, OUTBOX, SETTINGS
from services.exchange.incoming import Incoming
from tests.batches import LATER, lead
from tests.disk import Disk
from tests.history import MONDAY
from tests.office import KEY_FILE, Log, everything, open_at, rows, run
from tests.postgresql import Server

SECONDS_MAX: Final = 60.0
AWAY: Final = (
    "casebook.unavailable 连不上数据库：地址、库名、登录或网络 | "
    "no connection to the database: its address, its name, the login or the network"
)
ODD: Final = 3  # rows of every table with the values that are hardest to carry
TEXTS: Final = ("\\N\t\n\r\\.\x01", "矿 🀄 \u2028", "")
BYTES: Final = (b"\x00\\\n\xff", b"", b"\\x00")
LONG: Final = (2**63 - 1, -(2**63), 0)
SHORT: Final = (2**31 - 1, -(2**31), 0)


def letters(count: int, log: Log) -> list[Incoming]:
    """Leads, each of a case of its own, a Tick that moves their clocks, and junk."""
    first = log.put(lead(0), MONDAY)
    rest = [log.put(lead(number), MONDAY) for number in range(1, count)]
    junk = Incoming(log.tick(LATER, 0).position, b"key", b"no letter", LATER)
    return [first, *rest, log.tick(LATER, first.position.partition), junk]


def odd_rows(table: Table) -> list[dict[str, Any]]:
    return [{each.name: odd_value(each, at) for each in table.columns} for at in range(ODD)]


def odd_value(column: Column[Any], at: int) -> Any:
    if column.nullable and at == ODD - 1:
        return None
    values: Sequence[Any] = TEXTS
    if isinstance(column.type, Boolean):
        values = (True, False, True)
    elif isinstance(column.type, BigInteger):
        values = (10**9, 10**9 + 1, 10**9 + 2) if column.name == "seq" else LONG
    elif isinstance(column.type, Integer):
        values = SHORT
    elif isinstance(column.type, LargeBinary):
        values = BYTES
    return values[at]


def fill(casebook: Casebook, log: Log | None = None) -> None:
    """Let an exchange decide letters, and put odd rows into every table."""
    run(casebook, letters(20, log or Log()))
    with casebook.engine.begin() as connection:
        for table in METADATA.tables.values():
            connection.execute(table.insert(), odd_rows(table))


def all_rows(casebook: Casebook) -> dict[str, list[Any]]:
    """Every row of every table; a boolean is none that is a number."""
    return {
        name: [[(type(value), value) for value in row] for row in rows(casebook, table)]
        for name, table in METADATA.tables.items()
    }


def put_back(url: str, file: Path) -> None:
    with filling(url) as put:
        put(file)


@contextmanager
def filling(url: str) -> Iterator[Callable[[Path], None]]:
    with empty_server(make_url(url)) as put:
        yield put


def refused_to_put_back(url: str, file: Path) -> str:
    with pytest.raises((UserError, Broken, Unavailable)) as raised:
        put_back(url, file)
    return str(raised.value)


@contextmanager
def in_file(file: Path) -> Iterator[Casebook]:
    opened = open_sqlite(file, KEY_FILE)
    yield opened
    opened.close()


@contextmanager
def in_server(url: str) -> Iterator[Casebook]:
    opened = open_at(url)
    yield opened
    opened.close()


def url_of(casebook: Casebook) -> str:
    return casebook.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def copied(casebook: Casebook, tmp_path: Path) -> Path:
    """The file of a filled casebook."""
    fill(casebook)
    copy_from_server(casebook.engine.url, tmp_path / "copy.sqlite")
    return tmp_path / "copy.sqlite"


def test_every_row_of_every_table_is_in_the_file_as_it_was(
    casebook: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(casebook)
    file, disk = tmp_path / "copy.sqlite", Disk(monkeypatch)
    copy_from_server(casebook.engine.url, file)
    assert disk.has_whole(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    wanted = all_rows(casebook)
    assert min(map(len, wanted.values())) >= ODD
    with in_file(file) as opened:
        assert all_rows(opened) == wanted
        there = inspect(opened.engine)
        assert {each["name"] for name in METADATA.tables for each in there.get_indexes(name)} == {
            index.name for table in METADATA.tables.values() for index in table.indexes
        }


def test_put_back_every_row_is_there_again_and_new_ones_are_numbered_behind_them(
    casebook: Casebook, copied: Path, nowhere: str
) -> None:
    put_back(nowhere, copied)
    with in_server(nowhere) as again:
        assert all_rows(again) == all_rows(casebook)
        with again.engine.begin() as connection:
            for table in (CASES, DECISIONS, OUTBOX):
                assert next_numbers(connection, table, 2) == [10**9 + ODD, 10**9 + ODD + 1]


def test_a_casebook_of_sqlite_goes_into_postgresql_as_it_is(tmp_path: Path, nowhere: str) -> None:
    with in_file(tmp_path / "casebook.sqlite") as source:
        fill(source)
        wanted = all_rows(source)
        copy_alone(tmp_path / "casebook.sqlite", tmp_path / "copy.sqlite")
    put_back(nowhere, tmp_path / "copy.sqlite")
    with in_server(nowhere) as moved:
        assert all_rows(moved) == wanted


def test_whichever_way_it_went_what_comes_next_is_decided_as_if_it_had_stayed(
    casebook: Casebook, tmp_path: Path, nowhere: str
) -> None:
    log = Log()
    records = letters(20, log)
    later = [log.put(lead(number), LATER) for number in range(20, 30)]
    later.append(log.tick(LATER, later[0].position.partition))
    run(casebook, records)
    copy_from_server(casebook.engine.url, tmp_path / "copy.sqlite")
    put_back(nowhere, tmp_path / "copy.sqlite")
    with in_server(nowhere) as there, in_file(tmp_path / "copy.sqlite") as here:
        for each in (casebook, there, here):
            run(each, later)
        assert everything(there) == everything(here) == everything(casebook)


def test_what_is_written_while_it_is_copied_is_of_another_moment(
    casebook: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    run(casebook, letters(5, log))
    before = all_rows(casebook)

    def meanwhile(*given: Any) -> Any:
        run(casebook, [log.put(lead(5), MONDAY)])  # the exchange is not held up
        return into_sqlite(*given)

    monkeypatch.setattr(postgresql_copy, "into_sqlite", meanwhile)
    copy_from_server(casebook.engine.url, tmp_path / "copy.sqlite")
    with in_file(tmp_path / "copy.sqlite") as opened:
        assert all_rows(opened) == before != all_rows(casebook)


def test_an_older_casebook_is_copied_and_put_back_at_its_own_step(
    engine: Engine, server: Server, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        migrate(connection, "0011")
        tables = MetaData()
        tables.reflect(connection)
        cases, duties = tables.tables["cases"], tables.tables["duties"]
        case = {"case_id": "c", "topic": "leads", "partition": 0, "state": "open", "waiting": 0}
        connection.execute(cases.insert(), case | {"body": "{}"})
        duty = {"duty_id": "d", "case_id": "c", "position": 0, "kind": "k", "owner": "o"}
        duty |= {"topic": "leads", "partition": 0, "due_ms": 7, "open": True, "body": "{}"}
        connection.execute(duties.insert(), duty)
    copy_from_server(engine.url, tmp_path / "copy.sqlite")
    other = server.url(server.new())
    put_back(other, tmp_path / "copy.sqlite")
    with in_server(other) as again, again.engine.connect() as connection:  # brought forward
        found = connection.execute(text("SELECT case_seq, due_ms, open FROM duties")).one()
    assert tuple(found) == (1, 7, True)
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0011",)]


def test_tables_that_change_between_two_looks_are_not_copied(
    casebook: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with casebook.engine.connect() as changing:
        changing.execute(text("LOCK TABLE cases IN ACCESS EXCLUSIVE MODE"))
        monkeypatch.setattr(postgresql_copy, "LOCK_SECONDS_MAX", 1)
        with pytest.raises(Unavailable, match=r"casebook\.migrating > 1 s"):
            copy_from_server(casebook.engine.url, tmp_path / "one.sqlite")
    steps = iter(["0015", "0016"])
    monkeypatch.setattr(postgresql_copy, "step_of", lambda _connection: next(steps))
    with pytest.raises(Unavailable, match=r"^casebook\.migrating$"):
        copy_from_server(casebook.engine.url, tmp_path / "two.sqlite")


def test_where_no_exchange_ever_was_there_is_nothing_to_copy(
    engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as raised:
        copy_from_server(engine.url, tmp_path / "copy.sqlite")
    assert (raised.value.code, raised.value.where) == ("casebook.missing", engine.url.database)


def test_a_database_that_has_a_casebook_keeps_it(casebook: Casebook, copied: Path) -> None:
    before = all_rows(casebook)
    casebook.engine.dispose()
    told = refused_to_put_back(url_of(casebook), copied)
    assert told == f"backup.database_not_empty {casebook.engine.url.database}"
    assert all_rows(casebook) == before


def test_nothing_is_put_under_the_feet_of_an_exchange(
    copied: Path, nowhere: str, engine: Engine
) -> None:
    with engine.connect() as worker:
        worker.execute(text("SET application_name = 'yichuan-exchange'"))
        worker.commit()
        told = refused_to_put_back(nowhere, copied)
    assert told == "casebook.in_use 1 connections of yichuan-exchange"


def test_an_exchange_that_starts_meanwhile_waits_and_finds_all_of_it(
    casebook: Casebook, copied: Path, nowhere: str, engine: Engine
) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with filling(nowhere) as put, engine.connect() as look:
            starting = pool.submit(open_at, nowhere)
            while not look.execute(waiting).scalar():
                assert not starting.done(), "it did not wait"
                look.rollback()
            put(copied)
        started = starting.result(SECONDS_MAX)
    assert all_rows(started) == all_rows(casebook)
    started.close()


def test_a_database_that_cannot_hold_chinese_is_not_filled(copied: Path, server: Server) -> None:
    name = server.new(encoding="LATIN1")
    assert refused_to_put_back(server.url(name), copied) == "casebook.encoding LATIN1"
    server.drop(name)


def less_by_one(copy: sqlite3.Connection, target: Any, *given: Any) -> Any:
    sent = into_postgresql(copy, target, *given)
    target.execute("DELETE FROM settings WHERE value = ''")
    return sent


def another_value(copy: sqlite3.Connection, target: Any, *given: Any) -> Any:
    sent = into_postgresql(copy, target, *given)
    target.execute("UPDATE duties SET open = NOT open WHERE owner = ''")
    return sent


@pytest.mark.parametrize(
    ("spoilt", "table"),
    [(less_by_one, "settings"), (another_value, "duties")],
)
def test_what_does_not_arrive_as_it_was_leaves_the_database_empty(
    copied: Path,
    nowhere: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    spoilt: Any,
    table: str,
) -> None:
    monkeypatch.setattr(postgresql_copy, "into_postgresql", spoilt)
    told = refused_to_put_back(nowhere, copied)
    assert re.match(rf"backup\.differs {table} \d+ rows, \d+ sent$", told)
    assert inspect(engine).get_table_names() == []


def test_a_file_that_does_not_hold_what_was_read_is_no_copy(
    casebook: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(casebook)

    def spoilt(source: Any, copy: sqlite3.Connection, *given: Any) -> Any:
        sent = into_sqlite(source, copy, *given)
        copy.execute("UPDATE originals SET body = x'00' WHERE sender = ''")
        return sent

    monkeypatch.setattr(postgresql_copy, "into_sqlite", spoilt)
    with pytest.raises(Broken, match=r"backup\.differs originals"):
        copy_from_server(casebook.engine.url, tmp_path / "copy.sqlite")


@pytest.mark.parametrize("value", ["李四\x00", "李四" * 40], ids=["nul", "long"])
def test_what_postgresql_does_not_take_is_said_without_repeating_it(
    tmp_path: Path, nowhere: str, engine: Engine, value: str
) -> None:
    with in_file(tmp_path / "casebook.sqlite") as source, source.engine.begin() as connection:
        connection.execute(SETTINGS.insert().values(key=value, value="x"))
    told = refused_to_put_back(nowhere, tmp_path / "casebook.sqlite")
    assert told.startswith(f"backup.not_storable {engine.url.database} ")
    assert "李四" not in told
    assert inspect(engine).get_table_names() == []


def test_a_server_that_is_away_is_told_without_address_and_login(
    server: Server, copied: Path, tmp_path: Path, engine: Engine
) -> None:
    away = server.url("no_such_database")
    assert refused_to_put_back(away, copied) == AWAY
    with pytest.raises(Unavailable) as raised:
        copy_from_server(engine.url.set(database="no_such_database"), tmp_path / "other.sqlite")
    assert str(raised.value) == AWAY


def test_a_table_with_a_column_of_somebody_else_s_is_not_copied(
    casebook: Casebook, tmp_path: Path
) -> None:
    with casebook.engine.begin() as connection:
        connection.execute(text("ALTER TABLE dead ADD COLUMN remark text"))
    with pytest.raises(Broken, match=r"casebook\.version dead"):
        copy_from_server(casebook.engine.url, tmp_path / "copy.sqlite")


def test_a_full_disk_is_told_as_such(
    casebook: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(casebook)
    limits = ("max_page_count = 60", "page_size = 4096")
    monkeypatch.setattr(postgresql_copy, "_PRAGMAS", limits)
    with pytest.raises(UserError) as raised:
        copy_from_server(casebook.engine.url, tmp_path / "copy.sqlite")
    assert (raised.value.code, raised.value.detail) == ("file.unwritable", "SQLITE_FULL")


@pytest.mark.parametrize("step", ["0001", "0006", "0010", "0013", "0016"])
def test_at_every_step_both_databases_have_the_same_columns(
    engine: Engine, server: Server, tmp_path: Path, step: str
) -> None:
    with engine.begin() as connection:
        migrate(connection, step)
    copy_from_server(engine.url, tmp_path / "copy.sqlite")
    name = server.new()
    put_back(server.url(name), tmp_path / "copy.sqlite")
    there = create_engine(server.url(name))
    with there.connect() as connection:
        assert step_of(connection) == step
    there.dispose()
    server.drop(name)
