"""connectors/folder: whoever can write to an agency's folder leads no file of ours elsewhere."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.bus.system import Landed
from connectors.folder.files import write_whole
from connectors.folder.inbox import InFolder
from tests.agency_home import lead


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A file that is no agency's."""
    path = tmp_path / "other"
    path.write_text("keep")
    return path


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_link_in_the_place_of_a_temporary_file_is_not_written_through(
    tmp_path: Path, other: Path, link: str
) -> None:
    place = tmp_path / "a.json.receipt.json"
    getattr(place.with_name(f".{place.name}.partial"), link)(other)
    write_whole(place, b"{}")
    assert (place.read_bytes(), other.read_text()) == (b"{}", "keep")


@pytest.mark.parametrize("is_there", [True, False])
def test_nothing_is_put_through_a_link_in_the_place_of_a_folder_of_files(
    tmp_path: Path, *, is_there: bool
) -> None:
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "agency"
    for folder in (elsewhere, here / "inbox", here / ".staging"):
        folder.mkdir(parents=True)
    (elsewhere / "b.jpg").write_text("keep")
    letter = lead("one").envelope
    key = (letter.sender, letter.message_id)
    landed = Landed(0, "LeadTransfer", key, 0, "b.jpg", here / ".staging" / "file")
    (here / ".staging" / "file").write_text("new")
    inbox = InFolder(here, tmp_path / "arrivals.sqlite")
    try:
        inbox.attach(landed)
        (folder,) = (here / "inbox").iterdir()
        (folder / "b.jpg").unlink()
        folder.rmdir()
        folder.symlink_to(elsewhere)
        notice = landed if is_there else replace(landed, path=None, notice={})
        with pytest.raises(FileExistsError):
            inbox.attach(notice)
    finally:
        inbox.close()
    assert [path.read_text() for path in elsewhere.iterdir()] == ["keep"]
