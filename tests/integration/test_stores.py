"""Both stores of attachments by one suite: a folder, and a bucket of a real S3."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.bus.blobs import PART_BYTES, BlobStore, Directory
from connectors.bus.stores import StorePlace, open_store
from deploy.local.ports import is_free
from schemas.errors import Unavailable
from tests.agency_home import THEM, US, county_at
from tests.agency_sides import FolderSide
from tests.attached import Receiver, Sender
from tests.s3 import S3, s3

BLOB = "ab" * 32
OTHER = "ab" + "cd" * 31  # of the same folder above


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3(tmp_path_factory.mktemp("s3")) as opened:
        yield opened


@pytest.fixture(params=["folder", "bucket", "bucket with a prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StorePlace:
    if request.param == "folder":
        return StorePlace(tmp_path / "store")
    opened: S3 = request.getfixturevalue("gateway")
    prefix = f"{tmp_path.name}/files" if "prefix" in request.param else tmp_path.name
    return opened.place(prefix)


@pytest.fixture
def store(place: StorePlace) -> BlobStore:
    return open_store(place)


def test_a_part_comes_back_as_it_was_stored(store: BlobStore) -> None:
    parts = [os.urandom(PART_BYTES), b"the last one", b""]
    for index, part in enumerate(parts):
        store.put(US, BLOB, index, part)
    for index, part in enumerate(parts):
        assert store.size(US, BLOB, index) == len(part)
        assert store.get(US, BLOB, index) == part


def test_what_is_not_there_is_none(store: BlobStore) -> None:
    store.put(US, BLOB, 0, b"x")
    for owner, blob, index in ((US, BLOB, 1), (THEM, BLOB, 0), (US, OTHER, 0)):
        assert store.size(owner, blob, index) is None
        assert store.get(owner, blob, index) is None


def test_a_part_is_replaced_whole(store: BlobStore) -> None:
    store.put(US, BLOB, 0, b"a longer one than the second")
    store.put(US, BLOB, 0, b"the second")
    assert store.get(US, BLOB, 0) == b"the second"


def test_of_a_part_that_is_too_long_only_as_much_is_read_as_tells_it(store: BlobStore) -> None:
    store.put(US, BLOB, 0, bytes(PART_BYTES + 100))
    assert len(store.get(US, BLOB, 0) or b"") == PART_BYTES + 1


def test_deleting_takes_all_parts_of_one_file_of_one_sender_and_may_be_repeated(
    store: BlobStore,
) -> None:
    for owner, blob in ((US, BLOB), (US, OTHER), (THEM, BLOB)):
        for index in range(3):
            store.put(owner, blob, index, b"x")
    for _ in range(2):
        store.delete(US, BLOB)
    assert [store.size(US, BLOB, index) for index in range(3)] == [None] * 3
    assert store.size(US, OTHER, 2) == 1
    assert store.size(THEM, BLOB, 2) == 1


def test_a_file_travels_over_it_from_agency_to_agency(store: BlobStore, tmp_path: Path) -> None:
    county = county_at(tmp_path / "home")
    sender = Sender(county, tmp_path / "theirs", store)
    receiver = Receiver(county, FolderSide(tmp_path / "ours"), store)
    data = os.urandom(2 * PART_BYTES + 5)
    try:
        receiver.got(sender.sent({"录像.mp4": data}))
    finally:
        sender.close()
        receiver.close()
    (arrived,) = (tmp_path / "ours" / "inbox").glob("*.files/录像.mp4")
    assert arrived.read_bytes() == data


@pytest.mark.parametrize("what", ["nobody answers", "another key", "no such bucket"])
def test_a_bucket_that_cannot_be_reached_is_away_and_tells_no_secret(
    gateway: S3, what: str
) -> None:
    place = gateway.place()
    if what == "nobody answers":
        port = next(port for port in range(gateway.port + 1, gateway.port + 100) if is_free(port))
        place = replace(place, endpoint=f"http://127.0.0.1:{port}")
    elif what == "another key":
        assert place.credentials is not None
        place = replace(place, credentials=replace(place.credentials, username="another"))
    else:
        place = replace(place, bucket="not-there")
    store = open_store(place)
    works: list[Callable[[], object]] = [
        lambda: store.put(US, BLOB, 0, b"x"),
        lambda: store.get(US, BLOB, 0),
    ]
    for work in works:
        with pytest.raises(Unavailable) as found:
            work()
        assert found.value.code == "attachment.store_unavailable"
        assert "secret" not in str(found.value)


def test_a_folder_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be", encoding="utf-8")
    store = Directory(tmp_path / "store")
    for work in (
        lambda: store.put(US, BLOB, 0, b"x"),
        lambda: store.get(US, BLOB, 0),
        lambda: store.size(US, BLOB, 0),
        lambda: store.delete(US, BLOB),
    ):
        with pytest.raises(Unavailable):
            work()
