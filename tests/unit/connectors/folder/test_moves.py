"""connectors/folder/moves.py: a letter has its own files, and nobody else's."""

from pathlib import Path

import pytest

from connectors.bus.desk import Desk
from connectors.bus.system import Mark, Source, State
from connectors.folder.moves import Moves
from connectors.folder.outbox import Outbox
from tests.agency_home import document
from tests.attached import RECORD, Sender, taken
from tests.letters_through import (
    FILES,
    NAME,
    NOTICE,
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


def spooled(sender: Sender, desk: Desk) -> list[str]:
    """Return the digest of the file of each sealed message."""
    values = [value for (value,) in desk._ledger.db.execute("SELECT value FROM spool")]
    envelopes = [sender.county.opened(value).envelope for value in values]
    return [str(each.sha256) for envelope in envelopes for each in envelope.attachments or ()]


# --------------------------------------------------------------------------- a name that is taken


def test_what_is_refused_and_mended_again_and_again_has_its_own_files_each_time(
    sender: Sender,
) -> None:
    desk = sender.desk()
    for file in (RAR, RAR + b" again", b"a good picture"):
        sender.put("a", {"x.bin": file})
        taken(desk)
    content = document(RECORD)
    kept = sorted((sender.root / "refused").glob("*.files/x.bin"))
    assert sorted(path.read_bytes() for path in kept) == [RAR, RAR + b" again"]
    assert all((path.parent.with_suffix(".json")).read_text() == content for path in kept)
    assert pairs(sender.root / "work") == {content: b"a good picture"}
    assert len(spooled(sender, desk)) == 1


@pytest.mark.parametrize("cleared", ["documents", "files"])
def test_a_letter_has_its_own_files_when_sent_was_half_cleared(
    outbox: Outbox, cleared: str
) -> None:
    for number in range(3):
        put(outbox, str(number), b"file of %d" % number)
        source = only(given(outbox))
        assert file_of(source) == b"file of %d" % number
        marked(outbox, source, State.PUBLISHED)
        assert list(outbox.work.iterdir()) == []
        for path in (outbox.sent / NAME, outbox.sent / FILES / "x.bin"):
            if (path.suffix == ".json") == (cleared == "documents"):
                path.unlink(missing_ok=True)


@pytest.mark.parametrize("without", [0, 2])
def test_the_same_document_with_other_files_hides_none_of_them(
    outbox: Outbox, without: int
) -> None:
    files: list[bytes | None] = [b"one", b"two", b"three"]
    files.insert(without, None)
    for file in files:
        put(outbox, "{}", file)
        marked(outbox, only(given(outbox)), State.PUBLISHED)
    kept = {path.read_bytes() for path in outbox.sent.glob("*.files/x.bin")}
    assert kept == {b"one", b"two", b"three"}
    assert len(list(outbox.sent.glob("*.json"))) == 4 + 4  # each with its notice
    assert list(outbox.work.iterdir()) == []


def test_the_same_letter_may_be_put_more_often_than_names_are_tried(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.folder.moves.NAMES_TRIED_MAX", 2)
    for _ in range(6):
        put(outbox, "{}", b"one")
        marked(outbox, only(given(outbox)), State.PUBLISHED, ONE)
    assert len(list(outbox.sent.glob("*.files"))) == 6


def test_what_the_bus_refuses_is_found_by_its_message_among_those_of_one_content(
    outbox: Outbox,
) -> None:
    put(outbox, "{}", b"one")
    marked(outbox, only(given(outbox)), State.PUBLISHED)
    put(outbox, "{}", b"two")
    second = only(given(outbox))
    for state in (State.PUBLISHED, State.REJECTED):
        marked(outbox, second, state, ONE)
    assert (pairs(outbox.sent), pairs(outbox.refused)) == ({"{}": b"one"}, {"{}": b"two"})


# --------------------------------------------------------------------------------- files alone


def test_files_that_lost_their_document_are_put_away_and_never_sent(tmp_path: Path) -> None:
    (tmp_path / "work" / FILES).mkdir(parents=True)
    (tmp_path / "work" / FILES / "x.bin").write_bytes(b"old")
    outbox = opened(tmp_path)
    put(outbox, "new")
    assert file_of(only(given(outbox))) is None
    assert pairs(outbox.refused) == {FILES: b"old"}


def test_a_document_taken_away_out_of_work_leaves_no_files_for_the_next(outbox: Outbox) -> None:
    put(outbox, "1", b"first")
    first = only(given(outbox))
    (outbox.work / NAME).unlink()
    put(outbox, "2")
    second = only(given(outbox))
    assert (second.raw, file_of(second)) == (b"2", None)
    marked(outbox, first, State.PUBLISHED)
    assert pairs(outbox.refused) == {FILES: b"first"}
    assert pairs(outbox.work) == {"2": None}


@pytest.mark.parametrize("restarted", [False, True])
def test_files_that_wait_in_the_outbox_for_the_next_letter_are_not_for_the_one_before(
    outbox: Outbox, tmp_path: Path, *, restarted: bool
) -> None:
    put(outbox, "1")
    first = only(given(outbox))
    (outbox.outbox / FILES).mkdir()
    (outbox.outbox / FILES / "x.bin").write_bytes(b"of the next")
    if restarted:
        outbox = opened(tmp_path)
        assert only(given(outbox, 1)) == first
    marked(outbox, first, State.PUBLISHED)
    put(outbox, "2")
    assert file_of(only(given(outbox))) == b"of the next"


def test_a_receipt_of_an_earlier_letter_takes_no_files_of_one_in_work(outbox: Outbox) -> None:
    put(outbox, "1")
    first = only(given(outbox))
    marked(outbox, first, State.PUBLISHED, ONE)
    put(outbox, "2", b"second")
    second = only(given(outbox))
    marked(outbox, first, State.ACCEPTED, ONE)
    assert pairs(outbox.work) == {"2": b"second"}
    assert file_of(second) == b"second"


@pytest.mark.parametrize("spelt", ["json", "JSON"])
def test_a_bystander_of_the_same_stem_takes_no_files_along(outbox: Outbox, spelt: str) -> None:
    for name in ("docx", "0", "zip"):
        (outbox.outbox / f"a.{RECORD}.{name}").write_text(name)
    path = put(outbox, "{}", b"evidence").rename(outbox.outbox / f".a.{spelt}")
    given(outbox)
    path.rename(outbox.outbox / f"a.{RECORD}.{spelt}")
    found = [thing for _ in range(3) for thing in outbox.collect(10)]
    source = only([thing for thing in found if isinstance(thing, Source)])
    assert file_of(source) == b"evidence"
    for thing in found:
        outbox.mark([Mark(thing.place, thing.digest, State.REJECTED, notice=NOTICE)])
    assert (outbox.refused / FILES / "x.bin").read_bytes() == b"evidence"
    assert len(list(outbox.refused.iterdir())) == 3  # a file, its files, its reason


# ---------------------------------------------------------------------- what is still written


def test_what_is_put_back_has_its_files_with_it(outbox: Outbox) -> None:
    whole = only(grown(outbox, lambda: None))
    assert (whole.raw, file_of(whole)) == (b"12", b"its own")


@pytest.mark.parametrize("document", ["another", None])
def test_what_is_put_back_gets_no_files_of_one_that_came_since(
    outbox: Outbox, document: str | None
) -> None:
    def since() -> None:
        put(outbox, document or "", b"of the other")
        if document is None:
            (outbox.outbox / NAME).unlink()

    whole = only(grown(outbox, since))
    assert (whole.raw, file_of(whole)) == (b"12", b"its own")
    marked(outbox, whole, State.PUBLISHED)
    if document is None:
        (outbox.outbox / NAME).write_text("another")
    other = only(given(outbox))
    assert (other.raw, file_of(other)) == (b"another", b"of the other")


def test_files_that_the_agency_made_meanwhile_are_hidden_by_none_of_ours(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(outbox, "{}", b"its own")
    source = only(given(outbox))
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.name == NAME:
            (outbox.sent / FILES).mkdir()
            (outbox.sent / FILES / "x.bin").write_bytes(b"foreign")
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        marked(outbox, source, State.PUBLISHED)
    assert pairs(outbox.refused) == {FILES: b"its own"}
    assert list(outbox.work.iterdir()) == []


def test_files_go_back_where_the_agency_takes_its_document_back_meanwhile(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(outbox, "{}", b"its own")
    assert outbox.collect(10) == ()
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.name == NAME:
            path.unlink()
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        assert outbox.collect(10) == ()
    assert pairs(outbox.outbox) == {FILES: b"its own"}
    assert list(outbox.work.iterdir()) == []


def test_files_that_come_back_to_newer_ones_go_to_refused(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    for folder, content in ((outbox.work / f".{FILES}", b"old"), (outbox.outbox / FILES, b"new")):
        folder.mkdir()
        (folder / "x.bin").write_bytes(content)
    outbox = opened(tmp_path)
    assert pairs(outbox.refused) == {FILES: b"old"}
    assert pairs(outbox.outbox) == {FILES: b"new"}


@pytest.mark.parametrize("read", [True, False])
def test_files_of_a_document_that_the_agency_took_out_of_work_go_to_refused(
    outbox: Outbox, tmp_path: Path, *, read: bool
) -> None:
    put(outbox, "{}", b"its own")
    source = only(given(outbox))
    if read:
        (outbox.work / NAME).unlink()
        marked(outbox, source, State.PUBLISHED, ONE)
    else:
        outbox = opened(tmp_path)
        (outbox.work / NAME).unlink()
        assert outbox.collect(10) == ()
    assert pairs(outbox.refused) == {FILES: b"its own"}
    assert list(outbox.work.iterdir()) == []


def test_a_repeated_mark_takes_no_files_of_another_out_of_sent(
    outbox: Outbox, tmp_path: Path
) -> None:
    put(outbox, "2")
    second = only(given(outbox))
    marked(outbox, second, State.REJECTED, ONE)
    put(outbox, "1", b"first")
    marked(outbox, only(given(outbox)), State.PUBLISHED)
    outbox = opened(tmp_path)
    marked(outbox, second, State.REJECTED, ONE)
    assert pairs(outbox.sent) == {"1": b"first"}
    outbox.collect(10)
    outbox.collect(10)
    (outbox.sent / NAME).unlink()  # the agency archives its documents
    marked(outbox, second, State.REJECTED, ONE)
    assert pairs(outbox.sent) == {FILES: b"first"}
    assert pairs(outbox.refused) == {"2": None}


def test_a_name_in_capitals_is_the_same_name(outbox: Outbox) -> None:
    put(outbox, "1").rename(outbox.outbox / f"a.{RECORD}.JSON")
    first = only(given(outbox))
    put(outbox, "2", b"second")
    assert given(outbox, 3) == []
    marked(outbox, first, State.PUBLISHED)
    marked(outbox, only(given(outbox)), State.PUBLISHED)
    assert pairs(outbox.sent) == {"2": b"second"}
    assert not (outbox.sent / FILES).exists()


def test_a_letter_that_has_its_files_is_given_no_stray_ones(tmp_path: Path) -> None:
    """Those of one that was refused before it was sealed stay its own."""
    sent, work, refused = (tmp_path / name for name in ("sent", "work", "refused"))
    for folder in (sent, work, refused):
        (folder / f"{ONE}.files").mkdir(parents=True)
        (folder / f"{ONE}.json").write_text(folder.name, encoding="utf-8")
    (work / f"{ONE}.json").unlink()  # a crash came before its files had followed
    (refused / f"{ONE}.files").rmdir()
    moves = Moves(tmp_path / "outbox", work, sent, refused)
    moves.open()
    moves.leave_again([f"{ONE}.json"], sent / f"{ONE}.json")
    moves.clear()
    assert list(work.iterdir()) == []
    assert {path.name for path in refused.iterdir()} == {f"{ONE}.files", f"{ONE}.json"}
