import json
import os
from pathlib import Path

import pytest

from connectors.bus.system import Mark, Source, State, Unfit
from connectors.folder.app import Folder
from connectors.folder.outbox import Outbox
from schemas.errors import UserError
from schemas.ids import MessageId
from schemas.json_text import DOCUMENT_MAX_BYTES
from tests.agency_sides import GATE

ONE = MessageId("11111111-3f1e-5a4b-9c55-2b6d4d9e5a11")
TWO = MessageId("22222222-3f1e-5a4b-9c55-2b6d4d9e5a11")
NOTICE = {"code": "message.invalid_json"}


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    folder = Folder(tmp_path / "exchange", {}, tmp_path / "arrivals.sqlite", GATE)
    folder.open()
    folder.close()
    found = Outbox(tmp_path / "exchange", {}, GATE)
    found.open()
    return found


def put(outbox: Outbox, name: str, content: str = "{}") -> Path:
    path = outbox.outbox / name
    path.write_text(content, encoding="utf-8")
    return path


def collected(outbox: Outbox, looks: int = 2, sources_max: int = 10) -> list[Source | Unfit]:
    return [thing for _ in range(looks) for thing in outbox.collect(sources_max)]


def only(things: list[Source | Unfit]) -> Source:
    (thing,) = things
    assert isinstance(thing, Source)
    return thing


def sent(source: Source, message_id: MessageId, state: State = State.PUBLISHED) -> Mark:
    return Mark(source.place, source.digest, state, message_id, notice=NOTICE)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_taken_when_it_stood_still(outbox: Outbox) -> None:
    put(outbox, "a.lead_transfer.json")
    assert outbox.collect(10) == ()
    source = only(collected(outbox, 1))
    assert (source.place, source.record, source.raw) == (
        "a.lead_transfer.json",
        "lead_transfer",
        b"{}",
    )
    assert names(outbox.outbox) == []
    assert names(outbox.work) == ["a.lead_transfer.json"]


def test_a_file_that_grows_is_left_until_it_stands_still(outbox: Outbox) -> None:
    path = put(outbox, "a.json", "{")
    for _ in range(3):
        assert outbox.collect(10) == ()
        with path.open("a") as file:
            file.write(" ")
    assert outbox.collect(10) == ()
    path.write_text("{}")
    assert only(collected(outbox)).raw == b"{}"


def test_a_file_that_changes_between_the_look_and_the_taking_is_left(outbox: Outbox) -> None:
    for name in ("a.json", "b.json"):
        put(outbox, name)
    assert collected(outbox, 2, 1)
    put(outbox, "b.json", '{"changed": true}')
    assert outbox.collect(1) == ()
    assert only(collected(outbox, 2)).raw == b'{"changed": true}'


@pytest.mark.parametrize("name", [".a.json", "a.json.part", "a.json.tmp", "a.json~"])
def test_an_unfinished_file_is_never_taken(outbox: Outbox, name: str) -> None:
    put(outbox, name)
    assert collected(outbox, 4) == []
    assert names(outbox.outbox) == [name]


def test_files_are_taken_by_name_and_no_more_than_asked(outbox: Outbox) -> None:
    for number in (3, 1, 2, 5, 4):
        put(outbox, f"{number}.json")
    outbox.collect(2)
    taken = [[thing.place for thing in outbox.collect(2)] for _ in range(3)]
    assert taken == [["1.json", "2.json"], ["3.json", "4.json"], ["5.json"]]


