"""`yichuan send`: the secrecy gate comes before a login, a look at the inbox, or a note."""

import asyncio
from pathlib import Path

import pytest

from schemas.errors import Refusal
from services.cli.installation import Installation
from services.cli.send import send_document
from tests.agency_home import US, county_at
from tests.history import demo
from tests.unit.connectors.bus.test_gate import MARKED, copy


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """An installation whose broker nobody answers for."""
    county = county_at(tmp_path / "home")
    agency = county.agency()
    return Installation(county.home, agency.settings, demo(), agency.keyring)


@pytest.mark.parametrize("how", MARKED)
def test_a_marked_document_is_refused_before_anything_is_done_with_it(
    place: Installation, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, code = MARKED[how]
    monkeypatch.setattr("services.cli.send.open_mailbox", None)  # would raise
    before = sorted(place.home.path.rglob("*"))
    sender = demo().directory.organs[US]
    refusal = asyncio.run(send_document(place, sender, "Copy", content.encode(), 1.0))
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert sorted(place.home.path.rglob("*")) == before


def test_a_marked_name_is_refused_too(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.cli.send.open_mailbox", None)
    sender = demo().directory.organs[US]
    name = "通知（秘密）.json"
    sending = send_document(place, sender, "Copy", copy().encode(), 1.0, name=name)
    refusal = asyncio.run(sending)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.where) == ("secrecy.marked", None)


def test_a_marked_name_of_an_attachment_is_refused_before_it_is_read(
    place: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("services.cli.send.open_mailbox", None)
    sender = demo().directory.organs[US]
    attach = [tmp_path / "名单（机密）.xlsx"]  # it is not even there
    sending = send_document(place, sender, "Copy", copy().encode(), 1.0, attach=attach)
    refusal = asyncio.run(sending)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "secrecy.marked"
