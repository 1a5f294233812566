"""What an exchange begins with: the copy in force, and every rulebook that was in force before."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.bus.home import Home
from connectors.bus.keys import ensure_keys
from connectors.bus.registry import SchemaIds
from schemas.codec import current
from schemas.errors import Broken, UserError
from schemas.topics import RECORDS
from services.exchange import opening
from services.exchange.opening import open_office, open_shelf
from services.exchange.shelf import Shelf
from services.rulebook.load import bundled, first_kept, load, read_files

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with the demo's rulebook, its keys and schema ids."""
    made = Home(tmp_path / "home")
    made.rulebook.mkdir(parents=True)
    for name, content in read_files(bundled("demo")).items():
        (made.rulebook / name).write_bytes(content)
    organs = load(made.rulebook).directory.organs.values()
    ensure_keys(made, [(organ.code, organ.alias) for organ in organs], SINCE)
    fingerprints = (current(record).fingerprint for record in RECORDS)
    SchemaIds(dict(enumerate(fingerprints, start=1)), {}).save(made.schema_ids)
    return made


def opened(home: Home, *, log_is_new: bool) -> Shelf:
    return open_shelf(home, open_office(home, home.settings()), log_is_new=log_is_new)


def change_copy(home: Home) -> str:
    """Put another text into the copy in force; return its hash."""
    with (home.rulebook / "matters.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    return load(home.rulebook).hash


def test_a_host_whose_clock_is_behind_its_key_is_told_of_the_clock_not_of_the_key(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "now", lambda: SINCE - timedelta(hours=1))
    with pytest.raises(UserError) as raised:
        open_office(home, home.settings())
    assert (raised.value.code, raised.value.exit_code) == ("key.not_begun", 3)
    assert raised.value.detail == "2025-12-31 23:00 < 2026-01-01 00:00 UTC"
    monkeypatch.setattr(opening, "now", lambda: SINCE)
    assert open_office(home, home.settings()).rulebook == load(home.rulebook)


def test_a_new_log_begins_under_the_copy_in_force(home: Home) -> None:
    shelf = opened(home, log_is_new=True)
    assert shelf.first.rulebook == load(home.rulebook)
    assert first_kept(home.rulebooks) == shelf.first.rulebook.hash


def test_another_copy_does_not_change_what_a_log_began_under(home: Home) -> None:
    began = opened(home, log_is_new=True).first.rulebook
    other = change_copy(home)
    again = opened(home, log_is_new=False)
    assert again.first.rulebook == began
    found = again.find(load(home.rulebook).hash)
    assert found is not None
    assert found.rulebook.hash == other
    assert opened(home, log_is_new=True).first.rulebook.hash == other


def test_a_casebook_from_before_goes_on_under_the_copy_in_force(home: Home) -> None:
    assert opened(home, log_is_new=False).first.rulebook == load(home.rulebook)


def test_what_a_log_began_under_must_be_there(home: Home) -> None:
    began = opened(home, log_is_new=True).first.rulebook.hash
    change_copy(home)
    shutil.rmtree(home.rulebooks / began)
    with pytest.raises(Broken) as raised:
        opened(home, log_is_new=False)
    assert (raised.value.code, raised.value.detail) == ("rulebook.unknown", began[:12])


def test_a_rulebook_that_comes_while_the_exchange_runs_is_found_when_it_is_needed(
    home: Home,
) -> None:
    shelf = opened(home, log_is_new=True)
    change_copy(home)
    later = load(home.rulebook).hash
    assert shelf.find(later) is None
    opened(home, log_is_new=False)  # whoever activates puts it onto the shelf
    assert shelf.office(later).rulebook.hash == later
