"""Opening a casebook on PostgreSQL: every wait ends, tables are made once, readers read."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, Table, create_engine, inspect, text
from sqlalchemy.exc import InternalError, OperationalError

from schemas.errors import Broken, Unavailable, UserError
from services.casebook import postgresql
from services.casebook.lockbox import WrappingKey
from services.casebook.migrate import bring_forward, migrate
from services.casebook.rows import Progress, from_ms
from services.casebook.statements import Values, insert, insert_missing, upsert
from services.casebook.store import Casebook, open_for_reading
from services.casebook.tables import CASE_KEYS, NUMBERS, ORIGINALS, OUTBOX, PROGRESS
from services.casebook.work import Work
from tests.office import open_at, rows
from tests.postgresql import Server

MIGRATION_LOCK = 0x7969_6368  # "yich", as every program of ours takes it
SECONDS_MAX = 30.0
AWAY = (
    "casebook.unavailable 连不上数据库：地址、库名、登录或网络 | "
    "no connection to the database: its address, its name, the login or the network"
)


def name_of(casebook: Casebook) -> str:
    return str(casebook.engine.url.database)


def waits_for_advisory_lock(connection: Connection) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(connection.execute(text(query)).scalar_one())


def setting(casebook: Casebook, name: str) -> str:
    with casebook.engine.connect() as connection:
        return str(connection.execute(text(f"SHOW {name}")).scalar_one())


def test_every_wait_of_a_worker_ends_in_seconds(casebook: Casebook) -> None:
    assert casebook.lock is None
    wanted = {
        "lock_timeout": "5s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "15s",
        "transaction_isolation": "read committed",
        "application_name": "yichuan-exchange",
    }
    assert {name: setting(casebook, name) for name in wanted} == wanted


def test_a_commit_reaches_the_disk_whatever_the_database_was_set_to(
    nowhere: str, server: Server, engine: Engine
) -> None:
    database = engine.url.database
    for there, here in (("off", "on"), ("remote_apply", "remote_apply")):
        server.run(f"ALTER DATABASE {database} SET synchronous_commit = {there}")
        casebook = open_at(nowhere)
        assert setting(casebook, "synchronous_commit") == here
        casebook.close()


def test_an_address_without_a_driver_gets_ours(nowhere: str) -> None:
    casebook = open_at(nowhere.replace("postgresql+psycopg", "postgresql"))
    assert casebook.engine.dialect.driver == "psycopg"
    casebook.close()


def test_workers_that_start_together_make_the_tables_once(nowhere: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(open_at, [nowhere] * 4))
    assert inspect(opened[0].engine).has_table("progress")
    for casebook in opened:
        casebook.close()


def test_a_migration_has_as_long_as_it_takes_and_says_its_steps(
    nowhere: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    limits = []

    def seen(connection: Connection, key_file: Path) -> WrappingKey:
        limits.append(connection.execute(text("SHOW statement_timeout")).scalar_one())
        return bring_forward(connection, key_file)

    monkeypatch.setattr(postgresql, "bring_forward", seen)
    with engine.begin() as connection:
        migrate(connection, "0011")
    caplog.clear()
    open_at(nowhere).close()
    assert limits == ["0"]
    told = [record.getMessage() for record in caplog.records if record.name == "yichuan.casebook"]
    assert told[0] == "casebook: bringing it forward, step 0012"
    assert told[1].startswith("casebook: step 0012 done in ")


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(30)", "migration_cancelled"),
        ("SET LOCAL lock_timeout = 10; LOCK TABLE held", "migrating"),
    ],
)
def test_a_migration_that_is_cut_off_says_by_what(
    nowhere: str, engine: Engine, monkeypatch: pytest.MonkeyPatch, ends: str, code: str
) -> None:
    def cut_off(connection: Connection, key_file: Path) -> WrappingKey:
        connection.execute(text(ends))
        raise AssertionError(key_file)

    monkeypatch.setattr(postgresql, "bring_forward", cut_off)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE held ()"))
    with engine.begin() as other:
        other.execute(text("LOCK TABLE held"))
        with pytest.raises(Unavailable) as raised:
            open_at(nowhere)
    assert raised.value.code == f"casebook.{code}"


def test_tables_do_not_change_under_a_running_worker(nowhere: str, engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection, "0001")
    with engine.connect() as older:
        older.execute(text("SET application_name = 'yichuan-exchange'"))
        older.commit()
        with pytest.raises(UserError) as raised:
            open_at(nowhere)
        assert raised.value.code == "casebook.in_use"
        assert raised.value.detail == "1 connections of yichuan-exchange"
        older.execute(text("SET application_name = 'psql'"))
        older.commit()
        open_at(nowhere).close()


def test_a_second_worker_is_welcome(casebook: Casebook) -> None:
    with casebook.engine.connect():
        url = casebook.engine.url.render_as_string(hide_password=False)
        open_at(url).close()


def test_a_reader_that_pauses_is_in_no_transaction(casebook: Casebook) -> None:
    """`yichuan resend` and `dead` read a topic between two statements, longer than one may idle."""
    reader = open_for_reading(casebook.engine.url.render_as_string(hide_password=False))
    state = text("SELECT state FROM pg_stat_activity WHERE pid = :pid")
    with reader.connect() as connection, casebook.engine.connect() as other:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        assert other.execute(state, {"pid": pid}).scalar_one() == "idle"
    reader.dispose()


def test_a_reader_sees_what_was_written_and_cannot_write(casebook: Casebook) -> None:
    with casebook.engine.begin() as connection:
        work = Work(connection, casebook.key)
        work.advance("leads", 0, Progress(7, from_ms(0)))
        work.flush()
    reader = open_for_reading(casebook.engine.url.render_as_string(hide_password=False))
    with reader.connect() as connection:
        assert connection.execute(PROGRESS.select()).one().next_offset == 7
        with pytest.raises(InternalError, match="read-only transaction"):
            connection.execute(PROGRESS.delete())
    reader.dispose()


def test_reading_makes_no_tables(nowhere: str, engine: Engine) -> None:
    with pytest.raises(UserError) as raised:
        open_for_reading(nowhere)
    assert (raised.value.code, raised.value.where) == ("casebook.missing", engine.url.database)
    assert inspect(engine).get_table_names() == []


def test_a_database_that_cannot_hold_chinese_is_refused(server: Server) -> None:
    name = server.new(encoding="LATIN1")
    with pytest.raises(UserError) as raised:
        open_at(server.url(name))
    assert (raised.value.code, raised.value.detail) == ("casebook.encoding", "LATIN1")
    server.drop(name)


def test_a_server_that_is_away_is_told_without_address_and_login(server: Server) -> None:
    for opening in (open_at, open_for_reading):
        with pytest.raises(Unavailable) as raised:
            opening(server.url("no_such_database"))
        assert str(raised.value) == AWAY
        assert raised.value.__suppress_context__


def test_errors_do_not_repeat_values(casebook: Casebook) -> None:
    with casebook.engine.connect() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 1"))
        with pytest.raises(OperationalError) as raised:
            connection.execute(text("SELECT pg_sleep(5), :value"), {"value": "李四"})
    assert "李四" not in str(raised.value)


def test_a_newer_casebook_is_refused_before_a_worker_touches_it(
    nowhere: str, engine: Engine
) -> None:
    open_at(nowhere).close()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Broken, match=r"casebook\.version 9999"):
        open_at(nowhere)


def test_a_worker_whose_casebook_was_brought_forward_writes_no_more(
    casebook: Casebook, server: Server
) -> None:
    with casebook.engine.begin() as connection:
        connection.execute(text("SELECT 1"))
    casebook.engine.dispose()  # its connections are lost, as in a failover, and it is not seen
    server.run("UPDATE alembic_version SET version_num = '9999'", database=name_of(casebook))
    with pytest.raises(Broken, match=r"casebook\.version 9999"), casebook.engine.begin():
        pass


def test_a_worker_that_connects_while_tables_change_waits_and_is_then_refused(
    casebook: Casebook, server: Server
) -> None:
    casebook.engine.dispose()
    changing = create_engine(server.url(name_of(casebook)))
    with ThreadPoolExecutor(1) as pool, changing.connect() as migration:
        migration.execute(text("SELECT pg_advisory_xact_lock(:l)"), {"l": MIGRATION_LOCK})
        migration.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connecting = pool.submit(casebook.engine.connect)
        while not waits_for_advisory_lock(migration):
            assert not connecting.done(), "it did not wait"
        migration.commit()
        with pytest.raises(Broken, match=r"casebook\.version 9999"):
            connecting.result(SECONDS_MAX)
    changing.dispose()


def test_many_new_rows_are_one_copy_whatever_they_hold(casebook: Casebook) -> None:
    texts = ["\\N", "a\tb", "a\nb", "\\.", "矿", '"', "\x01", ""]
    made: list[Values] = [
        {
            "source_topic": odd,
            "source_partition": number,
            "topic": odd,
            "key": odd.encode(),
            "value": None if number % 2 else b"\x00\\\n\xff",
            "headers": None,
            "case_id": odd or None,
        }
        for number, odd in enumerate(texts)
    ]
    with casebook.engine.begin() as connection:
        insert(connection, OUTBOX, made)
        own = text("SELECT query FROM pg_stat_activity WHERE pid = :pid")
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr] # psycopg's
        with casebook.engine.connect() as other:
            assert other.execute(own, {"pid": pid}).scalar_one().startswith("COPY outbox")
    found = [dict(row._mapping) for row in rows(casebook, OUTBOX)]
    assert [{name: row[name] for name in made[0]} for row in found] == made


def test_rows_that_may_be_there_are_written_many_at_once_over_those_that_are(
    casebook: Casebook,
) -> None:
    def numbers(of: range, message: str | None) -> list[Values]:
        return [{"organ": "a", "number": f"{each}号", "message_id": message} for each in of]

    keys = ("organ", "number")
    with casebook.engine.begin() as connection:
        upsert(connection, NUMBERS, keys, numbers(range(120), "first"))
        upsert(connection, NUMBERS, keys, numbers(range(100, 200), "second"))
        own = text("SELECT query FROM pg_stat_activity WHERE pid = :pid")
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr] # psycopg's
        with casebook.engine.connect() as other:
            assert other.execute(own, {"pid": pid}).scalar_one().count("), (") > 1
        insert_missing(connection, NUMBERS, numbers(range(190, 210), "third"))
    found = {row.number: row.message_id for row in rows(casebook, NUMBERS)}
    assert found == {f"{each}号": "first" for each in range(100)} | {
        f"{each}号": "second" for each in range(100, 200)
    } | {f"{each}号": "third" for each in range(200, 210)}


def test_a_number_that_is_not_given_is_none_in_each_of_many_rows(casebook: Casebook) -> None:
    """PostgreSQL is told no type of what is null."""
    kept: list[Values] = [
        {"name": f"case {each}", "wrapped": b"\x00key", "case_seq": None} for each in range(3)
    ]
    with casebook.engine.begin() as connection:
        insert_missing(connection, CASE_KEYS, kept)
    assert [row.case_seq for row in rows(casebook, CASE_KEYS)] == [None] * 3


def test_a_worker_reads_by_its_indexes_compiles_no_plans_and_counts_in_one_process(
    casebook: Casebook,
) -> None:
    """A table that has grown since it was analyzed would be read whole, batch after batch."""
    with casebook.engine.connect() as connection:
        ways = ("seqscan", "mergejoin", "hashjoin")
        names = (*(f"enable_{way}" for way in ways), "jit", "max_parallel_workers_per_gather")
        settings = [connection.scalar(text(f"SHOW {name}")) for name in names]
    assert settings == ["off", "off", "off", "off", "0"]


@pytest.mark.parametrize(("table", "column"), [(OUTBOX, "value"), (ORIGINALS, "body")])
def test_a_body_is_not_compressed_nor_put_away_in_pieces(
    casebook: Casebook, table: Table, column: str
) -> None:
    """It is locked, which nothing makes less, or gone in a moment."""
    texts = dict.fromkeys((each.name for each in table.columns), "x")
    row: Values = {**texts, "seq": 1, "source_partition": 0, "key": None, column: b"x" * 7_000}
    stored = text(
        f"SELECT pg_column_compression({column}) IS NOT NULL, pg_relation_size(reltoastrelid)"
        f" FROM {table.name}, pg_class WHERE relname = '{table.name}'"
    )
    with casebook.engine.begin() as connection:
        insert(connection, table, [{name: row[name] for name in texts}])
        assert connection.execute(stored).one() == (False, 0)
