import stat
from pathlib import Path

import pytest

from connectors.bus.home import Home
from connectors.bus.openers import FreshOpeners, ensure_opener, load_openers, replace_opener
from connectors.bus.private import write_private
from schemas.errors import UserError
from schemas.file_key import Claim, unwrap, wrap
from schemas.ids import BUS, MessageId, OrganCode

CLAIM = Claim("bus", OrganCode("A" * 18), MessageId("m"), "1" * 64, "2" * 64, 5)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_key_is_made_once_and_only_its_owner_reads_it(home: Home) -> None:
    made = ensure_opener(home.opener("bus"), None)
    assert ensure_opener(home.opener("bus"), None) == made
    assert stat.S_IMODE(home.opener("bus").stat().st_mode) == 0o600
    assert set(load_openers(home, "bus", None)) == {made.kid}


def test_a_login_without_keys_opens_nothing(home: Home) -> None:
    assert load_openers(home, "bus", None) == {}


def test_what_was_wrapped_before_a_rotation_still_opens(home: Home) -> None:
    before = ensure_opener(home.opener("bus"), None)
    wrapped = wrap(bytes(32), CLAIM, BUS, before.kid, before.x)
    after = replace_opener(home, "bus", None)
    openers = load_openers(home, "bus", None)
    assert set(openers) == {before.kid, after.kid}
    assert unwrap(wrapped, CLAIM, BUS, openers) == bytes(32)


def test_what_is_wrapped_to_a_key_made_while_we_run_opens_at_once(home: Home) -> None:
    ensure_opener(home.opener("bus"), None)
    openers = FreshOpeners(home, "bus", None)
    assert len(openers) == 1
    after = replace_opener(home, "bus", None)
    assert unwrap(wrap(bytes(32), CLAIM, BUS, after.kid, after.x), CLAIM, BUS, openers) == bytes(32)
    assert set(openers) == set(load_openers(home, "bus", None))
    assert unwrap("another.key", CLAIM, BUS, openers) is None


def test_a_key_that_is_copied_over_the_one_before_is_read_as_well(
    home: Home, tmp_path: Path
) -> None:
    ensure_opener(home.opener("bus"), None)
    openers = FreshOpeners(home, "bus", None)
    other = Home(tmp_path / "other")
    new = ensure_opener(other.opener("bus"), None)
    home.opener("bus").write_bytes(other.opener("bus").read_bytes())  # as cp does it
    assert openers.get(new.kid) is not None


def test_a_file_that_is_being_copied_there_ends_nobody_and_takes_no_key_away(home: Home) -> None:
    made = ensure_opener(home.opener("bus"), None)
    openers = FreshOpeners(home, "bus", None)
    whole = home.opener("bus").read_bytes()
    coming = home.opener("bus").with_name("bus.encryption.new.pem")
    coming.write_bytes(whole[:40])
    assert openers.get("a.kid") is None
    assert openers.get(made.kid) is not None


def test_a_first_rotation_makes_the_first_key(home: Home) -> None:
    assert set(load_openers(home, "bus", None)) == set()
    made = replace_opener(home, "bus", None)
    assert set(load_openers(home, "bus", None)) == {made.kid}


def test_the_keys_of_one_login_are_not_another_s(home: Home) -> None:
    ours = ensure_opener(home.opener("bus"), None)
    ensure_opener(home.opener("bus-2"), None)
    assert set(load_openers(home, "bus", None)) == {ours.kid}


@pytest.mark.parametrize("what", ["no PEM", "a folder", "locked"])
def test_a_key_that_cannot_be_used_is_named(home: Home, what: str) -> None:
    path = home.opener("bus")
    if what == "a folder":
        path.mkdir(parents=True)
    elif what == "locked":
        ensure_opener(path, b"a passphrase")
    else:
        write_private(path, what)
    code = "key.passphrase" if what == "locked" else "keys.unreadable"
    with pytest.raises(UserError, match=rf"{code} .*bus\.encryption\.pem".replace(".", r"\.", 1)):
        load_openers(home, "bus", None)


def test_with_the_passphrase_a_locked_key_opens(home: Home) -> None:
    made = ensure_opener(home.opener("bus"), b"a passphrase")
    assert set(load_openers(home, "bus", b"a passphrase")) == {made.kid}
