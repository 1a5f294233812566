"""Stored files go with what they belong to; what the store does not do now stays on the list."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.bus.blobs import Directory
from schemas.errors import Unavailable
from schemas.ids import OrganCode
from schemas.messages import Message
from services.casebook.blobs import Lost, lost_files
from services.casebook.store import Casebook
from services.casebook.tables import BLOBS, OUTBOX
from services.exchange import shedding
from services.exchange.shedding import FAILED_MAX, Shedder
from tests.files_office import attached, files_office
from tests.history import MONDAY, SENDER, History, message, organ
from tests.office import Log, rows, run, sent

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
    assert asyncio.run(Shedder(casebook, store).step())
    assert store.size(organ(SENDER), gone, 0) is None
    assert store.size(organ(SENDER), gone, 1) is None
    assert store.size(organ(SENDER), kept, 1) == 1
    assert [row.blob for row in rows(casebook, BLOBS)] == [kept]
    assert asyncio.run(Shedder(casebook, store).step())


def test_what_a_store_that_is_away_does_not_delete_is_tried_again(casebook: Casebook) -> None:
    gone, _ = erased_and_kept(casebook)
    assert not asyncio.run(Shedder(casebook, Away()).step())  # type: ignore[arg-type] # deletes only
    back = Away(left=9)
    assert asyncio.run(Shedder(casebook, back).step())  # type: ignore[arg-type] # deletes only
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
    shedder = Shedder(casebook, store)  # type: ignore[arg-type] # deletes only
    for expected in (2, 3, 3):
        assert asyncio.run(shedder.step())
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
    shedder = Shedder(casebook, store)  # type: ignore[arg-type] # deletes only
    assert not asyncio.run(shedder.step())
    assert [row.blob for row in rows(casebook, BLOBS) if row.lost] == blobs[:1]
    assert not asyncio.run(shedder.step())
    store.kept.clear()
    assert asyncio.run(shedder.step())
    assert not any(row.lost for row in rows(casebook, BLOBS))


def test_files_behind_as_many_as_one_tick_tries_are_reached_and_the_failure_is_told_meanwhile(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shedding, "FILES_MAX", 2)
    blobs = refused(casebook, 6)
    store = Stubborn(set(blobs[:2]))
    shedder = Shedder(casebook, store)  # type: ignore[arg-type] # deletes only
    for _ in range(4):  # two that stay, two, two, and the end of the list
        assert not asyncio.run(shedder.step())
    assert store.tried == blobs
    store.kept.clear()
    assert not asyncio.run(shedder.step())  # all through it is not yet
    assert asyncio.run(shedder.step())
    assert store.tried == [*blobs, *blobs[:2]]


def test_a_store_that_is_away_is_not_asked_for_every_file_and_another_tick_asks_for_others(
    casebook: Casebook,
) -> None:
    blobs = refused(casebook, 7)
    store = Stubborn(set(blobs))
    shedder = Shedder(casebook, store)  # type: ignore[arg-type] # deletes only
    for number in (1, 2):
        assert not asyncio.run(shedder.step())
        assert store.tried == blobs[: number * FAILED_MAX]


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


def test_nobody_has_deleted_what_another_organ_stored(casebook: Casebook) -> None:
    """B names A's address in a message of its own: what is deleted is B's own, which is nothing."""
    theirs = attached(message("lead_transfer", SENDER, "one"))
    (seen,) = theirs.envelope.attachments or ()
    other = message("lead_transfer", "mugang", "two")
    stolen = replace(other, envelope=replace(other.envelope, attachments=(seen,)))
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in (theirs, stolen)], files_office())
    store = Away(left=9)
    assert asyncio.run(Shedder(casebook, store).step())  # type: ignore[arg-type] # deletes only
    assert store.deleted == [(organ("mugang"), seen.blob)]
