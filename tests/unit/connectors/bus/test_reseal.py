"""What waits in the spool when an organ's key is replaced."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.bus import look_back
from connectors.bus.allowance import Allowance
from connectors.bus.clock import now
from connectors.bus.desk import Desk
from connectors.bus.key_rows import KEYS_CSV, read_rows, revoked, rotated, row_of, write_rows
from connectors.bus.keyring import KEY_LEFT_MIN
from connectors.bus.keys import new_private_key
from connectors.bus.ledger import Ledger, Outgoing
from connectors.bus.private import write_private
from connectors.bus.reseal import reseal_spool
from connectors.bus.spool import Spool
from connectors.bus.unanswered import AGE_SECONDS_MIN
from schemas.codec import current, frame, unframe
from schemas.jwk import signer_from_pem
from schemas.jws import header_of
from schemas.seal import VerifiedKey, seal_message, verify
from tests.agency_home import AT, US, County, document, lead, written
from tests.agency_sides import Side

NewDesk = Callable[[], Desk]

_MOVED = datetime(2026, 9, 22, tzinfo=UTC)


def _rotate(county: County) -> None:
    pem = new_private_key("Ed25519", None)
    row = row_of(US, signer_from_pem(pem.encode()).jwk, _MOVED)
    write_rows(county.home, rotated(read_rows(county.home.rulebook / KEYS_CSV), row, _MOVED))
    write_private(county.home.key("yanjiao"), pem)


def _spooled(ledger: Ledger) -> list[bytes]:
    return [head.value for head in Spool(ledger, Allowance(100), lambda: True).heads(100, [], 0.0)]


def test_what_waits_is_sealed_anew_and_is_the_same_message(county: County) -> None:
    agency = county.agency()
    ledger = Ledger(agency.folder / "ledger.sqlite")
    sent = [lead(f"number {number}", sender="yanjiao") for number in range(3)]
    schema_id = agency.keyring.id_for(current("LeadTransfer").fingerprint)
    with ledger.transaction():
        for message in sent:
            sealed = seal_message(message, agency.signer)
            ledger.put_in_spool(Outgoing(sealed.message, frame(schema_id, sealed.body)), AT)
        stranger = seal_message(lead("newer", sender="yanjiao"), agency.signer)
        ledger.put_in_spool(Outgoing(stranger.message, frame(60_000, stranger.body)), AT)
    before = _spooled(ledger)
    assert reseal_spool(ledger, agency) == 0
    assert _spooled(ledger) == before
    _rotate(county)
    agency = county.agency()
    assert reseal_spool(ledger, agency) == 3
    after = _spooled(ledger)
    codec = current("LeadTransfer")
    for old, new in zip(before[:3], after[:3], strict=True):
        was, found = codec.open(unframe(old)[1]), codec.open(unframe(new)[1])
        assert found.content_digest == was.content_digest
        assert found.signed_bytes == was.signed_bytes
        seal = found.message.envelope.seal
        assert seal is not None
        header = header_of(seal.jws)
        assert header is not None
        assert header.kid == agency.signer.kid
        key = verify(found, agency.keyring._key, _MOVED)
        assert key == VerifiedKey(agency.signer.kid, US)
    assert after[3] == before[3]  # of a schema that is not here: as it was
    assert ledger.spool_size().bytes == sum(map(len, after))
    assert reseal_spool(ledger, agency) == 0
    ledger.close()


def test_nothing_is_sent_by_a_key_that_has_ended_and_a_restart_sends_it_by_the_new_one(
    county: County, side: Side, new_desk: NewDesk
) -> None:
    desk = new_desk()
    desk.open()
    side.put("a", "lead_transfer", document("lead_transfer"))
    for _ in range(3):  # a file must stand still from one look to the next
        desk.take_out()
    assert len(desk.waiting(10)) == 1
    _rotate(county)  # the old key's grace is over, and the connector was not started anew
    assert desk.waiting(10) == ()
    assert desk.spool.is_shut
    desk = new_desk()
    desk.open()
    (head,) = desk.waiting(10)
    assert not desk.spool.is_shut
    seal = county.opened(head.value).envelope.seal
    header = header_of(seal.jws) if seal else None
    assert header is not None
    assert header.kid == county.agency().signer.kid


def test_a_key_that_is_not_in_force_yet_waits_until_it_is(county: County) -> None:
    kid, keyring = county.agency().signer.kid, county.agency().keyring
    since = datetime.fromisoformat(
        next(row for row in read_rows(county.home.rulebook / KEYS_CSV) if row["kid"] == kid)[
            "valid_from"
        ]
    )
    assert not keyring.is_believed(kid, since - timedelta(seconds=1))
    assert keyring.is_believed(kid, since)
    rows = read_rows(county.home.rulebook / KEYS_CSV)
    write_rows(county.home, revoked(rows, kid, _MOVED, None))
    assert keyring.is_believed(kid, _MOVED - KEY_LEFT_MIN - timedelta(seconds=1))
    assert not keyring.is_believed(kid, _MOVED - timedelta(seconds=1))
    assert not keyring.is_believed("nobody's", since)


def test_what_the_log_lost_goes_out_again_under_the_key_of_now(
    county: County, side: Side, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_desk()
    first.open()
    side.put("a", "lead_transfer", document("lead_transfer"))
    for _ in range(3):
        first.take_out()
    first.published(written(first.waiting(10)))
    _rotate(county)
    second = new_desk()
    second.open()
    later = now() + timedelta(seconds=AGE_SECONDS_MIN + 1)
    monkeypatch.setattr(look_back, "now", lambda: later)
    assert second.lost.send_again({("leads", 0): (9, 9)}, later) == 1
    value = second._ledger.db.execute("SELECT value FROM spool").fetchone()[0]
    seal = county.opened(value).envelope.seal
    assert seal is not None
    header = header_of(seal.jws)
    assert header is not None
    assert header.kid == county.agency().signer.kid
