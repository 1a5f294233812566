import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from connectors.bus import allowance
from connectors.bus import desk as desk_module
from connectors.bus import ledger as ledger_module
from connectors.bus.clock import now
from connectors.bus.desk import Desk
from connectors.bus.spool import Spooled
from schemas.ids import MessageId, case_id_of
from schemas.parts import Flow
from tests.agency_home import (
    US,
    County,
    accepted,
    document,
    held,
    lead,
    rejected,
    reply_to,
    written,
)
from tests.agency_sides import Side

NewDesk = Callable[[], Desk]


def waiting(desk: Desk) -> list[Spooled]:
    return list(desk.waiting(100))


def publish(desk: Desk) -> list[Spooled]:
    """Publish all that waits, as a broker that answers at once."""
    done: list[Spooled] = []
    while heads := waiting(desk):
        desk.published(written(heads))
        done += heads
    return done


def take(desk: Desk) -> None:
    """Look often enough: a file must stand still from one look to the next."""
    for _ in range(3):
        desk.take_out()


def test_a_document_becomes_a_sealed_message_on_its_flow(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = waiting(desk)
    envelope = county.opened(head.value).envelope
    assert side.state("a") == "taken"
    assert head.flow is Flow.LEADS
    assert head.case_id == envelope.case_id == case_id_of(US, envelope.message_id)
    assert (envelope.sender, envelope.record) == (US, "LeadTransfer")
    assert envelope.seal is not None


def test_a_source_shows_how_far_it_is(county: County, side: Side, desk: Desk) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = publish(desk)
    seen = [side.state("a")]
    sent = county.opened(head.value)
    desk.take_in([county.said(held(sent), 0)])
    seen.append(side.state("a"))
    desk.take_in([county.said(accepted(sent), 1)])
    seen.append(side.state("a"))
    assert seen == ["sent", "held", "accepted"]
    assert side.arrived() == []


def test_what_the_exchange_refuses_comes_back_to_where_it_lay(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = publish(desk)
    desk.take_in([county.said(rejected(county.opened(head.value)), 0)])
    assert side.state("a") == "document_number.used"


@pytest.mark.parametrize(
    ("record", "content", "code"),
    [
        ("lead_transfer", "{not json", "message.invalid_json"),
        ("lead_transfer", " ", "message.empty"),
        ("led_transfer", document("lead_transfer"), "message.unknown_record"),
        ("lead_transfer", document("lead_transfer", volumes=None), "message.field_missing"),
        ("lead_transfer", document("lead_transfer", weather="fine"), "message.field_unknown"),
        ("lead_transfer", document("lead_transfer", reason="长" * 7_000_000), "message.too_large"),
        ("filing_reply", document("filing_reply"), "reply.target_unknown"),
        ("accepted", document("accepted"), "message.bus_only"),
    ],
)
def test_what_is_refused_says_why_and_the_next_goes_through(
    side: Side, desk: Desk, record: str, content: str, code: str
) -> None:
    side.put("bad", record, content)
    side.put("good", "lead_transfer", document("lead_transfer"))
    take(desk)
    assert side.state("bad") == code
    assert len(waiting(desk)) == 1
    assert side.state("good") == "taken"


def test_one_officer_only_is_refused(side: Side, desk: Desk) -> None:
    found = json.loads(document("lead_transfer"))
    del found["envelope"]["officers"][1]
    side.put("a", "lead_transfer", json.dumps(found))
    take(desk)
    assert side.state("a") == "transfer.officers_too_few"


def test_a_crash_after_taking_takes_it_again(side: Side, new_desk: NewDesk) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    system = side.system()
    system.open()
    taken = [thing for _ in range(3) for thing in system.collect(10)]
    system.close()
    assert len(taken) == 1
    desk = new_desk()
    desk.open()
    assert len(waiting(desk)) == 1


def test_a_crash_after_sealing_publishes_the_same_bytes(side: Side, new_desk: NewDesk) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    first = new_desk()
    first.open()
    take(first)
    (before,) = waiting(first)
    desk = new_desk()
    desk.open()
    assert waiting(desk) == [before]
    publish(desk)
    assert side.state("a") == "sent"


def test_a_crash_before_the_source_shows_it_shows_it_later(side: Side, new_desk: NewDesk) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    first = new_desk()
    first.open()
    take(first)
    (head,) = waiting(first)
    with first._ledger.transaction():
        first._ledger.published(written([head]), now())
    desk = new_desk()
    desk.open()
    assert waiting(desk) == []
    assert side.state("a") == "sent"


def test_a_crash_before_a_refusal_is_shown_shows_it_later(
    county: County, side: Side, new_desk: NewDesk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    first = new_desk()
    first.open()
    take(first)
    (head,) = publish(first)
    with first._ledger.transaction():
        answer = first._answer(rejected(county.opened(head.value)), [])
        assert answer is not None
        first._ledger.settled(answer.about, answer.state, answer.notice)
    desk = new_desk()
    desk.open()
    assert side.state("a") == "document_number.used"


def test_a_receipt_that_overtakes_the_acknowledgement_stands(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = waiting(desk)
    desk.take_in([county.said(accepted(county.opened(head.value)), 0)])
    assert waiting(desk) == []
    desk.published(written([head]))
    assert side.state("a") == "accepted"


def test_a_refusal_that_overtakes_the_acknowledgement_stands(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = waiting(desk)
    desk.take_in([county.said(rejected(county.opened(head.value)), 0)])
    desk.published(written([head]))
    assert side.state("a") == "document_number.used"


def test_of_two_refusals_of_one_message_the_later_is_shown(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = publish(desk)
    first = rejected(county.opened(head.value), "message.misrouted")
    later = rejected(county.opened(head.value), "transfer.own_matter")
    later = replace(later, envelope=replace(later.envelope, message_id=MessageId(f"{0:036}")))
    desk.take_in([county.said(first, 0)])
    assert side.state("a") == "message.misrouted"
    desk.take_in([county.said(later, 1)])
    assert side.state("a") == "transfer.own_matter"


def test_the_same_again_is_the_same_message_and_gets_the_same_answer(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = publish(desk)
    desk.take_in([county.said(rejected(county.opened(head.value)), 0)])
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    assert waiting(desk) == []
    assert side.state("a") == "document_number.used"


def test_a_corrected_source_is_a_new_message_and_a_late_answer_leaves_it_alone(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer", number=12))
    take(desk)
    (first,) = publish(desk)
    side.put("a", "lead_transfer", document("lead_transfer", number=13))
    take(desk)
    (second,) = waiting(desk)
    assert second.message_id != first.message_id
    desk.take_in([county.said(rejected(county.opened(first.value)), 0)])
    assert len(waiting(desk)) == 1
    publish(desk)
    desk.take_in([county.said(accepted(county.opened(second.value)), 1)])
    assert side.state("a") == "accepted"


def test_a_rejection_after_acceptance_is_about_another_content(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = publish(desk)
    sent = county.opened(head.value)
    again = rejected(sent, "message.id_reused")
    desk.take_in([county.said(accepted(sent), 0), county.said(again, 1)])
    desk.take_in([county.said(again, 1)])
    assert side.state("a") == "accepted"


def test_a_reply_finds_its_case_by_the_number_of_what_arrived(
    county: County, side: Side, desk: Desk
) -> None:
    sent = lead("theirs", envelope={"document_number": "城移〔2026〕7号"})
    desk.take_in([county.copy(sent, 0)])
    publish(desk)
    reply = json.loads(document("filing_reply"))
    reply["envelope"]["in_reply_to"] = "城移[2026]07号"
    side.put("a", "filing_reply", json.dumps(reply))
    take(desk)
    (head,) = waiting(desk)
    envelope = county.opened(head.value).envelope
    assert envelope.in_reply_to == sent.envelope.message_id
    assert (envelope.case_id, envelope.flow) == (sent.envelope.case_id, Flow.LEADS)


def test_a_number_that_two_messages_bear_is_refused_with_both(
    county: County, side: Side, desk: Desk
) -> None:
    number = {"document_number": "城移〔2026〕7号"}
    ours, theirs = lead("one", envelope=number), lead("two", "mugang", envelope=number)
    desk.take_in([county.copy(ours, 0), county.copy(theirs, 1)])
    reply = json.loads(document("filing_reply"))
    reply["envelope"]["in_reply_to"] = "城移〔2026〕7号"
    side.put("a", "filing_reply", json.dumps(reply))
    take(desk)
    assert side.state("a") == "document_number.ambiguous"


def test_the_number_of_a_refused_message_is_free_again(
    county: County, side: Side, desk: Desk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer", number=12))
    take(desk)
    (first,) = publish(desk)
    desk.take_in([county.said(rejected(county.opened(first.value)), 0)])
    side.put("b", "lead_transfer", document("lead_transfer", number=12, pages=10))
    take(desk)
    (second,) = publish(desk)
    take_back = json.loads(document("withdrawal"))
    take_back["envelope"]["in_reply_to"] = "案移〔2026〕12号"
    side.put("c", "withdrawal", json.dumps(take_back))
    take(desk)
    (third,) = waiting(desk)
    assert county.opened(third.value).envelope.in_reply_to == second.message_id


def test_an_id_that_a_document_gives_itself_names_one_content(side: Side, desk: Desk) -> None:
    given = {"message_id": "0d6f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11"}
    for name, pages in (("a", 9), ("b", 10)):
        found = json.loads(document("lead_transfer", pages=pages))
        found["envelope"] |= given
        side.put(name, "lead_transfer", json.dumps(found))
    take(desk)
    assert len(waiting(desk)) == 1
    assert side.state("b") == "message.id_reused"


def test_only_the_first_of_a_case_may_be_published(county: County, side: Side, desk: Desk) -> None:
    sent = [lead(label, envelope={"document_number": None}) for label in ("one", "two")]
    desk.take_in([county.copy(message, offset) for offset, message in enumerate(sent)])
    for number, message in enumerate(sent):
        reply = json.loads(document("signed_for"))
        reply["envelope"]["in_reply_to"] = message.envelope.message_id
        side.put(f"s{number}", "signed_for", json.dumps(reply))
    take(desk)
    heads = waiting(desk)
    assert [head.case_id for head in heads] == [message.envelope.case_id for message in sent]
    assert {county.opened(head.value).envelope.record for head in heads} == {"Delivered"}
    (other,) = desk.waiting(100, [heads[0].case_id])
    assert other == heads[1]
    records = [county.opened(head.value).envelope.record for head in publish(desk)]
    assert records == ["Delivered", "Delivered", "SignedFor", "SignedFor"]


def test_a_letter_over_the_allowance_waits_until_the_bus_has_answered_another(
    county: County, side: Side, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "UNANSWERED_MAX", 1)
    for number in (1, 2):
        side.put(str(number), "lead_transfer", document("lead_transfer", number=number))
    take(desk)
    (first,) = publish(desk)
    assert desk.spool.holds_back
    assert waiting(desk) == []
    desk.take_in([county.said(accepted(county.opened(first.value)), 0)])
    (second,) = waiting(desk)
    assert second.case_id != first.case_id


def test_nothing_is_taken_while_the_spool_is_full(
    side: Side, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "SPOOL_MESSAGES_MAX", 1)
    monkeypatch.setattr(desk_module, "SOURCES_MAX", 1)
    side.put("a", "lead_transfer", document("lead_transfer", number=1))
    side.put("b", "lead_transfer", document("lead_transfer", number=2))
    take(desk)
    assert (side.state("a"), side.state("b")) == ("taken", "new")
    publish(desk)
    take(desk)
    assert side.state("b") == "taken"


def test_a_receipt_is_never_answered_by_a_receipt(county: County, side: Side, desk: Desk) -> None:
    sent = lead("theirs")
    desk.take_in([county.copy(reply_to(sent, "liuzhi-cgj", "signed"), 0)])
    desk.take_in([county.said(accepted(sent), 1)])
    assert waiting(desk) == []
    assert len(side.arrived()) == 2
