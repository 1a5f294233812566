from pathlib import Path
from unittest.mock import MagicMock, Mock

import pytest

from connectors.bus import carrier
from connectors.bus.carrier import Carrier
from connectors.bus.transfers import Download
from connectors.bus.unsealing import Wanted
from schemas.file_key import Claim
from schemas.ids import MessageId, OrganCode


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that has of each sender what says so."""

    def fetched(wanted: Wanted, *rest: object) -> None:
        place = rest[-1]
        assert isinstance(place, Path)
        place.write_text(wanted.claim.sender)

    monkeypatch.setattr(carrier, "fetched", fetched)


def download_of(sender: str) -> Download:
    claim = Claim("b", OrganCode(sender), MessageId("m"), "0" * 64, "0" * 64, 1)
    return Download(1, "LeadTransfer", 0, "a.txt", Wanted(claim, "k"))


def test_attachments_of_two_messages_of_one_id_are_put_down_apart(tmp_path: Path) -> None:
    carries = Carrier(MagicMock(), Mock(), tmp_path)
    found = [carries.download(download_of(sender)) for sender in ("one", "two")]
    assert [path.read_text() for path in found if isinstance(path, Path)] == ["one", "two"]


def test_what_an_older_release_put_down_by_the_id_alone_is_gone(tmp_path: Path) -> None:
    for name in ("m-0", ".m-0.sealed", ".m-0.plain"):
        (tmp_path / name).touch()
    found = Carrier(MagicMock(), Mock(), tmp_path).download(download_of("one"))
    assert list(tmp_path.iterdir()) == [found]
