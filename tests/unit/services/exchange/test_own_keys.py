"""The bus's own key: a new one seals what brings it into force; an ended one seals nothing more."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings
from connectors.bus.key_rows import KEYS_CSV, read_rows, revoked, rotated, row_of, write_rows
from connectors.bus.keys import ensure_keys, home_signer, new_private_key
from connectors.bus.private import write_private
from schemas.codec import frame
from schemas.errors import Unavailable, UserError
from schemas.ids import BUS, Alias, CaseId, MessageId, derive
from schemas.jwk import ES256, Signer, signer_from_pem
from schemas.messages import Tick
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from services.casebook.store import Casebook
from services.exchange.intake import Dead, Intake, Sound, take_in
from services.exchange.measures import Measures
from services.exchange.office import Office
from services.exchange.opening import open_office
from services.exchange.own_keys import OwnKeys
from services.exchange.shelf import Shelf
from services.exchange.shell import Shell
from services.rulebook.model import PublicKey
from tests.history import SENDER, demo, organ
from tests.office import Log, office

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    ensure_keys(made, [(organ(SENDER), Alias(SENDER))], SINCE)
    return made


def in_force(home: Home) -> Office:
    """An exchange by the keys that are listed now; it sees what is listed later."""
    listed = OwnKeys(home)
    key = listed(home_signer(home, "bus").kid)
    assert key is not None
    known = PublicKey(key.kid, BUS, key.algorithm, key.x, key.y, key.valid_from)
    directory = replace(office().rulebook.directory, keys={key.kid: known})
    rulebook = replace(office().rulebook, directory=directory)
    return replace(office(), rulebook=rulebook, signer=home_signer(home, "bus"), own_keys=listed)


def rotate(home: Home, login: str, grace: timedelta = timedelta(hours=24)) -> None:
    """As `yichuan keys rotate` does."""
    pem, at = new_private_key(ES256, None), now()
    code = BUS if login == "bus" else organ(login)
    row = row_of(code, signer_from_pem(pem.encode()).jwk, at)
    write_rows(home, rotated(read_rows(home.rulebook / KEYS_CSV), row, at + grace))
    write_private(home.key(login), pem)


def taken(by: Office, signer: Signer, at: datetime) -> Intake:
    """What the exchange makes of a record of the bus that the signer has sealed."""
    envelope = Envelope(
        bus=demo().bus,
        message_id=MessageId(derive("tick", at.isoformat())),
        case_id=CaseId(derive("ticks", "leads", "0")),
        flow=Flow.LEADS,
        record="Tick",
        sender=BUS,
        sent_at=at,
    )
    value = frame(by.own("Tick"), seal_message(Tick(envelope, Flow.LEADS, 0), signer).body)
    return take_in(Log().raw(value, envelope, at, partition=0), by)


def test_what_brings_a_new_key_of_the_bus_into_force_may_be_sealed_by_it(home: Home) -> None:
    by, old = in_force(home), home_signer(home, "bus")
    rotate(home, "bus")
    assert isinstance(taken(by, home_signer(home, "bus"), now()), Sound)
    assert isinstance(taken(by, old, now()), Sound)  # for 24 hours


def test_a_key_of_the_bus_that_was_lost_is_followed_by_one_that_is_believed(home: Home) -> None:
    by = in_force(home)
    home.key("bus").unlink()
    ensure_keys(home, [], now())
    assert isinstance(taken(by, home_signer(home, "bus"), now()), Sound)


def test_nobody_else_s_new_key_speaks_for_the_bus_or_counts_before_it_is_in_force(
    home: Home,
) -> None:
    by = in_force(home)
    rotate(home, SENDER)
    theirs = home_signer(home, SENDER)
    assert by.key(theirs.kid) is None
    found = taken(by, theirs, now())
    assert isinstance(found, Dead)
    assert found.refusal.code == "seal.key_unknown"


def test_what_the_rulebook_says_of_a_key_stands(home: Home) -> None:
    by, signer = in_force(home), home_signer(home, "bus")
    rows = read_rows(home.rulebook / KEYS_CSV)
    write_rows(home, revoked(rows, signer.kid, now(), SINCE))
    assert isinstance(taken(by, signer, now()), Sound)


def test_a_list_that_is_being_copied_there_stops_nothing_and_takes_no_key_away(
    home: Home, casebook: Casebook
) -> None:
    by, listed = in_force(home), home.rulebook / KEYS_CSV
    rotate(home, "bus")
    signer = home_signer(home, "bus")
    assert isinstance(taken(by, signer, now()), Sound)
    whole = listed.read_bytes()
    listed.write_bytes(whole[: whole.index(b"\n") + 20])
    asyncio.run(shell_of(casebook, by).tick({}))
    assert isinstance(taken(by, signer, now()), Sound)
    listed.write_bytes(whole)
    write_rows(home, [row for row in read_rows(listed) if row["kid"] != signer.kid])
    assert by.own_keys(signer.kid) is None  # it is read again as soon as it can be


def shell_of(casebook: Casebook, by: Office) -> Shell:
    shelf, none = Shelf(by), cast("Any", None)
    measures = Measures(Settings(), shelf, casebook, 0)
    return Shell(Settings(), shelf, casebook, none, none, measures, Mock(), AsyncMock(), none)


def test_an_exchange_whose_key_has_ended_says_nothing_more(home: Home, casebook: Casebook) -> None:
    shell = shell_of(casebook, in_force(home))
    rotate(home, "bus", grace=timedelta(0))
    with pytest.raises(Unavailable, match=r"key\.not_in_force"):
        asyncio.run(shell.tick({}))


def test_an_exchange_does_not_begin_with_a_key_that_has_ended(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "services.exchange.opening"
    signer = home_signer(home, "bus")
    for ends, code in ((None, "past the key"), (now(), "key.not_in_force")):
        key = PublicKey(signer.kid, BUS, ES256, signer.jwk.x, signer.jwk.y, SINCE, ends)
        keys = {key.kid: key}
        directory = replace(demo().directory, keys=keys)
        monkeypatch.setattr(
            f"{module}.load", lambda _path, d=directory: replace(demo(), directory=d)
        )
        monkeypatch.setattr(f"{module}._office", Mock(side_effect=UserError("past the key")))
        with pytest.raises(UserError, match=code):
            open_office(home, home.settings())
