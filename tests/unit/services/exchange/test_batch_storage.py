"""What the database does not take, and a database that is away."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from schemas.errors import Broken, Unavailable
from schemas.ids import CaseId, MessageId
from schemas.messages import Held, SettleAction
from services.casebook import work as working
from services.casebook.case_keys import CaseKeys
from services.casebook.changes import Changes
from services.casebook.retry import ATTEMPTS_MAX
from services.casebook.rows import Position, Unsent
from services.casebook.store import Casebook
from services.casebook.tables import (
    CASES,
    DEAD,
    DECISIONS,
    MESSAGES,
    ORIGINALS,
    PROGRESS,
)
from services.casebook.work import Work
from services.casebook.write import flush as write
from services.exchange.incoming import Incoming
from services.exchange.sending import Sending
from tests.batches import LATER, lead
from tests.history import HANDLER, MONDAY, NOBODYS, SENDER, History, organ, violation
from tests.marked import marked
from tests.office import (
    Log,
    dead_letters,
    inboxes,
    office,
    rows,
    run,
    sealed,
    sent,
    settlement,
)

# ------------------------------------------------------------------- what a database will not take


def refusing(message_id: MessageId, *, notes_too: bool = False) -> Callable[..., list[Unsent]]:
    """The writing of changes, by a database that will not take one message."""

    def flush(
        connection: Connection, changes: Changes, keys: CaseKeys, seqs: dict[CaseId, int]
    ) -> list[Unsent]:
        mentioned = any(key[1] == message_id for key in changes.messages)
        noted = any(row.message_id == message_id for row in changes.dead)
        if mentioned or (notes_too and noted):
            raise DataError("INSERT", {}, ValueError("too long"))
        return write(connection, changes, keys, seqs)

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


def test_a_secret_beside_what_cannot_be_stored_is_made_unreadable_at_once_too(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = lead(2)
    monkeypatch.setattr(working, "flush", refusing(bad.envelope.message_id))
    log = Log()
    secret = log.put(marked(1), MONDAY)
    tally = run(casebook, [secret, log.put(bad, MONDAY)])
    assert tally.dead == ["message.unstorable"]
    assert tally.secrets == {secret.position.place}


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


def busy(times: int) -> Callable[..., list[Unsent]]:
    """The writing of changes, by a database that is away so many times."""
    left = [times]

    def flush(
        connection: Connection, changes: Changes, keys: CaseKeys, seqs: dict[CaseId, int]
    ) -> list[Unsent]:
        if left[0]:
            left[0] -= 1
            raise OperationalError("COMMIT", {}, TimeoutError())
        return write(connection, changes, keys, seqs)

    return flush


def test_a_database_that_comes_back_is_waited_for_and_nothing_is_done_twice(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr(working, "flush", busy(ATTEMPTS_MAX - 1))
    tally = run(casebook, [Log().put(lead(1), MONDAY)])
    assert len(tally.messages) == 1
    assert len(rows(casebook, DECISIONS)) == 1


def test_a_database_that_stays_away_stops_the_process(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr(working, "flush", busy(ATTEMPTS_MAX))
    with pytest.raises(Unavailable) as raised:
        run(casebook, [Log().put(lead(1), MONDAY)])
    assert (raised.value.code, raised.value.detail) == (
        "casebook.unavailable",
        "数据库没有应答 | the database gave no answer",
    )
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
        sending = Sending(office(), Work(connection, casebook.key))
        incoming = Incoming(Position("leads", 0, 0), None, None, MONDAY)
        nobody = type(organ(SENDER))("nobody")
        with pytest.raises(Broken) as raised:
            sending.into_inbox(nobody, lead(1).envelope.case_id, b"", incoming)
    assert raised.value.code == "organ.unknown"
