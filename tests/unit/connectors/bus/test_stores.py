"""A home whose broker is elsewhere keeps no attachment for itself where nobody fetches it."""

from dataclasses import replace
from pathlib import Path

from connectors.bus.home import Home
from connectors.bus.ledger import Ledger
from connectors.bus.outgoing import stage
from connectors.bus.private import write_private
from connectors.bus.sealing import Measured, measured
from connectors.bus.stores import StorePlace, open_store, store_place
from connectors.bus.system import Source
from schemas.errors import Refusal
from tests.agency_home import County, document
from tests.stores import codes_of_all_work


def test_where_the_broker_is_elsewhere_nothing_is_stored_until_it_is_said_where(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    write_private(home.config, '[kafka]\nbootstrap = "k1:9092"\n')
    store = open_store(store_place(home))
    assert codes_of_all_work(store) == {"attachment.store_unset"}
    assert not home.attachments.exists()


def test_a_store_that_is_said_is_taken_wherever_the_broker_is(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    text = f'[kafka]\nbootstrap = "k1:9092"\n[attachments]\nstore = "{tmp_path}"\n'
    write_private(home.config, text)
    assert store_place(home) == StorePlace(tmp_path, must_exist=True)


def test_a_letter_with_files_is_refused_while_nothing_says_where_they_go(
    county: County, tmp_path: Path
) -> None:
    agency = replace(county.agency(), store=StorePlace(None, unset=True))
    (tmp_path / "a.txt").write_text("photo")
    file = measured("a.txt", tmp_path / "a.txt")
    assert isinstance(file, Measured)
    source = Source("1", "digest", "lead_transfer", document("lead_transfer").encode())
    ledger = Ledger(agency.folder)
    try:
        with_file = replace(source, files=(file,))
        refusal = Refusal("attachment.store_unset")
        assert stage(with_file, agency, ledger, tmp_path / "staged") == refusal
        assert stage(source, agency, ledger, tmp_path / "staged") == ()
        assert not (tmp_path / "staged").exists()
    finally:
        ledger.close()
