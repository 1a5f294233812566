"""Private files: whole or not at all, whoever else writes them."""

import errno
import os
import stat
from pathlib import Path

import pytest

from connectors.bus.private import write_private, write_private_bytes


def test_only_its_owner_reads_it_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "bus.pem"
    write_private(path, "密")
    assert path.read_bytes() == "密".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_two_that_write_one_file_at_a_time_each_write_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "first"
    flush = os.fsync
    seen: list[bytes] = []

    def another_writes_meanwhile(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", flush)
        write_private_bytes(path, b"of the other")
        seen.append(path.read_bytes())
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", another_writes_meanwhile)
    write_private_bytes(path, b"of the one")
    assert (seen, path.read_bytes()) == ([b"of the other"], b"of the one")
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_what_was_there_and_no_part_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "casebook.key"
    write_private_bytes(path, b"of before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private_bytes(path, b"of after")
    assert path.read_bytes() == b"of before"
    assert list(tmp_path.iterdir()) == [path]
