"""What is read of an agency's folder: regular files, no more of them than is wanted."""

import os
from pathlib import Path

import pytest

from connectors.folder.files import read_bounded


@pytest.mark.parametrize("size", [0, 4, 5])
def test_a_file_up_to_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"x" * size)
    assert read_bounded(tmp_path / "a", 4) == (b"x" * size if size <= 4 else None)


def test_a_link_is_not_followed_and_a_pipe_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    names = ("link", "pipe", "gone", ".")
    assert [read_bounded(tmp_path / name, 4) for name in names] == [None] * 4
