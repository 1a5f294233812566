"""Repeats: the same content again gets its first answer, other content under one id is refused.

For every record that an organ may write, in the case that it comes to: nothing changes.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.checks import lawful_form
from schemas.messages import Message, Rejected
from schemas.topics import RECORDS
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, DUTIES, MESSAGES, ORIGINALS
from tests.history import HANDLER, MONDAY, SENDER, History, message
from tests.odd import records
from tests.office import Log, inboxes, rows, run

KEPT = (CASES, DUTIES, ORIGINALS)
# A Copy in answer lives with the request that it answers: about a lead it is misrouted.
OPENING = {record.snake for record in RECORDS.values() if record.opens and record.begins(None)}


def lead(log: Log, casebook: Casebook) -> History:
    """A lead that was signed for."""
    history = History()
    for record, by in (("lead_transfer", SENDER), ("signed_for", HANDLER)):
        sent = history.next(record, by)
        history.decide(sent)
        run(casebook, [log.put(sent, history.at)])
    return history


def odd(record: str, history: History) -> Message:
    """The record from the handler: about the lead, or what opens a case of its own."""
    number = {"document_number": "六综执函〔2026〕77号"}
    if record in OPENING:
        return message(record, HANDLER, "odd", MONDAY, envelope=number)
    about = number | {"in_reply_to": history.opened.current}
    return message(record, HANDLER, "odd", MONDAY, history.opened, envelope=about)


def kept(casebook: Casebook) -> list[Any]:
    return [rows(casebook, table) for table in KEPT]


@pytest.mark.parametrize("record", records())
def test_the_same_content_again_gets_its_first_answer_and_changes_nothing(
    casebook: Casebook, record: str
) -> None:
    log = Log()
    history = lead(log, casebook)
    sent = odd(record, history)
    first = log.put(sent, MONDAY + timedelta(hours=2))
    run(casebook, [first])
    before, decided = kept(casebook), len(rows(casebook, DECISIONS))
    answers = [said.value for said in inboxes(casebook)]
    again = replace(sent, envelope=replace(sent.envelope, sent_at=MONDAY + timedelta(hours=3)))
    tally = run(casebook, [log.put(again, MONDAY + timedelta(hours=3))])
    assert [outcome for *_, outcome in tally.messages] == ["repeated"]
    assert (kept(casebook), len(rows(casebook, DECISIONS))) == (before, decided)
    (row,) = (
        each for each in rows(casebook, MESSAGES) if each.message_id == sent.envelope.message_id
    )
    repeated = [said.value for said in inboxes(casebook)][len(answers) :]
    assert repeated == ([] if row.receipt is None else [row.receipt])


@pytest.mark.parametrize("record", records())
def test_other_content_under_an_id_is_refused_and_the_first_stands(
    casebook: Casebook, record: str
) -> None:
    log = Log()
    history = lead(log, casebook)
    sent = odd(record, history)
    run(casebook, [log.put(sent, MONDAY + timedelta(hours=2))])
    before = kept(casebook)
    known = rows(casebook, MESSAGES)
    other = replace(sent, envelope=replace(sent.envelope, insist_reason="同一标识，另一内容"))
    assert lawful_form(other) == lawful_form(sent)
    run(casebook, [log.put(other, MONDAY + timedelta(hours=3))])
    answer = inboxes(casebook)[-1].message
    assert isinstance(answer, Rejected)
    refused = lawful_form(other)
    assert answer.code == (refused.code if refused else "message.id_reused")
    assert (kept(casebook), rows(casebook, MESSAGES)) == (before, known)
