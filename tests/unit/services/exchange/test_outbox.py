"""What is sent of the outbox: each record in a form that the client takes."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.parts import Secrecy
from schemas.topics import DEAD_LETTERS, JOURNAL
from services.casebook.journal_mark import begin_journal
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.exchange.outbox import NO_KEY, publish
from tests.history import HANDLER, MONDAY, SENDER, message, organ
from tests.office import Log, Stored, rows, run


@dataclass
class Producer:
    """A producer that refuses what aiokafka's refuses."""

    sent: list[tuple[str, bytes | None, bytes | None]] = field(default_factory=list)

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes | None, headers: Any
    ) -> "asyncio.Future[Stored]":
        """Take a record."""
        del headers
        assert not (value is None and key is None), "Need at least one: key or value"
        self.sent.append((topic, key, value))
        done = asyncio.get_running_loop().create_future()
        done.set_result(Stored(len(self.sent) - 1))
        return done


def _published(casebook: Casebook, *records: Any) -> list[tuple[str, bytes | None, bytes | None]]:
    run(casebook, list(records))
    producer = Producer()
    sources = {(each.position.topic, each.position.partition) for each in records}
    asyncio.run(publish(casebook, producer, sources))
    return producer.sent


def test_a_dead_letter_without_its_bytes_is_sent_and_does_not_stop_the_exchange(
    casebook: Casebook,
) -> None:
    plain = message("lead_transfer", SENDER, "a", MONDAY)
    log = Log()
    noise = log.raw("绝密".encode(), plain.envelope, MONDAY)  # unreadable, and carries a mark
    behind = log.put(plain, MONDAY)
    sent = _published(casebook, noise, behind)
    assert [each for each in sent if each[0] == DEAD_LETTERS] == [(DEAD_LETTERS, NO_KEY, None)]
    assert any(topic.startswith("inbox.") for topic, _, _ in sent)
    assert rows(casebook, OUTBOX) == []


def test_a_secret_under_another_s_seal_is_sent_so_too(casebook: Casebook) -> None:
    plain = message("lead_transfer", SENDER, "a", MONDAY)
    marked = replace(plain, envelope=replace(plain.envelope, secrecy=Secrecy.SECRET))
    sent = _published(casebook, Log().put(marked, MONDAY, by=organ(HANDLER)))
    assert (DEAD_LETTERS, NO_KEY, None) in sent


def test_the_casebook_knows_as_much_of_the_journal_as_was_published(casebook: Casebook) -> None:
    with casebook.engine.begin() as connection:
        begin_journal(connection, 0)
    sent = _published(casebook, Log().put(message("lead_transfer", SENDER, "a", MONDAY), MONDAY))
    last = max(number for number, (topic, _, _) in enumerate(sent) if topic == JOURNAL)
    with casebook.engine.begin() as connection:
        assert begin_journal(connection, 0) == last + 1
