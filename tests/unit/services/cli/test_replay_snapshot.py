"""What `yichuan replay` begins with, and asks of it before it reads the journal."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from connectors.bus.home import Home
from schemas.errors import UserError
from services.casebook.progress import Place
from services.casebook.store import open_sqlite
from services.cli import replay
from services.cli.backup_archive import write_archive
from services.cli.log_reader import Logged
from services.cli.replay_begin import begun
from tests.batches import of_one_partition
from tests.empty_casebook import empty_casebook
from tests.history import MONDAY
from tests.office import Log, run


class Journal:
    """A long one, by its ends; notes whether a transaction is open while it is read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.was_open: list[bool] = []

    def spans(self, topic: str) -> dict[Place, tuple[int, int]]:
        """Return where it begins and ends."""
        return {(topic, 0): (0, 1)}

    def read(
        self, begins: Mapping[Place, int], _ends: Mapping[Place, int], _seconds_max: float
    ) -> Iterator[Logged]:
        """Yield one line."""
        self.was_open.append(self._connection.in_transaction())
        (place,) = begins
        yield Logged(place, 0, MONDAY, b"", b"{}", {}, is_stamped=True)


def test_no_transaction_is_open_while_the_journal_is_read(tmp_path: Path) -> None:
    """PostgreSQL ends one in which nothing is asked for: of a long journal, before its end."""
    casebook = empty_casebook(tmp_path / "casebook.sqlite")
    log = Log()
    run(casebook, [log.put(letter, MONDAY) for letter in of_one_partition(2)])
    assert casebook.readers is not None
    with casebook.readers.connect() as connection:
        journal: Any = Journal(connection)
        snapshot = replay._snapshot(journal, connection, 0)
    casebook.close()
    assert journal.was_open == [False]
    assert sum(snapshot.decided_to.values()) == 2
    assert len(snapshot.journal) == 3  # a line, and two that wait in the outbox


def test_a_backup_whose_casebook_is_damaged_is_no_beginning(tmp_path: Path) -> None:
    """What it lacks or has twice would read as what somebody had done to the journal."""
    home = Home(tmp_path / "home")
    open_sqlite(home.casebook, home.casebook_key).close()
    book = home.casebook.read_bytes()
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(book[:-4096] + b"\xff" * 4096)
    for number, path in enumerate((home.casebook, damaged)):
        write_archive(tmp_path / f"{number}.tar", home.path, path)
        (tmp_path / f"{number}").mkdir()
    with begun(tmp_path / "0", tmp_path / "0.tar") as begin:
        assert begin.offsets == {}
    with (
        pytest.raises(UserError, match=r"casebook\.damaged"),
        begun(tmp_path / "1", tmp_path / "1.tar"),
    ):
        pytest.fail("it was begun with")
