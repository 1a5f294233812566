import os
from pathlib import Path

import pytest

from connectors.folder.beside import (
    files_in,
    files_of,
    folder_name,
    is_files_folder,
    names_in,
    seen_in,
)
from schemas.attachments import ATTACHMENTS_MAX
from schemas.errors import Refusal

NAME = "a.lead_transfer.json"


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    (tmp_path / NAME).write_bytes(b"{}")
    (tmp_path / "a.lead_transfer.files").mkdir()
    (tmp_path / "a.lead_transfer.files" / "b.jpg").write_bytes(b"picture")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "folder"),
    [(NAME, "a.lead_transfer.files"), ("a.json", "a.files"), ("a", "a.files")],
)
def test_the_folder_of_a_document_is_called_as_it_is(name: str, folder: str) -> None:
    assert folder_name(name) == folder


def test_only_a_folder_of_that_name_is_one(outbox: Path, tmp_path: Path) -> None:
    assert is_files_folder(outbox / "a.lead_transfer.files")
    (tmp_path / "file.files").write_bytes(b"")
    (tmp_path / "link.files").symlink_to(outbox / "a.lead_transfer.files")
    (tmp_path / "folder").mkdir()
    for name in ("file.files", "link.files", "folder", "missing.files", f"{'n' * 300}.files"):
        assert not is_files_folder(tmp_path / name)
        assert names_in(tmp_path / name) == ()


def test_only_what_may_be_called_a_document_has_files(outbox: Path) -> None:
    assert files_of(outbox, NAME) == files_of(outbox, "a.lead_transfer.JSON")
    listed = (NAME, "a.lead_transfer.docx", "a.lead_transfer.files")
    (outbox / "a.lead_transfer.docx").touch()
    seen = seen_in(outbox, listed)
    assert files_of(outbox, "a.lead_transfer.docx") is None
    assert [len(seen[name].files) for name in listed[:2]] == [1, 0]


def test_a_document_stands_still_when_its_files_do(outbox: Path) -> None:
    before = seen_in(outbox, [NAME, "a.lead_transfer.files", "gone.json"])
    assert set(before) == {NAME}
    assert seen_in(outbox, [NAME, "a.lead_transfer.files"]) == before
    (outbox / "a.lead_transfer.files" / "b.jpg").write_bytes(b"picture, and more of it")
    assert seen_in(outbox, [NAME, "a.lead_transfer.files"]) != before


def test_files_are_taken_in_the_order_of_their_names(outbox: Path) -> None:
    (outbox / "a.lead_transfer.files" / "a.pdf").write_bytes(b"")
    found = files_in(outbox / "a.lead_transfer.files")
    assert not isinstance(found, Refusal)
    assert [file.name for file in found] == ["a.pdf", "b.jpg"]


@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
def test_what_is_no_file_is_refused_at_its_place(outbox: Path, what: str) -> None:
    thing = outbox / "a.lead_transfer.files" / "c"
    if what == "folder":
        thing.mkdir()
    elif what == "link":
        thing.symlink_to(outbox / NAME)
    else:
        os.mkfifo(thing)
    found = files_in(thing.parent)
    assert found == Refusal("attachment.unreadable", where="envelope.attachments[1]")


def test_more_files_than_may_travel_are_not_even_read(outbox: Path) -> None:
    for number in range(ATTACHMENTS_MAX):
        (outbox / "a.lead_transfer.files" / str(number)).mkdir()
    found = files_in(outbox / "a.lead_transfer.files")
    assert isinstance(found, Refusal)
    assert found.code == "attachment.too_many"
