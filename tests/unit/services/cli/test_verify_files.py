"""`yichuan verify`: which file it is that cannot be read; times as China reads them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV
from services.cli.main import main
from services.cli.verify import TRUST_LINES_MAX
from services.cli.verify_judge import exported
from services.cli.words import clock_time
from tests.unit.services.cli.test_verify import LEAD, Put, _original, _whole, asked, chosen, put
from tests.unit.services.exchange.test_opening import home

__all__ = ["chosen", "home", "put"]  # fixtures
GBK = "指纹".encode("gbk")


def broken(folder: Path, how: str) -> Path:
    """A file that cannot be read as what it is given for."""
    path = folder / how
    if how == "folder":
        path.mkdir()
    elif how == "gbk":
        path.write_bytes(GBK)
    elif how == "long":
        path.write_text("a\n" * (TRUST_LINES_MAX + 1), encoding="ascii")
    elif how == "another table":
        path.write_text("kid,organ\na,b\n", encoding="ascii")
    elif how == "cut off":
        path.write_text("kid,organ,algorithm,x,y,valid_from,valid_to\na,b,c\n", encoding="ascii")
    return path


@pytest.mark.parametrize(
    ("option", "how"),
    [
        *(("--trust", how) for how in ("absent", "folder", "gbk", "long")),
        *(("--keys", how) for how in ("absent", "folder", "gbk", "another table", "cut off")),
        *(("--attachment", how) for how in ("absent", "folder")),
    ],
)
def test_a_file_beside_the_message_that_cannot_be_read_is_named(
    home: Home,
    put: Put,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    how: str,
) -> None:
    path = broken(tmp_path, how)
    code, found = asked(capsys, put(exported(_original(home))), option, str(path))
    assert code == 3
    assert (found["error"]["code"], found["error"]["where"]) == ("file.unreadable", str(path))


@pytest.mark.parametrize("how", ["absent", "folder"])
def test_a_message_that_cannot_be_read_is_not_said_to_be_no_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    path = broken(tmp_path, how)
    code, found = asked(capsys, str(path))
    assert (code, found["error"]["code"]) == (3, "file.unreadable")
    assert found["error"]["where"] == str(path)


def test_times_are_those_of_china(home: Home, put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", put(exported(_whole(home)))]) == 0
    printed = capsys.readouterr().out
    assert printed.count(clock_time(LEAD.envelope.sent_at)) == 2  # sent, and received
    assert "+00:00" not in printed


def test_keys_are_told_with_times_of_china(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = home.rulebook / KEYS_CSV
    table.write_text(_all_from(table, "2026-01-01T20:00:00+00:00"), encoding="utf-8")
    monkeypatch.setattr(
        "services.cli.keys_change.now", lambda: datetime(2026, 3, 1, 20, tzinfo=UTC)
    )
    assert main(["keys", "rotate", "bus", "--grace-hours", "1"]) == 0
    assert "2026-03-02 04:00:00" in capsys.readouterr().out
    assert main(["keys", "list"]) == 0
    printed = capsys.readouterr().out
    assert "2026-01-02 04:00:00" in printed
    assert "2026-03-02 05:00:00" in printed
    assert "+00:00" not in printed


def test_a_private_key_is_here_by_its_fingerprint_and_not_by_its_file_s_name(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> dict[str, bool | None]:
        capsys.readouterr()
        assert main(["keys", "list", "--json"]) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {row["kid"]: row["private_key_here"] for row in rows if row["organ"] == "BUS"}

    before = told()
    assert set(before.values()) == {True}
    assert main(["keys", "rotate", "bus"]) == 0
    (new,) = (kid for kid in told() if kid not in before)
    after = told()
    assert after.pop(new) is True
    assert sorted(after.values(), key=str) == [False, True]  # the old seal's; the one for files
    home.opener("bus").unlink()
    assert sorted(told().values(), key=str) == [False, False, True]
    home.opener("bus").write_bytes(b"locked, or no key at all")
    assert sorted(told().values(), key=str) == [None, None, True]


def _all_from(table: Path, at: str) -> str:
    """The table with every key valid from then."""
    head, *rows = table.read_text(encoding="utf-8").splitlines()
    column = head.split(",").index("valid_from")
    cells = (row.split(",") for row in rows)
    return "\n".join([head, *(",".join([*c[:column], at, *c[column + 1 :]]) for c in cells), ""])
