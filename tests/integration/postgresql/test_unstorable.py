"""What PostgreSQL does not take, for real: NUL, half characters, texts that are too long."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import MessageId
from schemas.messages import Held, LeadTransfer
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DEAD, MESSAGES
from services.exchange.notes import message_row
from tests.batches import lead
from tests.history import MONDAY, SENDER
from tests.office import Log, inboxes, rows, run


@pytest.mark.parametrize("text", ["号\x00", "号\ud800", "号" * 200], ids=["nul", "half", "long"])
def test_the_record_is_found_its_case_frozen_and_the_others_done(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    bad = lead(2).envelope.message_id

    def spoilt(decided: Any, *rest: Any) -> Any:
        row = message_row(decided, *rest)
        return replace(row, document_number=text) if row.message_id == bad else row

    monkeypatch.setattr("services.exchange.desk.message_row", spoilt)
    log = Log()
    tally = run(casebook, [log.put(lead(number), MONDAY) for number in range(5)])
    assert tally.dead == ["message.unstorable"]
    assert len(tally.messages) == len(rows(casebook, MESSAGES)) == 4
    stopped = {row.case_id: row.stopped for row in rows(casebook, CASES)}
    assert stopped.pop(lead(2).envelope.case_id) == "frozen"
    assert set(stopped.values()) == {None}
    assert [row.code for row in rows(casebook, DEAD)] == ["message.unstorable"]
    assert [said.to for said in inboxes(casebook) if isinstance(said.message, Held)] == [SENDER]


def test_a_nul_that_a_sender_wrote_never_gets_so_far(casebook: Casebook) -> None:
    log, reasoned = Log(), lead(1)
    numbered, answering = lead(2).envelope, lead(3).envelope
    assert isinstance(reasoned, LeadTransfer)
    strange = [
        replace(reasoned, reason="理由\x00"),
        replace(lead(2), envelope=replace(numbered, document_number="案移\x00〔2026〕3号")),
        replace(lead(3), envelope=replace(answering, in_reply_to=MessageId("\x00"))),
    ]
    tally = run(casebook, [log.put(each, MONDAY) for each in strange])
    assert tally.dead == ["message.malformed"] * 3
    assert [row.case_id for row in rows(casebook, DEAD)] == [None] * 3
