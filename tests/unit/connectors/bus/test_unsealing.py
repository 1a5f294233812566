import errno
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.bus.blobs import Directory
from connectors.bus.carrier import store_file
from connectors.bus.sealing import Staged, measured, staged
from connectors.bus.transfers import Upload
from connectors.bus.unsealing import Wanted, fetched
from schemas.errors import Refusal, Unavailable
from schemas.file_cipher import sealed_bytes
from schemas.file_key import Claim, jwk_of_opener, new_opener, wrap
from schemas.ids import MessageId, OrganCode

SENDER, US = OrganCode("A" * 18), OrganCode("B" * 18)
OPENER = new_opener()
JWK = jwk_of_opener(OPENER)
OPENERS = {JWK.kid: OPENER}


@pytest.fixture
def store(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "store")


def stored(store: Directory, tmp_path: Path, data: bytes) -> tuple[Claim, Staged]:
    path = tmp_path / f"source-{len(list(tmp_path.iterdir()))}"
    path.write_bytes(data)
    file = measured(path.name, path)
    assert not isinstance(file, Refusal)
    ready = staged(file, tmp_path / "staged")
    assert isinstance(ready, Staged)
    upload = Upload(MessageId("m"), ready.blob, sealed_bytes(file.size_bytes))
    store_file(store, SENDER, ready.path, upload)
    claim = Claim("bus", SENDER, MessageId("m"), ready.blob, file.sha256, file.size_bytes)
    return claim, ready


def wanted(claim: Claim, key: bytes) -> Wanted:
    return Wanted(claim, wrap(key, claim, US, JWK.kid, JWK.x))


def test_an_attachment_lies_at_its_place_when_all_of_it_was_verified(
    store: Directory, tmp_path: Path
) -> None:
    data = os.urandom(100_000)
    claim, ready = stored(store, tmp_path, data)
    place = tmp_path / "landing" / "here"
    assert fetched(wanted(claim, ready.key), store, US, OPENERS, place) is None
    assert place.read_bytes() == data
    assert [path.name for path in place.parent.iterdir()] == ["here"]


def test_another_file_s_key_does_not_open_it(store: Directory, tmp_path: Path) -> None:
    claim, _ = stored(store, tmp_path, b"this one")
    _, other = stored(store, tmp_path, b"the other")
    place = tmp_path / "landing" / "here"
    found = fetched(wanted(claim, other.key), store, US, OPENERS, place)
    assert found == Refusal("attachment.key_wrong")
    assert list(place.parent.iterdir()) == []


def test_a_key_that_was_wrapped_beside_another_file_does_not_open(
    store: Directory, tmp_path: Path
) -> None:
    claim, _ = stored(store, tmp_path, b"this one")
    other_claim, other = stored(store, tmp_path, b"the other")
    moved = replace(wanted(other_claim, other.key), claim=claim)
    found = fetched(moved, store, US, OPENERS, tmp_path / "landing" / "here")
    assert found == Refusal("attachment.key_wrong")


def test_another_content_of_the_same_size_than_was_sealed_is_refused(
    store: Directory, tmp_path: Path
) -> None:
    claim, ready = stored(store, tmp_path, b"what is stored")
    lied = replace(claim, sha256="0" * 64)  # its sender sealed another digest
    place = tmp_path / "landing" / "here"
    found = fetched(wanted(lied, ready.key), store, US, OPENERS, place)
    assert found == Refusal("attachment.digest_wrong")
    assert list(place.parent.iterdir()) == []


def test_a_bomb_that_its_sender_s_own_connector_let_pass_is_refused_here(
    store: Directory, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(100 * 1024**2))
    claim, ready = stored(store, tmp_path, bomb.read_bytes())
    found = fetched(wanted(claim, ready.key), store, US, OPENERS, tmp_path / "landing" / "here")
    assert found is not None
    assert found.code == "attachment.archive_bomb"


def test_without_a_key_nothing_is_fetched(store: Directory, tmp_path: Path) -> None:
    claim, _ = stored(store, tmp_path, b"x")
    place = tmp_path / "landing" / "here"
    assert fetched(Wanted(claim, None), store, US, OPENERS, place) == Refusal(
        "attachment.key_missing"
    )
    assert not place.parent.exists()


@pytest.mark.parametrize(("number", "left"), [(errno.ENOSPC, 0), (errno.EIO, 2)])
def test_on_a_full_disk_nothing_is_left_of_what_did_not_fit_into_it(
    store: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, left: int
) -> None:
    claim, ready = stored(store, tmp_path, os.urandom(100_000))
    place = tmp_path / "landing" / "here"
    really = os.fsync

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".plain":
            raise OSError(number, os.strerror(number))
        really(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(Unavailable, match=r"attachment\.staging_failed"):
            fetched(wanted(claim, ready.key), store, US, OPENERS, place)
    assert len(list(place.parent.iterdir())) == left
    assert fetched(wanted(claim, ready.key), store, US, OPENERS, place) is None


@pytest.mark.parametrize("name", [".here.sealed", ".here.plain"])
def test_a_link_that_an_agency_put_where_files_land_is_not_written_through(
    store: Directory, tmp_path: Path, name: str
) -> None:
    claim, ready = stored(store, tmp_path, b"a photograph")
    place, other = tmp_path / "landing" / "here", tmp_path / "other"
    place.parent.mkdir()
    other.write_text("keep")
    (place.parent / name).symlink_to(other)
    assert fetched(wanted(claim, ready.key), store, US, OPENERS, place) is None
    assert (place.read_bytes(), other.read_text()) == (b"a photograph", "keep")
