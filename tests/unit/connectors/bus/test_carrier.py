from pathlib import Path
from unittest.mock import MagicMock, Mock

import pytest

from connectors.bus import carrier
from connectors.bus.blobs import BlobStore, Directory
from connectors.bus.carrier import Carrier, store_file
from connectors.bus.transfers import Download, Upload
from connectors.bus.unsealing import Wanted
from schemas.errors import Unavailable
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


def test_a_part_of_another_length_is_stored_anew(tmp_path: Path) -> None:
    store, owner, staged = Directory(tmp_path / "store"), OrganCode("o"), tmp_path / "staged"
    staged.write_bytes(b"whole")
    store.put(owner, "ab" * 32, 0, b"who")  # by another hand, or cut off in the store itself
    store_file(store, owner, staged, Upload(MessageId("m"), "ab" * 32, 5))
    assert store.get(owner, "ab" * 32, 0) == b"whole"


def test_a_staged_file_that_cannot_be_read_is_tried_again_later(tmp_path: Path) -> None:
    upload = Upload(MessageId("m"), "ab" * 32, 5)
    for path in (tmp_path / "gone", tmp_path):  # a folder: EISDIR stands for what a disk may say
        with pytest.raises(Unavailable, match=r"attachment\.staging_failed"):
            store_file(Mock(), OrganCode("o"), path, upload)


def test_a_download_that_is_told_to_stop_gives_up_at_its_next_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process waits for its threads: it would stay for as long as the file takes."""
    store, parts = Mock(), list[int]()
    carries = Carrier(MagicMock(), store, tmp_path)

    def part(_owner: str, _blob: str, index: int) -> bytes:
        parts.append(index)
        carries.stop()
        return b"x"

    def fetched(_wanted: Wanted, store: BlobStore, *_: object) -> None:
        for index in range(3):
            store.get(OrganCode("o"), "ab" * 32, index)

    store.get = part
    monkeypatch.setattr(carrier, "fetched", fetched)
    with pytest.raises(Unavailable, match="stopping"):
        carries.download(download_of("one"))
    assert parts == [0]
