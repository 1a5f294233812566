"""`yichuan keys new | rotate | revoke | list` on a home of the demo, without a broker."""

import json
import stat
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV, read_rows
from connectors.bus.keyring import read_keys
from connectors.bus.keys import home_signer, load_signer, new_private_key
from schemas.errors import UserError
from services.cli.main import main
from services.rulebook.load import load
from tests.history import SENDER, organ
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture


@pytest.fixture(autouse=True)
def chosen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def keys_of(home: Home, code: str) -> list[Any]:
    found = read_keys(home.rulebook / KEYS_CSV).values()
    own = (key for key in found if key.organ == code and key.algorithm != "X25519")
    return sorted(own, key=lambda key: key.valid_from)


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "SM2-SM3"])
def test_a_rotated_key_seals_and_the_old_one_ends_after_its_grace(
    home: Home, capsys: pytest.CaptureFixture[str], algorithm: str
) -> None:
    before = home_signer(home, "yanjiao").kid
    began = datetime.now(UTC)  # noqa: TID251 - the command reads the clock
    asked = ["keys", "rotate", "yanjiao", "--grace-hours", "48", "--algorithm", algorithm]
    assert main([*asked, "--json"]) == 0
    (row,) = told(capsys)
    old, new = keys_of(home, organ(SENDER))
    assert (old.kid, new.kid) == (before, row["kid"])
    assert home_signer(home, "yanjiao").kid == new.kid
    assert new.algorithm == algorithm
    assert stat.S_IMODE(home.key("yanjiao").stat().st_mode) == 0o600
    assert old.valid_to is not None
    assert abs(old.valid_to - began - timedelta(hours=48)) < timedelta(minutes=5)
    assert new.valid_to is None
    assert load(home.rulebook).directory.keys[new.kid].algorithm == algorithm


def test_an_end_that_was_set_before_is_not_put_off(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    first = home_signer(home, "yanjiao").kid
    for hours in ("0", "48"):
        assert main(["keys", "rotate", "yanjiao", "--grace-hours", hours]) == 0
    capsys.readouterr()
    ends = {key.kid: key.valid_to for key in keys_of(home, organ(SENDER)) if key.valid_to}
    assert len(ends) == 2
    assert ends[first] == min(ends.values())


def test_the_bus_has_its_key_rotated_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "rotate", "bus", "--json"]) == 0
    assert told(capsys)[0]["organ"] == "BUS"


def test_a_revoked_key_ends_now_and_says_since_when_it_is_not_believed(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    kid = home_signer(home, "yanjiao").kid
    since = "2026-09-01T08:00:00+0800"
    assert main(["keys", "revoke", kid, "--compromised-since", since, "--json"]) == 0
    (row,) = told(capsys)
    assert row["compromised_since"] == "2026-09-01T08:00:00+08:00"
    key = load(home.rulebook).directory.keys[kid]
    assert key.valid_to is not None
    assert key.compromised_since == datetime(2026, 9, 1, tzinfo=UTC)
    assert main(["keys", "list", "--json"]) == 0
    listed = next(each for each in told(capsys) if each["kid"] == kid)
    assert listed["compromised_since"] == row["compromised_since"]


def test_a_key_that_only_ended_was_never_compromised(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    kid = home_signer(home, "yanjiao").kid
    assert main(["keys", "revoke", kid]) == 0
    assert kid in capsys.readouterr().out
    assert load(home.rulebook).directory.keys[kid].compromised_since is None


def test_what_is_not_there_or_is_there_already_is_refused(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (home.rulebook / KEYS_CSV).read_bytes()
    for asked, code in (
        (["keys", "new", "yanjiao"], "key.exists"),
        (["keys", "revoke", "nobody"], "key.unknown"),
        (["keys", "revoke", "-DhB0eg76YzrCQQifawybAK_kc8RWNhxXz4zWb5D03M"], "key.unknown"),
        (["keys", "revoke", "--hB0eg76YzrCQQifawybAK_kc8RWNhxXz4zWb5D03M"], "key.unknown"),
        (["keys", "revoke", "nobody", "--since"], "command.usage"),
        (["keys", "rotate", "nowhere"], "organ.unknown"),
    ):
        assert main([*asked, "--json"]) != 0
        assert told(capsys)[0]["error"]["code"] == code
    assert (home.rulebook / KEYS_CSV).read_bytes() == before


def test_a_first_key_is_made_where_there_is_none(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.key("yanjiao").unlink()
    assert main(["keys", "new", "yanjiao", "--json"]) == 0
    assert told(capsys)[0]["kid"] == home_signer(home, "yanjiao").kid


def test_a_key_with_a_passphrase_is_of_use_with_it_alone(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "pass"
    secret.write_bytes("口令\n".encode())
    home.key("yanjiao").unlink()
    assert main(["keys", "new", "yanjiao", "--passphrase-file", str(secret)]) == 0
    assert b"ENCRYPTED" in home.key("yanjiao").read_bytes()
    capsys.readouterr()
    with pytest.raises(UserError, match=r"key\.passphrase"):
        load_signer(home.key("yanjiao"), None)
    monkeypatch.setenv("YICHUAN_KEYS__PASSPHRASE_FILE", str(secret))
    assert home_signer(home, "yanjiao").kid
    for empty in ("", "x" * 2000):
        secret.write_text(empty, encoding="utf-8")
        with pytest.raises(UserError, match=r"key\.passphrase"):
            home_signer(home, "yanjiao")
    secret.unlink()
    with pytest.raises(UserError, match=r"key\.passphrase"):
        home_signer(home, "yanjiao")


def test_a_key_that_does_not_open_is_not_replaced(home: Home, tmp_path: Path) -> None:
    table = (home.rulebook / KEYS_CSV).read_bytes()
    secret = tmp_path / "pass"
    secret.write_text("another", encoding="utf-8")
    home.key("yanjiao").write_text(new_private_key("ES256", b"its own"), encoding="utf-8")
    kept = home.key("yanjiao").read_bytes()
    assert main(["keys", "rotate", "yanjiao", "--passphrase-file", str(secret)]) == 3
    assert home.key("yanjiao").read_bytes() == kept
    home.key("yanjiao").unlink()
    assert main(["keys", "rotate", "yanjiao"]) == 3
    assert not home.key("yanjiao").exists()
    assert (home.rulebook / KEYS_CSV).read_bytes() == table


def test_a_rotation_that_is_cut_off_leaves_a_key_that_seals(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("services.cli.keys_change.write_private", cut_off)
    kid = home_signer(home, "yanjiao").kid
    with suppress(KeyboardInterrupt):
        main(["keys", "rotate", "yanjiao"])
    assert home_signer(home, "yanjiao").kid == kid
    assert kid in {key.kid for key in keys_of(home, organ(SENDER))}
    monkeypatch.undo()
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    assert main(["keys", "rotate", "yanjiao"]) == 0
    listed = {key.kid for key in keys_of(home, organ(SENDER))}
    assert home_signer(home, "yanjiao").kid in listed


def test_a_table_of_before_is_read_and_gets_the_new_column(home: Home) -> None:
    table = home.rulebook / KEYS_CSV
    old = [line.rpartition(",")[0] for line in table.read_text(encoding="utf-8").splitlines()]
    table.write_text("\n".join(old) + "\n", encoding="utf-8")
    assert "compromised_since" not in old[0]
    assert load(home.rulebook).directory.keys.keys() == read_keys(table).keys()
    assert main(["keys", "rotate", "yanjiao"]) == 0
    assert all("compromised_since" in row for row in read_rows(table))
