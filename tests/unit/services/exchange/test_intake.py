"""From bytes to a message that may be decided: what nobody can be answered for, and what is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import current, encode, frame, unframe
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.messages import (
    Accepted,
    CaseSettled,
    LeadTransfer,
    Message,
    SettleAction,
    Tick,
)
from schemas.parts import Delivery, Envelope, Flow, Officer, Relation, Secrecy
from schemas.topics import flow_partition
from services.casework.case import State
from services.exchange.intake import Dead, Intake, Refused, Sound, take_in
from tests.any_message import with_delivery
from tests.history import HANDLER, MONDAY, SENDER, demo, in_state, message, organ
from tests.office import OUTSIDER, PARTITIONS, Log, office, sealed, take


def lead(**envelope: Any) -> LeadTransfer:
    sent = message("lead_transfer", SENDER, "one")
    assert isinstance(sent, LeadTransfer)
    return replace(sent, envelope=replace(sent.envelope, **envelope))


def judged(sent: Message, **where: Any) -> Intake:
    (intake,) = take(Log().put(sent, MONDAY, **where))
    return intake


def dead(intake: Intake) -> tuple[str, str | None]:
    assert isinstance(intake, Dead), intake
    return intake.refusal.code, intake.refusal.where


def refused(intake: Intake) -> tuple[str, str | None, bool]:
    assert isinstance(intake, Refused), intake
    refusal = intake.refusal
    return refusal.code, refusal.where or refusal.detail, intake.reserves_id


def test_a_sealed_lead_in_its_place_is_sound() -> None:
    intake = judged(lead())
    assert isinstance(intake, Sound)
    assert intake.opened.message.envelope.seal is not None
    assert unframe(intake.incoming.value or b"") == (intake.schema_id, intake.body)


# ------------------------------------------------------------- bytes that nobody is answered for


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes_are_dead(value: bytes) -> None:
    (intake,) = take(Log().raw(value, lead().envelope, MONDAY))
    assert dead(intake)[0] in {"message.malformed", "message.unknown_schema"}


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 16), st.binary(max_size=200))
def test_random_bytes_under_a_known_schema_are_dead(schema_id: int, body: bytes) -> None:
    (intake,) = take(Log().raw(frame(schema_id, body), lead().envelope, MONDAY))
    assert dead(intake)[0] in {"message.malformed", "seal.missing"}


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_sealed_message_with_one_bit_turned_is_dead(data: st.DataObject) -> None:
    value = sealed(lead())
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    broken = bytearray(value)
    broken[bit // 8] ^= 1 << bit % 8
    (intake,) = take(Log().raw(bytes(broken), lead().envelope, MONDAY))
    assert isinstance(intake, Dead)


@pytest.mark.parametrize("value", [None, b"", b"\x00", b"\x00\x00\x00\x00\x01", b"\x01" * 9])
def test_what_has_no_frame_is_dead(value: bytes | None) -> None:
    (intake,) = take(Log().raw(value, lead().envelope, MONDAY))
    assert dead(intake)[0] == "message.malformed"


def test_an_unknown_schema_is_named_by_its_number() -> None:
    _, body = unframe(sealed(lead()))
    (intake,) = take(Log().raw(frame(777, body), lead().envelope, MONDAY))
    assert isinstance(intake, Dead)
    assert (intake.refusal.code, intake.refusal.detail) == ("message.unknown_schema", "777")


def test_a_message_too_large_to_read_is_dead() -> None:
    body = bytes(1_000_001)
    own = office().own("LeadTransfer")
    (intake,) = take(Log().raw(frame(own, body), lead().envelope, MONDAY))
    assert dead(intake)[0] == "message.too_large"


def test_a_message_without_a_seal_is_dead() -> None:
    value = frame(office().own("LeadTransfer"), encode(lead()))
    (intake,) = take(Log().raw(value, lead().envelope, MONDAY))
    assert dead(intake) == ("seal.missing", "envelope.seal")


def test_another_organ_s_seal_is_not_the_sender_s() -> None:
    intake = judged(lead(), by=organ(HANDLER))
    assert dead(intake) == ("seal.not_the_senders", "envelope.sender")


def test_nobody_but_the_bus_speaks_as_the_bus() -> None:
    intake = judged(lead(sender=BUS), by=organ(SENDER))
    assert dead(intake)[0] == "seal.not_the_senders"


def test_a_message_for_another_bus_is_dead() -> None:
    assert dead(judged(lead(bus="another"))) == ("seal.other_bus", "envelope.bus")


def test_a_key_that_the_directory_does_not_have_is_dead() -> None:
    sent = Log().put(lead(), MONDAY)
    keys = {
        kid: key
        for kid, key in office().rulebook.directory.keys.items()
        if key.organ != organ(SENDER)
    }
    rulebook = office().rulebook
    without = replace(rulebook, directory=replace(rulebook.directory, keys=keys))
    assert dead(take_in(sent, replace(office(), rulebook=without)))[0] == "seal.key_unknown"


def test_a_key_is_judged_at_the_broker_s_time() -> None:
    (intake,) = take(Log().put(lead(), datetime(2019, 12, 31, tzinfo=UTC)))
    assert dead(intake)[0] == "seal.key_unknown"


def test_an_organ_with_a_key_and_no_place_in_the_directory_cannot_be_answered() -> None:
    assert dead(judged(lead(sender=OUTSIDER))) == ("organ.unknown", "envelope.sender")


@pytest.mark.parametrize("text", ["", "7", "一" * 36, "0" * 36, "{" * 10_000])
def test_what_bears_no_ids_cannot_be_answered(text: str) -> None:
    assert dead(judged(lead(message_id=text))) == (
        "message.field_invalid",
        "envelope.message_id",
    )
    assert dead(judged(lead(case_id=text))) == ("message.field_invalid", "envelope.case_id")


@pytest.mark.parametrize("level", [level for level in Secrecy if level is not Secrecy.NONE])
def test_what_is_marked_secret_leaves_no_bytes_in_the_dead_letters(level: Secrecy) -> None:
    forced = judged(lead(secrecy=level), by=organ(HANDLER))
    assert isinstance(forced, Dead)
    assert forced.incoming.value is None
    plain = judged(lead(), by=organ(HANDLER))
    assert plain.incoming.value is not None


# ------------------------------------------------------------------- in the wrong place: no id


LEADS_OWN = flow_partition(lead().envelope.case_id.encode(), PARTITIONS)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ({"topic": "transfers"}, "flow"),
        ({"key": None}, "key"),
        ({"key": b"another"}, "key"),
        ({"partition": (LEADS_OWN + 1) % PARTITIONS}, "partition"),
    ],
)
def test_what_lies_elsewhere_than_its_sealed_case_says_is_misrouted(
    where: dict[str, Any], why: str
) -> None:
    assert refused(judged(lead(), **where)) == ("message.misrouted", why, False)


def test_a_record_that_calls_itself_another_is_misrouted() -> None:
    assert refused(judged(lead(record="CaseTransfer"))) == ("message.misrouted", "flow", False)


def test_an_opening_on_a_flow_that_is_not_its_own_is_misrouted() -> None:
    intake = judged(lead(flow=Flow.COPIES))
    assert refused(intake) == ("message.misrouted", "flow", False)


def test_an_opening_opens_the_case_that_follows_from_its_id() -> None:
    other = lead(case_id=CaseId(derive("test", "any")))
    assert refused(judged(other)) == ("message.misrouted", "case", False)


def test_a_reply_may_lie_on_the_flow_of_its_case() -> None:
    history = in_state(State.ISSUED)
    assert isinstance(judged(history.next("signed_for", HANDLER)), Sound)


# --------------------------------------------------------------------- what only the bus may say


def of_the_bus(record: str, sender: str | None = None, **changes: Any) -> Envelope:
    base = lead().envelope
    return replace(
        base,
        record=record,
        sender=organ(sender) if sender else BUS,
        document_number=None,
        officers=None,
        **changes,
    )


def test_a_tick_and_a_settlement_by_an_organ_are_refused() -> None:
    tick = Tick(of_the_bus("Tick", SENDER), "leads", 1)
    settled = CaseSettled(of_the_bus("CaseSettled", SENDER), SettleAction.DISCARD, "r")
    assert refused(judged(tick)) == ("message.bus_only", "Tick", False)
    assert refused(judged(settled)) == ("message.bus_only", "CaseSettled", False)


def test_an_answer_of_the_bus_by_an_organ_is_refused() -> None:
    accepted = Accepted(of_the_bus("Accepted", SENDER))
    assert refused(judged(accepted)) == ("message.bus_only", "Accepted", False)


def test_an_answer_of_the_bus_carried_back_to_a_flow_is_dead() -> None:
    accepted = Accepted(of_the_bus("Accepted"))
    assert dead(judged(accepted))[0] == "message.misrouted"


@pytest.mark.parametrize(("topic", "partition"), [("leads", 1), ("copies", 0)])
def test_a_tick_is_for_its_own_partition_only(topic: str, partition: int) -> None:
    envelope = of_the_bus("Tick", case_id=CaseId(derive("ticks", "leads", "0")))
    astray = Tick(replace(envelope, flow=Flow(topic)), "leads", 0)
    assert dead(judged(astray, partition=partition))[0] == "message.misrouted"
    at_home = Tick(envelope, "leads", 0)
    assert isinstance(judged(at_home, partition=0), Sound)


def test_an_operator_s_word_that_names_no_message_is_dead() -> None:
    settled = CaseSettled(of_the_bus("CaseSettled"), SettleAction.DISCARD, "已修复")
    assert dead(judged(settled)) == ("reply.in_reply_to_missing", "envelope.in_reply_to")


# ------------------------------------------------------------------------ the form, with its id


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"officers": ()}, "transfer.officers_too_few", "envelope.officers"),
        ({"document_number": None}, "message.field_missing", "envelope.document_number"),
        ({"document_number": "12"}, "document_number.malformed", "envelope.document_number"),
        ({"secrecy": Secrecy.SECRET}, "secrecy.may_not_travel", "envelope.secrecy"),
        ({"in_reply_to": MessageId("x")}, "message.field_invalid", "envelope.in_reply_to"),
    ],
)
def test_a_form_that_the_law_does_not_know_is_refused_and_its_id_is_used(
    changes: dict[str, Any], code: str, where: str
) -> None:
    assert refused(judged(lead(**changes))) == (code, where, True)


def test_one_officer_twice_is_one_officer() -> None:
    one = Officer("周怀瑾", organ(SENDER), "520203991041")
    assert refused(judged(lead(officers=(one, one))))[0] == "transfer.officers_too_few"


def test_a_delivery_that_the_sender_filled_in_is_not_sealed_and_is_refused() -> None:
    value = sealed(lead())
    schema_id, body = unframe(value)
    codec = current("LeadTransfer")
    delivery = Delivery(organ(HANDLER), Relation.HANDLER, None, MONDAY)
    copy = frame(schema_id, with_delivery(codec, codec.open(body), delivery))
    (intake,) = take(Log().raw(copy, lead().envelope, MONDAY))
    assert refused(intake) == ("message.delivery_filled", "envelope.delivery", True)


def test_judging_changes_nothing_and_is_the_same_again() -> None:
    sent = Log().put(lead(), MONDAY)
    assert take(sent) == take(sent)
    assert demo().bus == lead().envelope.bus
