"""What is written down of a decision: codes, ids, rules and times, and nothing of the content."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest

from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId
from schemas.messages import Message, SettleAction
from schemas.parts import Flow, Secrecy
from services.casebook.store import Casebook
from services.casebook.tables import (
    CASES,
    DEAD,
    DECISIONS,
    DUTIES,
    MESSAGES,
    NUMBERS,
    OUTBOX,
    PROGRESS,
)
from services.casework.decide import decide
from services.casework.effects import Accept, Effect, Release
from services.exchange import clerk
from services.exchange.journal import _NAMES, canonical, effect_text, mark_of, text_of
from tests.history import HANDLER, MONDAY, NOBODYS, SENDER, History, message, violation
from tests.office import Log, dead_letters, rows, run, sent, settlement

CANARY = "金丝雀"
LATER = MONDAY + timedelta(hours=1)
# What must be what it is, or the message would be another: ids, codes, dates, who and how many.
KEPT = {
    "bus",
    "message_id",
    "case_id",
    "record",
    "sender",
    "addressees",
    "in_reply_to",
    "document_number",
    "officers",
    "matter",
    "place",
    "sha256",
    "jws",
}


def with_canaries(value: Any, name: str = "") -> Any:
    """Return a message with a canary in every text that is the sender's own."""
    if name in KEPT:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            each.name: with_canaries(getattr(value, each.name), each.name) for each in fields(value)
        }
        return replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(with_canaries(each, name) for each in value)
    if isinstance(value, str) and not isinstance(value, Enum):
        return f"{CANARY}{name}"
    return value


def lead(**changes: Any) -> Message:
    insists = {"insist_reason": CANARY}
    sealed: Message = with_canaries(
        message("lead_transfer", SENDER, "canary", envelope=insists, **changes)
    )
    assert repr(sealed).count(CANARY) > 20
    return sealed


def written_down(casebook: Casebook) -> str:
    """All that is kept or published besides originals, receipts, copies and dead letters' bytes."""
    kept = [
        [value for column, value in row._mapping.items() if column != "receipt"]
        for table in (CASES, DEAD, DECISIONS, DUTIES, MESSAGES, NUMBERS, PROGRESS)
        for row in rows(casebook, table)
    ]
    journal = [row.value.decode() for row in rows(casebook, OUTBOX) if row.topic == "journal"]
    headers = [each for _, _, each in dead_letters(casebook)]
    return repr((kept, journal, headers))


def entries(casebook: Casebook) -> Iterator[dict[str, Any]]:
    for row in rows(casebook, OUTBOX):
        if row.topic == "journal":
            yield json.loads(row.value)


def test_nothing_of_a_case_s_content_is_written_down(casebook: Casebook) -> None:
    history, log = History(), Log()
    history.decide(lead())
    records = [log.put(lead(), MONDAY)]
    for record, sender in (
        ("signed_for", HANDLER),
        ("filing_reply", HANDLER),
        ("case_progress", HANDLER),
        ("outcome_feedback", HANDLER),
    ):
        reply = with_canaries(history.next(record, sender))
        history.decide(reply)
        records.append(log.put(reply, history.at))
    tally = run(casebook, records)
    assert {outcome for *_, outcome in tally.messages} == {"accepted"}
    assert CANARY not in written_down(casebook)


