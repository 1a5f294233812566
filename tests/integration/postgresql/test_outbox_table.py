"""The database connector on PostgreSQL: an outbox table of Debezium's, and our own EX_OUT."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.bus.system import Arrival, Mark, Source, State
from connectors.database.engine import open_engine
from connectors.database.exchange import ExchangeTables
from connectors.database.tables import outbox_tables, tables
from schemas.errors import UserError
from tests.agency_home import lead
from tests.older_tables import CASES as OLDER
from tests.older_tables import OlderSide
from tests.outbox_cases import CASES, ONE, key, opened, two_writers_at_once_lose_nothing
from tests.outbox_side import OutboxSide


@pytest.fixture
def side(nowhere: str, tmp_path: Path) -> Iterator[OutboxSide]:
    found = OutboxSide(lambda: open_engine(nowhere, tmp_path))
    yield found
    found.engine.dispose()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_an_outbox_table(side: OutboxSide, case: Callable[[OutboxSide], None]) -> None:
    case(side)


def test_two_writers_at_once_lose_nothing(side: OutboxSide) -> None:
    two_writers_at_once_lose_nothing(side)


def test_a_table_in_a_schema_is_ordered_by_a_time_of_its_own(side: OutboxSide) -> None:
    side.run("CREATE SCHEMA cases")
    side.run("ALTER TABLE outbox SET SCHEMA cases")
    side.run("SET search_path TO cases")
    for number in range(3):
        side.run(
            "INSERT INTO cases.outbox VALUES (:id, 'c', 'c', 'lead_transfer', '{}', :at)",
            id=key(number),
            at=f"2026-09-2{number}T00:00:00Z",
        )
    columns = {"timestamp": "timestamp"}
    found = outbox_tables(("cases.outbox", "EX_ANSWER", "EX_IN", "EX_LEDGER"), columns)
    with opened(side, tables=found) as system:
        assert [thing.place for thing in system.collect(5)] == [key(0), key(1), key(2)]


def test_a_table_that_is_missing_or_another_is_told_at_the_start(side: OutboxSide) -> None:
    side.run("ALTER TABLE outbox RENAME COLUMN payload TO body")
    with pytest.raises(UserError, match=r"database\.table_missing outbox payload"):
        side.system()
    side.run("DROP TABLE outbox")
    with pytest.raises(UserError, match=r"database\.table_missing outbox id, "):
        side.system()


def test_exchange_tables_work_on_postgresql_too(nowhere: str, tmp_path: Path) -> None:
    system = ExchangeTables(open_engine(nowhere, tmp_path), tables(), {}, tmp_path, create=True)
    system.open()
    try:
        with system._engine.begin() as connection:
            rows = [{"biz_type": "lead_transfer", "payload": json.dumps({"n": n})} for n in (1, 2)]
            connection.execute(tables().out.insert(), rows)
        first, second = system.collect(5)
        assert isinstance(first, Source)
        assert (first.place, first.raw, second.place) == ("1", b'{"n": 1}', "2")
        system.mark([Mark(first.place, first.digest, State.PUBLISHED, ONE)])
        assert system.collect(5) == ()
        assert system.deliver([Arrival(0, lead("one"))]).at
    finally:
        system.close()


@pytest.mark.parametrize("case", OLDER, ids=lambda case: case.__name__)
def test_tables_of_before(nowhere: str, tmp_path: Path, case: Callable[[OlderSide], None]) -> None:
    side = OlderSide(lambda: open_engine(nowhere, tmp_path), tmp_path)
    case(side)
    side.engine.dispose()
