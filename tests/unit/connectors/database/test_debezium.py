"""connectors/database/debezium.py on SQLite; the same cases run on PostgreSQL."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bus.system import Mark, Source, State, System, Unfit
from connectors.database import debezium, exchange
from connectors.database.app import DatabaseConfig, _system
from connectors.database.debezium import Debezium
from connectors.database.engine import open_engine
from connectors.database.map import event_record, event_row, event_unfitness
from connectors.database.tables import outbox_tables
from schemas.errors import Refusal, UserError, texts
from schemas.json_text import DOCUMENT_MAX_BYTES
from tests.outbox_cases import CASES, REASON, key, opened
from tests.outbox_side import OutboxSide, sqlite_side

URL = "sqlite:///agency.db"


@pytest.fixture
def side(tmp_path: Path) -> Iterator[OutboxSide]:
    found = sqlite_side(tmp_path)
    yield found
    found.engine.dispose()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_an_outbox_table(side: OutboxSide, case: Callable[[OutboxSide], None]) -> None:
    case(side)


def test_rows_without_a_usable_id_get_one_answer_and_the_others_go_through(
    side: OutboxSide, tmp_path: Path
) -> None:
    side.run("DROP TABLE outbox")
    side.run("CREATE TABLE outbox (id, aggregatetype, aggregateid, type, payload)")
    with closing(sqlite3.connect(tmp_path / "agency.db")) as database, database:
        ids = [None, "", "x" * 201, "a\nb", "理由", b"\xff\x00", 7, key(1)]
        rows = [(one, "case", "1", "lead_transfer", "{}") for one in ids]
        database.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?, ?)", rows)
        broken = "INSERT INTO outbox VALUES (CAST(X'41FF' AS TEXT), 'c', '1', 'x', '{}')"
        database.execute(broken)
    with opened(side) as system:
        bad, *good = system.collect(20)
        assert isinstance(bad, Unfit)
        assert (bad.place, bad.refusal.code) == ("", "row.key_invalid")
        assert [thing.place for thing in good] == ["ff00", "7", key(1)]
        system.mark([Mark(bad.place, bad.digest, State.REJECTED, notice=REASON)])
        assert (side.answer("") or {})["status"] == 9
        assert system.collect(20) == ()


def test_a_payload_that_is_no_text_or_too_large_is_never_read_whole(
    side: OutboxSide, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "agency.db")) as database, database:
        payloads = [b'{"\xff', "\0" * (DOCUMENT_MAX_BYTES + 1), "长" * DOCUMENT_MAX_BYTES, 7]
        rows = [(key(n), "c", "1", "lead_transfer", one) for n, one in enumerate(payloads)]
        database.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?, ?)", rows)
    with opened(side) as system:
        broken, nul, large, number = system.collect(5)
    assert isinstance(broken, Source)
    assert broken.raw == b'{"\xff'
    for bad in (nul, large):
        assert isinstance(bad, Unfit)
        assert bad.refusal.code == "message.too_large"
    assert isinstance(number, Source)


def test_what_has_its_answer_is_given_to_no_later_process(side: OutboxSide) -> None:
    for number in range(3):
        side.put(key(number), "{}")
    with opened(side) as system:
        first, second, _ = system.collect(5)
        assert isinstance(first, Source)
        assert isinstance(second, Source)
        system.mark([Mark(first.place, first.digest, State.REJECTED, notice=REASON)])
        system.mark([Mark(second.place, second.digest, State.ACCEPTED)])
    with opened(side) as later:
        assert [thing.place for thing in later.collect(5)] == [key(2)]
        assert later.collect(5) == ()


def debezium_of(folder: Path) -> System:
    if not (folder / "agency.db").exists():
        side = sqlite_side(folder)
        for number in range(6):
            side.put(key(number), '"abcd"')
        side.engine.dispose()
    return Debezium(open_engine(URL, folder), outbox_tables(), {}, folder, create=True)


def exchange_of(folder: Path) -> System:
    source = {"url": URL}
    config = DatabaseConfig.model_validate({"organ": "a1", "kind": "database", "source": source})
    is_new = not (folder / "agency.db").exists()
    system = _system(config, open_engine(URL, folder), folder)
    if is_new:
        system.open()
        with closing(sqlite3.connect(folder / "agency.db")) as database, database:
            rows = [("lead_transfer", '"abcd"')] * 6
            database.executemany("INSERT INTO EX_OUT (biz_type, payload) VALUES (?, ?)", rows)
    return system


@pytest.mark.parametrize(("module", "of"), [(debezium, debezium_of), (exchange, exchange_of)])
def test_what_is_taken_at_once_is_bounded_in_bytes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    of: Callable[[Path], System],
) -> None:
    monkeypatch.setattr(module, "READ_BYTES_MAX", 10)
    lives = []
    for _ in range(2):
        system = of(tmp_path)
        system.open()
        taken = [system.collect(5) for _ in range(5)]
        system.close()
        assert max(len(things) for things in taken) == 2
        lives.append([thing.place for things in taken for thing in things])
    assert lives[0] == lives[1]
    assert len(lives[0]) == 6


def test_a_time_that_is_named_must_be_there(side: OutboxSide) -> None:
    found = outbox_tables(out_columns={"timestamp": "created_at"})
    with pytest.raises(UserError, match=r"database\.table_missing outbox created_at"):
        side.system(tables=found)
    side.run("ALTER TABLE outbox ADD COLUMN created_at TEXT")
    for number in (2, 1, 3):
        side.put(key(number), "{}")
        side.run("UPDATE outbox SET created_at = :at WHERE id = :id", at=number, id=key(number))
    with opened(side, tables=found) as system:
        assert [thing.place for thing in system.collect(5)] == [key(1), key(2), key(3)]


def test_a_database_whose_order_of_writing_is_unknown_must_name_a_time(side: OutboxSide) -> None:
    system = Debezium(side.connect(), outbox_tables(), {}, Path("files"), create=True)
    system._engine.dialect.name = "other"
    with pytest.raises(UserError, match=r"map\.out\.timestamp"):
        system.open()
    system._engine.dialect.name = "sqlite"
    system.close()


def test_the_configuration_chooses_the_layout(tmp_path: Path) -> None:
    source = {"url": "sqlite:///x.db", "layout": "debezium", "out": "cases.outbox"}
    table = {"organ": "a1", "kind": "database", "source": source, "map": {"out": {"id": "EVENT"}}}
    owned = _system(
        DatabaseConfig.model_validate(table), open_engine("sqlite://", tmp_path), tmp_path
    )
    system = owned._system
    assert isinstance(system, Debezium)
    assert system._tables.outbox.fullname == "cases.outbox"
    assert system._tables.outbox.c.id.name == "EVENT"
    system.close()


@pytest.mark.parametrize(
    ("names", "record"),
    [
        (("case", "LeadTransferIssued"), "lead_transfer"),
        (("lead_transfer", "Issued"), "lead_transfer"),
        (("case", "filing_reply"), "filing_reply"),
        (("case", "FilingReply"), "FilingReply"),
        (("case", "Issued"), None),
        ((None, None), None),
    ],
)
def test_type_names_the_record_or_aggregatetype_does(
    names: tuple[str | None, str | None], record: str | None
) -> None:
    row = event_row(["k", *names, "{}", 2])
    assert event_record(row, {"LeadTransferIssued": "lead_transfer"}) == record


@given(st.one_of(st.binary(), st.text(), st.integers(), st.floats(), st.none()))
def test_whatever_an_event_holds_it_is_read_or_refused(value: object) -> None:
    row = event_row(["k", value, value, value, 1])
    refusal = event_unfitness(row)
    assert refusal is None or isinstance(refusal, Refusal)
    assert refusal is None or refusal.code in texts()
    event_record(row, {})
    assert len(row.digest) == 64
    if isinstance(value, bytes):
        assert row.raw == value
