import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from unittest.mock import Mock

import pytest

from connectors.bus import quarantine
from connectors.bus.desk import Desk
from connectors.bus.key_rows import KEYS_CSV, as_csv, read_rows
from connectors.bus.private import write_private
from connectors.bus.quarantine import Record
from connectors.bus.system import Arrival, Arrived
from schemas.errors import Broken, Refusal
from schemas.load import default_example
from schemas.messages import Delivered
from tests.agency_home import THEM, THIRD, County, case_split, lead, reply_to, written
from tests.agency_sides import Side

NewDesk = Callable[[], Desk]


def delivered(county: County, desk: Desk) -> list[Delivered]:
    found = [county.opened(head.value) for head in desk.waiting(100)]
    return [message for message in found if isinstance(message, Delivered)]


def take(desk: Desk) -> None:
    """Look often enough: a file must stand still from one look to the next."""
    for _ in range(3):
        desk.take_out()


def test_a_copy_is_in_the_agencys_own_system_and_delivered_is_sent(
    county: County, side: Side, desk: Desk
) -> None:
    sent = lead("one")
    assert desk.take_in([county.copy(sent, 0)]) == frozenset()
    (receipt,) = delivered(county, desk)
    assert side.arrived() == [sent.envelope.message_id]
    assert receipt.envelope.in_reply_to == sent.envelope.message_id
    assert receipt.envelope.case_id == sent.envelope.case_id
    assert receipt.delivered_at is not None


def test_messages_arrive_in_the_order_of_the_inbox(county: County, side: Side, desk: Desk) -> None:
    sent = [lead(f"number {number}") for number in range(12)]
    desk.take_in([county.copy(message, offset) for offset, message in enumerate(sent)])
    assert side.arrived() == [message.envelope.message_id for message in sent]


def test_what_comes_again_is_not_written_again_though_the_agency_took_it_away(
    county: County, side: Side, new_desk: NewDesk
) -> None:
    record = county.copy(lead("one"), 0)
    desk = new_desk()
    desk.open()
    desk.take_in([record, record])
    assert len(side.arrived()) == 1
    side.clear()
    for _ in range(2):
        desk = new_desk()
        desk.open()
        desk.take_in([record])
    assert side.arrived() == []
    assert len(delivered(county, desk)) == 1


def test_a_crash_between_system_and_ledger_writes_once_and_the_receipt_is_the_same(
    county: County, side: Side, new_desk: NewDesk
) -> None:
    sent = lead("one")
    record = county.copy(sent, 0)
    first = new_desk()
    first.open()
    copied = first._opened(record)
    arrived = first._system.deliver([Arrival(0, copied)])  # type: ignore[arg-type] # it is a message
    side.clear()
    desk = new_desk()
    desk.open()
    desk.take_in([record])
    (receipt,) = delivered(county, desk)
    assert side.arrived() == []
    assert receipt.delivered_at == arrived.at[sent.envelope.key]


