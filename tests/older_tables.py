"""Exchange tables as an older release made them, and what must hold once they are brought up."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from connectors.bus.system import Arrival, Arrived, Landed
from connectors.database.exchange import ExchangeTables
from connectors.database.tables import tables
from schemas.errors import UserError
from schemas.messages import Message
from tests.agency_home import lead

IN: Final = """
CREATE TABLE "EX_IN" (
	id {serial},
	batch_no BIGINT NOT NULL,
	biz_type VARCHAR(64) NOT NULL,
	message_id VARCHAR(36) NOT NULL,
	case_id VARCHAR(36) NOT NULL,
	sender VARCHAR(18) NOT NULL,
	document_number VARCHAR(64),
	in_reply_to VARCHAR(36),
	payload TEXT NOT NULL,
	sm3 VARCHAR(64) NOT NULL,
	status SMALLINT DEFAULT '0' NOT NULL,
	created VARCHAR(40) NOT NULL,
	updated VARCHAR(40),
	UNIQUE (message_id)
)
"""
_LEDGER: Final = """
CREATE TABLE "EX_LEDGER" (
	message_id VARCHAR(36) NOT NULL,
	since VARCHAR(40) NOT NULL,
	PRIMARY KEY (message_id)
)
"""
_FILES: Final = """
CREATE TABLE "EX_FILE" (
	message_id VARCHAR(36) NOT NULL,
	position INTEGER NOT NULL,
	name VARCHAR(200) NOT NULL,
	path VARCHAR(1000),
	err_code VARCHAR(64),
	err_zh VARCHAR(2000),
	err_en VARCHAR(2000),
	created VARCHAR(40) NOT NULL,
	PRIMARY KEY (message_id, position)
)
"""
_SERIAL: Final = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
    "postgresql": "BIGSERIAL NOT NULL PRIMARY KEY",
}
SINCE: Final = "2026-09-08T09:00:00.000+08:00"


def outdated(table: str, key: str) -> str:
    """Return the pattern of what the connector says of such a table."""
    return rf"database\.tables_outdated {table} {key}"


@dataclass
class OlderSide:
    """An agency's database that an older release left."""

    new_engine: Callable[[], Engine]
    folder: Path

    def __post_init__(self) -> None:
        """Make the tables."""
        self.engine = self.new_engine()
        for table in (IN, _LEDGER, _FILES):
            self.run(table.format(serial=_SERIAL[self.engine.dialect.name]))

    def run(self, sql: str, **values: object) -> list[Any]:
        """Run one statement as the agency's own software would."""
        with self.engine.begin() as connection:
            found = connection.execute(text(sql), values)
            return [tuple(row) for row in found] if found.returns_rows else []

    def arrived_before(self, message: Message) -> None:
        """Let a message have come under the older release."""
        envelope = message.envelope
        ids = {"id": envelope.message_id, "case": envelope.case_id, "sender": envelope.sender}
        self.run(
            'INSERT INTO "EX_IN" (batch_no, biz_type, message_id, case_id, sender, payload, sm3,'
            " created) VALUES (0, 'lead_transfer', :id, :case, :sender, '{}', '', :at)",
            **ids,
            at=SINCE,
        )
        self.run('INSERT INTO "EX_LEDGER" VALUES (:id, :at)', id=envelope.message_id, at=SINCE)
        self.run(
            'INSERT INTO "EX_FILE" (message_id, position, name, created)'
            " VALUES (:id, 0, 'a.txt', :at)",
            id=envelope.message_id,
            at=SINCE,
        )

    @contextmanager
    def opened(self, *, create: bool = True) -> Iterator[ExchangeTables]:
        """Open the tables as this release does."""
        system = ExchangeTables(self.new_engine(), tables(), {}, self.folder, create=create)
        with closing(system):
            system.open()
            yield system

    def deliver(
        self, system: ExchangeTables, message: Message, *, namesake: bool = False
    ) -> Arrived:
        """Give a message; `namesake`: the ledger knows another's of its id."""
        return system.deliver([Arrival(1, message, namesake)])

    def ids(self) -> list[tuple[str, str]]:
        """Return (sender, message id) of what arrived."""
        return self.run('SELECT sender, message_id FROM "EX_IN" ORDER BY id')

    def two(self) -> tuple[Message, Message]:
        """Return a lead, and another organ's under its id."""
        one, other = lead("one"), lead("two", "mugang")
        changed = replace(other.envelope, message_id=one.envelope.message_id)
        return one, replace(other, envelope=changed)


def what_came_before_does_not_come_again(side: OlderSide) -> None:
    """Neither with its row nor without it: killed before the ledger knew, then upgraded."""
    one, two = lead("one"), lead("two")
    for message in (one, two):
        side.arrived_before(message)
    side.run('DELETE FROM "EX_IN" WHERE message_id = :id', id=two.envelope.message_id)
    for _ in range(2):
        with side.opened() as system:
            for message in (one, two):
                at = side.deliver(system, message).at[message.envelope.key]
                assert at.isoformat(timespec="milliseconds") == SINCE
    assert side.ids() == [one.envelope.key]


def a_namesake_of_what_came_before_comes_once(side: OlderSide) -> None:
    one, other = side.two()
    side.arrived_before(one)
    for _ in range(2):
        with side.opened() as system:
            assert side.deliver(system, other, namesake=True).at
    assert side.ids() == [one.envelope.key, other.envelope.key]


def of_two_that_come_at_once_the_first_is_what_was_there(side: OlderSide) -> None:
    one, other = side.two()
    side.arrived_before(one)
    with side.opened() as system:
        arrived = system.deliver([Arrival(1, one), Arrival(2, other)])
    assert set(arrived.at) == {one.envelope.key, other.envelope.key}
    assert side.ids() == [one.envelope.key, other.envelope.key]


def attachments_are_of_the_sender_whose_message_brought_them(side: OlderSide) -> None:
    one, other = side.two()
    side.arrived_before(one)
    with side.opened() as system:
        system.attach(Landed(2, "LeadTransfer", other.envelope.key, 0, "b.txt", None))
    query = 'SELECT sender, name FROM "EX_FILE" ORDER BY name'
    assert side.run(query) == [(one.envelope.sender, "a.txt"), (other.envelope.sender, "b.txt")]


def who_may_change_no_tables_is_told_which(side: OlderSide) -> None:
    missing = pytest.raises(UserError, match=outdated("EX_IN", r"UNIQUE \(message_id, sender\)"))
    with missing, side.opened(create=False):
        pass
    with side.opened():
        pass
    with side.opened(create=False):
        pass


CASES: Final = (
    what_came_before_does_not_come_again,
    a_namesake_of_what_came_before_comes_once,
    of_two_that_come_at_once_the_first_is_what_was_there,
    attachments_are_of_the_sender_whose_message_brought_them,
    who_may_change_no_tables_is_told_which,
)
