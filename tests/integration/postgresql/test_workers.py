"""Two workers on one casebook: whatever they do at once, everything is done once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from schemas.messages import Message
from services.casebook import postgresql
from services.casebook import work as working
from services.casebook.progress import begin_progress, lock_progress, locked
from services.casebook.retry import passes, patiently
from services.casebook.rows import Progress, Unsent, from_ms
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, MESSAGES, NUMBERS, OUTBOX
from services.casebook.write import flush as write
from services.exchange.incoming import Incoming
from tests.batches import lead, of_one_partition, partition_of
from tests.history import HANDLER, MONDAY, History
from tests.office import Log, everything, open_at, rows, run

SECONDS_MAX = 30.0


@contextmanager
def another(casebook: Casebook) -> Iterator[Casebook]:
    """A second worker's connections."""
    opened = open_at(casebook.engine.url.render_as_string(hide_password=False))
    yield opened
    opened.close()


def at_once(*batches: tuple[Casebook, list[Incoming]]) -> list[Any]:
    """Run batches at the same time, each in a thread of its own; return their tallies."""
    with ThreadPoolExecutor(len(batches)) as pool:
        futures = [pool.submit(run, casebook, records) for casebook, records in batches]
        return [future.result(SECONDS_MAX) for future in futures]


def meeting(monkeypatch: pytest.MonkeyPatch, parties: int = 2) -> None:
    """Let the first writing of each of the workers wait until all have decided."""
    barrier, left = Barrier(parties), [parties]

    def flush(*args: Any) -> list[Unsent]:
        if left[0] > 0:
            left[0] -= 1
            barrier.wait(SECONDS_MAX)
        return write(*args)

    monkeypatch.setattr(working, "flush", flush)


def of_two_partitions() -> tuple[Message, Message]:
    """Two leads of cases in different partitions, with one 文号."""
    first = lead(0)
    number = next(n for n in range(1, 100) if partition_of(lead(n)) != partition_of(first))
    other = lead(number)
    taken = first.envelope.document_number
    return first, replace(other, envelope=replace(other.envelope, document_number=taken))


def test_who_lost_a_partition_in_a_transaction_and_who_has_it_now_do_it_once(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(6)]
    run(casebook, records[:2])
    waiting, go_on = Event(), Event()

    def slowly(*args: Any) -> list[Unsent]:
        waiting.set()
        assert go_on.wait(SECONDS_MAX)
        return write(*args)

    with another(casebook) as second, ThreadPoolExecutor(2) as pool:
        with monkeypatch.context() as patch:
            patch.setattr(working, "flush", slowly)
            old = pool.submit(run, casebook, records[1:4])
            assert waiting.wait(SECONDS_MAX)
        new = pool.submit(run, second, records)
        go_on.set()
        counted = [len(future.result(SECONDS_MAX).messages) for future in (old, new)]
    assert counted == [2, 2]
    assert len(rows(casebook, DECISIONS)) == len(rows(casebook, CASES)) == 6
    sources = [row.seq for row in rows(casebook, OUTBOX)]
    assert sources == sorted(sources)


def test_the_same_records_at_the_same_time_are_decided_once(casebook: Casebook) -> None:
    log = Log()
    records = [log.put(lead(number), MONDAY) for number in range(12)]
    with another(casebook) as second:
        tallies = at_once((casebook, records), (second, records))
        before = everything(casebook)
        at_once((casebook, records), (second, records))
    assert sum(len(tally.messages) for tally in tallies) == 12
    assert len(before["decisions"]) == 12
    assert everything(casebook) == before