def test_what_the_agency_has_can_be_answered_though_a_crash_kept_it_out_of_the_ledger(
    county: County, side: Side, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the agency's system and the ledger, and the answer is there at the start."""
    sent = lead("one")
    first = new_desk()
    first.open()
    monkeypatch.setattr(first, "_note", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        first.take_in([county.copy(sent, 0)])
    assert side.arrived() == [sent.envelope.message_id]
    answer = {"in_reply_to": sent.envelope.message_id}
    side.put(
        "answer", "signed_for", json.dumps({**default_example("signed_for"), "envelope": answer})
    )
    desk = new_desk()
    desk.open()
    take(desk)
    assert side.state("answer") == "taken"
    desk.take_in([county.copy(sent, 0)])
    assert side.arrived() == [sent.envelope.message_id]
    assert delivered(county, desk) == []  # behind the answer of its case
    (head,) = desk.waiting(100)
    desk.published(written([head]))
    assert len(delivered(county, desk)) == 1


def test_what_the_agency_s_system_cannot_have_is_kept_and_cannot_be_answered(
    county: County, side: Side, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = lead("one")
    refused = Arrived({}, {sent.envelope.key: Refusal("inbox.unwritable")})
    monkeypatch.setattr(desk._system, "deliver", lambda _: refused)
    assert desk.take_in([county.copy(sent, 7)]) == {7}
    assert desk.kept() == 1
    answer = {"in_reply_to": sent.envelope.message_id}
    side.put(
        "answer", "signed_for", json.dumps({**default_example("signed_for"), "envelope": answer})
    )
    take(desk)
    assert side.state("answer") == "reply.target_unknown"


def test_a_seal_that_does_not_hold_is_kept_and_the_rest_arrives(
    county: County, side: Side, desk: Desk
) -> None:
    good, forged, foreign = lead("good"), lead("forged"), lead("foreign")
    whole = county.copy(lead("changed"), 1)
    changed = whole.value.replace("岩脚".encode(), "岩角".encode(), 1)
    assert changed != whole.value
    refused = desk.take_in(
        [
            Record(0, 1, b"not a message"),
            whole._replace(value=changed),
            county.copy(forged, 2, seal_by="mugang"),
            county.copy(foreign, 3, to=THIRD),
            Record(4, 1, b"\0\0\0\0\xff" + whole.value[5:]),
            county.copy(good, 5),
        ]
    )
    assert refused == {0, 1, 2, 3, 4}
    assert desk.kept() == 5
    assert side.arrived() == [good.envelope.message_id]


def test_fields_that_were_opened_reach_the_agency_and_changed_ones_do_not(
    county: County, side: Side, desk: Desk
) -> None:
    """The bus vouches for both: the second is not what the sender sealed."""
    opened = county.opened_later(lead("one"), "reason")
    (field,) = opened.fields or ()
    envelope = county.opened_later(lead("two"), "reason").envelope
    forged = replace(opened, envelope=envelope, fields=(replace(field, value='"另有理由"'),))
    others = county.opened_later(lead("three"), "reason", to=THIRD)
    records = [county.said(each, offset) for offset, each in enumerate((opened, forged, others))]
    assert desk.take_in(records) == {1, 2}
    assert side.arrived() == [opened.envelope.message_id]
    assert delivered(county, desk) == []  # what the bus says is not acknowledged


def test_an_original_without_a_delivery_is_not_for_us(county: County, desk: Desk) -> None:
    said = county.said(reply_to(lead("one"), "liuzhi-cgj", "signed"), 0)
    assert desk.take_in([said]) == {0}


def test_what_was_kept_is_tried_again_at_the_next_start(
    county: County, side: Side, new_desk: NewDesk
) -> None:
    table = county.home.rulebook / KEYS_CSV
    rows = read_rows(table)
    sent = lead("one")
    record = county.copy(sent, 7)
    write_private(table, as_csv(row for row in rows if row["organ"] != THEM))
    desk = new_desk()
    desk.open()
    assert desk.take_in([record]) == {7}
    assert new_desk_kept(new_desk) == 1
    write_private(table, as_csv(rows))
    assert new_desk_kept(new_desk) == 0
    assert side.arrived() == [sent.envelope.message_id]


def test_what_was_kept_is_tried_again_a_few_at_a_time(
    county: County, side: Side, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "TRIED_BYTES_MAX", 1)
    table = county.home.rulebook / KEYS_CSV
    rows = read_rows(table)
    sent = [lead("one"), lead("two")]
    records = [county.copy(message, offset) for offset, message in enumerate(sent, 7)]
    write_private(table, as_csv(row for row in rows if row["organ"] != THEM))
    desk = new_desk()
    desk.open()
    assert desk.take_in([*records, Record(9, 1, b"noise")]) == {7, 8, 9}
    write_private(table, as_csv(rows))
    taken, take_in = list[int](), Desk.take_in

    def counted(desk: Desk, tried: Sequence[Record]) -> frozenset[int]:
        taken.append(len(tried))
        return take_in(desk, tried)

    monkeypatch.setattr(Desk, "take_in", counted)
    assert new_desk_kept(new_desk) == 1
    assert taken == [1, 1, 1]
    assert side.arrived() == [message.envelope.message_id for message in sent]


def new_desk_kept(new_desk: NewDesk) -> int:
    desk = new_desk()
    desk.open()
    return desk.kept()


def test_a_key_listed_while_the_connector_runs_is_found(
    county: County, side: Side, new_desk: NewDesk
) -> None:
    table = county.home.rulebook / KEYS_CSV
    rows = read_rows(table)
    write_private(table, as_csv(row for row in rows if row["organ"] != THEM))
    desk = new_desk()
    desk.open()
    write_private(table, as_csv(rows))
    assert desk.take_in([county.copy(lead("one"), 0)]) == frozenset()
    assert len(side.arrived()) == 1


def test_a_connector_that_understands_nothing_stops(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "KEPT_MAX", 2)
    desk.take_in([Record(0, 1, b"a"), Record(1, 1, b"b")])
    with pytest.raises(Broken, match="quarantine_full"):
        desk.take_in([Record(2, 1, b"c")])
    desk.take_in([Record(1, 1, b"b")])


def test_what_the_bus_wrote_into_a_case_arrives_and_can_be_answered(
    county: County, side: Side, desk: Desk
) -> None:
    split = case_split(lead("one"))
    assert desk.take_in([county.copy(split, 0, seal_by="bus")]) == frozenset()
    assert side.arrived() == [split.envelope.message_id]
    (receipt,) = delivered(county, desk)
    assert receipt.envelope.case_id == split.envelope.case_id
    assert receipt.envelope.in_reply_to == split.envelope.message_id


def test_what_the_bus_wrote_for_another_organ_is_kept_aside(
    county: County, side: Side, desk: Desk
) -> None:
    desk.take_in([county.copy(case_split(lead("one")), 0, THEM, seal_by="bus")])
    assert side.arrived() == []
    assert delivered(county, desk) == []
