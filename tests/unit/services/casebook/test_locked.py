"""What a migration locks, it finds page by page, however much there is."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook import locked
from services.casebook.case_keys import CaseKeys
from services.casebook.lockbox import WrappingKey
from services.casebook.locked import lock_originals, original_of, page_behind
from services.casebook.rows import Original
from services.casebook.store import open_sqlite
from services.casebook.tables import ORIGINALS

# Pages end within an id and between two: the same id of several senders, senders in another order.
KEPT: Final = [(f"m{n // 3}", f"s{(n * 7) % 10}{n % 3}") for n in range(20)]


def test_every_original_is_locked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked, "_PAGE", 4)
    casebook = open_sqlite(tmp_path / "casebook.sqlite")
    with casebook.engine.begin() as connection:
        for message, sender in KEPT:
            connection.execute(
                ORIGINALS.insert().values(
                    message_id=message,
                    sender=sender,
                    case_id=f"case of {message}",
                    record="LeadTransfer",
                    fingerprint="f",
                    body=f"{message} {sender}".encode(),
                )
            )
        assert lock_originals(connection, casebook.key) == len(KEPT)
        keys = CaseKeys(connection, casebook.key)
        found = [original_of(keys, row) for row in connection.execute(ORIGINALS.select())]
    casebook.close()
    assert sorted(found, key=lambda one: one.body) == sorted(
        (
            Original(
                message_id=MessageId(message),
                sender=OrganCode(sender),
                case_id=CaseId(f"case of {message}"),
                record="LeadTransfer",
                fingerprint="f",
                body=f"{message} {sender}".encode(),
            )
            for message, sender in KEPT
        ),
        key=lambda one: one.body,
    )


def test_of_the_keys_of_all_cases_those_of_a_page_are_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[CaseKeys] = []

    def noted(connection: Connection, wrapping: WrappingKey | None) -> CaseKeys:
        made.append(CaseKeys(connection, wrapping))
        return made[-1]

    monkeypatch.setattr(locked, "_PAGE", 4)
    monkeypatch.setattr(locked, "CaseKeys", noted)
    casebook = open_sqlite(tmp_path / "casebook.sqlite")
    with casebook.engine.begin() as connection:
        for number in range(20):
            names = {"message_id": f"m{number:02}", "sender": "s", "case_id": f"case {number}"}
            row = names | {"record": "LeadTransfer", "fingerprint": "f", "body": b""}
            connection.execute(ORIGINALS.insert().values(row))
        lock_originals(connection, casebook.key)
    casebook.close()
    assert [len(keys._opened) for keys in made] == [4] * 5


def test_a_page_is_found_by_the_key_and_nothing_is_sorted(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    open_sqlite(path).close()
    query = page_behind(("m", "s")).compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
    )
    with closing(sqlite3.connect(path)) as database:
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert plan == [
        "SEARCH originals USING INDEX sqlite_autoindex_originals_1 ((message_id,sender)>(?,?))"
    ]
