import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV, read_rows, revoked, write_rows
from connectors.bus.keyring import read_keys
from connectors.bus.keys import ensure_keys
from connectors.bus.openers import load_openers
from connectors.bus.private import write_private
from schemas.errors import Broken, UserError
from schemas.ids import BUS, Alias, OrganCode
from schemas.jwk import X25519, public_key, signature_is_valid, signer_from_pem, thumbprint
from schemas.jws import KEY_COLUMNS

NOW = datetime(2026, 9, 28, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
LATER = NOW + timedelta(days=400)
ORGANS = ((OrganCode("B" * 18), Alias("dewu")), (OrganCode("A" * 18), Alias("shi-jian")))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def table(home: Home) -> bytes:
    return (home.rulebook / KEYS_CSV).read_bytes()


def seals(home: Home) -> list[dict[str, str]]:
    return [dict(row) for row in read_rows(home.rulebook / KEYS_CSV) if row["algorithm"] != X25519]


def openers(home: Home) -> list[dict[str, str]]:
    return [dict(row) for row in read_rows(home.rulebook / KEYS_CSV) if row["algorithm"] == X25519]


def test_every_organ_and_the_bus_get_a_key_that_only_the_owner_reads(home: Home) -> None:
    assert ensure_keys(home, ORGANS, NOW) == ("bus", "shi-jian", "dewu")
    for login in ("bus", "dewu", "shi-jian"):
        assert stat.S_IMODE(home.key(login).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.key("bus").parent.stat().st_mode) == 0o700
    assert {row["organ"] for row in read_rows(home.rulebook / KEYS_CSV)} == {
        BUS,
        *(code for code, _ in ORGANS),
    }


def test_what_the_private_key_signs_the_listed_public_key_verifies(home: Home) -> None:
    ensure_keys(home, ORGANS, NOW)
    signer = signer_from_pem(home.key("dewu").read_bytes())
    row = next(row for row in read_rows(home.rulebook / KEYS_CSV) if row["kid"] == signer.kid)
    assert (row["organ"], row["algorithm"], row["valid_to"]) == ("B" * 18, "ES256", "")
    assert row["kid"] == thumbprint("ES256", row["x"], row["y"])
    key = public_key(row["algorithm"], row["x"], row["y"])
    assert signature_is_valid(key, signer.sign(b"a lead"), b"a lead")


def test_a_key_is_valid_from_the_second_it_was_made(home: Home) -> None:
    ensure_keys(home, (), NOW)
    for row in read_rows(home.rulebook / KEYS_CSV):
        assert row["valid_from"] == "2026-09-28T09:00:00+08:00"
        assert datetime.fromisoformat(row["valid_from"]) <= NOW


def test_every_login_gets_a_key_that_files_are_encrypted_to_and_nobody_seals_by(
    home: Home,
) -> None:
    ensure_keys(home, ORGANS, NOW)
    for login in ("bus", "dewu", "shi-jian"):
        assert stat.S_IMODE(home.opener(login).stat().st_mode) == 0o600
        (kid,) = load_openers(home, login, None)
        (row,) = (row for row in read_rows(home.rulebook / KEYS_CSV) if row["kid"] == kid)
        assert (row["algorithm"], row["y"]) == ("X25519", "")
        with pytest.raises(Broken, match=r"key\.invalid"):
            public_key(row["algorithm"], row["x"], row["y"])


def test_a_second_time_nothing_changes_to_the_byte(home: Home) -> None:
    ensure_keys(home, ORGANS, NOW)
    before = table(home)
    assert ensure_keys(home, reversed(ORGANS), LATER) == ()
    assert table(home) == before


def test_a_table_that_an_editor_has_saved_with_a_byte_order_mark_is_the_same(home: Home) -> None:
    ensure_keys(home, ORGANS, NOW)
    before = read_rows(home.rulebook / KEYS_CSV)
    (home.rulebook / KEYS_CSV).write_bytes(b"\xef\xbb\xbf" + table(home).replace(b"\n", b"\r\n"))
    assert read_rows(home.rulebook / KEYS_CSV) == before
    assert ensure_keys(home, ORGANS, LATER) == ()
    assert read_keys(home.rulebook / KEYS_CSV)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-40],  # within the last row
        lambda text: text[:12],  # within the head
        lambda text: text.replace("\n", ",1\n").replace(",1\n", "\n", 1),  # a field too many
        lambda text: text.replace("organ", "agency", 1),
    ],
)
def test_a_table_that_was_cut_off_or_changed_is_refused_and_nothing_is_made_of_it(
    home: Home, spoil: Callable[[str], str]
) -> None:
    ensure_keys(home, ORGANS, NOW)
    spoilt = spoil(table(home).decode())
    (home.rulebook / KEYS_CSV).write_text(spoilt, encoding="utf-8")
    with pytest.raises(UserError, match=r"file\.unreadable"):
        ensure_keys(home, ORGANS, LATER)
    assert table(home).decode() == spoilt


