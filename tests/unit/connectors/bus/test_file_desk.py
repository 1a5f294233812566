import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.bus import file_desk
from connectors.bus.blobs import PART_BYTES, parts_of
from connectors.bus.carrier import Carrier
from connectors.bus.transfers import Upload
from connectors.folder import outbox
from schemas.errors import Refusal, Unavailable
from schemas.file_cipher import sealed_bytes
from schemas.messages import Delivered, Message
from tests.agency_home import THEM, US, County, document
from tests.agency_sides import DatabaseSide, FolderSide, Side
from tests.attached import Receiver, Sender, carry, directory, taken

PHOTO = os.urandom(3 * 65_536 + 17)
FILES = {"照片.jpg": PHOTO, "笔录.txt": "当事人陈述".encode()}


@pytest.fixture
def receiver(county: County, side: Side, tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(county, side, directory(tmp_path))
    yield made
    made.close()


def shown(side: Side, sent: Message) -> dict[str, bytes]:
    """Return what the agency has of a message's files, by name."""
    if isinstance(side, FolderSide):
        (folder,) = (side.root / "inbox").glob("*.files")
        return {path.name: path.read_bytes() for path in folder.iterdir()}
    assert isinstance(side, DatabaseSide)
    with sqlite3.connect(side.path) as database:
        query = "SELECT name, path, err_code FROM EX_FILE WHERE message_id = ?"
        found = database.execute(query, (sent.envelope.message_id,)).fetchall()
    return {
        name: Path(path).read_bytes() if path else json.dumps({"code": code}).encode()
        for name, path, code in found
    }


def delivered(receiver: Receiver) -> list[Delivered]:
    heads = receiver.desks[-1].waiting(100)
    found = [receiver.county.opened(head.value) for head in heads]
    return [message for message in found if isinstance(message, Delivered)]


def test_files_beside_a_document_lie_beside_it_at_the_other_end(
    sender: Sender, receiver: Receiver
) -> None:
    sent = sender.sent(FILES)
    receiver.got(sent)
    assert shown(receiver.side, sent) == FILES
    assert receiver.side.arrived() == [sent.envelope.message_id]


def test_the_sealed_message_names_each_file_and_no_topic_or_store_holds_its_content(
    sender: Sender, tmp_path: Path
) -> None:
    sent = sender.sent(FILES)
    found = {each.name: each for each in sent.envelope.attachments or ()}
    assert {name: each.size_bytes for name, each in found.items()} == {
        name: len(data) for name, data in FILES.items()
    }
    assert found["照片.jpg"].media_type == "image/jpeg"
    assert all(each.blob and each.key for each in found.values())
    stored = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert len(stored) == len(FILES)
    for path in stored:
        assert FILES["笔录.txt"] not in path.read_bytes()
        assert PHOTO[:64] not in path.read_bytes()


def test_delivered_is_said_when_all_files_are_there_and_not_before(
    sender: Sender, receiver: Receiver
) -> None:
    sent = sender.sent(FILES)
    desk = receiver.desk()
    desk.take_in([receiver.county.copy(sent, 0, to=THEM)])
    first, second = desk.files.to_carry()
    carrier = Carrier(receiver.county.agency("liuzhi-cgj"), receiver.store, desk.files.landing)
    for job, expected in ((first, 0), (second, 1)):
        assert not isinstance(job, Upload)
        desk.files.landed(job, carrier.download(job))
        assert len(delivered(receiver)) == expected
    (receipt,) = delivered(receiver)
    assert receipt.envelope.in_reply_to == sent.envelope.message_id


def test_a_message_is_not_published_before_its_files_are_stored(sender: Sender) -> None:
    sender.put("a", FILES)
    desk = sender.desk()
    taken(desk)
    assert desk.waiting(10) == ()
    assert len(desk.files.to_carry()) == len(FILES)
    carry(desk, sender.county, "yanjiao", sender.store)
    assert len(desk.waiting(10)) == 1
    staged = sender.county.agency("yanjiao").folder / "staged"
    assert list(staged.iterdir()) == []


def test_the_files_go_with_their_document_to_where_it_goes(sender: Sender) -> None:
    sender.sent(FILES)
    folder = sender.root / "sent" / "a.lead_transfer.files"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert list((sender.root / "work").iterdir()) == []
    assert list((sender.root / "outbox").iterdir()) == []


@pytest.mark.parametrize("moment", ["staged", "sealed", "half stored"])
def test_a_crash_on_the_way_out_sends_it_once_with_its_files(
    sender: Sender, receiver: Receiver, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = {"录像.mp4": os.urandom(PART_BYTES + 1)}
    sender.put("a", large)
    desk = sender.desk()
    if moment == "staged":

        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(type(desk._ledger), "put_in_spool", crash)
            with pytest.raises(KeyboardInterrupt):
                taken(desk)
        assert len(list((desk._agency.folder / "staged").iterdir())) == 1
    else:
        taken(desk)
    if moment == "half stored":
        (job,) = desk.files.to_carry()
        assert isinstance(job, Upload)
        with pytest.raises(Unavailable):
            Carrier(sender.county.agency("yanjiao"), Failing(sender.store, 1)).upload(job)
        assert sender.store.size(US, job.blob, 0) == PART_BYTES
    desk = sender.desk()
    taken(desk)
    store = Counting(sender.store)
    carry(desk, sender.county, "yanjiao", store)
    assert store.puts == (1 if moment == "half stored" else 2)
    (head,) = desk.waiting(10)
    sent = sender.county.opened(head.value)
    receiver.got(sent)
    assert shown(receiver.side, sent) == large


def test_a_download_that_was_cut_off_goes_on_at_the_missing_part(
    sender: Sender, receiver: Receiver
) -> None:
    large = {"录像.mp4": os.urandom(2 * PART_BYTES + 1)}
    sent = sender.sent(large)
    desk = receiver.desk()
    desk.take_in([receiver.county.copy(sent, 0, to=THEM)])
    with pytest.raises(Unavailable):
        carry(desk, receiver.county, "liuzhi-cgj", Failing(receiver.store, 2))
    desk = receiver.desk()
    store = Counting(receiver.store)
    carry(desk, receiver.county, "liuzhi-cgj", store)
    assert store.gets == 1
    assert shown(receiver.side, sent) == large


def test_a_file_that_was_fetched_before_a_crash_is_not_fetched_again(
    sender: Sender, receiver: Receiver
) -> None:
    sent = sender.sent(FILES)
    desk = receiver.desk()
    desk.take_in([receiver.county.copy(sent, 0, to=THEM)])
    carrier = Carrier(receiver.county.agency("liuzhi-cgj"), receiver.store, desk.files.landing)
    for job in desk.files.to_carry():
        assert not isinstance(job, Upload)
        carrier.download(job)
    store = Counting(receiver.store)
    carry(receiver.desk(), receiver.county, "liuzhi-cgj", store)
    assert store.gets == 0
    assert shown(receiver.side, sent) == FILES


def test_of_a_file_that_the_system_has_copied_nothing_stays_where_it_landed(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = sender.sent(FILES)
    desk = receiver.desk()
    desk.take_in([receiver.county.copy(sent, 0, to=THEM)])
    monkeypatch.setattr(desk._system, "attach", lambda _: None)
    found = carry(desk, receiver.county, "liuzhi-cgj", receiver.store)
    assert [isinstance(path, Path) and path.exists() for path in found] == [False, False]
    assert len(delivered(receiver)) == 1


class Failing:
    """A store that is away after so many parts."""

    def __init__(self, store: object, parts: int) -> None:
        self._store, self._left = store, parts

    def __getattr__(self, name: str) -> Any:
        def call(*args: object) -> object:
            if name in {"put", "get"}:
                self._left -= 1
                if self._left < 0:
                    raise Unavailable("attachment.store_unavailable")
            return getattr(self._store, name)(*args)

        return call


class Counting:
    """A store that counts what is carried."""

    def __init__(self, store: object) -> None:
        self._store, self.puts, self.gets = store, 0, 0

    def __getattr__(self, name: str) -> Any:
        def call(*args: object) -> object:
            self.puts += name == "put"
            self.gets += name == "get"
            return getattr(self._store, name)(*args)

        return call


def harmed(sent: Message, tmp_path: Path) -> list[Path]:
    """Return the stored parts of a message's only file."""
    (attachment,) = sent.envelope.attachments or ()
    blob = str(attachment.blob)
    parts = sorted((tmp_path / "store" / US / blob[:2] / blob).iterdir())
    assert len(parts) == parts_of(sealed_bytes(attachment.size_bytes or 0))
    return parts


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lambda parts: [part.unlink() for part in parts], "attachment.missing"),
        (lambda parts: parts[-1].unlink(), "attachment.truncated"),
        (lambda parts: os.truncate(parts[-1], 3), "attachment.truncated"),
        (lambda parts: os.truncate(parts[0], PART_BYTES + 9), "attachment.too_large"),
        (lambda parts: (parts[0].parent / "000002").write_bytes(b"x"), "attachment.too_large"),
        (lambda parts: parts[0].write_bytes(bytes(PART_BYTES)), "attachment.swapped"),
    ],
)
def test_what_the_store_gives_back_otherwise_is_refused_and_never_shown(
    sender: Sender,
    receiver: Receiver,
    tmp_path: Path,
    harm: Callable[[list[Path]], object],
    code: str,
) -> None:
    data = os.urandom(PART_BYTES + 100)
    sent = sender.sent({"证据.bin": data})
    parts = harmed(sent, tmp_path)
    kept = [part.read_bytes() for part in parts]
    harm(parts)
    assert receiver.got(sent) == [Refusal(code)]
    (told,) = shown(receiver.side, sent).values()
    assert json.loads(told)["code"] == code
    assert delivered(receiver) == []
    assert receiver.desks[-1].files.unfit() == 1
    for part in parts[0].parent.iterdir() if parts[0].parent.exists() else ():
        part.unlink()
    parts[0].parent.mkdir(exist_ok=True)
    for part, content in zip(parts, kept, strict=True):  # the operator restores the store
        part.write_bytes(content)
    desk = receiver.desk()
    carry(desk, receiver.county, "liuzhi-cgj", receiver.store)
    assert shown(receiver.side, sent) == {"证据.bin": data}
    assert len(delivered(receiver)) == 1


