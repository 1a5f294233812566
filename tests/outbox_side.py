"""An agency with the outbox table of Debezium's outbox event router, and what it can see."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text

from connectors.database.debezium import Debezium
from connectors.database.engine import open_engine
from connectors.database.tables import outbox_tables
from schemas.errors import YichuanError

# As Debezium's documentation and its Quarkus extension have it.
SQLITE = (
    "CREATE TABLE outbox (id TEXT NOT NULL PRIMARY KEY, aggregatetype TEXT NOT NULL,"
    " aggregateid TEXT NOT NULL, type TEXT NOT NULL, payload TEXT)"
)
POSTGRESQL = (
    "CREATE TABLE outbox (id uuid NOT NULL PRIMARY KEY, aggregatetype varchar(255) NOT NULL,"
    " aggregateid varchar(255) NOT NULL, type varchar(255) NOT NULL, payload jsonb,"
    ' "timestamp" timestamptz DEFAULT now(), tracingspancontext varchar(256))'
)


@dataclass
class OutboxSide:
    """The database as the agency's own software reaches it."""

    connect: Callable[[], Engine]

    def __post_init__(self) -> None:
        """Make the agency's table; nothing of ours."""
        self.engine = self.connect()
        self.run(POSTGRESQL if self.engine.dialect.name == "postgresql" else SQLITE)

    def system(self, **options: Any) -> Debezium:
        """Return the connector's side, opened."""
        tables = options.pop("tables", None) or outbox_tables()
        records = {"LeadTransferIssued": "lead_transfer"}
        system = Debezium(self.connect(), tables, records, Path("files"), create=True, **options)
        try:
            system.open()
        except YichuanError:
            system.close()
            raise
        return system

    def put(self, event_id: str, payload: object, kind: str = "LeadTransferIssued") -> None:
        """Write an event in a transaction of its own."""
        raw = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
        self.run(
            "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)"
            " VALUES (:id, 'case', 'C-1', :type, :payload)",
            id=event_id,
            type=kind,
            payload=raw,
        )

    def answer(self, event_id: str) -> dict[str, Any] | None:
        """Return what the companion table says of an event; None while there is none."""
        if not inspect(self.engine).has_table("EX_ANSWER"):
            return None
        rows = self.run('SELECT * FROM "EX_ANSWER" WHERE event_id = :id', id=event_id)
        return rows[0] if rows else None

    def run(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Run one statement and commit."""
        with self.engine.begin() as connection:
            found = connection.execute(text(sql), values)
            return [dict(row) for row in found.mappings()] if found.returns_rows else []


def sqlite_side(folder: Path) -> OutboxSide:
    """Return an agency with a SQLite file."""
    return OutboxSide(lambda: open_engine("sqlite:///agency.db", folder))
