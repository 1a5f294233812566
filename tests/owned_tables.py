"""Whose exchange tables are, on each database: what two connectors on the same ones may do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from connectors.bus.system import Arrival, Landed
from connectors.database import app
from connectors.database.app import DatabaseConfig
from connectors.database.owner import Owned
from schemas.errors import UserError
from tests.agency_home import lead


@dataclass
class Shared:
    """One database, and configurations of connectors on it."""

    new_engine: Callable[[], Engine]
    folder: Path

    def connector(self, organ: str, **source: Any) -> Owned:
        """Return an organ's system, not opened yet."""
        tables = {"url": "sqlite://", **source}
        found = {"organ": organ, "kind": "database", "source": tables}
        config = DatabaseConfig.model_validate(found)
        return app._system(config, self.new_engine(), self.folder / organ)

    def run(self, sql: str, **values: Any) -> list[Any]:
        """Run one statement as the agency's own software would."""
        engine = self.new_engine()
        try:
            with engine.begin() as connection:
                found = connection.execute(text(sql), values)
                return [tuple(row) for row in found] if found.returns_rows else []
        finally:
            engine.dispose()

    def put(self, table: str = "EX_OUT") -> None:
        """Want a letter sent."""
        self.run(f"INSERT INTO \"{table}\" (biz_type, payload) VALUES ('lead_transfer', '{{}}')")


def refused(system: Owned, code: str) -> None:
    with pytest.raises(UserError, match=code) as found:
        system.open()
    assert found.value.exit_code == 3
    system.close()


def another_organ_takes_no_letter_from_these_tables(shared: Shared) -> None:
    ours = shared.connector("mugang")
    ours.open()
    shared.put()
    refused(shared.connector("langdai"), r"database\.of_another .*mugang")
    ours.close()
    refused(shared.connector("langdai"), r"database\.of_another .*mugang")  # nor when it stands
    own_inbox = {"in": "EX_IN_2", "ledger": "EX_LEDGER_2", "files_table": "EX_FILE_2"}
    refused(shared.connector("langdai", **own_inbox), r"database\.of_another .*(?i:ex_out)")
    assert shared.run('SELECT status FROM "EX_OUT"') == [(0,)]
    again = shared.connector("mugang")
    again.open()
    assert [thing.place for thing in again.collect(5)] == ["1"]
    again.close()


def two_organs_share_a_database_each_with_its_own_tables(shared: Shared) -> None:
    other = {"out": "B_OUT", "in": "B_IN", "ledger": "B_LEDGER", "files_table": "B_FILE"}
    systems = [shared.connector("mugang"), shared.connector("langdai", **other)]
    for system in systems:
        system.open()
    shared.put("B_OUT")
    message = lead("one")
    notice = dict.fromkeys(("code", "zh", "en"), "x")
    assert [len(system.collect(5)) for system in systems] == [0, 1]
    for system in systems:
        assert message.envelope.key in system.deliver([Arrival(1, message)]).at
        system.attach(Landed(1, "LeadTransfer", message.envelope.key, 0, "a.txt", None, notice))
        system.close()
    for table in ("EX_FILE", "B_FILE"):
        assert shared.run(f'SELECT name FROM "{table}"') == [("a.txt",)]


def of_two_of_one_organ_the_one_that_came_last_goes_on(shared: Shared) -> None:
    first, second = shared.connector("mugang"), shared.connector("mugang")
    first.open()
    assert first.collect(5) == ()
    second.open()
    shared.put()
    with pytest.raises(UserError, match=r"connector\.already_running EX_OWNER"):
        first.collect(5)
    assert [thing.place for thing in second.collect(5)] == ["1"]
    assert second.collect(5) == ()
    for system in (first, second):
        system.close()


def a_crash_or_a_moved_home_leaves_nothing_to_clear(shared: Shared) -> None:
    for _ in range(3):
        system = shared.connector("mugang")
        system.open()
        assert system.collect(5) == ()
        system.close()  # the connections alone: there is nothing to let go of


def rows_that_are_gone_or_older_are_taken_again(shared: Shared) -> None:
    system = shared.connector("mugang")
    system.open()
    shared.run('UPDATE "EX_OWNER" SET turn = turn - 1')  # a backup of before was put back
    assert system.collect(5) == ()
    shared.run('DELETE FROM "EX_OWNER"')
    assert system.collect(5) == ()
    refused(shared.connector("langdai"), r"database\.of_another .*mugang")
    shared.run("UPDATE \"EX_OWNER\" SET organ = 'langdai'")
    with pytest.raises(UserError, match=r"database\.of_another .*langdai"):
        system.collect(5)
    system.close()


def who_may_make_no_tables_is_told_which_is_missing(shared: Shared) -> None:
    system = shared.connector("mugang", create_tables=False)
    refused(system, r"database\.table_missing EX_OWNER table_name, organ, turn, since")
    made = shared.connector("mugang")
    made.open()
    made.close()
    system = shared.connector("mugang", create_tables=False)
    system.open()
    assert system.collect(5) == ()
    system.close()


CASES: Final = (
    another_organ_takes_no_letter_from_these_tables,
    two_organs_share_a_database_each_with_its_own_tables,
    of_two_of_one_organ_the_one_that_came_last_goes_on,
    a_crash_or_a_moved_home_leaves_nothing_to_clear,
    rows_that_are_gone_or_older_are_taken_again,
    who_may_make_no_tables_is_told_which_is_missing,
)
