import hashlib
import tarfile
from pathlib import Path

import pytest

from deploy.local.artifacts import Artifact, sha256_of
from deploy.local.unpack import MANIFEST, check, extract, manifest_digest, unpacked
from schemas.errors import UserError
from tests.disk import Disk


@pytest.fixture
def archive(tmp_path: Path) -> Artifact:
    """An archive in the cache at tmp_path/cache, as the lock would name it."""
    source = tmp_path / "source"
    (source / "lib").mkdir(parents=True)
    (source / "run.jar").write_bytes(b"runs")
    (source / "lib" / "a.jar").write_bytes(b"helps")
    packed = tmp_path / "packed.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(source, arcname=".")
    made = Artifact(
        part="registry",
        group="g",
        name="n",
        packaging="tar.gz",
        classifier="",
        version="1",
        sha256=sha256_of(packed),
        size=packed.stat().st_size,
    )
    cached = made.cached(tmp_path / "cache")
    cached.parent.mkdir(parents=True)
    packed.rename(cached)
    return made


@pytest.fixture
def digest(archive: Artifact, tmp_path: Path) -> str:
    """What the lock says of the unpacked files."""
    extract(archive.cached(tmp_path / "cache"), tmp_path / "once")
    return manifest_digest(tmp_path / "once")


def test_an_archive_is_unpacked_once_and_checked_every_time(
    archive: Artifact, digest: str, tmp_path: Path
) -> None:
    first = unpacked(archive, digest, tmp_path / "cache")
    inode = (first / "run.jar").stat().st_ino
    assert unpacked(archive, digest, tmp_path / "cache") == first
    assert (first / "run.jar").stat().st_ino == inode
    assert (first / "lib" / "a.jar").read_bytes() == b"helps"
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_the_list_is_one_that_sha256sum_reads(
    archive: Artifact, digest: str, tmp_path: Path
) -> None:
    folder = unpacked(archive, digest, tmp_path / "cache")
    assert (folder / MANIFEST).read_text(encoding="utf-8").splitlines() == [
        f"{hashlib.sha256(b'helps').hexdigest()}  lib/a.jar",
        f"{hashlib.sha256(b'runs').hexdigest()}  run.jar",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.jar", b"runs otherwise"),
        ("run.jar", None),
        ("lib/added.jar", b"not listed"),
        (MANIFEST, b""),
        (MANIFEST, None),
    ],
    ids=["changed", "missing", "added", "list changed", "list missing"],
)
def test_a_folder_that_differs_is_refused_with_the_file_at_fault(
    archive: Artifact, digest: str, tmp_path: Path, name: str, content: bytes | None
) -> None:
    folder = unpacked(archive, digest, tmp_path / "cache")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(UserError) as refused:
        unpacked(archive, digest, tmp_path / "cache")
    assert refused.value.code == "artifact.changed"
    assert (refused.value.where, refused.value.detail) == (str(folder), name)


def test_a_link_in_place_of_a_file_is_refused(
    archive: Artifact, digest: str, tmp_path: Path
) -> None:
    folder = unpacked(archive, digest, tmp_path / "cache")
    (folder / "lib" / "link").symlink_to(tmp_path)
    with pytest.raises(UserError) as refused:
        check(folder, digest)
    assert refused.value.detail == "lib/link"


def test_what_gets_its_name_has_its_content_on_the_disk(
    archive: Artifact, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    folder = unpacked(archive, digest, tmp_path / "cache")
    listed = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    assert listed
    assert all(map(disk.has_whole, listed))
