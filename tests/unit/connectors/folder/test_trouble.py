"""connectors/folder: trouble with one letter's attachments or names is that letter's alone."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agency_home import County, document
from tests.attached import RECORD, Sender, directory, taken

FILES = f"a.{RECORD}.files"


@pytest.fixture
def sender(county: County, tmp_path: Path) -> Iterator[Sender]:
    made = Sender(county, tmp_path / "theirs", directory(tmp_path))
    yield made
    made.close()


def code(reason: Path) -> str:
    return str(json.loads(reason.read_text(encoding="utf-8"))["code"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
