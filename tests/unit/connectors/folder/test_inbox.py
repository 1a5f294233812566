import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.bus.system import Arrival, Landed
from connectors.folder.inbox import InFolder
from schemas.json_text import Encoding
from schemas.render import to_document
from tests.agency_home import lead

NewInbox = Callable[[], InFolder]


@pytest.fixture
def new_inbox(tmp_path: Path) -> Iterator[NewInbox]:
    for folder in ("inbox", ".staging"):
        (tmp_path / folder).mkdir()
    made: list[InFolder] = []

    def make() -> InFolder:
        for old in made:
            old.close()
        made.clear()
        made.append(InFolder(tmp_path, tmp_path / "arrivals.sqlite"))
        return made[0]

    yield make
    for old in made:
        old.close()


def arrivals(count: int) -> list[Arrival]:
    return [Arrival(offset, lead(f"number {offset}")) for offset in range(count)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Killed(BaseException):
    """The process ends here."""


def kill_at(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, call: int) -> None:
    """Let the n-th call of a method be the end; what it would have done is not done."""
    real, calls = getattr(owner, name), iter(range(1, 1_000))

    def counted(*args: object, **options: object) -> object:
        if next(calls) == call:
            raise Killed
        return real(*args, **options)

    monkeypatch.setattr(owner, name, counted)


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("step", ["replace", "rename"])
def test_a_crash_at_any_rename_gives_each_file_once_in_order(
    new_inbox: NewInbox, monkeypatch: pytest.MonkeyPatch, step: str, call: int
) -> None:
    wanted = arrivals(3)
    taken: list[str] = []
    inbox = new_inbox()
    with monkeypatch.context() as patch:
        kill_at(patch, Path, step, call)
        with pytest.raises(Killed):
            inbox.deliver(wanted)
    for path in sorted(inbox.inbox.iterdir()):
        taken.append(path.name)
        path.unlink()  # the agency is quick
    again = new_inbox()
    again.finish()
    arrived = again.deliver(wanted)
    taken += names(again.inbox)
    assert [name[:12] for name in taken] == ["000000000000", "000000000001", "000000000002"]
    assert set(arrived.at) == {arrival.key for arrival in wanted}
    assert names(again.staging) == []


@pytest.mark.parametrize("transaction", [1, 2])
def test_a_crash_before_the_book_is_written_gives_each_file_once(
    new_inbox: NewInbox, monkeypatch: pytest.MonkeyPatch, transaction: int
) -> None:
    wanted = arrivals(2)
    inbox = new_inbox()
    with monkeypatch.context() as patch:
        kill_at(patch, type(inbox._book), "transaction", transaction)
        with pytest.raises(Killed):
            inbox.deliver(wanted)
    seen = names(inbox.inbox)
    for name in seen:
        (inbox.inbox / name).unlink()
    again = new_inbox()
    again.finish()
    again.deliver(wanted)
    assert len(seen + names(again.inbox)) == 2


def test_the_time_of_the_first_arrival_stands(new_inbox: NewInbox) -> None:
    wanted = arrivals(1)
    first = new_inbox().deliver(wanted)
    assert new_inbox().deliver(wanted) == first


def test_an_agency_that_reads_gbk_gets_gbk(tmp_path: Path) -> None:
    for folder in ("inbox", ".staging"):
        (tmp_path / folder).mkdir()
    inbox = InFolder(tmp_path, tmp_path / "arrivals.sqlite", Encoding.GB18030)
    (arrival,) = arrivals(1)
    inbox.deliver([arrival])
    inbox.close()
    (path,) = (tmp_path / "inbox").iterdir()
    assert json.loads(path.read_bytes().decode("gb18030")) == to_document(arrival.message)


# A book as it was when a message was its id alone.
_OLD = """
DROP TABLE ready; DROP TABLE there;
CREATE TABLE ready (message_id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE there (message_id TEXT PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def namesake(of: Arrival, offset: int, *, known: bool) -> Arrival:
    """Another organ's message under the id of one; `known`: that one is in the ledger."""
    other, envelope = lead("another", "mugang"), of.message.envelope
    changed = replace(other.envelope, message_id=envelope.message_id)
    return Arrival(offset, replace(other, envelope=changed), known)


def older(tmp_path: Path, *rows: tuple[str, str, str]) -> None:
    with sqlite3.connect(tmp_path / "arrivals.sqlite") as book:
        book.executescript(_OLD)
        for table, message_id, value in rows:
            book.execute(f"INSERT INTO {table} VALUES (?, ?)", (message_id, value))
    book.close()


@pytest.mark.parametrize("known", [False, True])
def test_two_of_one_id_both_come_and_each_once(new_inbox: NewInbox, *, known: bool) -> None:
    (first,) = arrivals(1)
    both = [first, namesake(first, 1, known=known)]
    inbox = new_inbox()
    assert len(inbox.deliver(both).at) == 2
    assert len(names(inbox.inbox)) == 2
    new_inbox().deliver(both)
    assert len(names(inbox.inbox)) == 2


def test_what_an_older_release_put_there_does_not_come_again_and_hides_no_namesake(
    new_inbox: NewInbox, tmp_path: Path
) -> None:
    """Killed before the ledger knew, then upgraded: the first that is read again is the one."""
    since = "2026-09-08T09:00:00+08:00"
    (first,) = arrivals(1)
    message_id = first.message.envelope.message_id
    new_inbox().close()
    older(tmp_path, ("there", message_id, since))
    inbox = new_inbox()
    arrived = inbox.deliver([first, namesake(first, 1, known=False)])
    assert arrived.at[first.key].isoformat() == since
    (path,) = inbox.inbox.iterdir()
    assert path.name.startswith("000000000001")


def test_what_the_ledger_of_an_older_release_knows_is_no_namesakes(
    new_inbox: NewInbox, tmp_path: Path
) -> None:
    (first,) = arrivals(1)
    new_inbox().close()
    older(tmp_path, ("there", first.message.envelope.message_id, "2026-09-08T09:00:00+08:00"))
    inbox = new_inbox()
    other = namesake(first, 1, known=True)
    for _ in range(2):
        inbox.deliver([other])
        assert len(names(inbox.inbox)) == 1


def test_what_an_older_release_had_ready_is_shown_once(new_inbox: NewInbox, tmp_path: Path) -> None:
    (first,) = arrivals(1)
    inbox = new_inbox()
    inbox.deliver([first])
    (path,) = inbox.inbox.iterdir()
    path.rename(inbox.staging / path.name)
    inbox.close()
    older(tmp_path, ("ready", first.message.envelope.message_id, path.name))
    again = new_inbox()
    again.finish()
    assert names(again.inbox) == [path.name]
    path.unlink()
    again.deliver([first])
    assert names(again.inbox) == []


def test_an_attachment_is_put_beside_its_document_once_however_often_it_is_brought(
    new_inbox: NewInbox, tmp_path: Path
) -> None:
    """A crash before the ledger knows brings it again, and then it is gone from where it landed."""
    inbox, (arrival,) = new_inbox(), arrivals(1)
    inbox.deliver([arrival])
    landed = Landed(0, "LeadTransfer", arrival.key, 0, "a.txt", tmp_path / ".staging" / "landed")
    inbox.attach(replace(landed, path=None, notice={"code": "attachment.missing"}))
    (folder, document) = (tmp_path / "inbox" / name for name in names(tmp_path / "inbox"))
    assert (document.suffix, names(folder)) == (".json", ["a.txt.reason.json"])
    (tmp_path / ".staging" / "landed").write_text("content", encoding="utf-8")
    for _ in range(2):
        inbox.attach(landed)
        assert names(folder) == ["a.txt"]
        assert (folder / "a.txt").read_text(encoding="utf-8") == "content"
