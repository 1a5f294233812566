"""A worker that stood still (SIGSTOP, a stalled host), lost everything, and goes on: a zombie."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from services.casebook import postgresql
from services.casebook import work as working
from services.casebook.rows import Unsent
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS, OUTBOX
from services.casebook.write import flush as write
from services.exchange.incoming import Incoming
from services.exchange.outbox import publish
from tests.batches import of_one_partition
from tests.history import MONDAY
from tests.office import Log, Stored, open_at, outbox, rows, run

SECONDS_MAX = 60.0
LEADS = 6


@dataclass
class Broker:
    """What the workers wrote, in the order in which it was taken."""

    taken: list[tuple[str, bytes]] = field(default_factory=list)


@dataclass
class Producer:
    """A worker's producer; it stands still after `still_after` records until it may go on."""

    broker: Broker
    still_after: int | None = None
    stands: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    async def send(self, topic: str, value: bytes, **_: Any) -> "asyncio.Future[Stored]":
        """Give one record to the broker."""
        if self.sent == self.still_after:
            self.stands.set()
            await self.go_on.wait()
        self.sent += 1
        self.broker.taken.append((topic, value))
        done = asyncio.get_running_loop().create_future()
        done.set_result(Stored(len(self.broker.taken) - 1))
        return done


def letters() -> list[Incoming]:
    """Leads of several cases in one partition."""
    log = Log()
    return [log.put(each, MONDAY) for each in of_one_partition(LEADS)]


def second(casebook: Casebook) -> Casebook:
    """Another worker's connections."""
    return open_at(casebook.engine.url.render_as_string(hide_password=False))


def test_one_that_stood_still_in_its_transaction_finds_all_done_when_it_goes_on(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, stands, go_on = letters(), Event(), Event()
    monkeypatch.setattr(postgresql, "IDLE_SECONDS_MAX", 1)
    zombie = second(casebook)

    def still(*args: Any) -> list[Unsent]:
        stands.set()
        assert go_on.wait(SECONDS_MAX)
        return write(*args)

    with ThreadPoolExecutor(1) as pool:
        with monkeypatch.context() as patch:
            patch.setattr(working, "flush", still)
            old = pool.submit(run, zombie, records)
            assert stands.wait(SECONDS_MAX)
        assert len(run(casebook, records).messages) == LEADS
        go_on.set()
        assert old.result(SECONDS_MAX).messages == []
    zombie.close()
    assert len(rows(casebook, DECISIONS)) == LEADS


@pytest.mark.parametrize("still_after", [0, 1, LEADS])
def test_one_that_stood_still_while_publishing_repeats_the_same_bytes_and_changes_no_order(
    casebook: Casebook, still_after: int
) -> None:
    records = letters()
    run(casebook, records)
    decided = [(row.topic, row.value) for row in outbox(casebook)]
    sources = {(each.position.topic, each.position.partition) for each in records}
    zombie = second(casebook)

    async def both() -> Broker:
        broker = Broker()
        frozen, sound = Producer(broker, still_after), Producer(broker)
        old = asyncio.create_task(publish(zombie, frozen, sources))
        await asyncio.wait_for(frozen.stands.wait(), SECONDS_MAX)
        new = await publish(casebook, sound, sources)
        assert (new.sent, new.failed) == (len(decided), ())
        frozen.go_on.set()
        await asyncio.wait_for(old, SECONDS_MAX)
        return broker

    broker = asyncio.run(both())
    zombie.close()
    assert list(dict.fromkeys(broker.taken)) == decided  # what a reader sees, who drops repeats
    assert len(broker.taken) == 2 * len(decided)
    assert rows(casebook, OUTBOX) == []


def test_one_whose_connection_was_taken_away_goes_on_by_another(casebook: Casebook) -> None:
    records = letters()
    run(casebook, records[:1])
    with casebook.engine.connect() as connection:
        query = (
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <>"
            " pg_backend_pid() AND datname = current_database()"
        )
        connection.execute(text(query))
    assert len(run(casebook, records).messages) == LEADS - 1
