"""A share that fails once, at whatever it is asked: no letter waits for a restart, none doubles."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.bus import clock
from connectors.bus.desk import Desk
from connectors.bus.later import PAUSE_SECONDS_MAX
from schemas.errors import Unavailable
from tests.agency_home import document, lead, written
from tests.attached import RECORD, Sender, carry
from tests.letters_through import RAR

NAMES = ("a", "b", "c")
ROUNDS = 6  # enough for three letters, also when one of them fails
OWNERS: dict[str, Any] = {"open": os, "scandir": os, "lstat": Path, "rename": Path, "replace": Path}
MOMENTS = [(call, at) for call in OWNERS for at in range(1, 13)]


def failing(monkeypatch: pytest.MonkeyPatch, root: Path, call: str, at: int) -> list[int]:
    """Let the call of that number below a folder fail once; count them."""
    real, count = getattr(OWNERS[call], call), [0]

    def perhaps(path: Any, *rest: Any, **named: Any) -> Any:
        if not isinstance(path, int) and Path(path).is_relative_to(root):
            count[0] += 1
            if count[0] == at:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return real(path, *rest, **named)

    monkeypatch.setattr(OWNERS[call], call, perhaps)
    return count


def patiently(work: Callable[[], object]) -> None:
    """Do it again where the system is away, as a connector does."""
    for _ in range(3):
        with suppress(Unavailable):
            work()
            return
    pytest.fail("it failed once, and went on failing")


def rounds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(ROUNDS):
        monkeypatch.setattr(clock, "monotonic", lambda: number * PAUSE_SECONDS_MAX)  # noqa: B023
        patiently(desk.take_out)


@pytest.mark.parametrize(("call", "at"), MOMENTS)
def test_whatever_fails_once_all_letters_go_out_once_and_are_shown(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    desk = sender.desk()
    for number, name in enumerate(NAMES, 11):
        sender.put(name, {"x.bin": b"evidence"} if name == "b" else {}, document(RECORD, number))
    with monkeypatch.context() as patch:
        failing(patch, sender.root, call, at)
        rounds(desk, patch)
        assert [sender.side.state(name) for name in NAMES] == ["taken"] * 3
    carry(desk, sender.county, "yanjiao", sender.store)
    heads = desk.waiting(10)
    assert len({head.message_id for head in heads}) == 3
    with monkeypatch.context() as patch:
        failing(patch, sender.root, call, at)
        patiently(lambda: desk.published(written(heads)))
        rounds(desk, patch)
    assert [sender.side.state(name) for name in NAMES] == ["sent"] * 3
    assert desk.waiting(10) == ()


@pytest.mark.parametrize(("call", "at"), MOMENTS)
def test_whatever_fails_once_what_is_refused_is_so_with_its_files_and_the_reason(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    desk = sender.desk()
    sender.put("a", {"x.bin": b"evidence"}, "{")
    sender.put("b", {"x.bin": RAR})
    sender.put("c", {"x.bin": b"evidence"}, document(RECORD, 13))
    with monkeypatch.context() as patch:
        failing(patch, sender.root, call, at)
        rounds(desk, patch)
    states = [sender.side.state(name) for name in NAMES]
    assert states == ["message.invalid_json", "attachment.archive_unreadable", "taken"]
    refused = sender.root / "refused"
    files = {path.parent.name: path.read_bytes() for path in refused.glob("*.files/*")}
    assert files == {f"a.{RECORD}.files": b"evidence", f"b.{RECORD}.files": RAR}
    assert len(list(refused.iterdir())) == 6
    assert len(list((sender.root / "work").iterdir())) == 2


@pytest.mark.parametrize("at", range(1, 13))
@pytest.mark.parametrize("call", ["open", "rename", "replace"])
def test_whatever_fails_once_each_message_is_put_there_once_and_in_its_order(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    """Also where the agency takes away at once what it sees."""
    desk, there = sender.desk(), list[str]()
    came = [lead(name) for name in NAMES]
    records = [sender.county.copy(message, offset) for offset, message in enumerate(came)]
    refused: list[frozenset[int]] = []

    def take_in() -> None:
        try:
            refused.append(desk.take_in(records))
        finally:
            there.extend(sender.side.take())

    with monkeypatch.context() as patch:
        failing(patch, sender.root, call, at)
        patiently(take_in)
    assert refused == [frozenset()]
    assert there == [message.envelope.message_id for message in came]
    told = [sender.county.opened(head.value).envelope.in_reply_to for head in desk.waiting(10)]
    assert told == there


class Gone:
    """A share that is away from some call on, whatever is called, until it is back."""

    def __init__(self, root: Path, begins: int) -> None:
        self.root, self.begins, self.calls, self.is_back = root, begins, 0, False

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        """Let every call of the file system ask it first."""
        for call, owner in (*OWNERS.items(), ("lstat", os), ("stat", os)):
            patch.setattr(owner, call, self._perhaps(getattr(owner, call)))

    def _perhaps(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def perhaps(path: Any, *rest: Any, **named: Any) -> Any:
            if not isinstance(path, int) and Path(path).is_relative_to(self.root):
                self.calls += 1
                if self.calls >= self.begins and not self.is_back:
                    raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
            return real(path, *rest, **named)

        return perhaps


@pytest.mark.parametrize("begins", range(70, 150))
def test_whenever_it_goes_away_all_letters_go_out_when_it_is_back(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, begins: int
) -> None:
    desk = sender.desk()
    for number, name in enumerate(NAMES, 11):
        sender.put(name, {"x.bin": b"evidence"} if name == "b" else {}, document(RECORD, number))
    gone = Gone(sender.root, begins)
    with monkeypatch.context() as patch:
        gone.plant(patch)
        for _ in range(ROUNDS):
            with suppress(Unavailable):
                desk.take_out()
        gone.is_back = True
        rounds(desk, patch)
    assert gone.calls >= begins
    assert [sender.side.state(name) for name in NAMES] == ["taken"] * 3
    carry(desk, sender.county, "yanjiao", sender.store)
    assert len(desk.waiting(10)) == 3