def test_a_number_that_two_workers_give_at_once_is_taken_by_one(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = of_two_partitions()
    log = Log()
    meeting(monkeypatch)
    with another(casebook) as other:
        tallies = at_once((casebook, [log.put(first, MONDAY)]), (other, [log.put(second, MONDAY)]))
    outcomes = sorted(outcome for tally in tallies for _, _, outcome in tally.messages)
    assert outcomes == ["accepted", "rejected"]
    (bearer,) = rows(casebook, NUMBERS)
    codes = {row.message_id: row.code for row in rows(casebook, MESSAGES)}
    assert codes.pop(bearer.message_id) is None
    assert list(codes.values()) == ["document_number.used"]


def test_an_id_that_two_cases_get_at_once_is_one_message_s(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, signings = Log(), []
    for number, opening in enumerate(of_two_partitions()):
        history = History(count=100 * number)
        own = replace(opening.envelope, document_number=f"案移〔2026〕{number + 1}号")
        lawful = replace(opening, envelope=own)
        history.decide(lawful)
        run(casebook, [log.put(lawful, MONDAY)])
        signings.append(history.next("signed_for", HANDLER))
    one_id = signings[0].envelope.message_id
    twice = [replace(each, envelope=replace(each.envelope, message_id=one_id)) for each in signings]
    meeting(monkeypatch)
    with another(casebook) as other:
        tallies = at_once(
            (casebook, [log.put(twice[0], MONDAY)]), (other, [log.put(twice[1], MONDAY)])
        )
    outcomes = sorted(outcome for tally in tallies for _, _, outcome in tally.messages)
    assert outcomes == ["accepted", "rejected"]
    codes = [row.code for row in rows(casebook, DECISIONS)]
    assert codes == [None, None, None, "message.id_reused"]


def test_a_worker_that_hangs_in_a_transaction_is_cut_off_and_the_other_goes_on(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(3)]
    run(casebook, records[:1])
    monkeypatch.setattr(postgresql, "IDLE_SECONDS_MAX", 1)
    with another(casebook) as hanging, hanging.engine.connect() as stopped:
        held = lock_progress(stopped, [("leads", 0)])
        assert held["leads", 0].next_offset == 1
        assert len(run(casebook, records).messages) == 2
        with pytest.raises(DBAPIError) as raised:
            stopped.execute(text("SELECT 1"))
        assert passes(raised.value)
        stopped.invalidate()


def test_a_lock_that_is_held_for_long_is_waited_for_in_turns(casebook: Casebook) -> None:
    run(casebook, [])
    with casebook.engine.begin() as connection:
        begin_progress(connection, {("leads", 0): Progress(0, from_ms(0))})
    with another(casebook) as second, casebook.engine.begin() as holder:
        lock_progress(holder, [("leads", 0)])
        with second.engine.connect() as waiting:
            waiting.execute(text("SET lock_timeout = '50ms'"))
            with pytest.raises(DBAPIError) as raised:
                lock_progress(waiting, [("leads", 0)])
    assert getattr(raised.value.orig, "sqlstate", None) == "55P03"
    assert passes(raised.value)


def test_a_deadlock_is_broken_and_both_finish(casebook: Casebook) -> None:
    places = [("leads", 0), ("leads", 1)]
    with casebook.engine.begin() as connection:
        begin_progress(connection, {place: Progress(0, from_ms(0)) for place in places})
    barrier, tries = Barrier(2), [0]

    def crosswise(worker: Casebook, order: list[tuple[str, int]], begun: list[int]) -> None:
        tries[0] += 1
        with worker.engine.begin() as connection:
            locked(connection, order[:1])
            if not begun:
                begun.append(1)
                barrier.wait(SECONDS_MAX)
            locked(connection, order[1:])

    with another(casebook) as second, ThreadPoolExecutor(2) as pool:
        one = pool.submit(patiently, crosswise, casebook, places, [])
        two = pool.submit(patiently, crosswise, second, places[::-1], [])
        for future in (one, two):
            future.result(SECONDS_MAX)
    assert tries[0] == 3


@pytest.mark.parametrize("after_writing", [False, True])
def test_a_connection_that_is_lost_in_a_transaction_costs_nothing(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, *, after_writing: bool
) -> None:
    left = [2]

    def flush(connection: Any, changes: Any, keys: Any, seqs: Any) -> list[Unsent]:
        unsent = write(connection, changes, keys, seqs) if after_writing else []
        if left[0]:
            left[0] -= 1
            with another(casebook) as second, second.engine.connect() as killer:
                pid = connection.connection.driver_connection.info.backend_pid
                killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        return unsent if after_writing else write(connection, changes, keys, seqs)

    monkeypatch.setattr(working, "flush", flush)
    log = Log()
    tally = run(casebook, [log.put(lead(number), MONDAY) for number in range(3)])
    assert len(tally.messages) == 3
    assert len(rows(casebook, DECISIONS)) == 3


def test_a_commit_whose_answer_was_lost_is_not_done_again(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    records = [log.put(lead(number), MONDAY) for number in range(3)]
    dialect, lost = casebook.engine.dialect, [False]
    commit = dialect.do_commit

    def deaf(connection: Any) -> None:
        commit(connection)
        if not lost[0]:
            lost[0] = True
            connection.driver_connection.close()
            connection.driver_connection.execute("SELECT 1")  # raises as a lost one does

    monkeypatch.setattr(dialect, "do_commit", deaf)
    tally = run(casebook, records)
    assert lost == [True]
    assert tally.messages == []  # done before, as far as the second attempt can tell
    assert len(rows(casebook, DECISIONS)) == 3


def test_a_worker_that_starts_late_sets_nobody_back(casebook: Casebook) -> None:
    record = Log().put(of_one_partition(1)[0], MONDAY)
    place = (record.position.topic, record.position.partition)
    run(casebook, [record])
    with casebook.engine.begin() as connection:
        begin_progress(connection, {place: Progress(0, from_ms(0))})
        assert lock_progress(connection, [place])[place].next_offset == 1
