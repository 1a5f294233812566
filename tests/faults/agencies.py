"""Agencies as they are from outside: a folder, or two tables.

They know nothing of the bus's code but the document form, and what they hold is the only witness
of what arrived.
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Document = dict[str, Any]

_BUSY_SECONDS = 30.0
_STATUS = ("new", "taken", "sent", "held")  # of a row of EX_OUT; 9 has a code


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
    flow: str = ""
    at: str = ""  # when the bus had it
    duty: str = ""  # of a notice: which one,
    rung: str = ""  # how far,
    nominal_at: str = ""  # and when that was due


class Agency(Protocol):
    """What the traffic needs of an agency."""

    alias: str

    def put(self, things: Iterable[tuple[str, str, Document]]) -> None:
        """Hand over (name, record, document) to be sent, in order."""

    def new(self) -> list[Got]:
        """Return what has come since the last call."""

    def everything(self) -> list[Got]:
        """Return all that it holds, in the order in which it came."""

    def count(self, records: Collection[str]) -> int:
        """Return how many of these records it holds."""

    def words(self) -> str:
        """Return all that it holds, as one text to be searched."""

    def fates(self) -> dict[str, str]:
        """Return what its own files or rows say of each thing it handed over, by name.

        `new`, `taken`, `sent`, `accepted`, `held`, or the code of a refusal.
        """

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

    def put_files(self, document: str, files: Mapping[str, bytes]) -> None:
        """Fill the folder of a document (its name without .json) that is handed over next."""
        folder = self.root / "outbox" / f"{document}.files"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)

    def files(self) -> dict[str, dict[str, str]]:
        """Return what lies beside the documents that came: 文号 → name → SHA-256."""
        found: dict[str, dict[str, str]] = {}
        for folder in (self.root / "inbox").glob("[!.]*.files"):
            number = _from_file(folder.with_suffix(".json")).document_number or folder.name
            beside = found.setdefault(number, {})
            for path in folder.iterdir():
                beside[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def new(self) -> list[Got]:
        """Read the files that have come since."""
        paths = [path for path in self._files() if path.name not in self._seen]
        self._seen.update(path.name for path in paths)
        return [_from_file(path) for path in paths]

    def everything(self) -> list[Got]:
        """Read every file of the inbox."""
        return [_from_file(path) for path in self._files()]

    def count(self, records: Collection[str]) -> int:
        """Count the files of the inbox by their names."""
        inbox = self.root / "inbox"
        names = [path.name for path in inbox.glob("*.json")] if inbox.exists() else []
        return sum(name.split("_", 1)[-1].rsplit("_", 1)[0] in records for name in names)

    def words(self) -> str:
        """Read every file of the inbox."""
        return "\n".join(path.read_text(encoding="utf-8") for path in self._files())

    def fates(self) -> dict[str, str]:
        """Look in which folder each file lies, and what lies beside it."""
        found: dict[str, str] = {}
        for folder, fate in (("outbox", "new"), ("work", "taken"), ("sent", "sent")):
            found |= {_name(path): fate for path in self._things(folder)}
        for path in (self.root / "sent").glob("*.receipt.json"):
            receipt = json.loads(path.read_text(encoding="utf-8"))
            found[_name(path)] = str(receipt["envelope"]["record"]).lower()
        for path in (self.root / "refused").glob("*.reason.json"):
            found[_name(path)] = str(json.loads(path.read_text(encoding="utf-8"))["code"])
        return found

    def _things(self, folder: str) -> list[Path]:
        paths = (self.root / folder).glob("[!.]*.json")
        return [path for path in paths if not path.name.endswith((".receipt.json", ".reason.json"))]

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

    @property
    def has_tables(self) -> bool:
        """Whether its connector has made the exchange tables."""
        if not self.path.exists():
            return False
        with closing(self._connect()) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        return {"EX_OUT", "EX_IN"} <= tables

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

    def count(self, records: Collection[str]) -> int:
        """Count the rows of EX_IN."""
        if not self.path.exists():
            return 0
        with closing(self._connect()) as database:
            rows = database.execute("SELECT biz_type, COUNT(*) FROM EX_IN GROUP BY biz_type")
            return sum(number for record, number in rows if record in records)

    def words(self) -> str:
        """Read every payload of EX_IN."""
        with closing(self._connect()) as database:
            return "\n".join(row[0] for row in database.execute("SELECT payload FROM EX_IN"))

    def fates(self) -> dict[str, str]:
        """Read the rows of EX_OUT."""
        with closing(self._connect()) as database:
            rows = database.execute("SELECT biz_key, status, receipt, err_code FROM EX_OUT")
            return {key: _fate(*rest) for key, *rest in rows}

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
                "SELECT id, biz_type, payload FROM EX_IN WHERE id > ? ORDER BY id",
                (after,),
            ).fetchall()
        return [_got(order, record, json.loads(payload)) for order, record, payload in found]

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=_BUSY_SECONDS)


def _name(path: Path) -> str:
    return path.name.split(".", 1)[0]


def _fate(status: int, receipt: str | None, code: str | None) -> str:
    if receipt is not None:
        return str(json.loads(receipt)["envelope"]["record"]).lower()
    return code or _STATUS[status]


def _from_file(path: Path) -> Got:
    order, rest = path.name.split("_", 1)
    document = json.loads(path.read_text(encoding="utf-8"))
    return _got(int(order), rest.rsplit("_", 1)[0], document)


def _got(order: int, record: str, document: Document) -> Got:
    envelope = document["envelope"]
    return Got(
        order=order,
        record=record,
        message_id=envelope["message_id"],
        case_id=envelope["case_id"],
        in_reply_to=envelope.get("in_reply_to"),
        sender=envelope["sender"],
        document_number=envelope.get("document_number"),
        flow=envelope["flow"],
        at=(envelope.get("delivery") or {}).get("at", ""),
        duty=document.get("duty") or "",
        rung=document.get("rung") or "",
        nominal_at=document.get("nominal_at") or "",
    )
