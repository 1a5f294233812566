"""Two agencies of the demo, as somebody beside their systems works with them: files and rows."""

import json
import sqlite3
import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local import processes
from tests.prove.stand import Stand

BUSY_SECONDS_MAX: Final = 10.0

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Files:
    """An agency that exchanges files."""

    root: Path

    def drop(self, name: str, content: bytes) -> None:
        """Write a file under an unfinished name, then show it whole."""
        partial = self.root / "outbox" / f".{name}.part"
        partial.write_bytes(content)
        partial.rename(self.root / "outbox" / name)

    def is_on_its_way(self, name: str) -> bool:
        """Whether the file is still in the outbox or in the connector's hands."""
        return any((self.root / folder / name).exists() for folder in ("outbox", "work"))

    def refused(self, name: str) -> Document | None:
        """Return the reason beside a refused file; None while there is none."""
        return self._notice("refused", f"{name}.reason.json")

    def refused_content(self, name: str) -> bytes:
        """Return the refused file itself."""
        return (self.root / "refused" / name).read_bytes()

    def receipt(self, name: str) -> Document | None:
        """Return the bus's receipt of a sent file; None while there is none."""
        return self._notice("sent", f"{name}.receipt.json")

    def got(self, number: str) -> Document | None:
        """Return the message of this 文号 among what arrived."""
        for path in (self.root / "inbox").glob("*.json"):
            found: Document = json.loads(path.read_text(encoding="utf-8"))
            if found["envelope"]["document_number"] == number:
                return found
        return None

    def _notice(self, folder: str, name: str) -> Document | None:
        path = self.root / folder / name
        if not path.exists():
            return None
        found: Document = json.loads(path.read_text(encoding="utf-8"))
        return found


@dataclass(frozen=True, slots=True)
class Rows:
    """An agency that exchanges rows of EX_OUT."""

    file: Path

    def insert(self, record: str, document: Document) -> int:
        """Insert a row for the connector; return its id."""
        with closing(self._connect()) as database:
            row = database.execute(
                "INSERT INTO EX_OUT (biz_type, payload) VALUES (?, ?)",
                (record, json.dumps(document, ensure_ascii=False)),
            )
            database.commit()
            assert row.lastrowid is not None
            return row.lastrowid

    def row(self, number: int) -> Document:
        """Return a row of EX_OUT."""
        with closing(self._connect()) as database:
            database.row_factory = sqlite3.Row
            return dict(database.execute("SELECT * FROM EX_OUT WHERE id = ?", (number,)).fetchone())

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=BUSY_SECONDS_MAX)


def files_of(stand: Stand, alias: str) -> Files:
    """Return a folder agency of the demo, where its connector's configuration says."""
    configuration, table = _configuration(stand, alias)
    assert table["kind"] == "folder", alias
    return Files((configuration.parent / table["source"]["folder"]).resolve())


def rows_of(stand: Stand, alias: str) -> Rows:
    """Return a database agency of the demo."""
    configuration, table = _configuration(stand, alias)
    assert table["kind"] == "database", alias
    return Rows(configuration.parent / table["source"]["url"].removeprefix("sqlite:///"))


def _configuration(stand: Stand, alias: str) -> tuple[Path, Document]:
    for process in processes.all_recorded(stand.home):
        for path in (Path(part) for part in process.argv if part.endswith(".toml")):
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            if table.get("organ") == alias:
                return path, table
    message = f"no connector of {alias} runs"
    raise AssertionError(message)
