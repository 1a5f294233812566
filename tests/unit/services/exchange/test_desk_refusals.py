"""What the desk refuses, and what that leaves behind."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.ids import derive
from schemas.messages import Held, HoldReason, LeadTransfer, Rejected
from schemas.parts import Flow, Secrecy
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DEAD, DECISIONS, MESSAGES, NUMBERS, ORIGINALS, OUTBOX
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    History,
    message,
    organ,
    violation,
)
from tests.office import (
    Log,
    dead_letters,
    everything,
    inboxes,
    rows,
    run,
    sent,
    told,
)

LATER = MONDAY + timedelta(hours=1)


def lead(label: str = "one", **changes: Any) -> LeadTransfer:
    found = message("lead_transfer", SENDER, label, **changes)
    assert isinstance(found, LeadTransfer)
    return found


def codes(casebook: Casebook) -> list[str]:
    """The codes of the Rejected in the outbox."""
    return [said.message.code for said in inboxes(casebook) if isinstance(said.message, Rejected)]


# --------------------------------------------------------------------------- what a decision sends


def test_a_misrouted_message_reserves_no_id(casebook: Casebook) -> None:
    log = Log()
    run(casebook, [log.put(lead(), MONDAY, topic="transfers")])
    assert codes(casebook) == ["message.misrouted"]
    assert rows(casebook, MESSAGES) == []
    run(casebook, [log.put(lead(), MONDAY)])
    assert told(casebook)[-1] == (SENDER, "Accepted")


def test_a_reply_on_another_flow_than_its_case_s_reserves_no_id(casebook: Casebook) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    reply = history.next("signed_for", HANDLER)
    astray = replace(reply, envelope=replace(reply.envelope, flow=Flow.TRANSFERS))
    run(casebook, [log.put(opening, MONDAY), log.put(astray, MONDAY)])
    assert codes(casebook) == ["message.misrouted"]
    (case,) = rows(casebook, CASES)
    assert (case.state, case.topic) == ("issued", "leads")
    run(casebook, [log.put(reply, MONDAY)])
    assert [case.state for case in rows(casebook, CASES)] == ["received"]


def test_one_content_that_is_refused_for_another_reason_is_told_so_by_another_message(
    casebook: Casebook,
) -> None:
    unsigned, log = lead(envelope={"officers": []}), Log()
    run(casebook, [log.put(unsigned, MONDAY, topic="transfers"), log.put(unsigned, MONDAY)])
    first, second = (said.message for said in inboxes(casebook))
    assert codes(casebook) == ["message.misrouted", "transfer.officers_too_few"]
    assert first.envelope.message_id != second.envelope.message_id


def test_what_somebody_carries_elsewhere_gets_its_sender_s_first_receipt(
    casebook: Casebook,
) -> None:
    log = Log()
    run(casebook, [log.put(lead(), MONDAY), log.put(lead(), MONDAY, topic="transfers")])
    assert told(casebook)[1:] == [(SENDER, "Accepted")] * 2


def test_a_refused_form_is_answered_once_and_the_same_again(casebook: Casebook) -> None:
    log = Log()
    alone = lead()
    alone = replace(alone, envelope=replace(alone.envelope, officers=()))
    run(casebook, [log.put(alone, MONDAY), log.put(alone, LATER)])
    assert codes(casebook) == ["transfer.officers_too_few"] * 2
    assert len({said.value for said in inboxes(casebook)}) == 1
    (row,) = rows(casebook, MESSAGES)
    assert (row.outcome, row.code) == ("rejected", "transfer.officers_too_few")


def test_a_refused_form_under_a_used_id_does_not_replace_what_stands(casebook: Casebook) -> None:
    log = Log()
    alone = replace(lead(), envelope=replace(lead().envelope, officers=()))
    run(casebook, [log.put(lead(), MONDAY), log.put(alone, LATER), log.put(lead(), LATER)])
    assert codes(casebook) == ["transfer.officers_too_few"]
    (row,) = rows(casebook, MESSAGES)
    assert row.outcome == "accepted"
    assert told(casebook)[-1] == (SENDER, "Accepted")


def test_a_number_is_used_once_by_an_organ_and_by_others_as_they_like(casebook: Casebook) -> None:
    log = Log()
    theirs = message("lead_transfer", STRANGER, "theirs", violations=[violation()])
    run(casebook, [log.put(each, MONDAY) for each in (lead("one"), lead("two"), theirs)])
    assert codes(casebook) == ["document_number.used"]
    assert {row.organ for row in rows(casebook, NUMBERS)} == {organ(SENDER), organ(STRANGER)}


@pytest.mark.parametrize("unlawful", ["form", "law"])
def test_the_number_of_a_refused_message_is_free_again(casebook: Casebook, unlawful: str) -> None:
    log = Log()
    refused = lead("refused", violations=[violation(matter="CG-002")])
    if unlawful == "form":
        refused = replace(refused, envelope=replace(refused.envelope, officers=()))
    run(casebook, [log.put(refused, MONDAY), log.put(lead("right"), MONDAY)])
    assert len(codes(casebook)) == 1
    (number,) = rows(casebook, NUMBERS)
    assert number.message_id == lead("right").envelope.message_id


def test_the_number_of_what_waited_and_was_refused_in_the_end_is_free_again(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    waits = sent(history, "filing_reply", SENDER, envelope={"document_number": "岩复〔2026〕1号"})
    run(casebook, [log.put(held, MONDAY), log.put(waits, MONDAY)])
    assert len(rows(casebook, NUMBERS)) == 2
    back = sent(history, "withdrawal", SENDER)
    run(casebook, [log.put(back, LATER)])
    assert [row.number for row in rows(casebook, NUMBERS)] == ["案移〔2026〕12号"]


# --------------------------------------------------------------------------- held and waiting


def test_a_refused_message_leaves_no_original_behind_at_once_or_after_waiting(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    waits = sent(history, "case_progress", SENDER)
    run(casebook, [log.put(held, MONDAY), log.put(waits, MONDAY)])
    assert len(rows(casebook, ORIGINALS)) == 2
    back = sent(history, "withdrawal", SENDER)
    run(casebook, [log.put(back, LATER)])
    assert {row.record for row in rows(casebook, ORIGINALS)} == {"LeadTransfer", "Withdrawal"}
    found = {row.record: (row.outcome, row.code) for row in rows(casebook, MESSAGES)}
    assert found["CaseProgress"] == ("rejected", "reply.not_asked")


def test_what_waited_keeps_its_own_time_and_place_in_the_log(casebook: Casebook) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    waits = sent(history, "case_progress", SENDER)
    back = sent(history, "withdrawal", SENDER)
    first = [log.put(held, MONDAY), log.put(waits, MONDAY + timedelta(minutes=1))]
    run(casebook, [*first, log.put(back, LATER)])
    row = next(row for row in rows(casebook, MESSAGES) if row.record == "CaseProgress")
    assert row.offset == first[1].position.offset
    decided = [row for row in rows(casebook, DECISIONS) if row.record == "CaseProgress"]
    assert [row.outcome for row in decided] == ["waiting", "rejected"]
    assert len({row.at_ms for row in decided}) == 1
    assert {row.offset for row in decided} == {first[1].position.offset}


def test_a_held_lead_is_told_to_the_supervisor_without_its_content(casebook: Casebook) -> None:
    run(casebook, [Log().put(lead(violations=[violation(matter=NOBODYS)]), MONDAY)])
    assert told(casebook) == [(SENDER, "Held"), ("liuzhi-sfj", "Held")]
    for said in inboxes(casebook):
        assert isinstance(said.message, Held)
        assert said.message.hold is HoldReason.GAP
    assert "示例广告" not in repr(inboxes(casebook))


# ------------------------------------------------------------------------------ dead letters


def test_a_dead_letter_has_the_bytes_and_the_headers_of_both_families(casebook: Casebook) -> None:
    log = Log()
    before = log.put(lead(), MONDAY)
    broken = log.raw(b"\x01\xff garbage", lead().envelope, MONDAY, key=b"any key")
    tally = run(casebook, [before, broken])
    assert tally.dead == ["message.malformed"]
    ((key, value, headers),) = dead_letters(casebook)
    assert (key, value) == (b"any key", b"\x01\xff garbage")
    assert headers["yichuan-locked"] == f"quarantine-{MONDAY:%Y-%m}"
    (letter,) = [row for row in rows(casebook, OUTBOX) if row.topic == "dead-letters"]
    assert (letter.key, b"garbage" in letter.value) == (None, False)
    place = {
        "topic": "leads",
        "partition": str(broken.position.partition),
        "offset": "1",
    }
    for name, text in place.items():
        assert headers[f"__connect.errors.{name}"] == text
        assert headers[f"kafka_dlt-original-{name}"] == text
    for name in (
        "__connect.errors.exception.message",
        "kafka_dlt-exception-message",
        "yichuan-code",
    ):
        assert headers[name] == "message.malformed"
    (row,) = rows(casebook, DEAD)
    assert (row.offset, row.code, row.message_id, row.case_id) == (
        1,
        "message.malformed",
        None,
        None,
    )


def test_after_dead_letters_the_exchange_goes_on(casebook: Casebook) -> None:
    log = Log()
    broken = [log.raw(None, lead().envelope, MONDAY, key=None) for _ in range(3)]
    run(casebook, [*broken, log.put(lead(), MONDAY)])
    assert told(casebook)[-1] == (SENDER, "Accepted")
    assert [value for _, value, _ in dead_letters(casebook)] == [None] * 3


def test_what_is_marked_secret_is_refused_and_nothing_of_it_is_anywhere(
    casebook: Casebook,
) -> None:
    secret = lead(reason="绝密内容", envelope={"document_number": "密移〔2026〕7号"})
    envelope = replace(secret.envelope, secrecy=Secrecy.SECRET)
    log = Log()
    plain = replace(secret, envelope=envelope)
    run(casebook, [log.put(plain, MONDAY), log.put(plain, MONDAY, by=organ(HANDLER))])
    assert codes(casebook) == ["secrecy.may_not_travel"]
    stored = repr(everything(casebook)).encode()
    for text in ("绝密内容", "密移"):
        assert text.encode() not in stored
        assert repr(text.encode())[2:-1].encode() not in stored
    ((_, value, _),) = dead_letters(casebook)
    assert value is None


def test_the_case_of_a_decision_is_its_message_s_and_the_id_a_derived_one(
    casebook: Casebook,
) -> None:
    run(casebook, [Log().put(lead(), MONDAY)])
    (decision,) = rows(casebook, DECISIONS)
    assert decision.case_id == derive("case", lead().envelope.sender, lead().envelope.message_id)
