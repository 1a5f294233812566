"""The two kinds of agency system, put to and looked at in one way, as the agency itself would."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from connectors.bus.clock import monotonic
from connectors.bus.system import System
from connectors.database.engine import open_engine
from connectors.database.exchange import ExchangeTables
from connectors.database.tables import tables
from connectors.folder.app import Folder
from schemas.secrecy import Gate, NoSharing

GATE: Final = Gate(NoSharing())
STATES_SECONDS_MAX: Final = 90.0
STATES_POLL_SECONDS: Final = 0.05


class Side(Protocol):
    """What a test does as the agency."""

    def system(self) -> System:
        """Return the system as a connector opens it: anew after each crash."""

    def put(self, name: str, record: str | None, content: str) -> None:
        """Want something sent. The same name again: put in the same place."""

    def state(self, name: str) -> str:
        """Return new, taken, sent, accepted, held, or the code of the refusal."""

    def arrived(self) -> list[str]:
        """Return the ids of what arrived, in order."""

    def clear(self) -> None:
        """Take away all that arrived."""

    def take(self) -> list[str]:
        """Take away what arrived, and return its ids in order; it may go on arriving."""


@dataclass
class FolderSide:
    """An agency with a folder."""

    root: Path
    files: dict[str, str] = field(default_factory=dict)

    def system(self) -> System:
        """As Side says."""
        return Folder(self.root, {}, self.root.parent / "arrivals.sqlite", GATE)

    def put(self, name: str, record: str | None, content: str) -> None:
        """As Side says."""
        outbox = self.root / "outbox"
        outbox.mkdir(parents=True, exist_ok=True)
        self.files[name] = f"{name}.{record}.json" if record else f"{name}.json"
        partial = outbox / f".{self.files[name]}.part"
        partial.write_text(content, encoding="utf-8")
        partial.rename(outbox / self.files[name])

    def state(self, name: str) -> str:
        """As Side says."""
        file = self.files[name]
        for folder, state in (("outbox", "new"), ("work", "taken")):
            if not (self.root / folder / file).exists():
                continue
            if folder == "outbox" and self.reason(name) is not None:
                return str(self.reason(name))  # refused where it lies
            return state
        if not (self.root / "sent" / file).exists():
            assert (self.root / "refused" / file).exists()
            return str(self.reason(name))
        receipt = self.root / "sent" / f"{file}.receipt.json"
        if not receipt.exists():
            return "sent"
        record = json.loads(receipt.read_text(encoding="utf-8"))["envelope"]["record"]
        return str(record).lower()

    def reason(self, name: str) -> str | None:
        """Return the code beside a refused file; None while there is none."""
        path = self.root / "refused" / f"{self.files[name]}.reason.json"
        if not path.exists():
            return None
        return str(json.loads(path.read_text(encoding="utf-8"))["code"])

    def arrived(self) -> list[str]:
        """As Side says."""
        paths = sorted((self.root / "inbox").glob("*.json"))
        return [json.loads(path.read_text("utf-8"))["envelope"]["message_id"] for path in paths]

    def clear(self) -> None:
        """As Side says."""
        for path in (self.root / "inbox").iterdir():
            path.unlink()

    def take(self) -> list[str]:
        """As Side says."""
        ids = []
        for path in sorted((self.root / "inbox").glob("*.json")):
            ids.append(json.loads(path.read_text("utf-8"))["envelope"]["message_id"])
            path.unlink()
        return ids


@dataclass
class DatabaseSide:
    """An agency with exchange tables."""

    path: Path
    rows: dict[str, int] = field(default_factory=dict)

    def system(self) -> System:
        """As Side says."""
        engine = open_engine(f"sqlite:///{self.path}", self.path.parent)
        return ExchangeTables(engine, tables(), {}, self.path.parent / "files", create=True)

    def put(self, name: str, record: str | None, content: str) -> None:
        """As Side says."""
        if not self.path.exists():
            first = self.system()
            first.open()
            first.close()
        if name in self.rows:
            self.query(
                "UPDATE EX_OUT SET biz_type = ?, payload = ?, status = 0 WHERE id = ?",
                record,
                content,
                self.rows[name],
            )
            return
        self.query("INSERT INTO EX_OUT (biz_type, payload) VALUES (?, ?)", record, content)
        ((self.rows[name],),) = self.query("SELECT MAX(id) FROM EX_OUT")

    def state(self, name: str) -> str:
        """As Side says."""
        ((status, receipt, code),) = self.query(
            "SELECT status, receipt, err_code FROM EX_OUT WHERE id = ?", self.rows[name]
        )
        if status == 9:
            return str(code)
        if receipt is not None:
            record = str(json.loads(receipt)["envelope"]["record"]).lower()
            assert status == {"accepted": 2, "held": 3}[record]
            return record
        return {0: "new", 1: "taken", 2: "sent"}[status]

    def arrived(self) -> list[str]:
        """As Side says."""
        return [str(row[0]) for row in self.query("SELECT message_id FROM EX_IN ORDER BY id")]

    def clear(self) -> None:
        """As Side says."""
        self.query("DELETE FROM EX_IN")

    def take(self) -> list[str]:
        """As Side says."""
        rows = self.query("SELECT id, message_id FROM EX_IN ORDER BY id")
        if rows:
            self.query("DELETE FROM EX_IN WHERE id <= ?", rows[-1][0])
        return [str(message_id) for _, message_id in rows]

    def query(self, sql: str, *values: Any) -> list[Any]:
        """Run one statement as the agency's own software would."""
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            with connection:
                return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


async def until_states(
    side: Side, task: "asyncio.Task[None]", enough: Callable[[list[str]], bool]
) -> list[str]:
    """Return the states of the first five once they are enough; the connector must go on."""
    deadline = monotonic() + STATES_SECONDS_MAX
    while True:
        states = [side.state(str(number)) for number in range(5)]
        if enough(states):
            return states
        assert not task.done(), task.exception()
        assert monotonic() < deadline, states
        await asyncio.sleep(STATES_POLL_SECONDS)
