"""What `yichuan replay` asks a casebook before it reads the journal."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from services.casebook.progress import Place
from services.cli import replay
from services.cli.log_reader import Logged
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
