"""connectors/folder/moves.py: no crash between two renames parts a letter from its files."""

from pathlib import Path

import pytest

from connectors.bus.desk import Desk
from connectors.bus.system import State
from connectors.folder.outbox import Outbox
from tests.agency_home import document, written
from tests.attached import RECORD, Sender, taken
from tests.letters_through import (
    NAME,
    ONE,
    RAR,
    file_of,
    given,
    grown,
    marked,
    only,
    opened,
    pairs,
    put,
)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return opened(tmp_path)


class Killed(BaseException):
    """The process was killed."""


def killing(monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool) -> list[int]:
    """Kill the process before or after its rename of that number; count them."""
    real, count = Path.rename, [0]

    def rename(path: Path, target: Path) -> Path:
        count[0] += 1
        if count[0] == at and before:
            raise Killed
        found = real(path, target)
        if count[0] == at:
            raise Killed
        return found

    monkeypatch.setattr(Path, "rename", rename)
    return count


MOMENTS = [(at, before) for at in (1, 2, 3, 4, 5) for before in (True, False)]


@pytest.mark.parametrize("file", [b"a good picture", RAR], ids=["sent", "refused"])
@pytest.mark.parametrize(("at", "before"), MOMENTS)
def test_a_crash_at_any_rename_parts_no_letter_from_its_files(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool, file: bytes
) -> None:
    sender.put("a", {"x.bin": file})

    def live() -> Desk:
        desk = sender.desk()
        taken(desk)
        desk._ledger.db.execute("DELETE FROM uploads")
        desk.published(written(desk.waiting(10)))
        return desk

    with monkeypatch.context() as patch:
        killing(patch, at, before=before)
        with pytest.raises(Killed):
            live()
    desk = live()
    taken(desk)
    is_sent = file != RAR
    known = desk._ledger.db.execute("SELECT state, place FROM sent").fetchall()
    assert known == ([(State.PUBLISHED, NAME)] if is_sent else [])
    there, elsewhere = ("sent", "refused") if is_sent else ("refused", "sent")
    assert pairs(sender.root / there) == {document(RECORD): file}
    for name in (elsewhere, "work", "outbox"):
        assert list((sender.root / name).iterdir()) == []


def test_the_renames_that_a_crash_is_tried_at_are_all_there_are(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.put("a", {"x.bin": b"a good picture"})
    with monkeypatch.context() as patch:
        count = killing(patch, 0, before=True)
        desk = sender.desk()
        taken(desk)
        desk._ledger.db.execute("DELETE FROM uploads")
        desk.published(written(desk.waiting(10)))
    assert count == [max(at for at, _ in MOMENTS)]


@pytest.mark.parametrize(("at", "before"), [(1, True), (1, False), (2, True), (2, False)])
def test_a_crash_while_a_letter_goes_from_sent_to_refused_leaves_no_files_behind(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool
) -> None:
    put(outbox, "{}", b"its own")
    source = only(given(outbox))
    marked(outbox, source, State.PUBLISHED, ONE)
    with monkeypatch.context() as patch:
        killing(patch, at, before=before)
        with pytest.raises(Killed):
            marked(outbox, source, State.REJECTED, ONE)
    again = opened(tmp_path)
    assert again.collect(10) == ()
    marked(again, source, State.REJECTED, ONE)
    assert (pairs(again.sent), pairs(again.refused)) == ({}, {"{}": b"its own"})


@pytest.mark.parametrize(("at", "before"), MOMENTS[:6])
def test_a_crash_while_a_letter_is_put_back_parts_it_from_nothing(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Killed):
        grown(outbox, lambda: killing(patch, at, before=before))
    whole = only(given(opened(tmp_path)))
    assert (whole.raw, file_of(whole)) == (b"12", b"its own")


@pytest.mark.parametrize("state", [State.PUBLISHED, State.REJECTED])
def test_a_move_that_fails_once_is_made_up_for_when_it_is_marked_again(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    put(outbox, "{}", b"its own")
    source = only(given(outbox))
    with monkeypatch.context() as patch:
        killing(patch, 2, before=True)
        with pytest.raises(Killed):
            marked(outbox, source, state)
    marked(outbox, source, state)
    assert list(outbox.work.iterdir()) == []
    folder = outbox.sent if state is State.PUBLISHED else outbox.refused
    assert pairs(folder) == {"{}": b"its own"}
