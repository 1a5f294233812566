"""The rows of the table: which sentence, carried by what, proved by which test."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.house.tree import REPO, modules, read
from tests.law.sentences import Sentence

MARK: Final = "pytest.mark.guidance("
COLLECTION_SECONDS_MAX: Final = 120.0


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence, or some words of it, with its carrier and its test."""

    sentence: str
    carrier: str
    test: str
    words: str | None = None
    note: str | None = None


def as_json(row: Row) -> dict[str, Any]:
    """Return the row as the collector writes it."""
    return asdict(row)


def marked_files() -> list[str]:
    """Return the test files that carry rows."""
    return [str(path) for path in modules("tests") if _is_marked(str(path), read(path))]


def _is_marked(path: str, source: str) -> bool:
    return path.startswith(("tests/unit/", "tests/contract/")) and MARK in source


@cache
def collected() -> tuple[Row, ...]:
    """Return the rows of all tests, as pytest collects them; in_order puts them in order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        argv = ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, *argv, "-p", "tests.law.collector", f"--rows={path}", *marked_files()],
            cwd=REPO,
            capture_output=True,
            text=True,
            timeout=COLLECTION_SECONDS_MAX,
            check=False,
        )
        if done.returncode or not path.exists():
            raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
        rows = [Row(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    return tuple(rows)


def in_order(rows: Iterable[Row], sentences: Iterable[Sentence]) -> tuple[Row, ...]:
    """Return the rows as the text goes: by sentence, where their words stand in it, carrier."""
    known = {each.id: (position, each.text) for position, each in enumerate(sentences)}

    def place(row: Row) -> tuple[int, int, int, str, str]:
        position, text = known[row.sentence]
        at = text.find(row.words) if row.words else -1
        return position, at, len(row.words or ""), row.carrier, row.test

    return tuple(sorted(rows, key=place))


def faults(rows: Iterable[Row], sentences: Iterable[Sentence]) -> list[str]:
    """Return what is wrong between rows and sentences; empty when each sentence is carried."""
    texts = {each.id: each.text for each in sentences}
    carried = {row.sentence for row in rows}
    return [
        *(f"{id_}: carried by nothing" for id_ in texts if id_ not in carried),
        *(f"{row.test}: there is no {row.sentence}" for row in rows if row.sentence not in texts),
        *(
            f"{row.test}: {row.sentence} does not say {row.words}"
            for row in rows
            if row.words is not None and row.words not in texts.get(row.sentence, row.words)
        ),
    ]