def test_a_copy_without_a_key_for_us_says_so_beside_the_document(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = sender.sent({"证据.bin": b"x"})
    monkeypatch.setattr(County, "keys", lambda *_: ())
    assert receiver.got(sent) == [Refusal("attachment.key_missing")]
    assert receiver.side.arrived() == [sent.envelope.message_id]


def test_a_document_that_fills_a_claim_itself_is_refused(sender: Sender) -> None:
    listed = {"name": "x", "sha256": "0" * 64, "blob": "0" * 64, "key": "k"}
    envelope = json.loads(document("lead_transfer"))["envelope"]
    content = document("lead_transfer", envelope={**envelope, "attachments": [listed]})
    sender.put("a", {"y": b"y"}, content)
    desk = sender.desk()
    taken(desk)
    assert sender.side.state("a") == "attachment.claim_given"
    assert desk.files.to_carry() == ()
    refused = sender.root / "refused" / "a.lead_transfer.files" / "y"
    assert refused.read_bytes() == b"y"
    assert list((desk._agency.folder / "staged").iterdir()) == []


@pytest.mark.parametrize("name", ["name", "blob", "key"])
def test_what_is_withheld_from_us_is_not_waited_for(
    sender: Sender, receiver: Receiver, name: str
) -> None:
    sent = sender.sent({"证据.bin": b"x"})
    (seen,) = sent.envelope.attachments or ()
    shown = (replace(seen, **{name: None}),)
    copy = replace(sent, envelope=replace(sent.envelope, attachments=shown))
    assert receiver.got(copy) == []
    assert len(delivered(receiver)) == 1


def test_while_too_much_is_staged_nothing_more_is_taken(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_desk, "STAGED_BYTES_MAX", 1)
    sender.put("a", FILES)
    desk = sender.desk()
    taken(desk)
    sender.put("b", FILES, document("lead_transfer", 13))
    taken(desk)
    assert [sender.side.state(name) for name in "ab"] == ["taken", "new"]
    carry(desk, sender.county, "yanjiao", sender.store)
    taken(desk)
    assert sender.side.state("b") == "taken"


def test_what_is_given_out_at_once_is_bounded_by_its_files_too(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "FILES_BYTES_MAX", 1)
    for number, name in enumerate("abc"):
        sender.put(name, FILES, document("lead_transfer", number + 20))
    system = sender.side.system()
    system.open()
    system.collect(10)
    found = [len(system.collect(10)) for _ in range(4)]
    system.close()
    assert found == [1, 1, 1, 0]
