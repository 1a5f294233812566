import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors.bus import archives, metering
from connectors.bus.archives import archive_refusal

MEGABYTE = 1024**2


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let limits be reached quickly."""
    monkeypatch.setattr(metering, "EXPANDED_FREE_BYTES", MEGABYTE)
    monkeypatch.setattr(archives, "NESTED_IN_MEMORY_MAX_BYTES", 64 * 1024)


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def code_of(tmp_path: Path, data: bytes) -> str | None:
    path = tmp_path / "attachment"
    path.write_bytes(data)
    found = archive_refusal(path)
    return None if found is None else found.code


NOISE = os.urandom(200 * 1024)
ZEROS = bytes(3 * MEGABYTE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        NOISE,
        zipped(),
        zipped(("a/", b""), ("a/b.txt", b"text" * 1000)),
        zipped(("a", NOISE), method=zipfile.ZIP_BZIP2),
        zipped(("a.docx", zipped(("word/document.xml", b"<x/>" * 1000)))),
        zipped(("a.zip", zipped(("b", NOISE), method=zipfile.ZIP_STORED))),
        gzip.compress(b"text"),
        bz2.compress(b"text"),
        tarred(("a", b"x"), ("b", NOISE)),
        gzip.compress(tarred(("a", zipped(("b", b"x"))))),
    ],
    ids=count(),  # some hold noise, or when they were made
)
def test_what_unpacks_to_little_is_let_through(tmp_path: Path, data: bytes) -> None:
    assert code_of(tmp_path, data) is None


def deep(levels: int) -> bytes:
    data = b"x"
    for _ in range(levels):
        data = zipped(("a.zip", data))
    return data


@pytest.mark.parametrize(
    "data",
    [
        zipped(("a", ZEROS)),
        zipped(*((str(number), bytes(MEGABYTE // 2)) for number in range(3))),
        zipped(("a", ZEROS), method=zipfile.ZIP_BZIP2),
        b"something before it" + zipped(("a", ZEROS)),
        gzip.compress(ZEROS),
        bz2.compress(ZEROS),
        gzip.compress(gzip.compress(ZEROS)),
        zipped(("a.zip", zipped(("b", ZEROS)))),
        zipped(("a.gz", gzip.compress(ZEROS))),
        gzip.compress(tarred(("a", ZEROS))),
        deep(4),
        zipped(("a.zip", zipped(("b.zip", zipped(("c", ZEROS)))))),
    ],
    ids=count(),  # some hold noise, or when they were made
)
def test_what_would_unpack_to_too_much_is_a_bomb(tmp_path: Path, data: bytes) -> None:
    assert code_of(tmp_path, data) == "attachment.archive_bomb"


def test_what_an_archive_says_of_its_sizes_is_not_believed(tmp_path: Path) -> None:
    data = bytearray(zipped(("a", ZEROS)))
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")  # the directory tells of ten bytes
    assert code_of(tmp_path, bytes(data)) == "attachment.archive_unreadable"


def test_too_many_entries_are_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ENTRIES_MAX", 3)
    entries = [(str(number), b"x") for number in range(4)]
    for make in (zipped, tarred):
        assert code_of(tmp_path, make(*entries[:3])) is None
        assert code_of(tmp_path, make(*entries)) == "attachment.archive_bomb"


def test_of_a_tar_no_headers_are_kept_behind_the_entry_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tarred(*((str(number), b"x") for number in range(9)))
    really, opened = tarfile.open, list[tarfile.TarFile]()

    def noted(**how: Any) -> tarfile.TarFile:
        opened.append(really(**how))
        return opened[-1]

    monkeypatch.setattr(tarfile, "open", noted)
    assert code_of(tmp_path, data) is None
    assert [archive.members for archive in opened] == [[]]  # type: ignore[attr-defined]


def test_a_directory_that_would_not_fit_into_memory_is_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "DIRECTORY_MAX_BYTES", 100)
    assert code_of(tmp_path, zipped(("n" * 200, b"x"))) == "attachment.archive_bomb"


def encrypted() -> bytes:
    data = bytearray(zipped(("a", b"secret")))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"Rar!\x1a\x07\x01\x00 and more",
        b"7z\xbc\xaf\x27\x1c and more",
        lzma.compress(b"text"),
        zipped(("a", b"x" * 1000), method=zipfile.ZIP_LZMA),
        zipped(("a", NOISE))[:-30],
        zipped(("a", NOISE))[:1000],
        gzip.compress(NOISE)[:1000],
        bz2.compress(NOISE)[:1000],
        gzip.compress(NOISE)[:-4] + b"0000",
        b"PK\x03\x04 and nothing of a zip",
        encrypted(),
    ],
    ids=count(),  # some hold noise, or when they were made
)
def test_what_cannot_be_looked_into_is_refused(tmp_path: Path, data: bytes) -> None:
    assert code_of(tmp_path, data) == "attachment.archive_unreadable"


def test_a_large_archive_inside_another_is_read_through_it(tmp_path: Path) -> None:
    inner = zipped(("a", NOISE), ("b", NOISE[::-1]), method=zipfile.ZIP_STORED)
    assert len(inner) > archives.NESTED_IN_MEMORY_MAX_BYTES
    for outer in (zipped(("in.zip", inner)), gzip.compress(inner), tarred(("in.zip", inner))):
        assert code_of(tmp_path, outer) is None


def test_nothing_is_unpacked_to_the_disk(tmp_path: Path) -> None:
    data = zipped(("a.zip", zipped(("b", NOISE))))
    assert code_of(tmp_path, data) is None
    assert [path.name for path in tmp_path.iterdir()] == ["attachment"]


def test_memory_stays_small_whatever_comes_out() -> None:
    read: list[int] = []

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            read.append(len(data))
            return data

    metered = metering.Metered(Counted(NOISE), metering.Budget(MEGABYTE))
    assert metered.read(-1) == NOISE
    assert max(read) <= metering.READ_BYTES
