"""`yichuan inbox --export` into what is no folder, or cannot be written."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest

from connectors.bus.home import Home
from schemas.errors import Refusal
from services.cli.inbox import export_name
from services.cli.mailbox import Letter
from services.cli.main import main
from tests.history import HANDLER, MONDAY
from tests.unit.services.cli.test_verify import LEAD, _whole, chosen
from tests.unit.services.exchange.test_opening import home

__all__ = ["chosen", "home"]  # fixtures


@pytest.fixture(autouse=True)
def inbox(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """An inbox with one message, without a broker."""
    opened = _whole(home)

    class Inbox:
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            """Nothing was opened."""

        async def present(self, _newest: int) -> AsyncIterator[Letter]:
            yield Letter(0, MONDAY, opened.message, None, opened)
            yield Letter(1, MONDAY, None, Refusal("seal.invalid"), None)

    monkeypatch.setattr("services.cli.inbox.open_mailbox", lambda *_: Inbox())


def told(capsys: pytest.CaptureFixture[str], folder: Path) -> tuple[str, str]:
    assert main(["inbox", HANDLER, "--export", str(folder), "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    return error["code"], error["where"]


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below", Path("/proc/x")):
        assert told(capsys, folder) == ("file.unwritable", str(folder))


def test_a_message_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / export_name(LEAD)
    there.mkdir()  # a file does not take a folder's place
    assert told(capsys, tmp_path) == ("file.unwritable", str(there))


def test_what_was_written_is_told_by_json_too_and_so_is_what_was_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inbox", HANDLER, "--export", str(tmp_path), "--json"]) == 0
    printed = capsys.readouterr()
    file = tmp_path / export_name(LEAD)
    assert [json.loads(line) for line in printed.out.splitlines()] == [
        {"file": str(file), "code": None}
    ]
    assert printed.err == "1 件封签无效，未导出\n"
    assert main(["inbox", HANDLER, "--export", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
