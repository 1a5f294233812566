import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import IntegrityError

from connectors.bus.system import Arrival, Mark, Source, State, System, Unfit
from connectors.database import exchange
from connectors.database.engine import BAD_DATA, open_engine, transaction
from connectors.database.exchange import ExchangeTables
from connectors.database.tables import tables
from schemas.errors import Unavailable, UserError
from schemas.ids import MessageId
from schemas.json_text import DOCUMENT_MAX_BYTES
from tests.agency_home import lead
from tests.agency_sides import DatabaseSide

ONE = MessageId("11111111-3f1e-5a4b-9c55-2b6d4d9e5a11")
REASON = dict.fromkeys(("code", "where", "detail", "zh", "en", "remedy_zh", "remedy_en"), "x")


@pytest.fixture
def side(tmp_path: Path) -> DatabaseSide:
    return DatabaseSide(tmp_path / "exchange.db")


def opened(side: DatabaseSide) -> System:
    system = side.system()
    system.open()
    return system


def status(side: DatabaseSide) -> list[int]:
    return [row[0] for row in side.query("SELECT status FROM EX_OUT ORDER BY id")]


def test_rows_are_taken_once_in_order_and_no_more_than_asked(side: DatabaseSide) -> None:
    for number in range(3):
        side.put(str(number), "lead_transfer", json.dumps({"n": number}))
    system = opened(side)
    places = [[thing.place for thing in system.collect(2)] for _ in range(3)]
    assert places == [["1", "2"], ["3"], []]
    assert status(side) == [1, 1, 1]
    system.close()