def make_symlink(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def make_folder(path: Path) -> None:
    path.mkdir()
    (path / "inside.json").write_text("{}")


@pytest.mark.parametrize("make", [make_symlink, make_folder, os.mkfifo])
def test_what_is_no_file_is_refused_and_never_opened(outbox: Outbox, make: object) -> None:
    assert callable(make)
    make(outbox.outbox / "a.json")
    put(outbox, "b.json")
    bad, good = collected(outbox)
    assert isinstance(bad, Unfit)
    assert isinstance(good, Source)
    assert bad.refusal.code == "file.not_regular"
    outbox.mark([Mark(bad.place, bad.digest, State.REJECTED, notice=NOTICE)])
    assert names(outbox.refused) == ["a.json", "a.json.reason.json"]


def test_a_file_that_is_too_large_is_refused_without_being_read(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with put(outbox, "a.json").open("wb") as file:
        file.truncate(DOCUMENT_MAX_BYTES + 1)

    def never(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr("connectors.folder.outbox.read_bounded", never)
    (bad,) = collected(outbox)
    assert isinstance(bad, Unfit)
    assert bad.refusal.code == "message.too_large"


def test_two_refused_folders_of_one_name_both_stay(outbox: Outbox) -> None:
    for _ in range(2):
        make_folder(outbox.outbox / "a.json")
        (bad,) = collected(outbox)
        outbox.mark([Mark(bad.place, bad.digest, State.REJECTED, notice=NOTICE)])
    files = [name for name in names(outbox.refused) if not name.endswith(".reason.json")]
    assert len(files) == 2
    assert [f"{name}.reason.json" for name in files] == [
        name for name in names(outbox.refused) if name.endswith(".reason.json")
    ]


def test_a_name_that_is_no_text_is_refused_beside_its_reason(outbox: Outbox) -> None:
    raw = os.fsencode(outbox.outbox) + b"/\xff.json"
    Path(os.fsdecode(raw)).write_text("{}")
    (bad,) = collected(outbox)
    assert isinstance(bad, Unfit)
    assert bad.refusal.code == "file.name_invalid"
    outbox.mark([Mark(bad.place, bad.digest, State.REJECTED, notice=NOTICE)])
    assert len(names(outbox.refused)) == 2


def test_a_file_of_the_same_name_waits_until_the_first_has_left(outbox: Outbox) -> None:
    put(outbox, "a.json", '{"n": 1}')
    first = only(collected(outbox))
    put(outbox, "a.json", '{"n": 2}')
    assert collected(outbox, 3) == []
    outbox.mark([sent(first, ONE)])
    second = only(collected(outbox, 2))
    assert second.raw == b'{"n": 2}'


def test_no_file_of_the_agency_is_ever_written_over(outbox: Outbox) -> None:
    sources = []
    for number, message_id in enumerate((ONE, TWO)):
        put(outbox, "a.json", json.dumps({"n": number}))
        source = only(collected(outbox))
        outbox.mark([sent(source, message_id)])
        sources.append(source)
    kept = {path.read_bytes() for path in outbox.sent.glob("a*.json") if "receipt" not in path.name}
    assert kept == {b'{"n": 0}', b'{"n": 1}'}
    outbox.mark([sent(sources[1], TWO, State.REJECTED)])
    assert names(outbox.refused) == ["a.json", "a.json.reason.json"]
    assert (outbox.refused / "a.json").read_bytes() == b'{"n": 1}'
    assert (outbox.sent / "a.json").read_bytes() == b'{"n": 0}'


def test_marks_may_be_repeated(outbox: Outbox) -> None:
    put(outbox, "a.json")
    source = only(collected(outbox))
    for state in (State.PUBLISHED, State.HELD, State.REJECTED):
        for _ in range(2):
            outbox.mark([sent(source, ONE, state)])
    assert names(outbox.refused) == ["a.json", "a.json.reason.json"]
    assert names(outbox.sent) == names(outbox.work) == []


def test_a_file_that_the_agency_took_away_leaves_its_notice(outbox: Outbox) -> None:
    put(outbox, "a.json")
    source = only(collected(outbox))
    outbox.mark([sent(source, ONE)])
    (outbox.sent / "a.json").unlink()
    outbox.mark([sent(source, ONE, State.REJECTED)])
    assert names(outbox.refused) == ["a.json.reason.json"]


def test_what_lay_in_work_is_taken_again_after_a_crash(outbox: Outbox, tmp_path: Path) -> None:
    put(outbox, "a.json")
    first = only(collected(outbox))
    again = Outbox(tmp_path / "exchange", {}, GATE)
    again.open()
    assert only(collected(again, 1)) == first


def test_a_folder_that_cannot_be_made_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = Folder(tmp_path / "file", {}, tmp_path / "arrivals.sqlite", GATE)
    with pytest.raises(UserError, match=r"folder\.unusable"):
        folder.open()
    folder.close()


def test_a_part_on_another_file_system_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path / "exchange", {}, tmp_path / "arrivals.sqlite", GATE)
    real = Path.stat

    def elsewhere(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        values = list(found)
        values[2] += path.name == "inbox"  # st_dev
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", elsewhere)
    with pytest.raises(UserError, match=r"folder\.other_filesystem"):
        folder.open()
    folder.close()


# ----------------------------------------------------------------------- what may not be shared

SECRET = '{"title": "机密"}'


def refused_in_place(outbox: Outbox, looks: int = 3) -> list[str]:
    """Look so often, show each reason, and return the codes."""
    codes = []
    for _ in range(looks):
        for thing in outbox.collect(10):
            assert isinstance(thing, Unfit)
            assert thing.stays
            outbox.mark([Mark(thing.place, "", State.REJECTED, notice=NOTICE, stays=True)])
            codes.append(thing.refusal.code)
    return codes


def again(tmp_path: Path) -> Outbox:
    """Return the outbox as the next process opens it."""
    opened = Outbox(tmp_path / "exchange", {}, GATE)
    opened.open()
    return opened


def test_a_secret_file_keeps_its_name_and_place_and_is_refused_once(
    outbox: Outbox, tmp_path: Path
) -> None:
    put(outbox, "a.copy.json", SECRET)
    put(outbox, "处置预案（绝密）.docx", "x")
    assert refused_in_place(outbox, 6) == ["secrecy.marked", "secrecy.marked"]
    assert refused_in_place(again(tmp_path), 4) == []
    assert names(outbox.outbox) == ["a.copy.json", "处置预案（绝密）.docx"]
    assert names(outbox.work) == names(outbox.sent) == []
    assert names(outbox.refused) == ["a.copy.json.reason.json", "处置预案（绝密）.docx.reason.json"]


def test_a_secret_file_that_was_changed_or_whose_reason_was_removed_is_judged_anew(
    outbox: Outbox,
) -> None:
    put(outbox, "a.copy.json", SECRET)
    assert len(refused_in_place(outbox)) == 1
    (outbox.refused / "a.copy.json.reason.json").unlink()
    assert len(refused_in_place(outbox)) == 1
    put(outbox, "a.copy.json", SECRET + " ")
    assert len(refused_in_place(outbox)) == 1
    put(outbox, "a.copy.json", "{}")
    assert only(collected(outbox)).raw == b"{}"


def test_a_reason_that_says_nothing_of_a_file_is_no_reason_to_pass_it_by(
    outbox: Outbox, tmp_path: Path
) -> None:
    put(outbox, "a.copy.json", SECRET)
    for told in ("", "[]", "{}", '{"file": 1}', '{"file": [1, 2, 3, 4]}'):
        (outbox.refused / "a.copy.json.reason.json").write_text(told)
        assert len(refused_in_place(again(tmp_path))) == 1


def test_the_reason_of_another_file_of_that_name_stays_as_it_is(outbox: Outbox) -> None:
    (outbox.refused / "a.copy.json").write_text("{")
    (outbox.refused / "a.copy.json.reason.json").write_text("{}")
    put(outbox, "a.copy.json", SECRET)
    assert len(refused_in_place(outbox, 6)) == 1
    assert (outbox.refused / "a.copy.json.reason.json").read_text() == "{}"
    assert json.loads((outbox.refused / "a~stays.copy.json.reason.json").read_text())["file"]


def test_a_good_file_beside_a_secret_one_goes_through(outbox: Outbox) -> None:
    put(outbox, "a.copy.json", SECRET)
    put(outbox, "b.copy.json")
    secret, good = collected(outbox)
    assert isinstance(secret, Unfit)
    assert isinstance(good, Source)
    assert (secret.place, good.place) == ("a.copy.json", "b.copy.json")
