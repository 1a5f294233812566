"""connectors/folder: whatever lies in an outbox is taken, refused by name or left, and no more."""

import json
import os
from pathlib import Path

import pytest

from connectors.bus.system import Mark, Source, State, Unfit
from connectors.folder import outbox as module
from connectors.folder.app import Folder
from connectors.folder.files import read_bounded
from connectors.folder.outbox import Outbox
from schemas.errors import texts
from schemas.ids import MessageId
from schemas.json_text import Encoding
from tests.agency_sides import GATE

ONE = MessageId("11111111-3f1e-5a4b-9c55-2b6d4d9e5a11")
NOTICE = {"code": "file.name_invalid", "zh": "文件名不符合要求"}
LETTER = '{"reason": "经查，该户外广告牌未经批准设置，涉嫌违反规定。"}'


def opened(root: Path, encoding: Encoding = Encoding.UTF_8) -> Outbox:
    folder = Folder(root / "exchange", {}, root / "arrivals.sqlite", GATE, encoding)
    folder.open()
    folder.close()
    found = Outbox(root / "exchange", {}, GATE, encoding)
    found.open()
    return found


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return opened(tmp_path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def collected(outbox: Outbox, looks: int = 2) -> list[Source | Unfit]:
    return [thing for _ in range(looks) for thing in outbox.collect(10)]


def refused(outbox: Outbox, thing: Source | Unfit) -> None:
    outbox.mark([Mark(thing.place, thing.digest, State.REJECTED, notice=NOTICE)])


NAMES = {
    "a newline": "a\n.json",
    "right to left": "a\u202enosj.json",
    "a line separator": "a\u2028.json",
    "255 bytes": "长" * 83 + "a.json",
    "no text": os.fsdecode(b"\xff\xfe.json"),
    "another kind": "a.xlsx",
    "an escape": "\x1b[2J.json",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_that_nobody_could_show_is_refused_as_often_as_it_comes(
    outbox: Outbox, name: str
) -> None:
    for content in ("1", "2", "3"):
        (outbox.outbox / name).write_text(content)
        (bad,) = collected(outbox)
        assert isinstance(bad, Unfit)
        assert bad.refusal.code == "file.name_invalid"
        refused(outbox, bad)
    assert names(outbox.outbox) == names(outbox.work) == []
    kept = {path.read_text() for path in outbox.refused.iterdir() if "reason" not in path.name}
    assert kept == {"1", "2", "3"}


@pytest.mark.parametrize("name", ["..json", "...json", ".hidden.json", "a.json.TMP", "a.json.part"])
def test_a_name_that_says_unfinished_is_left(outbox: Outbox, name: str) -> None:
    (outbox.outbox / name).write_text("{}")
    assert collected(outbox, 3) == []


def test_a_file_that_may_not_be_read_is_refused_by_name(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outbox.outbox / "a.json").write_text("{}")

    def forbidden(*_: object) -> int:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patch:
        patch.setattr("connectors.folder.files.open_plain", forbidden)
        (bad,) = collected(outbox)
    assert isinstance(bad, Unfit)
    assert bad.refusal.code == "file.unreadable"
    refused(outbox, bad)
    assert names(outbox.refused) == ["a.json", "a.json.reason.json"]


def test_a_link_is_moved_itself_and_what_it_leads_to_stays(outbox: Outbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(LETTER)
    (outbox.outbox / "a.json").symlink_to(secret)
    (bad,) = collected(outbox)
    assert isinstance(bad, Unfit)
    refused(outbox, bad)
    assert (outbox.refused / "a.json").is_symlink()
    assert secret.read_text() == LETTER


def test_a_file_that_grows_after_it_was_taken_is_put_back_until_it_stands_still(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = outbox.outbox / "a.json"
    path.write_text('{"half": ')
    real = read_bounded
    with path.open("a") as writer:

        def read_while_written(read: Path, bytes_max: int) -> bytes | None:
            content = real(read, bytes_max)
            writer.write("1}")
            writer.flush()
            return content

        with monkeypatch.context() as patch:
            patch.setattr(module, "read_bounded", read_while_written)
            assert collected(outbox) == []
    assert names(outbox.work) == []
    (whole,) = collected(outbox)
    assert isinstance(whole, Source)
    assert whole.raw == b'{"half": 1}'


@pytest.mark.parametrize("state", [State.REJECTED, State.PUBLISHED])
def test_a_file_that_goes_on_growing_once_it_was_given_out_is_another_message(
    outbox: Outbox, state: State
) -> None:
    path = outbox.outbox / "a.json"
    path.write_text('{"half": ')
    with path.open("a") as writer:
        (half,) = collected(outbox)
        writer.write("1}")
    outbox.mark([Mark(half.place, half.digest, state, notice=NOTICE)])
    (whole,) = collected(outbox)
    assert isinstance(whole, Source)
    assert whole.raw == b'{"half": 1}'
    outbox.mark([Mark(whole.place, whole.digest, State.PUBLISHED, ONE)])
    assert names(outbox.sent)[0] == "a.json"
    assert names(outbox.outbox) == names(outbox.work) == []


def test_what_is_put_back_hides_no_file_that_came_since(outbox: Outbox) -> None:
    path = outbox.outbox / "a.json"
    path.write_text("1")
    with path.open("a") as writer:
        (half,) = collected(outbox)
        writer.write("2")
    path.write_text("another")
    refused(outbox, half)
    found = {thing.raw for thing in collected(outbox) if isinstance(thing, Source)}
    assert found == {b"12", b"another"}


def test_what_the_agency_took_out_of_work_is_let_go(outbox: Outbox) -> None:
    (outbox.outbox / "a.json").write_text("1")
    (half,) = collected(outbox)
    (outbox.work / "a.json").unlink()
    refused(outbox, half)
    assert names(outbox.refused) == ["a.json.reason.json"]


def test_the_same_name_with_other_content_is_another_message(outbox: Outbox) -> None:
    digests = set()
    for content in ("1", "2"):
        (outbox.outbox / "a.json").write_text(content)
        (thing,) = collected(outbox)
        digests.add(thing.digest)
        outbox.mark([Mark(thing.place, thing.digest, State.PUBLISHED, ONE)])
    assert len(digests) == 2


def test_gbk_is_read_where_the_configuration_says_so(tmp_path: Path) -> None:
    outbox = opened(tmp_path, Encoding.GB18030)
    (outbox.outbox / "a.json").write_bytes(LETTER.encode("gbk"))
    (outbox.outbox / "b.json").write_bytes(LETTER.encode())
    good, bad = collected(outbox)
    assert isinstance(good, Source)
    assert good.raw == LETTER.encode()
    assert isinstance(bad, Unfit)
    assert bad.refusal.code == "message.encoding_ambiguous"
    assert bad.refusal.code in texts()
    refused(outbox, bad)
    assert (outbox.refused / "b.json").read_bytes() == LETTER.encode()
    reason = (outbox.refused / "b.json.reason.json").read_bytes()
    assert json.loads(reason.decode("gb18030")) == NOTICE


def test_a_folder_full_of_files_is_listed_and_read_in_bounds(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LISTED_MAX", 5)
    monkeypatch.setattr(module, "READ_BYTES_MAX", 10)
    for number in range(12):
        (outbox.outbox / f"{number:02d}.json").write_text("x" * 4)
        (outbox.outbox / f"{number:02d}.json.part").write_text("x" * 4)
    taken = [[thing.place for thing in outbox.collect(10)] for _ in range(12)]
    assert max(map(len, taken)) == 3
    assert [name for names in taken for name in names] == [f"{n:02d}.json" for n in range(12)]


def test_ten_thousand_files_at_once_are_each_given_once_by_name(outbox: Outbox) -> None:
    expected = [f"{number:05d}.json" for number in range(10_000)]
    for name in reversed(expected):
        (outbox.outbox / name).touch()
    given: list[str] = []
    for _ in range(52):
        given += [thing.place for thing in outbox.collect(200)]
    assert given == expected
    assert names(outbox.outbox) == []


def test_a_word_of_secrecy_in_gb18030_bars_only_where_it_is_a_mark(tmp_path: Path) -> None:
    outbox = opened(tmp_path, Encoding.GB18030)
    for name, text in (("a", "秘密"), ("b", "此事并非秘密，可以公开。")):
        raw = f'{{"reason": "{text}"}}'.encode("gb18030")
        (tmp_path / "exchange" / "outbox" / f"{name}.lead_transfer.json").write_bytes(raw)
    outbox.collect(10)
    found = {thing.place[0]: thing for thing in outbox.collect(10)}
    assert isinstance(found["a"], Unfit)
    assert found["a"].refusal.code == "secrecy.marked"
    assert isinstance(found["b"], Source)
