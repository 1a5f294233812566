"""One signature for what a transaction sends, in the rows themselves."""

import pytest

from schemas.codec import unframe
from schemas.errors import Broken
from schemas.seal import said
from services.casebook.changes import Changes
from services.casebook.rows import OutboxRow, Position, ToVouch
from services.casebook.store import Casebook
from services.casebook.tables import MESSAGES, OUTBOX
from services.casebook.vouching import Vouching
from tests.any_message import default_message
from tests.history import MONDAY, SENDER, History
from tests.office import Log, inboxes, office, rows, run, sent

HERE = Position("leads", 0, 0)


def _word(value: bytes) -> str:
    schema_id, body = unframe(value)
    seal = office().codecs[schema_id].decode(body).envelope.seal
    assert seal is not None
    assert seal.vouched is not None
    return seal.vouched.partition("~")[0]


def test_all_that_a_batch_sends_to_inboxes_carries_one_signature(casebook: Casebook) -> None:
    history, log = History(), Log()
    opening = log.put(sent(history, "lead_transfer", SENDER), MONDAY)
    signed = log.put(sent(history, "signed_for", "liuzhi-cgj"), history.at)
    run(casebook, [opening, signed])
    values = [each.value for each in inboxes(casebook)]
    assert len(values) > 3
    assert len({_word(value) for value in values}) == 1
    reply = log.put(sent(history, "filing_reply", "liuzhi-cgj"), history.at)
    run(casebook, [reply])
    assert len({_word(each.value) for each in inboxes(casebook)}) == 2


def test_a_repeat_is_answered_with_the_same_bytes(casebook: Casebook) -> None:
    history, log = History(), Log()
    lead = sent(history, "lead_transfer", SENDER)
    run(casebook, [log.put(lead, MONDAY), log.put(lead, MONDAY)])
    run(casebook, [log.put(lead, MONDAY)])
    receipts = [row.value for row in rows(casebook, OUTBOX) if row.topic == f"inbox.{SENDER}"]
    assert len(receipts) == 3
    assert {*receipts} == {rows(casebook, MESSAGES)[0].receipt}


def test_a_value_that_is_written_twice_is_signed_once() -> None:
    asked: list[int] = []

    def vouch(values: object) -> list[bytes]:
        asked.append(len(list(values)))  # type: ignore[call-overload] # a sequence
        return [b"body"] * asked[-1]

    vouching, value = Vouching(vouch), ToVouch(7, said(default_message("accepted")))
    row = OutboxRow(HERE, "inbox.a", b"key", value)
    changes = Changes(outbox=[row, row])
    for _ in range(2):
        changes.vouched = vouching.of(changes)
        assert changes.whole(value) == b"\0\0\0\0\x07body"
    assert asked == [1]
    assert changes.whole(b"as it is") == b"as it is"
    assert changes.whole(None) is None


def test_where_nobody_may_vouch_nothing_leaves() -> None:
    value = ToVouch(7, said(default_message("accepted")))
    changes = Changes(outbox=[OutboxRow(HERE, "inbox.a", b"key", value)])
    with pytest.raises(Broken, match=r"exchange\.defect"):
        Vouching(None).of(changes)
    assert Vouching(None).of(Changes()) == {}
