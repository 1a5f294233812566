"""What is sent of the outbox: each record in a form that the client takes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from sqlalchemy.exc import DataError, OperationalError

from schemas.parts import Secrecy
from schemas.topics import DEAD_LETTERS, JOURNAL
from services.casebook.journal_mark import begin_journal
from services.casebook.letters import LOCKED
from services.casebook.store import Casebook, open_in_memory
from services.casebook.tables import OUTBOX
from services.exchange import batch
from services.exchange.outbox import NO_KEY, publish
from services.exchange.shelf import Shelf
from services.exchange.tally import Tally
from tests.batches import of_one_partition
from tests.history import HANDLER, MONDAY, SENDER, message, organ
from tests.office import Log, Stored, outbox, rows, run, statements

LIMIT = 5_000
CODE = "yichuan-code"


@dataclass
class Producer:
    """A producer that refuses what aiokafka's refuses."""

    sent: list[tuple[str, bytes | None, bytes | None]] = field(default_factory=list)
    headers: list[set[str]] = field(default_factory=list)
    bytes_max: int = 1 << 30

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes | None, headers: Any
    ) -> "asyncio.Future[Stored]":
        """Take a record."""
        assert not (value is None and key is None), "Need at least one: key or value"
        if len(key or b"") + len(value or b"") > self.bytes_max:
            raise MessageSizeTooLargeError
        self.headers.append({name for name, _ in headers})
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


def test_a_dead_letter_that_no_topic_can_take_is_sent_without_its_bytes(
    casebook: Casebook,
) -> None:
    """An earlier release kept what a codec had made small; all behind it waited for good."""
    plain = message("lead_transfer", SENDER, "a", MONDAY)
    log = Log()
    run(casebook, [log.raw(b"x" * LIMIT, plain.envelope, MONDAY), log.put(plain, MONDAY)])
    producer = Producer(bytes_max=LIMIT)
    asyncio.run(publish(casebook, producer, {("leads", 0), ("leads", 1), ("leads", 2)}))
    assert [each for each in producer.sent if each[0] == DEAD_LETTERS] == [
        (DEAD_LETTERS, NO_KEY, None)
    ]
    assert [LOCKED in names for names in producer.headers if CODE in names] == [False]
    assert rows(casebook, OUTBOX) == []


def test_anything_else_that_is_too_large_stops_its_destination(casebook: Casebook) -> None:
    run(casebook, [Log().put(message("lead_transfer", SENDER, "a", MONDAY), MONDAY)])
    producer = Producer(bytes_max=10)
    published = asyncio.run(publish(casebook, producer, {("leads", n) for n in range(4)}))
    assert JOURNAL in published.failed
    assert rows(casebook, OUTBOX)


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


def _handed_on(casebook: Casebook, records: list[Any], *before: Any) -> tuple[list[Any], list[str]]:
    """What goes out when a batch has been stored, and what is read for it."""
    tally = run(casebook, records)
    producer = Producer()
    sources = {(each.position.topic, each.position.partition) for each in [*records, *before]}
    with statements(casebook.engine) as asked:
        asyncio.run(publish(casebook, producer, sources, tally.unsent))
    return producer.sent, [each for each in asked if "outbox.value" in each]


def test_what_was_just_stored_is_sent_as_it_lies_there_and_not_read_again(
    casebook: Casebook,
) -> None:
    log = Log()
    leads = [message("lead_transfer", SENDER, name, MONDAY) for name in ("a", "b")]
    records = [log.put(each, MONDAY) for each in leads]
    run(casebook, records)
    stored = [(each.topic, each.key, each.value) for each in outbox(casebook)]
    fresh = open_in_memory()
    sent, read = _handed_on(fresh, records)
    assert sent == stored
    assert read == []
    assert rows(fresh, OUTBOX) == []
    fresh.close()


def test_what_an_earlier_life_left_goes_first_and_nothing_twice(casebook: Casebook) -> None:
    log = Log()
    first = log.put(message("lead_transfer", SENDER, "a", MONDAY), MONDAY)
    second = log.put(message("lead_transfer", SENDER, "b", MONDAY), MONDAY)
    run(casebook, [first])  # and it died before it could publish
    left = [(each.topic, each.key, each.value) for each in outbox(casebook)]
    sent, read = _handed_on(casebook, [second], first)
    assert sent[: len(left)] == left
    assert len(sent) == len(set(sent)) > len(left)
    assert read
    assert rows(casebook, OUTBOX) == []


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("read", [False, True], ids=["just stored", "of an earlier life"])
@pytest.mark.parametrize("places", [1, 2])
def test_what_is_more_than_a_page_goes_whole_and_in_its_order(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, page: int, places: int, *, read: bool
) -> None:
    monkeypatch.setattr("services.exchange.waiting.PAGE_MAX", page)
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(2)]
    sources = {record.position.place for record in records} | {("copies", 0)}
    tally = run(casebook, records)
    stored = [(each.topic, each.key, each.value) for each in outbox(casebook)]
    producer = Producer()
    lately = () if read else tally.unsent
    asyncio.run(publish(casebook, producer, sorted(sources)[-places:], lately))
    assert producer.sent == stored
    assert rows(casebook, OUTBOX) == []


def test_of_a_batch_redone_one_by_one_all_goes_in_its_order_whichever_commit_was_not_answered(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    leads = of_one_partition(3)
    once, unanswered = batch._once, [leads[1].envelope.message_id]

    def cut_off(book: Casebook, shelf: Shelf, intakes: Sequence[Any], *rest: Any) -> Tally:
        if len(intakes) > 1:
            raise DataError("INSERT", {}, ValueError("too long"))
        done = once(book, shelf, intakes, *rest)
        if [each.envelope.message_id for each in intakes] == unanswered:
            unanswered.clear()
            raise OperationalError("COMMIT", {}, ConnectionError())
        return done

    monkeypatch.setattr(batch, "_once", cut_off)
    log = Log()
    sent, _ = _handed_on(casebook, [log.put(each, MONDAY) for each in leads])
    cases = [key.decode() for topic, key, _ in sent if topic == JOURNAL]
    assert cases == [each.envelope.case_id for each in leads]
    assert rows(casebook, OUTBOX) == []
