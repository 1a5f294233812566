from pathlib import Path

import pytest

from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV
from schemas.errors import UserError
from services.cli.topics import _chosen, _copy, _files_to_change, _folder, differs_from
from tests.disk import Disk


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    (folder / "rulebook.toml").write_text("one", encoding="utf-8")
    (folder / "matters.csv").write_text("two", encoding="utf-8")
    (folder / "README.md").write_text("not part of it", encoding="utf-8")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_copy_holds_the_rulebooks_files_and_differs_no_more(home: Home, source: Path) -> None:
    assert differs_from(home, source)
    _copy(source, home.rulebook)
    assert names(home.rulebook) == {"rulebook.toml", "matters.csv"}
    assert not differs_from(home, source)
    assert names(home.path) == {"rulebook"}


def test_a_new_copy_keeps_the_public_keys_and_nothing_else_of_the_old(
    home: Home, source: Path
) -> None:
    _copy(source, home.rulebook)
    (home.rulebook / KEYS_CSV).write_text("keys", encoding="utf-8")
    assert not differs_from(home, source)
    (source / "matters.csv").unlink()
    (source / "officers.csv").write_text("three", encoding="utf-8")
    assert differs_from(home, source)
    _copy(source, home.rulebook)
    assert names(home.rulebook) == {"rulebook.toml", "officers.csv", KEYS_CSV}
    assert (home.rulebook / KEYS_CSV).read_text(encoding="utf-8") == "keys"


def test_what_a_killed_copy_left_behind_is_cleared_away(home: Home, source: Path) -> None:
    for leftover in (".rulebook.partial", ".rulebook.previous"):
        (home.path / leftover).mkdir(parents=True)
        (home.path / leftover / "half.csv").write_text("", encoding="utf-8")
    _copy(source, home.rulebook)
    assert names(home.path) == {"rulebook"}
    assert "half.csv" not in names(home.rulebook)


def test_the_demo_rulebook_gives_a_layout_and_a_plan_of_files(home: Home) -> None:
    chosen = _chosen(_folder(home, home.settings()), home.settings())
    assert len(chosen.organs) >= 10
    assert len(chosen.wanted.logins) == len(chosen.organs) + 1
    kinds = [kind for kind, _, _ in _files_to_change(home, chosen)]
    assert kinds == ["copy_rulebook", *["make_key"] * (len(chosen.organs) + 1)]
    assert not home.path.exists()  # a plan writes nothing


def test_what_an_organ_may_write_is_what_is_configured(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YICHUAN_KAFKA__ORGAN_WRITE_BYTES_PER_SECOND", "100000")
    settings = home.settings()
    quotas = _chosen(_folder(home, settings), settings).wanted.quotas
    assert {limits["producer_byte_rate"] for limits in quotas.values()} == {100_000.0}


def test_a_rulebook_that_is_not_there_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YICHUAN_BUS__RULEBOOK", "no-such-county")
    with pytest.raises(UserError, match=r"rules\.not_found no-such-county"):
        _folder(home, home.settings())


def test_a_copy_that_was_decided_by_stays_until_another_is_activated(
    home: Home, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YICHUAN_BUS__RULEBOOK", str(source))
    assert _folder(home, home.settings()) == source
    _copy(source, home.rulebook)
    home.rulebooks.mkdir()  # an exchange has put it onto its shelf
    assert _folder(home, home.settings()) == source
    (source / "matters.csv").write_text("other", encoding="utf-8")
    assert _folder(home, home.settings()) == home.rulebook


def test_a_copy_that_was_killed_between_two_names_loses_no_public_key(
    home: Home, source: Path
) -> None:
    _copy(source, home.rulebook)
    keys = home.rulebook / KEYS_CSV
    keys.write_text("kid,compromised_since\nold,2026-01-01\n", encoding="utf-8")
    home.rulebook.rename(home.rulebook.with_name(".rulebook.previous"))  # and here it was killed
    _copy(source, home.rulebook)
    assert keys.read_text(encoding="utf-8") == "kid,compromised_since\nold,2026-01-01\n"
    assert names(home.path) == {"rulebook"}


def test_a_copy_and_the_keys_in_it_outlive_a_loss_of_power(
    home: Home, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    for _ in range(2):
        _copy(source, home.rulebook)
        (home.rulebook / KEYS_CSV).write_text("keys", encoding="utf-8")
    _copy(source, home.rulebook)
    assert all(disk.keeps(path, tmp_path) for path in home.rulebook.iterdir())