def test_a_time_without_its_zone_is_refused_before_anything_is_judged_by_it(home: Home) -> None:
    ensure_keys(home, ORGANS, NOW)
    (home.rulebook / KEYS_CSV).write_bytes(table(home).replace(b"+08:00", b""))
    with pytest.raises(UserError, match=r"file\.unreadable"):
        read_keys(home.rulebook / KEYS_CSV)


def test_a_new_organ_is_added_and_the_rows_there_stay(home: Home) -> None:
    ensure_keys(home, ORGANS[:1], NOW)
    before = set(table(home).splitlines())
    assert ensure_keys(home, ORGANS, LATER) == ("shi-jian",)
    assert before < set(table(home).splitlines())


def test_an_organ_that_keeps_its_private_keys_itself_gets_no_second_ones(home: Home) -> None:
    ensure_keys(home, ORGANS, NOW)
    before = read_rows(home.rulebook / KEYS_CSV)
    for path in (home.key("dewu"), home.opener("dewu")):
        path.unlink()
    assert ensure_keys(home, ORGANS, LATER) == ()
    assert read_rows(home.rulebook / KEYS_CSV) == before
    assert not home.key("dewu").exists()
    assert not home.opener("dewu").exists()


def test_an_organ_whose_keys_are_over_or_known_to_others_gets_new_ones(home: Home) -> None:
    ensure_keys(home, ORGANS, NOW)
    table = home.rulebook / KEYS_CSV
    over = {"ES256": {"valid_to": LATER.isoformat()}, "X25519": {"compromised_since": "x"}}
    (organ,) = (organ for organ, login in ORGANS if login == "dewu")
    rows = read_rows(table)
    changed = [{**row, **over[row["algorithm"]]} if row["organ"] == organ else row for row in rows]
    write_rows(home, changed)
    for path in (home.key("dewu"), home.opener("dewu")):
        path.unlink()
    assert ensure_keys(home, ORGANS, LATER) == ("dewu",)
    assert len(read_rows(table)) == len(rows) + 2


def test_a_replaced_key_is_added_beside_the_old_one(home: Home) -> None:
    ensure_keys(home, (), NOW)
    home.key("bus").unlink()
    assert ensure_keys(home, (), LATER) == ("bus",)
    assert [row["valid_from"][:4] for row in seals(home)] == ["2026", "2027"]


def test_an_ed25519_key_that_was_put_there_is_listed_as_such(home: Home) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(home.key("bus"), pem.decode())
    ensure_keys(home, (), NOW)
    (row,) = seals(home)
    assert (row["algorithm"], row["y"]) == ("Ed25519", "")


def test_rows_of_the_chosen_rulebook_are_taken_over_and_win(home: Home) -> None:
    ensure_keys(home, (), NOW)
    (own,), (opener,) = seals(home), openers(home)
    ended = {**own, "valid_to": "2026-12-31T00:00:00+08:00"}
    foreign = dict(
        zip(KEY_COLUMNS, ("k", "C" * 18, "Ed25519", "x", "", "2026-01-01", "", ""), strict=True)
    )
    assert ensure_keys(home, (), LATER, [ended, foreign]) == ()
    found = set(map(str, read_rows(home.rulebook / KEYS_CSV)))
    assert found == {str(ended), str(foreign), str(opener)}


def test_a_rulebook_that_knows_nothing_of_it_does_not_make_a_compromised_key_good(
    home: Home,
) -> None:
    ensure_keys(home, (), NOW)
    (own,), (opener,) = seals(home), openers(home)
    write_rows(home, revoked([own, opener], own["kid"], LATER, NOW))
    older = {name: text for name, text in own.items() if name != "compromised_since"}
    for listed in (own, older):
        ensure_keys(home, (), LATER, [listed])
        (row,) = seals(home)
        assert row["compromised_since"] == NOW.replace(microsecond=0).isoformat()
    later = {**own, "compromised_since": LATER.isoformat()}
    ensure_keys(home, (), LATER, [later])
    assert seals(home) == [later]


@pytest.mark.parametrize("what", ["no PEM at all", "P-384", "with a password"])
def test_a_private_key_that_cannot_be_used_is_named_and_never_replaced(
    home: Home, what: str
) -> None:
    key = ec.generate_private_key(ec.SECP384R1() if what == "P-384" else ec.SECP256R1())
    locked = what == "with a password"
    lock = BestAvailableEncryption(b"pw") if locked else NoEncryption()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()
    text = what if what == "no PEM at all" else pem
    write_private(home.key("bus"), text)
    code = "key.passphrase" if locked else "keys.unreadable"
    with pytest.raises(UserError, match=rf"{code} .*bus\.pem"):
        ensure_keys(home, (), NOW.astimezone(UTC))
    assert home.key("bus").read_text(encoding="utf-8") == text
