"""Who speaks for another, to another bus, in another case: refused and recorded."""

from dataclasses import replace

import pytest

from schemas.codec import current, frame, unframe
from schemas.errors import Malformed
from schemas.ids import CaseId, MessageId, derive
from schemas.messages import LeadTransfer
from schemas.seal import seal_message
from services.casebook.store import Casebook
from services.casebook.tables import DEAD, MESSAGES
from services.exchange.intake import Dead, Refused, Sound
from tests.history import HANDLER, MONDAY, SENDER, History, message, organ
from tests.office import Log, office, rows, run, sealed, sent, signers, take

LEAD = message("lead_transfer", SENDER, "a", MONDAY)


def _code(intake: object) -> str | None:
    return intake.refusal.code if isinstance(intake, Dead | Refused) else None


def test_a_valid_seal_of_one_organ_in_another_s_name_is_dead_and_noted(casebook: Casebook) -> None:
    log = Log()
    tally = run(casebook, [log.put(LEAD, MONDAY, by=organ(HANDLER))])
    assert tally.dead == ["seal.not_the_senders"]
    assert [row.code for row in rows(casebook, DEAD)] == ["seal.not_the_senders"]
    assert rows(casebook, MESSAGES) == []


def test_a_seal_for_another_bus_is_dead() -> None:
    elsewhere = replace(LEAD, envelope=replace(LEAD.envelope, bus="another"))
    (intake,) = take(Log().put(elsewhere, MONDAY))
    assert _code(intake) == "seal.other_bus"


def test_a_seal_carried_into_another_case_or_message_does_not_hold() -> None:
    codec = current("LeadTransfer")
    seal = seal_message(LEAD, signers()[organ(SENDER)]).message.envelope.seal
    case = CaseId(derive("case", "another"))
    for envelope in (
        replace(LEAD.envelope, case_id=case, seal=seal),
        replace(LEAD.envelope, message_id=MessageId(derive("message", "another")), seal=seal),
        replace(LEAD.envelope, bus="another", seal=seal),
    ):
        value = frame(office().own("LeadTransfer"), codec.encode(replace(LEAD, envelope=envelope)))
        (intake,) = take(Log().raw(value, envelope, MONDAY))
        assert _code(intake) == "seal.invalid"


def test_a_stranger_cannot_use_up_an_organ_s_message_id(casebook: Casebook) -> None:
    log = Log()
    assert isinstance(LEAD, LeadTransfer)
    stolen = replace(LEAD, reason="另有其故")
    mine = replace(LEAD.envelope, sender=organ(HANDLER))
    attempts = [
        log.put(stolen, MONDAY, by=organ(HANDLER)),  # in its name: no seal of its own
        log.put(replace(stolen, envelope=mine), MONDAY),  # in the stranger's: its own id of its own
        log.put(LEAD, MONDAY),
    ]
    run(casebook, attempts)
    outcomes = {row.sender: row.outcome for row in rows(casebook, MESSAGES)}
    assert outcomes[organ(SENDER)] == "accepted"
    assert len(rows(casebook, DEAD)) == 1


def test_every_bit_of_a_sealed_value_counts() -> None:
    history, log = History(), Log()
    sent(history, "lead_transfer", SENDER)
    signed = sent(history, "signed_for", HANDLER)
    value, envelope = sealed(signed), signed.envelope
    assert isinstance(take(log.raw(value, envelope, MONDAY))[0], Sound)
    for position in range(len(value)):
        for bit in range(8):
            changed = bytearray(value)
            changed[position] ^= 1 << bit
            (intake,) = take(log.raw(bytes(changed), envelope, MONDAY))
            assert not isinstance(intake, Sound), (position, bit)


def test_a_body_that_is_not_in_its_one_encoding_is_malformed() -> None:
    _, body = unframe(sealed(LEAD))
    with pytest.raises(Malformed):
        current("LeadTransfer").open(body + b"\0")
