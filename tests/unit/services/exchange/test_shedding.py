"""Stored files go with what they belong to; what the store does not do now stays on the list."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from connectors.bus.blobs import Directory
from connectors.bus.clock import monotonic
from schemas.errors import Unavailable
from schemas.ids import OrganCode
from schemas.messages import Message
from services.casebook.blobs import Lost, lost_files
from services.casebook.store import Casebook
from services.casebook.tables import BLOBS, OUTBOX
from services.exchange import shedding
from services.exchange.shedding import (
    FAILED_MAX,
    TURN_SECONDS_MAX,
    Deleted,
    Shedder,
    at_once,
    on_a_thread,
)
from tests.files_office import attached, files_office
from tests.history import MONDAY, SENDER, History, message, organ
from tests.office import Log, rows, run, sent

if TYPE_CHECKING:
    from concurrent.futures import Future

OVER = MONDAY.replace(year=MONDAY.year + 30) + timedelta(days=1)


@dataclass
class Away:
    """A store that is away after so many deletions."""

    left: int = 0
    deleted: list[tuple[OrganCode, str]] = field(default_factory=list)

    def delete(self, owner: OrganCode, blob: str) -> None:
        """As a store does."""
        if self.left == 0:
            raise Unavailable("attachment.store_unavailable")
        self.left -= 1
        self.deleted.append((owner, blob))


def blob_of(message: Message) -> str:
    (attachment,) = message.envelope.attachments or ()
    return str(attachment.blob)


def erased_and_kept(casebook: Casebook) -> tuple[str, str]:
    """Let a withdrawn case with a file come to its legal term; another one with a file goes on."""
    log, history = Log(), History()
    lead = history.next("lead_transfer", SENDER)
    old = attached(lead, "old.jpg")
    history.decide(old)
    withdrawal = sent(history, "withdrawal", SENDER)
    number = {"document_number": "案移〔2026〕99号"}
    going_on = attached(message("lead_transfer", SENDER, "two", envelope=number), "new.jpg")
    records = [log.put(each, MONDAY) for each in (old, withdrawal, going_on)]
    run(casebook, records, files_office())
    with casebook.engine.begin() as connection:
        connection.execute(OUTBOX.delete())  # everything reached its inbox
    tick = log.tick(OVER, records[0].position.partition)
    run(casebook, [tick], files_office())
    return blob_of(old), blob_of(going_on)


def stored(tmp_path: Path, *blobs: str) -> Directory:
    store = Directory(tmp_path / "store")
    for blob in blobs:
        for index in range(2):
            store.put(organ(SENDER), blob, index, b"x")
    return store


def test_when_a_case_is_erased_its_files_leave_the_store_and_others_stay(
    casebook: Casebook, tmp_path: Path
) -> None:
    gone, kept = erased_and_kept(casebook)
    store = stored(tmp_path, gone, kept)
    assert Shedder(casebook, store, at_once).at_tick()
    assert store.size(organ(SENDER), gone, 0) is None
    assert store.size(organ(SENDER), gone, 1) is None
    assert store.size(organ(SENDER), kept, 1) == 1
    assert [row.blob for row in rows(casebook, BLOBS)] == [kept]
    assert Shedder(casebook, store, at_once).at_tick()


def test_what_a_store_that_is_away_does_not_delete_is_tried_again(casebook: Casebook) -> None:
    gone, _ = erased_and_kept(casebook)
    assert not Shedder(casebook, Away(), at_once).at_tick()  # type: ignore[arg-type] # deletes only
    back = Away(left=9)
    assert Shedder(casebook, back, at_once).at_tick()  # type: ignore[arg-type] # deletes only
    assert back.deleted == [(organ(SENDER), gone)]


def refused(casebook: Casebook, count: int) -> list[str]:
    """Let so many messages with a file be refused."""
    first = attached(message("lead_transfer", SENDER, "first"), "first.jpg")
    number = first.envelope.document_number
    others = [
        attached(
            message("lead_transfer", SENDER, str(each), envelope={"document_number": number}),
            f"{each}.jpg",
        )
        for each in range(count)
    ]
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in (first, *others)], files_office())
    return sorted(map(blob_of, others))


def test_one_tick_deletes_so_many_and_no_more(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shedding, "FILES_MAX", 2)
    blobs = refused(casebook, 3)
    store = Away(left=9)
    shedder = Shedder(casebook, store, at_once)  # type: ignore[arg-type] # deletes only
    for expected in (2, 3, 3):
        assert shedder.at_tick()
        assert sorted(blob for _, blob in store.deleted) == blobs[:expected]


@dataclass
class Stubborn:
    """A store that does not delete some files, as long as it does not."""

    kept: set[str]
    tried: list[str] = field(default_factory=list)

    def delete(self, _owner: OrganCode, blob: str) -> None:
        """As a store does."""
        self.tried.append(blob)
        if blob in self.kept:
            raise Unavailable("attachment.store_unavailable")


def test_a_file_that_cannot_be_deleted_keeps_none_behind_it(casebook: Casebook) -> None:
    blobs = refused(casebook, 3)
    store = Stubborn({blobs[0]})
    shedder = Shedder(casebook, store, at_once)  # type: ignore[arg-type] # deletes only
    assert not shedder.at_tick()
    assert [row.blob for row in rows(casebook, BLOBS) if row.lost] == blobs[:1]
    assert not shedder.at_tick()
    store.kept.clear()
    assert shedder.at_tick()
    assert not any(row.lost for row in rows(casebook, BLOBS))


def test_files_behind_as_many_as_one_tick_tries_are_reached_and_the_failure_is_told_meanwhile(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shedding, "FILES_MAX", 2)
    blobs = refused(casebook, 6)
    store = Stubborn(set(blobs[:2]))
    shedder = Shedder(casebook, store, at_once)  # type: ignore[arg-type] # deletes only
    for _ in range(4):  # two that stay, two, two, and the end of the list
        assert not shedder.at_tick()
    assert store.tried == blobs
    store.kept.clear()
    assert not shedder.at_tick()  # all through it is not yet
    assert shedder.at_tick()
    assert store.tried == [*blobs, *blobs[:2]]


def test_a_store_that_is_away_is_not_asked_for_every_file_and_another_tick_asks_for_others(
    casebook: Casebook,
) -> None:
    blobs = refused(casebook, 7)
    store = Stubborn(set(blobs))
    shedder = Shedder(casebook, store, at_once)  # type: ignore[arg-type] # deletes only
    for number in (1, 2):
        assert not shedder.at_tick()
        assert store.tried == blobs[: number * FAILED_MAX]


def test_failures_that_are_not_in_a_row_end_no_turn(casebook: Casebook) -> None:
    blobs = refused(casebook, 6)
    store = Stubborn({*blobs[:2], *blobs[3:5]})
    Shedder(casebook, store, at_once).at_tick()  # type: ignore[arg-type] # deletes only
    assert store.tried == blobs


@dataclass
class Hanging:
    """A store that answers when it is let."""

    let: Event = field(default_factory=Event)

    def delete(self, _owner: OrganCode, _blob: str) -> None:
        """As a share does whose server is gone, and comes back."""
        assert self.let.wait(30), "nobody let it"


def test_no_tick_waits_for_a_store_that_hangs_and_it_is_told(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(casebook, 1)
    store = Hanging()
    begun: list[Future[Deleted]] = []

    def beside(work: Callable[[], Deleted]) -> "Future[Deleted]":
        begun.append(on_a_thread(work))
        return begun[-1]

    shedder = Shedder(casebook, store, beside)  # type: ignore[arg-type] # deletes only
    assert shedder.at_tick()  # it may be as quick as ever
    assert shedder.at_tick()
    monkeypatch.setattr(shedding, "monotonic", lambda: monotonic() + TURN_SECONDS_MAX + 1)
    assert not shedder.at_tick()
    assert len(begun) == 1  # no second thread beside one that hangs
    store.let.set()
    begun[0].result(30)
    assert shedder.at_tick()
    assert not any(row.lost for row in rows(casebook, BLOBS))


def test_what_a_store_raises_besides_being_away_comes_out_of_a_tick(casebook: Casebook) -> None:
    def denied() -> Deleted:
        raise PermissionError

    ended = on_a_thread(denied)
    assert isinstance(ended.exception(30), PermissionError)
    refused(casebook, 1)
    shedder = Shedder(casebook, Away(), lambda _: ended)  # type: ignore[arg-type] # deletes only
    with pytest.raises(PermissionError):
        shedder.at_tick()


def test_a_file_that_another_message_still_needs_stays(casebook: Casebook) -> None:
    good = attached(message("lead_transfer", SENDER, "one"))
    (seen,) = good.envelope.attachments or ()
    other = message("lead_transfer", SENDER, "two")
    bad = replace(other, envelope=replace(other.envelope, attachments=(seen,)))
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in (good, bad)], files_office())
    with casebook.engine.connect() as connection:
        assert lost_files(connection, 10) == ()
    with casebook.engine.begin() as connection:
        connection.execute(BLOBS.update().values(lost=True))
        assert lost_files(connection, 10) == (Lost(organ(SENDER), blob_of(good)),)


def test_a_file_of_other_content_under_a_used_id_leaves_the_store(casebook: Casebook) -> None:
    plain = message("lead_transfer", SENDER, "one")
    first, other = attached(plain, "first.jpg"), attached(plain, "other.jpg")
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in (first, other)], files_office())
    store = Away(left=9)
    assert Shedder(casebook, store, at_once).at_tick()  # type: ignore[arg-type] # deletes only
    assert store.deleted == [(organ(SENDER), blob_of(other))]


def test_nobody_has_deleted_what_another_organ_stored(casebook: Casebook) -> None:
    """B names A's address in a message of its own: what is deleted is B's own, which is nothing."""
    theirs = attached(message("lead_transfer", SENDER, "one"))
    (seen,) = theirs.envelope.attachments or ()
    other = message("lead_transfer", "mugang", "two")
    stolen = replace(other, envelope=replace(other.envelope, attachments=(seen,)))
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in (theirs, stolen)], files_office())
    store = Away(left=9)
    assert Shedder(casebook, store, at_once).at_tick()  # type: ignore[arg-type] # deletes only
    assert store.deleted == [(organ("mugang"), seen.blob)]
