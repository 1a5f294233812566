"""The agencies' own systems of the demo: a folder, or a database with exchange tables.

They know nothing of the bus. They put documents where their connector looks, and find there what
arrived and how far each of their own is.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from services.cli.demo_events import Answered, Arrived
from services.cli.demo_setting import Document

_FINAL: Final = ("accepted", "rejected")
_STATES: Final[Mapping[int, str]] = {2: "accepted", 3: "held", 9: "rejected"}  # of EX_OUT
_BUSY_SECONDS_MAX: Final = 10.0


class AgencySystem(Protocol):
    """What the demo does with a system."""

    def drop(self, name: str, document: Document) -> None:
        """Put a document into the outbox."""

    def look(self) -> Iterator[Arrived | Answered]:
        """Yield what is new since the last look, in the order of arrival."""

    def close(self) -> None:
        """Let go of files and connections."""


class FolderSystem:
    """An agency that exchanges files (connectors/folder)."""

    def __init__(self, alias: str, root: Path) -> None:
        self._alias, self._root = alias, root
        self._waiting: dict[str, str] = {}  # name → the state last seen
        for folder in ("outbox", "taken"):
            (root / folder).mkdir(parents=True, exist_ok=True)

    def drop(self, name: str, document: Document) -> None:
        """Write the file under an unfinished name, then show it by a rename."""
        partial = self._root / "outbox" / f"{name}.json.part"
        partial.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        partial.rename(partial.with_suffix(""))
        self._waiting[name] = ""

    def look(self) -> Iterator[Arrived | Answered]:
        """Take what arrived out of inbox/, and read the notices beside what was sent."""
        inbox = self._root / "inbox"
        for path in sorted(inbox.glob("*.json")) if inbox.is_dir() else ():
            yield Arrived(self._alias, json.loads(path.read_text(encoding="utf-8")))
            path.rename(self._root / "taken" / path.name)
        for name, before in tuple(self._waiting.items()):
            answer = self._answer(name)
            if answer is not None and answer.state != before:
                self._waiting[name] = answer.state
                if answer.state in _FINAL:
                    del self._waiting[name]
                yield answer

    def close(self) -> None:
        """Nothing is held open."""

    def _answer(self, name: str) -> Answered | None:
        refused = self._notice(f"refused/{name}.json.reason.json")
        if refused is not None:
            return answered(self._alias, name, "rejected", refused)
        receipt = self._notice(f"sent/{name}.json.receipt.json")
        if receipt is None:
            return None
        state = "held" if receipt["envelope"]["record"] == "Held" else "accepted"
        return answered(self._alias, name, state, receipt)

    def _notice(self, name: str) -> dict[str, Any] | None:
        path = self._root / name
        if not path.is_file():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found


def answered(alias: str, name: str, state: str, notice: dict[str, Any]) -> Answered:
    """Return what a notice says: the bus's receipt, or why something was refused."""
    envelope = notice.get("envelope") or {}
    return Answered(
        alias=alias,
        name=name,
        state=state,
        code=notice.get("code"),
        message_id=envelope.get("in_reply_to") or notice.get("message_id"),
        case_id=envelope.get("case_id") or notice.get("case_id"),
    )


class DatabaseSystem:
    """An agency that exchanges rows (connectors/database): EX_OUT and EX_IN."""

    def __init__(self, alias: str, file: Path) -> None:
        self._alias = alias
        self._db = sqlite3.connect(file, timeout=_BUSY_SECONDS_MAX, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._waiting: dict[str, str] = {}  # biz_key → the state last seen

    def drop(self, name: str, document: Document) -> None:
        """Insert a row; the connector takes those of status 0."""
        self._db.execute(
            "INSERT INTO EX_OUT (biz_type, biz_key, payload) VALUES (?, ?, ?)",
            (document["record"], name, json.dumps(document, ensure_ascii=False)),
        )
        self._waiting[name] = ""

    def look(self) -> Iterator[Arrived | Answered]:
        """Read new rows of EX_IN and mark them as read, then what EX_OUT shows."""
        new = "SELECT id, payload FROM EX_IN WHERE status = 0 ORDER BY id"
        for row in self._db.execute(new).fetchall():
            yield Arrived(self._alias, json.loads(row["payload"]))
            self._db.execute("UPDATE EX_IN SET status = 1 WHERE id = ?", (row["id"],))
        if not self._waiting:
            return
        shown = (
            "SELECT biz_key, status, receipt, err_code, message_id, case_id FROM EX_OUT"
            " WHERE (status IN (2, 3) AND receipt IS NOT NULL) OR status = 9 ORDER BY id"
        )
        for row in self._db.execute(shown).fetchall():
            state = _STATES[row["status"]]
            name = row["biz_key"]
            if self._waiting.get(name, state) != state:
                self._waiting[name] = state
                if state in _FINAL:
                    del self._waiting[name]
                yield Answered(
                    self._alias, name, state, row["err_code"], row["message_id"], row["case_id"]
                )

    def close(self) -> None:
        """Close the connection."""
        self._db.close()
