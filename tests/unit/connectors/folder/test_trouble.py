"""connectors/folder: trouble with one letter's attachments or names is that letter's alone."""

import json
import logging
import os
from pathlib import Path

import pytest

from tests.agency_home import document
from tests.attached import RECORD, Sender, taken

FILES = f"a.{RECORD}.files"


def code(reason: Path) -> str:
    return str(json.loads(reason.read_text(encoding="utf-8"))["code"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def shut(monkeypatch: pytest.MonkeyPatch, call: str, name: str = FILES) -> None:
    """Let the folder of a's files be one of another user: a test may run as root."""
    owner, real = (os, os.scandir) if call == "scandir" else (Path, getattr(Path, call))

    def refusing(path: Path, *rest: Path) -> object:
        whose = path.parent if call == "lstat" else path
        if whose.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest)

    monkeypatch.setattr(owner, call, refusing)


@pytest.mark.parametrize("call", ["scandir", "lstat"])
def test_a_folder_that_may_not_be_read_is_refused_where_it_lies_and_the_others_go_on(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    folder = sender.put("a", {"x.bin": b"evidence"})
    sender.put("b", {"x.bin": b"other"}, document(RECORD, 13))
    with monkeypatch.context() as patch:
        shut(patch, call)
        for _ in range(2):  # at the next start too
            taken(sender.desk())
    refused = sender.root / "refused"
    assert names(refused) == [f"a.{RECORD}.json.reason.json"]
    assert code(refused / f"a.{RECORD}.json.reason.json") == "attachment.unreadable"
    assert sender.side.state("b") == "taken"
    folder.chmod(0o750)
    taken(sender.desks[-1])
    assert sender.side.state("a") == "taken"
    assert (sender.root / "work" / FILES / "x.bin").read_bytes() == b"evidence"


def test_a_folder_that_was_shut_after_it_was_taken_is_refused(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.put("a", {"x.bin": b"evidence"})
    system = sender.side.system()
    system.open()
    for _ in range(2):
        system.collect(10)
    system.close()
    with monkeypatch.context() as patch:
        shut(patch, "scandir")
        taken(sender.desk())
    assert sender.side.state("a") == "attachment.unreadable"
    assert (sender.root / "refused" / FILES / "x.bin").read_bytes() == b"evidence"


def test_files_that_may_not_be_moved_stay_with_one_warning_each_and_the_others_go_on(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    sender.put("a", {"x.bin": b"Rar!\x1a\x07"})
    desk = sender.desk()
    with monkeypatch.context() as patch:
        desk._taken = desk._system.collect(10)
        shut(patch, "rename")
        taken(desk)
        assert sender.side.state("a") == "attachment.archive_unreadable"
        sender.put("a", {"x.bin": b"evidence"}, document(RECORD, 13))
        sender.put("b", {"x.bin": b"other"}, document(RECORD, 14))
        taken(desk)
        assert names(sender.root / "outbox") == [FILES, f"a.{RECORD}.json"]
        assert sender.side.state("b") == "taken"
        assert [record.getMessage() for record in caplog.records] == [
            "attachments cannot be moved: Permission denied",
            "a file cannot be taken: Permission denied",
        ]
    taken(desk)
    assert (sender.root / "refused" / FILES / "x.bin").read_bytes() == b"Rar!\x1a\x07"
    assert (sender.root / "work" / FILES / "x.bin").read_bytes() == b"evidence"


def test_a_document_whose_files_a_crash_and_a_closed_folder_keep_away_is_not_sent_without_them(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.put("a", {"x.bin": b"evidence"})
    sender.put("b", {"x.bin": b"other"}, document(RECORD, 13))
    (sender.root / "work").mkdir()
    parted = sender.root / "work" / f".{FILES}"
    (sender.root / "outbox" / FILES).rename(parted)
    name = f"a.{RECORD}.json"
    (sender.root / "outbox" / name).rename(sender.root / "work" / name)
    with monkeypatch.context() as patch:
        shut(patch, "rename", f".{FILES}")
        desk = sender.desk()
        taken(desk)
    assert desk._ledger.db.execute("SELECT place FROM sent").fetchall() == [(f"b.{RECORD}.json",)]
    assert (parted / "x.bin").read_bytes() == b"evidence"
    desk = sender.desk()
    assert (parted.with_name(FILES) / "x.bin").read_bytes() == b"evidence"
    assert len(desk._ledger.db.execute("SELECT place FROM sent").fetchall()) == 2


def test_files_that_could_not_come_back_at_the_start_are_with_their_document_when_it_is_taken(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.put("a", {"x.bin": b"evidence"})
    (sender.root / "work").mkdir()
    (sender.root / "outbox" / FILES).rename(sender.root / "work" / f".{FILES}")
    with monkeypatch.context() as patch:
        shut(patch, "rename", f".{FILES}")
        desk = sender.desk()
        taken(desk)
    assert sender.side.state("a") == "new"
    taken(desk)
    assert (sender.root / "work" / FILES / "x.bin").read_bytes() == b"evidence"


def test_a_growing_document_whose_files_may_not_be_moved_is_read_again_where_it_lies(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.put("a", {"x.bin": b"evidence"}, document(RECORD)[:-1])
    desk = sender.desk()
    desk._taken = desk._system.collect(10)
    with (sender.root / "work" / f"a.{RECORD}.json").open("a") as writer:
        writer.write(document(RECORD)[-1])
    with monkeypatch.context() as patch:
        shut(patch, "rename")
        taken(desk)
    assert sender.side.state("a") == "taken"
    assert len(desk._ledger.db.execute("SELECT blob FROM uploads").fetchall()) == 1


def test_an_attachment_whose_name_is_no_utf_8_is_refused_and_the_others_go_on(
    sender: Sender,
) -> None:
    sender.put("a", {os.fsdecode("照片.jpg".encode("gbk")): b"jpeg"})
    sender.put("b", {"x.bin": b"other"}, document(RECORD, 13))
    for _ in range(2):
        taken(sender.desk())
    assert sender.side.state("a") == "attachment.name_invalid"
    assert sender.side.state("b") == "taken"
    assert len(names(sender.root / "refused" / FILES)) == 1


def test_a_document_whose_name_is_no_utf_8_is_refused_and_the_others_go_on(
    sender: Sender,
) -> None:
    name = os.fsdecode("线索".encode("gbk"))
    sender.put(name, {"x.bin": b"of the first"})
    sender.put("b", {"x.bin": b"other"}, document(RECORD, 13))
    for _ in range(2):
        taken(sender.desk())
    (reason,) = (sender.root / "refused").glob("*.reason.json")
    assert code(reason) == "file.name_invalid"
    assert sender.side.state("b") == "taken"
    assert names(sender.root / "outbox") == [f"{name}.{RECORD}.files"]
