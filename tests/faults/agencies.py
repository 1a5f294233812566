"""Agencies as they are from outside: a folder, or two tables.

They know nothing of the bus's code but the document form, and what they hold is the only witness
of what arrived.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Document = dict[str, Any]

_BUSY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Got:
    """One thing that an agency holds, in the order in which it came."""

    order: int
    record: str
    message_id: str
    case_id: str
    in_reply_to: str | None
    sender: str
    document_number: str | None


class Agency(Protocol):
    """What the traffic needs of an agency."""

    alias: str

    def put(self, things: Iterable[tuple[str, str, Document]]) -> None:
        """Hand over (name, record, document) to be sent, in order."""

    def new(self) -> list[Got]:
        """Return what has come since the last call."""

    def everything(self) -> list[Got]:
        """Return all that it holds, in the order in which it came."""

    def config(self, home: Path, metrics_port: int) -> str:
        """Return the configuration of its connector."""


@dataclass(slots=True)
class FolderAgency:
    """An agency whose software writes and reads files."""

    alias: str
    root: Path
    _seen: set[str] = field(default_factory=set)

    def put(self, things: Iterable[tuple[str, str, Document]]) -> None:
        """Write each file beside the outbox and rename it in, as the manual asks."""
        outbox = self.root / "outbox"
        outbox.mkdir(parents=True, exist_ok=True)
        for name, record, document in things:
            partial = outbox / f".{name}.part"
            partial.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
            partial.replace(outbox / f"{name}.{record}.json")

    def new(self) -> list[Got]:
        """Read the files that have come since."""
        paths = [path for path in self._files() if path.name not in self._seen]
        self._seen.update(path.name for path in paths)
        return [_from_file(path) for path in paths]

    def everything(self) -> list[Got]:
        """Read every file of the inbox."""
        return [_from_file(path) for path in self._files()]

    def config(self, home: Path, metrics_port: int) -> str:
        """Return the TOML of its connector."""
        return (
            f'organ = "{self.alias}"\nkind = "folder"\nhome = "{home}"\n'
            f'metrics_port = {metrics_port}\n[source]\nfolder = "{self.root}"\n'
        )

    def _files(self) -> list[Path]:
        inbox = self.root / "inbox"
        return sorted(inbox.glob("*.json")) if inbox.exists() else []


@dataclass(slots=True)
class DatabaseAgency:
    """An agency whose software writes and reads exchange tables."""

    alias: str
    path: Path
    _last: int = 0

    def put(self, things: Iterable[tuple[str, str, Document]]) -> None:
        """Insert the rows in one transaction."""
        rows = [
            (record, name, json.dumps(document, ensure_ascii=False))
            for name, record, document in things
        ]
        with self._connect() as database:
            database.executemany(
                "INSERT INTO EX_OUT (biz_type, biz_key, payload) VALUES (?, ?, ?)", rows
            )

    def new(self) -> list[Got]:
        """Select the rows that have come since."""
        rows = self._rows(self._last)
        self._last = max([self._last, *(got.order for got in rows)])
        return rows

    def everything(self) -> list[Got]:
        """Select every row."""
        return self._rows(0)

    def config(self, home: Path, metrics_port: int) -> str:
        """Return the TOML of its connector."""
        return (
            f'organ = "{self.alias}"\nkind = "database"\nhome = "{home}"\n'
            f'metrics_port = {metrics_port}\n[source]\nurl = "sqlite:///{self.path}"\n'
        )

    def _rows(self, after: int) -> list[Got]:
        if not self.path.exists():
            return []
        with self._connect() as database:
            found = database.execute(
                "SELECT id, biz_type, message_id, case_id, in_reply_to, sender, document_number"
                " FROM EX_IN WHERE id > ? ORDER BY id",
                (after,),
            ).fetchall()
        return [Got(*row) for row in found]

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=_BUSY_SECONDS)


def _from_file(path: Path) -> Got:
    order, rest = path.name.split("_", 1)
    document = json.loads(path.read_text(encoding="utf-8"))
    envelope = document["envelope"]
    return Got(
        order=int(order),
        record=rest.rsplit("_", 1)[0],
        message_id=envelope["message_id"],
        case_id=envelope["case_id"],
        in_reply_to=envelope.get("in_reply_to"),
        sender=envelope["sender"],
        document_number=envelope.get("document_number"),
    )
