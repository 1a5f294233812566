import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.bus.sealing import Measured, Staged, measured, staged
from schemas.attachments import ATTACHMENT_MAX_BYTES
from schemas.errors import Refusal, Unavailable
from schemas.file_cipher import CHUNK_BYTES, sealed_bytes

DATA = os.urandom(150_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "照片.jpg"
    found.write_bytes(DATA)
    return found


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def looked_at(path: Path) -> Measured:
    found = measured(path.name, path)
    assert isinstance(found, Measured)
    return found


def test_a_file_is_measured_without_being_kept_in_memory(path: Path) -> None:
    found = looked_at(path)
    assert (found.size_bytes, found.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, ATTACHMENT_MAX_BYTES + 1)
    found = measured("large", large)
    assert isinstance(found, Refusal)
    assert found.code == "attachment.too_large"
    assert found.detail == f"{ATTACHMENT_MAX_BYTES + 1} > {ATTACHMENT_MAX_BYTES} bytes"


@pytest.mark.parametrize("what", ["missing", "folder", "link", "pipe"])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, path: Path, what: str) -> None:
    thing = tmp_path / what
    if what == "folder":
        thing.mkdir()
    elif what == "link":
        thing.symlink_to(path)
    elif what == "pipe":
        os.mkfifo(thing)
    before = open_files()
    assert measured(what, thing) == Refusal("attachment.unreadable")
    assert open_files() == before


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_changes_while_it_is_measured_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, change: int
) -> None:
    really = os.fstat

    class Before:
        def __init__(self, descriptor: int) -> None:
            found = really(descriptor)
            self.st_mode, self.st_size = found.st_mode, found.st_size + change

    monkeypatch.setattr("connectors.bus.sealing.os.fstat", Before)
    assert measured("a", path) == Refusal("attachment.changed")


def test_what_is_staged_is_encrypted_under_a_key_of_its_own_and_named_by_its_digest(
    path: Path, tmp_path: Path
) -> None:
    first, second = (staged(looked_at(path), tmp_path / "staged") for _ in range(2))
    assert isinstance(first, Staged)
    assert isinstance(second, Staged)
    assert first.key != second.key
    assert first.blob != second.blob
    content = first.path.read_bytes()
    assert len(content) == sealed_bytes(len(DATA))
    assert hashlib.sha256(content).hexdigest() == first.blob == first.path.name
    assert DATA[:100] not in content
    assert first.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("change", ["other bytes", "longer", "shorter", "gone"])
def test_what_changed_since_it_was_measured_is_not_staged(
    path: Path, tmp_path: Path, change: str
) -> None:
    file = looked_at(path)
    changed = {"other bytes": DATA[::-1], "longer": DATA + b"x", "shorter": DATA[:-1]}
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(changed[change])
    assert staged(file, tmp_path / "staged") == Refusal("attachment.changed")
    assert list((tmp_path / "staged").iterdir()) == []


def test_a_share_that_is_away_for_a_moment_has_changed_no_file(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a lawful letter would be refused, and its agency told what it has not done."""
    file, really = looked_at(path), os.open

    def away(name: Path, *rest: int) -> int:
        if name == path:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return really(name, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", away)
        with pytest.raises(Unavailable, match=r"system\.unavailable.*ESTALE"):
            measured("a", path)
        with pytest.raises(Unavailable, match=r"attachment\.staging_failed"):
            staged(file, tmp_path / "staged")
    assert list((tmp_path / "staged").iterdir()) == []
    assert isinstance(staged(file, tmp_path / "staged"), Staged)


def test_a_file_that_grew_by_whole_chunks_is_not_staged_without_what_came_after(
    path: Path, tmp_path: Path
) -> None:
    path.write_bytes(DATA[:CHUNK_BYTES])
    file = looked_at(path)
    path.write_bytes(DATA)
    assert staged(file, tmp_path / "staged") == Refusal("attachment.changed")


def test_a_disk_that_takes_no_more_is_away(path: Path, tmp_path: Path) -> None:
    (tmp_path / "staged").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(Unavailable, match=r"attachment\.staging_failed"):
        staged(looked_at(path), tmp_path / "staged")


def test_of_a_file_that_does_not_fit_on_the_disk_nothing_is_left_there(
    path: Path, tmp_path: Path, small_disk: Callable[[int], None]
) -> None:
    file = looked_at(path)
    small_disk(len(DATA) // 2)
    with pytest.raises(Unavailable, match=r"attachment\.staging_failed"):
        staged(file, tmp_path / "staged")
    assert list((tmp_path / "staged").iterdir()) == []
