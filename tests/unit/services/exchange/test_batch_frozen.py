"""A defect stops one case; an operator settles it."""

import pytest

from schemas.messages import Held, HoldReason, SettleAction
from services.casebook.store import Casebook
from services.casebook.tables import (
    CASES,
    DEAD,
    DECISIONS,
    MESSAGES,
)
from services.casework.decide import decide
from services.exchange import clerk
from tests.batches import LATER, failing, lead
from tests.history import HANDLER, MONDAY, NOBODYS, SENDER, History, violation
from tests.office import (
    Log,
    dead_letters,
    everything,
    inboxes,
    rows,
    run,
    sealed,
    sent,
    settlement,
    told,
)

# ------------------------------------------------------------------------------------ a defect


def test_a_message_that_makes_the_law_fail_freezes_its_case_and_no_other(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = lead(2)
    fails = failing(lambda _, sent: sent.envelope.message_id == bad.envelope.message_id)
    monkeypatch.setattr(clerk, "decide", fails)
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
    assert headers["yichuan-where"].startswith("clerk.py:")  # the innermost line of ours
    assert headers["yichuan-detail"] == "Planted"
    assert headers["yichuan-locked"] == bad.envelope.case_id  # erased with its case
    rest = {name: told for name, told in everything(casebook).items() if name != "outbox"}
    assert "Planted" not in repr(rest)


def test_a_frozen_case_is_settled_by_retry_and_what_waited_follows(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    reply = sent(history, "filing_reply", HANDLER)
    reply_at = history.at
    progress = sent(history, "case_progress", HANDLER)
    bad = reply.envelope.message_id
    monkeypatch.setattr(clerk, "decide", failing(lambda _, m: m.envelope.message_id == bad))
    run(casebook, [log.put(opening, MONDAY), log.put(reply, reply_at), log.put(progress, LATER)])
    assert [row.waiting for row in rows(casebook, CASES)] == [1]
    monkeypatch.setattr(clerk, "decide", decide)
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
    monkeypatch.setattr(clerk, "decide", fails)
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
    monkeypatch.setattr(clerk, "decide", failing(lambda _, m: m.envelope.message_id == bad))
    run(casebook, [log.put(back, LATER)])
    ((_, value, headers),) = dead_letters(casebook)
    assert value == sealed(waits)
    assert headers["kafka_dlt-original-offset"] == "1"
    (row,) = rows(casebook, DEAD)
    assert (row.offset, row.message_id) == (1, bad)
    (case,) = rows(casebook, CASES)
    assert (case.state, case.stopped) == ("withdrawn", "frozen")
