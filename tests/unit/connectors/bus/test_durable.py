"""What is deleted or committed next relies on a name: its folder was flushed with it inside."""

import errno
import os
import stat
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from connectors.bus.blobs import Directory
from connectors.bus.book import Book
from connectors.bus.durable import flush_folder, make_folder, put_in_place
from connectors.bus.private import write_private
from connectors.bus.quarantine import Quarantine, Record
from connectors.bus.sealing import Measured, Staged, measured, staged
from connectors.bus.system import Arrival, Landed
from connectors.folder.inbox import InFolder
from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode
from tests.agency_home import AT, US, lead
from tests.agency_sides import DatabaseSide
from tests.disk import Disk

BLOB = "ab" * 32


def flushed(path: Path) -> None:
    """Write a file, and its content to the disk, its name not."""
    with path.open("wb") as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_value_in_quarantine_outlives_a_loss_of_power(tmp_path: Path, disk: Disk) -> None:
    folder = tmp_path / "agency" / "quarantine"
    Quarantine(folder).put(Record(7, 1, b"x"), Refusal("inbox.not_ours"), AT)
    assert disk.keeps(folder / "000000000007-1.value", tmp_path)


def test_a_key_and_its_folder_outlive_a_loss_of_power(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "home" / "keys" / "casebook.key"
    write_private(path, "secret\n")
    assert disk.keeps(path, tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_part_in_the_store_outlives_a_loss_of_power(tmp_path: Path, disk: Disk) -> None:
    Directory(tmp_path / "store").put(US, BLOB, 0, b"x")
    assert disk.keeps(tmp_path / "store" / US / BLOB[:2] / BLOB / "000000", tmp_path)


def test_a_staged_file_outlives_a_loss_of_power(tmp_path: Path, disk: Disk) -> None:
    (tmp_path / "a").write_bytes(b"x")
    file = measured("a", tmp_path / "a")
    assert isinstance(file, Measured)
    found = staged(file, tmp_path / "agency" / "staged")
    assert isinstance(found, Staged)
    assert disk.keeps(found.path, tmp_path)


def test_a_file_of_a_database_agency_outlives_a_loss_of_power_also_when_it_comes_again(
    tmp_path: Path, disk: Disk
) -> None:
    system = DatabaseSide(tmp_path / "exchange.db").system()
    system.open()
    landing = system.landing
    assert landing is not None
    landing.mkdir(parents=True)
    flushed(landing / "m-0")
    whose = (OrganCode("o"), MessageId("m"))
    landed = Landed(1, "lead_transfer", whose, 0, "a.txt", landing / "m-0")
    target = landing.parent / "o-m" / "a.txt"
    system.attach(landed)
    assert disk.keeps(target, landing.parent)
    disk.forget_names()
    system.attach(landed)  # a crash came before the ledger knew
    system.close()
    assert disk.keeps(target, target.parent)


def test_what_the_book_of_a_folder_calls_shown_outlives_a_loss_of_power(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the sender were told Delivered of what is in no folder any more."""
    for folder in ("inbox", ".staging"):
        (tmp_path / folder).mkdir()
    inbox = InFolder(tmp_path, tmp_path / "arrivals.sqlite")
    shown: list[bool] = []

    def noted() -> AbstractContextManager[None]:
        shown.extend(disk.has_name(path) for path in inbox.inbox.iterdir())
        return transaction()

    transaction = inbox._book.transaction
    monkeypatch.setattr(inbox._book, "transaction", noted)
    inbox.deliver([Arrival(0, lead("one")), Arrival(1, lead("two"))])
    inbox.close()
    assert shown == [True, True]


def test_what_the_book_of_a_folder_calls_ready_outlives_a_loss_of_power(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it were said to have been shown, when it is in no folder any more."""
    for folder in ("inbox", ".staging"):
        (tmp_path / folder).mkdir()
    flush_folder(tmp_path)
    inbox = InFolder(tmp_path, tmp_path / "arrivals.sqlite")
    kept: list[bool] = []

    def noted() -> AbstractContextManager[None]:
        kept.extend(disk.keeps(path, inbox.staging) for path in inbox.staging.iterdir())
        return transaction()

    transaction = inbox._book.transaction
    monkeypatch.setattr(inbox._book, "transaction", noted)
    inbox.deliver([Arrival(0, lead("one")), Arrival(1, lead("two"))])
    inbox.close()
    assert kept == [True, True]


def test_a_folder_that_is_there_is_taken_as_it_is(tmp_path: Path, disk: Disk) -> None:
    make_folder(tmp_path / "a" / "b", 0o700)
    make_folder(tmp_path / "a" / "b", 0o755)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    flushed(tmp_path / "a" / "b" / ".x")
    put_in_place(tmp_path / "a" / "b" / ".x", tmp_path / "a" / "b" / "x")
    assert disk.keeps(tmp_path / "a" / "b" / "x", tmp_path)


def test_folders_above_it_are_as_private_whatever_the_shell_allows(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_folder(tmp_path / "a" / "b" / "c", 0o700)
        Book(tmp_path / "connectors" / "yanjiao" / "ledger.sqlite", "").close()
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert len(made) == 5
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}


def refusing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the file system flush no folder."""

    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_file_system_that_knows_no_flushing_of_folders_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, errno.EINVAL)
    flush_folder(tmp_path)


def test_a_folder_that_cannot_be_flushed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        flush_folder(tmp_path)


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("is_flushed", [True, False])
def test_no_folder_stays_open_whether_it_could_be_flushed_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_flushed: bool
) -> None:
    """One for each file of an agency: the process would be out of them within a day."""
    before = _open_files()
    if not is_flushed:
        refusing(monkeypatch, errno.EINVAL)
    for _ in range(3):
        flush_folder(tmp_path)
    assert _open_files() == before
