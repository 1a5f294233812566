"""A sender chooses its ids: what has the id of another's message keeps that from nobody."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.desk import Desk
from connectors.bus.ledger import Ledger
from schemas.ids import MessageId, case_id_of
from schemas.load import default_example
from schemas.messages import Accepted, Delivered, Message
from tests.agency_home import AT, County, held, lead, written
from tests.agency_sides import Side

NewDesk = Callable[[], Desk]
STRANGER = "mugang"


def as_if(theirs: Message, mine: Message) -> Any:
    """Return a message of another sender under the id of one, as the opening of its own case."""
    envelope = theirs.envelope
    message_id = mine.envelope.message_id
    case_id = case_id_of(envelope.sender, message_id)
    return replace(theirs, envelope=replace(envelope, message_id=message_id, case_id=case_id))


def pair() -> tuple[Message, Message]:
    """Return a lead, and another organ's under its id."""
    first = lead("one")
    return first, as_if(lead("two", STRANGER), first)


def deliveries(county: County, desk: Desk) -> dict[str, str]:
    found = [county.opened(head.value) for head in desk.waiting(100)]
    receipts = [message for message in found if isinstance(message, Delivered)]
    assert len({receipt.envelope.message_id for receipt in receipts}) == len(receipts)
    return {receipt.envelope.case_id: receipt.envelope.in_reply_to or "" for receipt in receipts}


@pytest.mark.parametrize("at_once", [True, False])
def test_two_messages_of_one_id_both_arrive_and_each_is_delivered_once(
    county: County, side: Side, new_desk: NewDesk, *, at_once: bool
) -> None:
    both = pair()
    records = [county.copy(message, offset) for offset, message in enumerate(both)]
    desk = new_desk()
    desk.open()
    for batch in (records,) if at_once else ([record] for record in records):
        assert desk.take_in(batch) == frozenset()
    message_id = both[0].envelope.message_id
    wanted = {message.envelope.case_id: message_id for message in both}
    assert side.arrived() == [message_id, message_id]
    assert deliveries(county, desk) == wanted
    desk = new_desk()
    desk.open()
    side.clear()
    assert desk.take_in(records) == frozenset()
    assert side.arrived() == []
    assert deliveries(county, desk) == wanted


def test_what_the_bus_says_arrives_though_an_organ_has_used_its_id(
    county: County, side: Side, desk: Desk
) -> None:
    card = held(lead("of another"))
    squatter = as_if(lead("one", STRANGER), card)
    records = [county.copy(squatter, 0), county.said(card, 1)]
    assert desk.take_in(records) == frozenset()
    assert side.arrived() == [card.envelope.message_id] * 2


def test_the_supervisor_hears_of_another_organs_message_that_has_the_id_of_its_own(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", json.dumps(default_example("lead_transfer")))
    for _ in range(3):
        desk.take_out()
    (head,) = desk.waiting(100)
    desk.published(written([head]))
    own = county.opened(head.value)
    other: Any = as_if(lead("one"), own)
    assert desk.take_in([county.said(held(other), 0)]) == frozenset()
    assert side.state("a") == "sent"
    assert len(side.arrived()) == 1
    about: Any = own
    assert desk.take_in([county.said(_accepted(about), 1)]) == frozenset()
    assert side.state("a") == "accepted"
    assert len(side.arrived()) == 1


def _accepted(own: Message) -> Accepted:
    envelope = held(own).envelope
    message_id = MessageId("11111111-3f1e-5a4b-9c55-2b6d4d9e5a11")
    return Accepted(replace(envelope, record="Accepted", message_id=message_id), rule="R-1")


def test_which_of_two_is_signed_for_is_said_by_the_case(
    county: County, side: Side, desk: Desk
) -> None:
    both = pair()
    desk.take_in([county.copy(message, offset) for offset, message in enumerate(both)])
    envelope = {"in_reply_to": both[0].envelope.message_id}
    signed = {**default_example("signed_for"), "envelope": envelope}
    side.put("a", "signed_for", json.dumps(signed))
    for message in both:
        named = {**signed, "envelope": {**envelope, "case_id": message.envelope.case_id}}
        side.put(message.envelope.case_id, "signed_for", json.dumps(named))
    for _ in range(3):
        desk.take_out()
    assert side.state("a") == "document_number.ambiguous"
    for message in both:
        assert side.state(message.envelope.case_id) == "taken"


# A ledger as it was when a message was its id alone.
_OLD = """
DROP TABLE unanswered; DROP TABLE first_stamps;
DROP TABLE got; DROP TABLE arriving; DROP TABLE downloads;
CREATE TABLE got (
  message_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, flow TEXT NOT NULL, record TEXT NOT NULL,
  sender TEXT NOT NULL, document_number TEXT, at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX got_number ON got (document_number) WHERE document_number IS NOT NULL;
CREATE TABLE arriving (
  message_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, flow TEXT NOT NULL, document_number TEXT
) WITHOUT ROWID;
CREATE TABLE downloads (
  message_id TEXT NOT NULL, position INTEGER NOT NULL, "offset" INTEGER NOT NULL,
  record TEXT NOT NULL, bus TEXT NOT NULL, sender TEXT NOT NULL, name TEXT NOT NULL,
  size INTEGER NOT NULL, sha256 TEXT NOT NULL, blob TEXT NOT NULL, key TEXT, code TEXT,
  PRIMARY KEY (message_id, position)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.sqlite")
    made.db.executescript(_OLD)
    yield made
    made.close()


def test_a_ledger_of_before_knows_what_it_got_and_a_namesake_is_new(
    older: Ledger, tmp_path: Path
) -> None:
    first, second = pair()
    coming = lead("three")
    envelope = first.envelope
    values = (envelope.message_id, envelope.case_id, "leads", "LeadTransfer", envelope.sender)
    older.db.execute("INSERT INTO got VALUES (?,?,?,?,?,?,?)", (*values, "案移〔2026〕1号", "t"))
    waits = coming.envelope
    row = (waits.message_id, waits.case_id, "leads", waits.document_number)
    older.db.execute("INSERT INTO arriving VALUES (?,?,?,?)", row)
    download = (envelope.message_id, 0, 7, "LeadTransfer", "b", envelope.sender, "n", 1, "s", "x")
    older.db.execute(f"INSERT INTO downloads VALUES ({','.join('?' * 12)})", (*download, "k", None))
    older.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert ledger.arrivals.has(envelope.key)
    assert not ledger.arrivals.has(second.envelope.key)
    assert ledger.arrivals.arrival(0, second).namesake
    assert not ledger.arrivals.arrival(0, first).namesake
    assert [target.case_id for target in ledger.targets("案移〔2026〕1号")] == [envelope.case_id]
    (waiting,) = ledger.transfers.downloads(())
    assert waiting.message == envelope.key
    assert ledger.transfers.place_of(waiting.message) == (envelope.case_id, "leads")
    assert [target.case_id for target in ledger.targets(waits.message_id)] == [waits.case_id]
    ledger.arrivals.got(coming, AT)
    assert ledger.db.execute("SELECT COUNT(*) FROM arriving").fetchone() == (0,)
    ledger.close()


@pytest.mark.parametrize("missing", ["got", "arriving", "downloads"])
def test_a_ledger_that_a_first_life_left_unfinished_is_brought_up_too(
    older: Ledger, tmp_path: Path, missing: str
) -> None:
    older.db.execute(f"DROP TABLE {missing}")
    older.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.arrivals.got(lead("one"), AT)
    assert ledger.db.execute("PRAGMA user_version").fetchone() == (4,)
    ledger.close()
