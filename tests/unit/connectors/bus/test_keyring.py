"""An inbox value stands by the exchange's word and the seal, a flow's by its seal alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.bus.key_rows import KEYS_CSV, as_csv, row_of
from connectors.bus.keyring import Keyring
from connectors.bus.registry import SchemaIds
from schemas.codec import Opened, frame
from schemas.errors import Refusal, Unavailable, UserError
from schemas.ids import BUS
from schemas.jwk import Jwk
from schemas.messages import Tick
from schemas.seal import said, seal_message, vouched
from tests.history import HANDLER, MONDAY, SENDER, message
from tests.office import Log, office, sealed, signers

LEAD = message("lead_transfer", SENDER, "one")
OTHER = message("lead_transfer", HANDLER, "one").envelope.sender


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    listed = office().rulebook.directory.keys.values()
    rows = [
        row_of(key.organ, Jwk(key.kid, key.algorithm, key.x, key.y), key.valid_from)
        for key in listed
    ]
    (tmp_path / KEYS_CSV).write_text(as_csv(rows))
    ids = tmp_path / "schema_ids.json"
    SchemaIds({number: codec.fingerprint for number, codec in office().codecs.items()}, {}).save(
        ids
    )
    return Keyring(tmp_path, ids, office().rulebook.bus)


def refusal(found: Opened | Refusal) -> str:
    assert isinstance(found, Refusal)
    return found.code


def test_a_tick_and_a_letter_on_a_flow_stand_by_their_seal(keyring: Keyring) -> None:
    tick = keyring.open_original(Log().tick(MONDAY, 0).value or b"", MONDAY)
    assert isinstance(tick, Opened)
    assert isinstance(tick.message, Tick)
    letter = keyring.open_original(sealed(LEAD), MONDAY)
    assert isinstance(letter, Opened)
    assert refusal(keyring.open(sealed(LEAD), MONDAY)) == "seal.not_vouched"


def test_what_the_bus_says_to_an_inbox_stands_there_alone(keyring: Keyring) -> None:
    own = replace(LEAD.envelope, sender=BUS, record="LeadTransfer")
    (body,) = vouched([said(replace(LEAD, envelope=own))], office().rulebook.bus, signers()[BUS])
    value = frame(office().own("LeadTransfer"), body)
    assert isinstance(keyring.open(value, MONDAY), Opened)
    assert refusal(keyring.open_original(value, MONDAY)) == "seal.invalid"


def test_what_is_another_s_is_refused_on_a_flow(keyring: Keyring) -> None:
    own = office().own("LeadTransfer")
    foreign = replace(LEAD, envelope=replace(LEAD.envelope, bus="another"))
    found = {
        "seal.not_the_senders": frame(own, seal_message(LEAD, signers()[OTHER]).body),
        "seal.other_bus": frame(own, seal_message(foreign, signers()[LEAD.envelope.sender]).body),
        "message.unknown_schema": frame(77_777, b"x"),
        "message.malformed": b"noise",
    }
    for expected, value in found.items():
        assert refusal(keyring.open_original(value, MONDAY)) == expected
        assert isinstance(keyring.open(value, MONDAY), Refusal)


@pytest.mark.parametrize("kept", ["cut in a row", "cut between two rows", "gone"])
def test_half_a_list_of_keys_ends_nothing_and_misjudges_nobody(
    keyring: Keyring, tmp_path: Path, kept: str
) -> None:
    path = tmp_path / KEYS_CSV
    whole = path.read_text()
    known = office().rulebook.directory.keys
    ours = next(kid for kid, key in known.items() if key.organ == LEAD.envelope.sender)
    if kept == "gone":
        path.unlink()
    else:
        rows = [row for row in whole.splitlines(keepends=True) if ours not in row]
        path.write_text("".join(rows[:-1]) + (rows[-1][:60] if "in a row" in kept else ""))
    code = "keys.none" if kept == "gone" else "file.unreadable"
    assert isinstance(keyring.open_original(sealed(LEAD), MONDAY), Opened)
    assert keyring.is_believed(ours, MONDAY)
    assert keyring.unread == ((KEYS_CSV, code),)
    with pytest.raises(Unavailable, match=r"file\.unreadable .*keys\.csv"):
        keyring.organ_of("a key of the other half")
    if kept != "cut between two rows":  # which is whole to who never saw it longer
        with pytest.raises(UserError, match=code):
            Keyring(tmp_path, tmp_path / "schema_ids.json", office().rulebook.bus)