def test_nothing_of_what_is_held_corrected_or_withdrawn_is_written_down(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    held = lead(violations=[violation(matter=NOBODYS)])
    history.decide(held)
    correction = with_canaries(
        history.next("correction", SENDER, corrections=[{"number": 1, "matter": "CG-001"}])
    )
    history.decide(correction)
    back = with_canaries(history.next("withdrawal", SENDER))
    run(casebook, [log.put(each, MONDAY) for each in (held, correction, back)])
    assert [row.outcome for row in rows(casebook, DECISIONS)] == ["held", "accepted", "accepted"]
    assert CANARY not in written_down(casebook)


def test_nothing_of_what_is_refused_is_written_down(casebook: Casebook) -> None:
    log = Log()
    own = lead(violations=[violation(matter="CG-002")])
    nobody = replace(own, envelope=replace(own.envelope, officers=()))
    run(casebook, [log.put(own, MONDAY), log.put(nobody, MONDAY)])
    assert [row.outcome for row in rows(casebook, DECISIONS)] == ["rejected"] * 2
    assert CANARY not in written_down(casebook)


@pytest.mark.parametrize(
    "changes",
    [
        {"document_number": CANARY},
        {"in_reply_to": MessageId(CANARY)},
        {"record": CANARY},
        {"document_number": f"{CANARY}〔2026〕1号", "secrecy": Secrecy.SECRET},
        {"message_id": MessageId(CANARY)},
        {"case_id": CaseId(CANARY)},
    ],
)
def test_a_text_where_a_number_or_an_id_should_be_is_not_written_down(
    casebook: Casebook, changes: dict[str, Any]
) -> None:
    odd = lead()
    log = Log()
    odd = replace(odd, envelope=replace(odd.envelope, **changes))
    run(casebook, [log.put(odd, MONDAY), log.put(odd, MONDAY, partition=0)])
    assert CANARY not in written_down(casebook)
    assert len(rows(casebook, DECISIONS)) + len(rows(casebook, DEAD)) > 0


def test_nothing_of_what_fails_is_written_down(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError(CANARY)

    history, log = History(), Log()
    monkeypatch.setattr(clerk, "decide", fails)
    run(casebook, [log.put(lead(), MONDAY)])
    monkeypatch.setattr(clerk, "decide", decide)
    history.freeze(lead())
    word = with_canaries(settlement(history, SettleAction.DISCARD, lead()))
    run(casebook, [log.put(word, LATER)])
    assert [row.outcome for row in rows(casebook, DECISIONS)] == ["dead", "accepted"]
    assert CANARY not in written_down(casebook)


def test_the_tally_s_labels_are_bounded_whatever_a_message_calls_itself(
    casebook: Casebook,
) -> None:
    odd = replace(lead(), envelope=replace(lead().envelope, record=CANARY))
    tally = run(casebook, [Log().put(odd, MONDAY)])
    assert tally.messages == [("leads", "LeadTransfer", "rejected")]


# ------------------------------------------------------------------------------------ the entry


def test_an_entry_tells_the_decision_with_what_it_stood_on(casebook: Casebook) -> None:
    history, log = History(), Log()
    records = [
        log.put(sent(history, record, sender), history.at)
        for record, sender in (("lead_transfer", SENDER), ("signed_for", HANDLER))
    ]
    run(casebook, records)
    first, second = entries(casebook)
    opening, signing = history.sent.values()
    assert first["message"] == opening.envelope.message_id
    assert first["case"] == opening.envelope.case_id
    assert first["document_number"] == "案移〔2026〕12号"
    assert (first["outcome"], first["code"], first["record"]) == ("accepted", None, "LeadTransfer")
    assert (first["offset"], second["offset"]) == (0, 1)
    assert first["facts"] == {
        "alike": [],
        "asked": None,
        "declined": None,
        "handles": False,
        "notice": None,
        "number_taken": False,
        "resumed": False,
        "shortened": [],
        "years": [],
    }
    assert [each["effect"] for each in first["effects"]] == [
        "state_changed",
        "duty_opened",
        "delivered",
        "accepted",
    ]
    assert second["in_reply_to"] == opening.envelope.message_id
    assert second["from"] == signing.envelope.sender


def test_the_casebook_and_the_journal_tell_the_same(casebook: Casebook) -> None:
    run(casebook, [Log().put(lead(), MONDAY)])
    (decision,) = rows(casebook, DECISIONS)
    journal = [row.value.decode() for row in rows(casebook, OUTBOX) if row.topic == "journal"]
    assert journal == [decision.entry]
    assert json.loads(decision.entry)["rulebook"] == decision.rulebook


def test_an_entry_has_one_form_so_that_it_can_be_compared_to_the_byte(casebook: Casebook) -> None:
    run(casebook, [Log().put(lead(), MONDAY)])
    (decision,) = rows(casebook, DECISIONS)
    document = json.loads(decision.entry)
    plain = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert plain == decision.entry
    assert " 00:00" not in decision.entry


def test_every_effect_has_its_name_in_the_journal() -> None:
    assert set(_NAMES) == {kind.__name__ for kind in Effect.__args__}


def test_an_effect_is_told_in_plain_values() -> None:
    history = History()
    accept = next(effect for effect in history.decide(lead()) if isinstance(effect, Accept))
    text = effect_text(accept)
    assert mark_of(_NAMES["Accept"]) in text
    told = json.loads(text)
    assert told["recipients"] == [[history.opened.handler, "handler"]]
    assert told["duties"][0]["due"] == "2026-09-23T00:00:00+08:00"
    assert text == canonical(told)


def test_a_value_of_any_type_has_one_form() -> None:
    values = ('a"\n\u2028矿', 3, True, False, None, [1, {"b": 1, "a": "矿"}], Flow.LEADS)
    assert [text_of(value) for value in values] == [canonical(value) for value in values]
    assert text_of(((MONDAY, MONDAY.date()),)) == '[["2026-09-21T10:00:00+08:00","2026-09-21"]]'
    assert text_of(Release(MessageId("矿"), MessageId("1"))) == '{"by":"1","message":"矿"}'
    assert text_of(Refusal("case.unknown")) == '{"code":"case.unknown","detail":null,"where":null}'


def test_what_the_journal_has_no_form_for_is_a_defect() -> None:
    with pytest.raises(TypeError):
        text_of(b"content")
