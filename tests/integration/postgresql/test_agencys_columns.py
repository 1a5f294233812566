"""Columns of the agency's own types: they work, or the start says which does not."""

from pathlib import Path

import pytest

from connectors.bus.system import Arrival, Mark, Source, State
from connectors.database.engine import open_engine
from schemas.errors import UserError
from tests.agency_home import lead
from tests.owned_tables import Shared

RAISES = (
    "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'not here'; END $$"
)


@pytest.fixture
def shared(nowhere: str, tmp_path: Path) -> Shared:
    found = Shared(lambda: open_engine(nowhere, tmp_path), tmp_path)
    system = found.connector("mugang")
    system.open()
    system.close()
    return found


def change(shared: Shared, table: str, column: str, kind: str) -> None:
    shared.run(f'ALTER TABLE "{table}" ALTER COLUMN {column} DROP DEFAULT')
    using = f"USING {column}::text::{kind}"
    shared.run(f'ALTER TABLE "{table}" ALTER COLUMN {column} TYPE {kind} {using}')


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("EX_OUT", "status", "char(1)"),
        ("EX_OUT", "updated", "timestamp"),
        ("EX_OUT", "updated", "date"),
        ("EX_OUT", "payload", "jsonb"),
        ("EX_IN", "created", "timestamptz"),
        ("EX_IN", "payload", "jsonb"),
        ("EX_LEDGER", "since", "timestamptz"),
        ("EX_LEDGER", "message_id", "uuid"),
        ("EX_FILE", "position", "text"),
    ],
)
def test_a_type_that_cannot_work_is_told_at_the_start(
    shared: Shared, table: str, column: str, kind: str
) -> None:
    change(shared, table, column, kind)
    system = shared.connector("mugang")
    with pytest.raises(UserError, match=rf"database\.unusable {table} ") as found:
        system.open()
    assert found.value.exit_code == 3
    system.close()


def test_a_right_that_is_missing_is_told_at_the_start(nowhere: str, shared: Shared) -> None:
    shared.run("CREATE ROLE clerk LOGIN")
    shared.run('GRANT SELECT, UPDATE ON "EX_OUT", "EX_OWNER" TO clerk')
    shared.run('GRANT SELECT, INSERT, UPDATE ON "EX_LEDGER", "EX_FILE" TO clerk')
    shared.run('GRANT SELECT ON "EX_IN" TO clerk')
    url = nowhere.replace("postgres@", "clerk@")
    system = Shared(lambda: open_engine(url, shared.folder), shared.folder).connector("mugang")
    try:
        with pytest.raises(UserError, match=r"database\.unusable EX_IN permission denied"):
            system.open()
    finally:
        system.close()
        shared.run("DROP OWNED BY clerk")
        shared.run("DROP ROLE clerk")


def test_numbers_with_decimals_and_texts_of_one_length_work(shared: Shared) -> None:
    for table, column, kind in (
        ("EX_OUT", "id", "numeric(18,2)"),
        ("EX_OUT", "biz_type", "char(30)"),
        ("EX_LEDGER", "sender", "char(20)"),
    ):
        change(shared, table, column, kind)
    shared.run("INSERT INTO \"EX_OUT\" (id, biz_type, payload) VALUES (1, 'lead_transfer', '1')")
    system = shared.connector("mugang")
    system.open()
    (thing,) = system.collect(5)
    assert isinstance(thing, Source)
    assert thing.record == "lead_transfer"
    system.mark([Mark(thing.place, thing.digest, State.PUBLISHED)])
    assert shared.run('SELECT status FROM "EX_OUT"') == [(2,)]
    for _ in range(2):  # the second time it is known by its sender
        assert len(system.deliver([Arrival(0, lead("one"))]).at) == 1
    system.close()


def test_a_letter_that_a_trigger_refuses_keeps_no_other_from_the_agency(shared: Shared) -> None:
    shared.run(RAISES)
    shared.run(
        'CREATE TRIGGER t BEFORE INSERT ON "EX_IN" FOR EACH ROW'
        " WHEN (NEW.batch_no = 0) EXECUTE FUNCTION no()"
    )
    system = shared.connector("mugang")
    system.open()
    first, second = Arrival(0, lead("one")), Arrival(1, lead("two"))
    arrived = system.deliver([first, second])
    assert arrived.refused[first.key].code == "inbox.unwritable"
    assert list(arrived.at) == [second.key]
    system.close()
