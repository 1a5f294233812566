"""One batch, one transaction: what fails stops one case, what cannot go on stops the process."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from schemas.errors import Broken, Unavailable
from schemas.ids import MessageId, derive
from schemas.messages import DutyNotice, Held, HoldReason, Message, Rung, SettleAction, Tick
from schemas.topics import flow_partition
from services.casebook import work as working
from services.casebook.rows import Position
from services.casebook.store import Casebook, open_sqlite
from services.casebook.tables import (
    CASES,
    DEAD,
    DECISIONS,
    MESSAGES,
    ORIGINALS,
    OUTBOX,
    PROGRESS,
)
from services.casebook.work import Work
from services.casebook.write import Changes
from services.casebook.write import flush as write
from services.casework.case import Case
from services.casework.decide import decide
from services.casework.effects import Decision
from services.exchange import batch, desk
from services.exchange.intake import Incoming
from services.exchange.sending import Sending
from tests.history import HANDLER, MONDAY, NOBODYS, SENDER, History, message, organ, violation
from tests.office import (
    PARTITIONS,
    Log,
    dead_letters,
    everything,
    inboxes,
    office,
    rows,
    run,
    sealed,
    sent,
    settlement,
    told,
)

LATER = MONDAY + timedelta(hours=1)
Decide = Callable[..., Decision]


class Planted(Exception):
    """A defect planted by a test."""


def lead(number: int) -> Message:
    """A lead of a case of its own."""
    return message(
        "lead_transfer",
        SENDER,
        f"lead-{number}",
        envelope={"document_number": f"案移〔2026〕{number + 1}号"},
    )


def failing(when: Callable[[Case | None, Message], bool]) -> Decide:
    """The law, with a defect planted where `when` says."""

    def planted(case: Case | None, sent: Message, *rest: Any) -> Decision:
        if when(case, sent):
            raise Planted
        return decide(case, sent, *rest)

    return planted


def partition_of(sent: Message) -> int:
    return flow_partition(sent.envelope.case_id.encode(), PARTITIONS)


def of_one_partition(count: int) -> list[Message]:
    """Leads of cases that share a partition."""
    found: list[Message] = []
    number = 0
    while len(found) < count:
        number += 1
        if partition_of(lead(number)) == 0:
            found.append(lead(number))
    return found


# ---------------------------------------------------------------------- progress and redelivery


def test_progress_follows_each_partition_and_its_clock_never_goes_back(
    casebook: Casebook,
) -> None:
    first, second = of_one_partition(2)
    log = Log()
    run(casebook, [log.put(first, LATER), log.put(second, MONDAY)])
    (row,) = rows(casebook, PROGRESS)
    assert (row.topic, row.partition, row.next_offset) == ("leads", 0, 2)
    assert row.clock_ms == LATER.timestamp() * 1000
    received = {row.message_id: row.received_ms for row in rows(casebook, MESSAGES)}
    assert set(received.values()) == {LATER.timestamp() * 1000}


def test_what_was_done_before_is_skipped_whole_or_in_part(casebook: Casebook) -> None:
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(4)]
    run(casebook, records[:2])
    run(casebook, records[:2])
    before = everything(casebook)
    assert run(casebook, records[:1]).messages == []
    assert everything(casebook) == before
    tally = run(casebook, records)
    assert len(tally.messages) == 2
    assert len(rows(casebook, DECISIONS)) == 4


def test_one_record_twice_in_a_batch_is_one_record(casebook: Casebook) -> None:
    record = Log().put(lead(1), MONDAY)
    assert len(run(casebook, [record, record]).messages) == 1


@pytest.mark.parametrize("begun", [True, False])
def test_a_gap_in_the_log_stops_the_process_and_stores_nothing(
    casebook: Casebook, *, begun: bool
) -> None:
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(3)]
    if begun:
        run(casebook, records[:1])
    before = everything(casebook)
    with pytest.raises(Broken) as raised:
        run(casebook, [*records[:1], records[2]] if begun else records[1:])
    assert raised.value.code == "log.gap"
    assert raised.value.detail == ("leads/0: 1 → 2" if begun else "leads/0: 0 → 1")
    assert everything(casebook) == before


def test_the_outbox_keeps_the_order_of_the_log(casebook: Casebook) -> None:
    log = Log()
    leads = [lead(number) for number in range(12)]
    run(casebook, [log.put(each, MONDAY) for each in leads])
    for partition in range(PARTITIONS):
        expected = [each.envelope.case_id for each in leads if partition_of(each) == partition]
        got = [
            row.key.decode()
            for row in rows(casebook, OUTBOX)
            if row.source_partition == partition and row.topic == f"inbox.{HANDLER}"
        ]
        assert got == expected


def test_wherever_a_batch_ends_everything_is_the_same_to_the_byte(
    casebook: Casebook, tmp_path: Path
) -> None:
    log, records = Log(), []
    for number in range(3):
        history = History(count=number * 100)
        opening = lead(number)
        history.decide(opening)
        records.append(log.put(opening, history.at))
        for record, sender in (("signed_for", HANDLER), ("filing_reply", HANDLER)):
            records.append(log.put(sent(history, record, sender), history.at))
            records.append(log.tick(history.at + timedelta(days=3), partition_of(opening)))
    run(casebook, records)
    other = open_sqlite(tmp_path / "other.sqlite")
    for each in records:
        run(other, [each])
    assert everything(other) == everything(casebook)
    other.close()


# ------------------------------------------------------------------------------------ a defect


def test_a_message_that_makes_the_law_fail_freezes_its_case_and_no_other(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = lead(2)
    fails = failing(lambda _, sent: sent.envelope.message_id == bad.envelope.message_id)
    monkeypatch.setattr(desk, "decide", fails)
    log = Log()
    tally = run(casebook, [log.put(lead(number), MONDAY) for number in range(5)])
    assert tally.dead == ["case.defect"]
    cases = {row.case_id: (row.state, row.stopped) for row in rows(casebook, CASES)}
    assert cases.pop(bad.envelope.case_id) == ("new", "frozen")
    assert set(cases.values()) == {("issued", None)}
    (held,) = [said for said in inboxes(casebook) if isinstance(said.message, Held)]
    assert isinstance(held.message, Held)
    assert (held.to, held.message.hold) == (SENDER, HoldReason.FROZEN)
    assert held.message.code == "case.defect"
    ((_, value, headers),) = dead_letters(casebook)
    assert value == sealed(bad)
    assert headers["yichuan-code"] == "case.defect"
    assert "Planted" not in repr(everything(casebook))


def test_a_frozen_case_is_settled_by_retry_and_what_waited_follows(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    reply = sent(history, "filing_reply", HANDLER)
    reply_at = history.at
    progress = sent(history, "case_progress", HANDLER)
    bad = reply.envelope.message_id
    monkeypatch.setattr(desk, "decide", failing(lambda _, m: m.envelope.message_id == bad))
    run(casebook, [log.put(opening, MONDAY), log.put(reply, reply_at), log.put(progress, LATER)])
    assert [row.waiting for row in rows(casebook, CASES)] == [1]
    monkeypatch.setattr(desk, "decide", decide)
    run(casebook, [log.put(settlement(history, SettleAction.RETRY, reply), LATER)])
    (case,) = rows(casebook, CASES)
    assert (case.state, case.stopped, case.waiting) == ("filed", None, 0)
    outcomes = {row.record: row.outcome for row in rows(casebook, MESSAGES)}
    assert outcomes == {
        "LeadTransfer": "accepted",
        "FilingReply": "accepted",
        "CaseProgress": "accepted",
        "CaseSettled": "accepted",
    }
    filed = next(row for row in rows(casebook, MESSAGES) if row.record == "FilingReply")
    assert filed.received_ms == reply_at.timestamp() * 1000


def test_a_frozen_case_is_settled_without_the_message(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    bad = history.next("signed_for", HANDLER)
    waits = sent(history, "signed_for", HANDLER)
    fails = failing(lambda _, m: m.envelope.message_id == bad.envelope.message_id)
    monkeypatch.setattr(desk, "decide", fails)
    run(casebook, [log.put(each, MONDAY) for each in (opening, bad, waits)])
    run(casebook, [log.put(settlement(history, SettleAction.DISCARD, bad), LATER)])
    (case,) = rows(casebook, CASES)
    assert (case.state, case.stopped) == ("received", None)


def test_a_word_of_an_operator_that_is_refused_is_written_down_and_nobody_is_told(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    word = settlement(history, SettleAction.DISCARD, opening)
    run(casebook, [log.put(opening, MONDAY)])
    before = told(casebook)
    tally = run(casebook, [log.put(word, LATER)])
    assert tally.messages == [("leads", "CaseSettled", "rejected")]
    assert told(casebook) == before
    assert [row.code for row in rows(casebook, DECISIONS)] == [None, "case.not_frozen"]


def test_what_waited_and_then_fails_is_dead_with_its_own_bytes_and_place(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    waits = sent(history, "case_progress", SENDER)
    back = sent(history, "withdrawal", SENDER)
    bad = waits.envelope.message_id
    first = [log.put(held, MONDAY), log.put(waits, MONDAY)]
    run(casebook, first)
    monkeypatch.setattr(desk, "decide", failing(lambda _, m: m.envelope.message_id == bad))
    run(casebook, [log.put(back, LATER)])
    ((_, value, headers),) = dead_letters(casebook)
    assert value == sealed(waits)
    assert headers["kafka_dlt-original-offset"] == "1"
    (row,) = rows(casebook, DEAD)
    assert (row.offset, row.message_id) == (1, bad)
    (case,) = rows(casebook, CASES)
    assert (case.state, case.stopped) == ("withdrawn", "frozen")


# ------------------------------------------------------------------------------------ the Tick


def overdue() -> datetime:
    return MONDAY + timedelta(days=2)


def notices(casebook: Casebook) -> list[tuple[str, Rung]]:
    return [
        (said.to, said.message.rung)
        for said in inboxes(casebook)
        if isinstance(said.message, DutyNotice)
    ]


def test_a_tick_fires_what_its_partition_owes(casebook: Casebook) -> None:
    first, second = of_one_partition(2)
    elsewhere = next(lead(n) for n in range(50) if partition_of(lead(n)) == 1)
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in (first, second, elsewhere)])
    tally = run(casebook, [log.tick(overdue(), 0)])
    assert tally.messages == [("leads", "Tick", "accepted")]
    assert tally.rungs == [("sign_for", Rung.YELLOW)] * 2
    assert notices(casebook) == [(HANDLER, Rung.YELLOW), (SENDER, Rung.YELLOW)] * 2
    assert [row.outcome for row in rows(casebook, DECISIONS)] == ["accepted"] * 3 + ["fired"] * 2
    assert {row.case_id for row in rows(casebook, DECISIONS)[3:]} == {
        first.envelope.case_id,
        second.envelope.case_id,
    }
    assert run(casebook, [log.tick(overdue(), 0)]).rungs == []


def test_a_tick_comes_after_what_lies_before_it(casebook: Casebook) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    place = partition_of(opening)
    signed = sent(history, "signed_for", HANDLER)
    tally = run(
        casebook,
        [log.put(opening, MONDAY), log.put(signed, LATER), log.tick(overdue(), place)],
    )
    assert tally.rungs == []


def test_a_tick_of_so_many_cases_leaves_the_others_to_the_next(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "TICK_CASES_MAX", 2)
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(3)])
    assert len(run(casebook, [log.tick(overdue(), 0)]).rungs) == 2
    assert len(run(casebook, [log.tick(overdue(), 0)]).rungs) == 1


def test_a_tick_that_fails_in_one_case_fires_the_others_and_can_be_retried(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = of_one_partition(3)
    bad = leads[0].envelope.case_id
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in leads])
    fails = failing(lambda case, m: isinstance(m, Tick) and case is not None and case.id == bad)
    monkeypatch.setattr(desk, "decide", fails)
    tick = log.tick(overdue(), 0)
    assert len(run(casebook, [tick]).rungs) == 2
    assert {row.case_id: row.stopped for row in rows(casebook, CASES)}[bad] == "frozen"
    monkeypatch.setattr(desk, "decide", decide)
    assert run(casebook, [log.tick(overdue(), 0)]).rungs == []
    history = History()
    history.decide(leads[0])
    fired = replace(
        leads[0],
        envelope=replace(leads[0].envelope, message_id=tick_id(overdue())),
    )
    tally = run(casebook, [log.put(settlement(history, SettleAction.RETRY, fired), LATER)])
    assert tally.rungs == [("sign_for", Rung.YELLOW)]
    decided = [row for row in rows(casebook, DECISIONS) if row.case_id == bad]
    assert [row.outcome for row in decided] == ["accepted", "dead", "accepted", "fired"]
    assert [row.stopped for row in rows(casebook, CASES)] == [None] * 3


def tick_id(at: datetime) -> MessageId:
    return MessageId(derive("tick", "leads", "0", at.isoformat()))


def test_cases_that_stand_still_do_not_keep_others_from_their_ticks(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = of_one_partition(2)
    log = Log()
    history = History()
    history.decide(first)
    reply = history.next("signed_for", HANDLER)
    bad = reply.envelope.message_id
    monkeypatch.setattr(desk, "decide", failing(lambda _, m: m.envelope.message_id == bad))
    monkeypatch.setattr(desk, "TICK_CASES_MAX", 1)
    run(casebook, [log.put(first, MONDAY), log.put(reply, MONDAY), log.put(second, LATER)])
    run(casebook, [log.tick(overdue(), 0)])
    assert [row.case_id for row in rows(casebook, DECISIONS) if row.outcome == "fired"] == [
        second.envelope.case_id
    ]


# ------------------------------------------------------------------- what a database will not take


def refusing(message_id: MessageId, *, notes_too: bool = False) -> Callable[..., None]:
    """The writing of changes, by a database that will not take one message."""

    def flush(connection: Connection, changes: Changes) -> None:
        mentioned = any(key[1] == message_id for key in changes.messages)
        noted = any(row.message_id == message_id for row in changes.dead)
        if mentioned or (notes_too and noted):
            raise DataError("INSERT", {}, ValueError("too long"))
        write(connection, changes)

    return flush


def test_the_record_that_cannot_be_stored_is_found_and_the_others_are_done(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = lead(2)
    monkeypatch.setattr(working, "flush", refusing(bad.envelope.message_id))
    log = Log()
    tally = run(casebook, [log.put(lead(number), MONDAY) for number in range(5)])
    assert tally.dead == ["message.unstorable"]
    assert len(tally.messages) == 4
    assert {row.case_id: row.stopped for row in rows(casebook, CASES)}[
        bad.envelope.case_id
    ] == "frozen"
    assert bad.envelope.message_id not in {row.message_id for row in rows(casebook, MESSAGES)}
    ((_, value, headers),) = dead_letters(casebook)
    assert value == sealed(bad)
    assert headers["yichuan-code"] == "message.unstorable"
    held = [said for said in inboxes(casebook) if isinstance(said.message, Held)]
    assert [said.to for said in held] == [SENDER]


def test_what_could_not_be_stored_is_discarded_and_never_stops_the_bus_by_a_retry(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    bad = history.next("signed_for", HANDLER)
    with monkeypatch.context() as patched:
        patched.setattr(working, "flush", refusing(bad.envelope.message_id))
        run(casebook, [log.put(opening, MONDAY), log.put(bad, MONDAY)])
    run(casebook, [log.put(settlement(history, SettleAction.RETRY, bad), LATER)])
    assert [row.code for row in rows(casebook, DECISIONS)][-1] == "settle.retry_impossible"
    run(casebook, [log.put(settlement(history, SettleAction.DISCARD, bad), LATER)])
    assert [row.stopped for row in rows(casebook, CASES)] == [None]


def test_a_stranger_s_record_that_cannot_be_stored_freezes_no_case(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    strange = history.next("signed_for", "mugang")
    run(casebook, [log.put(opening, MONDAY)])
    monkeypatch.setattr(working, "flush", refusing(strange.envelope.message_id))
    run(casebook, [log.put(strange, MONDAY)])
    assert [row.stopped for row in rows(casebook, CASES)] == [None]
    assert [row.code for row in rows(casebook, DEAD)] == ["message.unstorable"]


def test_a_refused_form_that_cannot_be_stored_is_dead_and_freezes_nothing(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = replace(lead(1), envelope=replace(lead(1).envelope, officers=()))
    monkeypatch.setattr(working, "flush", refusing(bad.envelope.message_id))
    run(casebook, [Log().put(bad, MONDAY)])
    assert rows(casebook, CASES) == []
    assert [row.code for row in rows(casebook, DEAD)] == ["message.unstorable"]


def test_when_not_even_the_note_can_be_stored_the_process_stops(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = lead(1)
    refuses = refusing(bad.envelope.message_id, notes_too=True)
    monkeypatch.setattr(working, "flush", refuses)
    with pytest.raises(Broken) as raised:
        run(casebook, [Log().put(bad, MONDAY)])
    assert (raised.value.code, raised.value.detail) == ("casebook.refuses", "DataError")
    assert rows(casebook, PROGRESS) == []


def busy(times: int) -> Callable[..., None]:
    """The writing of changes, by a database that is away so many times."""
    left = [times]

    def flush(connection: Connection, changes: Changes) -> None:
        if left[0]:
            left[0] -= 1
            raise OperationalError("COMMIT", {}, TimeoutError())
        write(connection, changes)

    return flush


def test_a_database_that_comes_back_is_waited_for_and_nothing_is_done_twice(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr(working, "flush", busy(batch._ATTEMPTS_MAX - 1))
    tally = run(casebook, [Log().put(lead(1), MONDAY)])
    assert len(tally.messages) == 1
    assert len(rows(casebook, DECISIONS)) == 1


def test_a_database_that_stays_away_stops_the_process(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr(working, "flush", busy(batch._ATTEMPTS_MAX))
    with pytest.raises(Unavailable) as raised:
        run(casebook, [Log().put(lead(1), MONDAY)])
    assert (raised.value.code, raised.value.detail) == ("casebook.unavailable", "TimeoutError")
    assert rows(casebook, DECISIONS) == []


# ----------------------------------------------------------------------------- what must be there


def test_an_original_that_is_missing_stops_the_process(casebook: Casebook) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    run(casebook, [log.put(held, MONDAY)])
    with casebook.engine.begin() as connection:
        connection.execute(ORIGINALS.delete())
    correction = history.next("correction", SENDER)
    with pytest.raises(Broken) as raised:
        run(casebook, [log.put(correction, LATER)])
    assert raised.value.code == "casebook.original_missing"


def test_a_schema_that_was_not_applied_stops_the_process(casebook: Casebook) -> None:
    ids = {key: value for key, value in office().ids.items() if value != office().own("Accepted")}
    with pytest.raises(Broken) as raised:
        run(casebook, [Log().put(lead(1), MONDAY)], replace(office(), ids=ids))
    assert raised.value.code == "schema.not_applied"


def test_what_is_for_nobody_of_the_directory_stops_the_process(casebook: Casebook) -> None:
    with casebook.engine.begin() as connection:
        sending = Sending(office(), Work(connection))
        incoming = Incoming(Position("leads", 0, 0), None, None, MONDAY)
        nobody = type(organ(SENDER))("nobody")
        with pytest.raises(Broken) as raised:
            sending.into_inbox(nobody, lead(1).envelope.case_id, b"", incoming)
    assert raised.value.code == "organ.unknown"
