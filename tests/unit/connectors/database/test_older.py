"""Exchange tables of before, on SQLite; tests/integration/postgresql has the same on PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.database.engine import open_engine
from connectors.database.exchange import ExchangeTables
from connectors.database.tables import tables
from schemas.errors import UserError
from tests.agency_home import lead
from tests.agency_sides import DatabaseSide
from tests.older_tables import CASES, IN, OlderSide, outdated


@pytest.fixture
def side(tmp_path: Path) -> OlderSide:
    return OlderSide(lambda: open_engine("sqlite:///exchange.db", tmp_path), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_tables_of_before(side: OlderSide, case: Callable[[OlderSide], None]) -> None:
    case(side)


def test_what_the_agency_put_to_its_table_stays(side: OlderSide) -> None:
    """A column, an index, a trigger, a view; and an id is never given twice."""
    side.run("ALTER TABLE \"EX_IN\" ADD COLUMN handled_by TEXT DEFAULT 'nobody'")
    side.run('CREATE INDEX by_hand ON "EX_IN" (handled_by)')
    side.run("CREATE TABLE seen (id INTEGER)")
    side.run(
        'CREATE TRIGGER on_arrival AFTER INSERT ON "EX_IN"'
        " BEGIN INSERT INTO seen VALUES (NEW.id); END"
    )
    side.run("CREATE VIEW of_nobody AS SELECT id FROM \"EX_IN\" WHERE handled_by = 'nobody'")
    for message in (lead("one"), lead("two")):
        side.arrived_before(message)
    side.run('DELETE FROM "EX_IN" WHERE id = 2')
    with side.opened() as system:
        side.deliver(system, lead("three"))
    assert side.run("SELECT id FROM of_nobody ORDER BY id") == [(1,), (3,)]
    assert side.run("SELECT id FROM seen ORDER BY id") == [(1,), (2,), (3,)]
    indexes = side.run("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    assert ("by_hand",) in indexes


def test_a_table_that_the_agency_made_its_own_way_is_told_of(tmp_path: Path) -> None:
    side = DatabaseSide(tmp_path / "own.db")
    side.query("CREATE TABLE EX_IN (id INTEGER PRIMARY KEY, message_id TEXT UNIQUE, sender TEXT)")
    with pytest.raises(UserError, match=outdated("EX_IN", r"UNIQUE \(message_id, sender\)")):
        side.system().open()


def test_names_of_the_agencys_own_are_kept(side: OlderSide, tmp_path: Path) -> None:
    text = IN.replace("EX_IN", "T_IN").replace("message_id", "MSG_ID").replace("sender", "SENT BY")
    serial = "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"
    side.run(text.format(serial=serial).replace("SENT BY VARCHAR", '"SENT BY" VARCHAR'))
    names = tables(("T_OUT", "T_IN", "T_LEDGER"), {}, {"message_id": "MSG_ID", "sender": "SENT BY"})
    engine = open_engine("sqlite:///exchange.db", tmp_path)
    system = ExchangeTables(engine, names, {}, tmp_path, create=True)
    system.open()
    for message in side.two():
        side.deliver(system, message)
    system.close()
    assert len(side.run("SELECT id FROM T_IN")) == 2