def test_what_an_earlier_process_took_is_given_again_first(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    first = opened(side)
    before = first.collect(5)
    first.close()
    side.put("b", "lead_transfer", "{}")
    system = opened(side)
    assert system.collect(5) == before
    (later,) = system.collect(5)
    assert later.place == "2"
    system.close()


def test_a_row_that_was_taken_and_is_the_agency_s_again_is_not_given(side: DatabaseSide) -> None:
    for name in "ab":
        side.put(name, "lead_transfer", "{}")
    earlier = opened(side)
    earlier.collect(5)
    earlier.close()
    system = opened(side)
    assert [thing.place for thing in system.collect(1)] == ["1"]
    side.query("UPDATE EX_OUT SET status = 77 WHERE id = 2")
    assert system.collect(1) == ()
    system.close()


def test_a_row_that_is_not_new_is_left_alone(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    system = opened(side)
    for number in (2, 3, 9, 77):
        side.query("UPDATE EX_OUT SET status = ?", number)
        assert system.collect(5) == ()
    system.close()


@pytest.mark.parametrize(
    "payload", ["x" * (DOCUMENT_MAX_BYTES + 1), "\0" * (DOCUMENT_MAX_BYTES + 1)]
)
def test_a_payload_that_is_too_large_is_refused_and_the_next_goes_through(
    side: DatabaseSide, payload: str
) -> None:
    side.put("a", "lead_transfer", payload)
    side.put("b", "lead_transfer", "{}")
    system = opened(side)
    bad, good = system.collect(5)
    assert isinstance(good, Source)
    if isinstance(bad, Unfit):
        assert bad.refusal.code == "message.too_large"
        system.mark([Mark(bad.place, bad.digest, State.REJECTED, notice=REASON)])
        assert status(side) == [9, 1]
    else:
        assert len(bad.raw) > DOCUMENT_MAX_BYTES  # SQLite counts to the first NUL; the form says no
    system.close()


def test_bytes_that_are_no_text_reach_the_form_check_as_they_are(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    side.query("UPDATE EX_OUT SET payload = CAST(X'7B22FF' AS TEXT)")
    system = opened(side)
    (thing,) = system.collect(5)
    assert isinstance(thing, Source)
    assert thing.raw == b'{"\xff'
    system.close()


def test_a_mark_about_what_the_row_held_before_is_left_out(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    system = opened(side)
    (old,) = system.collect(5)
    side.put("a", "lead_transfer", '{"mended": true}')
    old_mark = Mark(old.place, old.digest, State.REJECTED, ONE, notice=REASON)
    system.mark([old_mark])
    assert status(side) == [0]
    system.collect(5)
    system.mark([old_mark])
    assert status(side) == [1]
    side.query("DELETE FROM EX_OUT")
    system.mark([old_mark])
    system.close()


@contextmanager
def between(engine: Engine, sql: str) -> Iterator[None]:
    """Let another transaction commit between what is read and the first thing that is written.

    Where a database locks a row only when it is written, as most do.
    """
    left = [sql]

    def come(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        del cursor
        if statement.startswith("UPDATE") and left:
            connection.exec_driver_sql(left.pop())

    event.listen(engine, "before_cursor_execute", come)
    yield
    event.remove(engine, "before_cursor_execute", come)
    assert not left


def test_a_row_that_somebody_else_has_taken_meanwhile_is_not_taken(tmp_path: Path) -> None:
    side = DatabaseSide(tmp_path / "exchange.db")
    for name in "ab":
        side.put(name, "lead_transfer", "{}")
    engine, system = raced(side)
    with between(engine, "UPDATE EX_OUT SET status = 77 WHERE id = 1"):
        assert [thing.place for thing in system.collect(5)] == ["2"]
    assert status(side) == [77, 1]
    system.close()


def test_a_row_that_the_agency_has_set_back_is_not_marked_before_it_is_taken_again(
    side: DatabaseSide,
) -> None:
    side.put("a", "lead_transfer", "{}")
    system = opened(side)
    (thing,) = system.collect(5)
    side.query("UPDATE EX_OUT SET status = 0")
    system.mark([Mark(thing.place, thing.digest, State.REJECTED, ONE, notice=REASON)])
    assert status(side) == [0]
    system.close()


def test_a_mark_about_an_earlier_try_is_left_out(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    system = opened(side)
    (thing,) = system.collect(5)
    side.query("UPDATE EX_OUT SET status = 0, retry = 1")
    assert [again.place for again in system.collect(5)] == ["1#1"]
    system.mark([Mark(thing.place, thing.digest, State.REJECTED, ONE, notice=REASON)])
    assert status(side) == [1]
    system.close()


def test_what_the_agency_has_put_there_meanwhile_is_not_marked(tmp_path: Path) -> None:
    side = DatabaseSide(tmp_path / "exchange.db")
    side.put("a", "lead_transfer", "{}")
    engine, system = raced(side)
    (thing,) = system.collect(5)
    with between(engine, "UPDATE EX_OUT SET status = 0, payload = '[]' WHERE id = 1"):
        system.mark([Mark(thing.place, thing.digest, State.PUBLISHED, ONE)])
    assert status(side) == [0]
    system.close()


def raced(side: DatabaseSide) -> tuple[Engine, System]:
    engine = open_engine(f"sqlite:///{side.path}", side.path.parent)
    return engine, ExchangeTables(engine, tables(), {}, side.path.parent, create=True)


def test_what_is_committed_is_on_the_disk(tmp_path: Path) -> None:
    engine = open_engine("sqlite:///here.db", tmp_path)
    with engine.connect() as connection:
        (full,) = connection.exec_driver_sql("PRAGMA synchronous").one()
        (mode,) = connection.exec_driver_sql("PRAGMA journal_mode").one()
    engine.dispose()
    assert (full, mode) == (2, "wal")


def test_a_counted_retry_is_sent_anew(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    system = opened(side)
    (first,) = system.collect(5)
    side.query("UPDATE EX_OUT SET status = 0, retry = 1")
    (second,) = system.collect(5)
    assert (first.place, second.place) == ("1", "1#1")
    system.mark([Mark(second.place, second.digest, State.PUBLISHED, ONE)])
    assert status(side) == [2]
    system.close()


def test_a_row_says_what_became_of_it(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    system = opened(side)
    (thing,) = system.collect(5)
    seen = []
    for state, notice in (
        (State.PUBLISHED, None),
        (State.HELD, {"envelope": {"record": "Held"}}),
        (State.REJECTED, REASON),
        (State.ACCEPTED, {"envelope": {"record": "Accepted"}}),
    ):
        system.mark([Mark(thing.place, thing.digest, state, ONE, notice=notice)])
        seen += side.query("SELECT status, receipt IS NULL, err_code, message_id FROM EX_OUT")
    assert seen == [(2, 1, None, ONE), (3, 0, None, ONE), (9, 1, "x", ONE), (2, 0, None, ONE)]
    system.close()


def test_what_the_table_refuses_is_told_apart_and_the_rest_is_written(side: DatabaseSide) -> None:
    system = opened(side)
    bad = lead("bad")
    side.query(
        "CREATE TRIGGER no_bad BEFORE INSERT ON EX_IN WHEN NEW.message_id ="
        f" '{bad.envelope.message_id}' BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    messages = [lead("one"), bad, lead("two")]
    arrived = system.deliver([Arrival(n, message) for n, message in enumerate(messages)])
    assert list(arrived.refused) == [bad.envelope.key]
    assert arrived.refused[bad.envelope.key].code == "inbox.unwritable"
    assert len(side.arrived()) == len(arrived.at) == 2
    system.close()


def test_an_outage_is_no_refusal(side: DatabaseSide) -> None:
    system = opened(side)
    side.query("ALTER TABLE EX_IN RENAME TO EX_AWAY")
    with pytest.raises(Unavailable, match=r"system\.unavailable"):
        system.deliver([Arrival(0, lead("one"))])
    side.query("ALTER TABLE EX_AWAY RENAME TO EX_IN")
    assert system.deliver([Arrival(0, lead("one"))]).at
    system.close()


def test_after_a_failure_what_was_taken_is_looked_for(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    system = opened(side)
    side.query("ALTER TABLE EX_OUT RENAME TO EX_AWAY")
    with pytest.raises(Unavailable):
        system.collect(5)
    side.query("UPDATE EX_AWAY SET status = 1")
    side.query("ALTER TABLE EX_AWAY RENAME TO EX_OUT")
    assert len(system.collect(5)) == 1
    system.close()


def test_what_a_commit_has_taken_whose_answer_was_lost_is_given(
    side: DatabaseSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = opened(side)
    assert system.collect(5) == ()
    side.put("a", "lead_transfer", "{}")

    @contextmanager
    def cut_off(engine: Engine) -> Iterator[Connection]:
        with transaction(engine) as connection:
            yield connection
        raise Unavailable("system.unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "transaction", cut_off)
        with pytest.raises(Unavailable):
            system.collect(5)
    assert status(side) == [1]
    assert [thing.place for thing in system.collect(5)] == ["1"]
    system.close()


def test_an_agency_may_have_its_own_tables_and_columns(tmp_path: Path) -> None:
    side = DatabaseSide(tmp_path / "own.db")
    names = tables(("T_OUT", "T_IN", "T_LEDGER"), {"payload": "CONTENT"}, {"payload": "BODY"})
    engine = open_engine(f"sqlite:///{side.path}", tmp_path)
    system = ExchangeTables(engine, names, {"XSYS": "lead_transfer"}, tmp_path, create=True)
    system.open()
    side.query("INSERT INTO T_OUT (biz_type, CONTENT) VALUES ('XSYS', '{}')")
    (thing,) = system.collect(5)
    assert isinstance(thing, Source)
    assert (thing.record, thing.raw) == ("lead_transfer", b"{}")
    system.mark([Mark(thing.place, thing.digest, State.PUBLISHED, ONE)])
    system.deliver([Arrival(0, lead("one"))])
    assert side.query("SELECT status FROM T_OUT") == [(2,)]
    assert json.loads(side.query("SELECT BODY FROM T_IN")[0][0])["volumes"] == 1
    system.close()


def test_tables_that_are_missing_are_made_only_where_that_is_wanted(tmp_path: Path) -> None:
    engine = open_engine("sqlite:///here.db", tmp_path)
    system = ExchangeTables(engine, tables(), {}, tmp_path, create=False)
    with pytest.raises(UserError, match=r"database\.table_missing EX_.* message_id, "):
        system.open()
    system.close()
    assert (tmp_path / "here.db").exists()


@pytest.mark.parametrize(
    ("table", "column"),
    [("EX_OUT", "biz_key"), ("EX_IN", "document_number"), ("EX_LEDGER", "since")],
)
def test_columns_that_are_missing_are_named_at_the_start_and_not_at_the_first_letter(
    side: DatabaseSide, table: str, column: str
) -> None:
    opened(side).close()
    side.query(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    system = side.system()
    with pytest.raises(UserError, match=rf"database\.table_missing {table} {column}$"):
        system.open()
    system.close()


def test_columns_that_only_the_agency_wants_may_be_missing(side: DatabaseSide) -> None:
    side.put("a", "lead_transfer", "{}")
    for column in ("EX_OUT.created", "EX_IN.status", "EX_IN.updated"):
        table, _, name = column.partition(".")
        side.query(f"ALTER TABLE {table} DROP COLUMN {name}")
    system = opened(side)
    (thing,) = system.collect(5)
    system.mark([Mark(thing.place, thing.digest, State.PUBLISHED, ONE)])
    assert system.deliver([Arrival(0, lead("one"))]).at
    assert status(side) == [2]
    system.close()


@pytest.mark.parametrize(
    "url", ["not a url", "nosuch://u:hush@db.example/d", "postgresql+nosuch://u:hush@db.example"]
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match=r"database\.unusable") as caught:
        open_engine(url, tmp_path)
    assert "hush" not in str(caught.value)


def test_a_database_that_cannot_be_opened_is_away(tmp_path: Path) -> None:
    system = ExchangeTables(
        open_engine("sqlite:///no/such/x.db", tmp_path), tables(), {}, tmp_path, create=True
    )
    with pytest.raises(Unavailable, match=r"system\.unavailable"):
        system.open()
    system.close()


def test_what_the_database_refuses_is_told_without_the_values_of_the_row(tmp_path: Path) -> None:
    engine = open_engine("sqlite://", tmp_path)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (name TEXT PRIMARY KEY)"))
        connection.execute(text("INSERT INTO t VALUES (:name)"), {"name": "慕容某某"})
    with pytest.raises(IntegrityError) as refused, transaction(engine, BAD_DATA) as connection:
        connection.execute(text("INSERT INTO t VALUES (:name)"), {"name": "慕容某某"})
    assert "慕容某某" not in str(refused.value)
