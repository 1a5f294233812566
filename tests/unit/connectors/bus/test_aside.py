"""Attachments that the connector's disk has no room for: they wait, and keep nothing else back."""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

import pytest

from connectors.bus import aside, file_desk, later, outgoing
from connectors.bus.aside import Aside, Place, is_full
from connectors.bus.connector import Connector
from connectors.bus.desk import Desk
from connectors.bus.inbox_read import Span
from connectors.bus.quarantine import Record
from connectors.bus.system import Source
from connectors.bus.unanswered import LiesAt
from schemas.errors import Unavailable
from schemas.ids import CaseId
from tests.agency_home import document, lead, written
from tests.attached import Sender, carry, taken

ROOM_BYTES: Final = 1024**2
LARGE: Final = os.urandom(2 * ROOM_BYTES)
SECONDS_MAX: Final = 60.0
Limit = Callable[[int], None]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try what did not fit again with the next turn."""
    monkeypatch.setattr(later, "PAUSE_SECONDS_MAX", 0.0)


def answer(record: str, number: str) -> str:
    """Return a document that answers what bears a number."""
    found = json.loads(document(record))
    found["envelope"]["in_reply_to"] = number
    return json.dumps(found, ensure_ascii=False)


def room_again(desk: Desk, sender: Sender) -> None:
    """Take and store everything, now that there is room."""
    taken(desk)
    carry(desk, sender.county, "yanjiao", sender.store)


def spooled(desk: Desk) -> list[str]:
    """Return the records that wait to be published, in their order."""
    rows = desk._ledger.db.execute(
        "SELECT record FROM spool JOIN sent USING (message_id) ORDER BY ordinal"
    )
    return [record for (record,) in rows]


def test_other_letters_go_on_the_inbox_is_read_and_with_room_it_is_sent(
    sender: Sender, small_disk: Limit
) -> None:
    sender.put("a", {"x.bin": LARGE, "b.txt": b"small"})
    sender.put("b", {"y.txt": b"small"}, document("lead_transfer", 13))
    sender.side.put("c", "lead_transfer", document("lead_transfer", 14))
    small_disk(ROOM_BYTES)
    taken(sender.desk())
    desk = sender.desk()  # the next life stands before the same disk
    taken(desk)
    assert desk.files.aside() == 1
    assert spooled(desk) == ["LeadTransfer"] * 2
    assert sender.side.state("a") == "taken"
    got = lead("theirs")
    assert desk.take_in([sender.county.copy(got, 0)]) == frozenset()
    assert sender.side.arrived() == [got.envelope.message_id]
    staged = desk._agency.folder / "staged"
    assert len(list(staged.iterdir())) == 1  # of b
    small_disk(100 * ROOM_BYTES)
    room_again(desk, sender)
    assert (desk.files.aside(), desk.files._later) == (0, {})
    published = [sender.county.opened(head.value).envelope for head in desk.waiting(10)]
    assert [len(each.attachments or ()) for each in published if each.attachments] == [1, 2]


@pytest.mark.parametrize("others", [False, True], ids=["alone", "while others come"])
def test_what_does_not_fit_is_tried_again_after_a_pause_that_grows(
    sender: Sender, small_disk: Limit, monkeypatch: pytest.MonkeyPatch, *, others: bool
) -> None:
    tried, at = [], [0.0]

    def counted(source: Source, *more: object) -> object:
        tried.append(at[0])
        return outgoing.stage(source, *more)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr(file_desk, "stage", counted)
    monkeypatch.setattr(later, "PAUSE_SECONDS_MAX", 60.0)
    monkeypatch.setattr("connectors.bus.clock.monotonic", lambda: at[0])
    sender.put("a", {"x.bin": LARGE})
    small_disk(ROOM_BYTES)
    desk = sender.desk()
    taken(desk)
    for half_seconds in range(1, 8):
        at[0] = half_seconds / 2
        if others:
            letter = document("lead_transfer", 20 + half_seconds)
            sender.side.put(f"other {half_seconds}", "lead_transfer", letter)
        taken(desk)
    assert tried == [0.0, 0.5, 1.5, 3.5]


def test_in_its_case_nothing_overtakes_it_and_nothing_is_refused_for_not_knowing_it(
    sender: Sender, small_disk: Limit
) -> None:
    theirs = lead("theirs", envelope={"document_number": "城移〔2026〕7号"})
    sender.put("a", {"x.bin": LARGE})
    sender.side.put("b", "withdrawal", answer("withdrawal", "案移〔2026〕12号"))
    sender.side.put("c", "filing_reply", answer("filing_reply", "城移〔2026〕7号"))
    sender.side.put("d", "lead_transfer", document("lead_transfer", 13))
    desk = sender.desk()
    desk.take_in([sender.county.copy(theirs, 0)])
    desk.published(written(desk.waiting(10)))  # Delivered
    small_disk(ROOM_BYTES)
    taken(desk)
    assert [sender.side.state(name) for name in "abcd"] == ["taken"] * 4
    # The reply might belong behind b, whose case is not known yet; the lead opens its own.
    assert spooled(desk) == ["LeadTransfer"]
    small_disk(100 * ROOM_BYTES)
    room_again(desk, sender)
    assert spooled(desk) == ["LeadTransfer", "LeadTransfer", "Withdrawal", "FilingReply"]


def test_a_reply_in_another_case_goes_on(sender: Sender, small_disk: Limit) -> None:
    theirs = lead("theirs", envelope={"document_number": "城移〔2026〕7号"})
    sender.put("a", {"x.bin": LARGE})
    sender.side.put("b", "filing_reply", answer("filing_reply", "城移〔2026〕7号"))
    desk = sender.desk()
    desk.take_in([sender.county.copy(theirs, 0)])
    desk.published(written(desk.waiting(10)))
    small_disk(ROOM_BYTES)
    taken(desk)
    assert spooled(desk) == ["FilingReply"]


def test_what_is_refused_anyway_is_refused_meanwhile(sender: Sender, small_disk: Limit) -> None:
    sender.put("a", {"x.bin": LARGE})
    sender.side.put("b", "lead_transfer", "{not json")
    small_disk(ROOM_BYTES)
    desk = sender.desk()
    taken(desk)
    assert sender.side.state("b") == "message.invalid_json"


def test_what_fits_at_last_is_not_lost_when_the_ledger_cannot_be_written(
    sender: Sender, small_disk: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.put("a", {"x.bin": LARGE})
    small_disk(ROOM_BYTES)
    desk = sender.desk()
    taken(desk)
    small_disk(100 * ROOM_BYTES)

    def full(*_: object) -> bool:
        raise Unavailable("connector.book_unusable")

    with monkeypatch.context() as patch:
        patch.setattr(type(desk._ledger), "put_in_spool", full)
        with pytest.raises(Unavailable):
            desk.take_out()
        assert len(list((desk._agency.folder / "staged").iterdir())) == 1
        desk.files._tidy()  # another file is stored meanwhile
    room_again(desk, sender)
    assert spooled(desk) == ["LeadTransfer"]
    assert len(desk.waiting(10)) == 1


def test_while_many_wait_nothing_more_is_taken(
    sender: Sender, small_disk: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "ASIDE_MAX", 1)
    sender.put("a", {"x.bin": LARGE})
    small_disk(ROOM_BYTES)
    desk = sender.desk()
    taken(desk)
    sender.side.put("b", "lead_transfer", document("lead_transfer", 13))
    taken(desk)
    assert [sender.side.state(name) for name in "ab"] == ["taken", "new"]


def test_what_waits_is_bounded_by_its_documents_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "ASIDE_BYTES_MAX", 3)
    assert not is_full([Source("a", "", None, b"xx")])
    assert is_full([Source("a", "", None, b"xx"), Source("b", "", None, b"x")])


@pytest.mark.parametrize(
    ("waiting", "place", "holds"),
    [
        ([], Place(None, opens=False), False),
        ([Place(CaseId("1"), opens=True)], None, False),
        ([Place(CaseId("1"), opens=True)], Place(CaseId("1"), opens=False), True),
        ([Place(CaseId("1"), opens=True)], Place(CaseId("2"), opens=False), False),
        ([Place(CaseId("1"), opens=True)], Place(None, opens=False), True),
        ([Place(None, opens=False)], Place(CaseId("2"), opens=False), True),
        ([Place(None, opens=False)], Place(CaseId("2"), opens=True), False),
        ([None], Place(CaseId("2"), opens=False), False),
    ],
)
def test_what_may_belong_to_the_case_of_what_waits_waits_behind_it(
    waiting: Sequence[Place | None], place: Place | None, *, holds: bool
) -> None:
    line = Aside()
    for each in waiting:
        line.put(Source("a", "", None, b""), each)
    assert line.holds(place) is holds


class Bus:
    """Takes everything, and gives nothing."""

    async def publish(self, topic: str, key: bytes, value: bytes) -> LiesAt:
        """Take a value."""
        del topic, key, value
        return LiesAt(0, 0)

    async def renew(self) -> None:
        """Nothing is to be begun afresh."""

    def span(self) -> Span:
        """Return that of an inbox in which nothing ever was."""
        return Span(0, 0, None)

    async def fetch(self) -> Sequence[Record]:
        """Return nothing."""
        await asyncio.sleep(0.01)
        return []

    async def commit(self, next_offset: int) -> None:
        """Nothing is kept."""

    def lag(self) -> int:
        """Nothing is behind."""
        return 0

    async def spans(self, places: Any) -> dict[Any, Any]:
        """Nothing is asked about."""
        del places
        return {}

    def silent_seconds(self) -> float:
        """The broker is there."""
        return 0.0


def test_that_something_waits_for_room_is_told_until_it_has_it(
    sender: Sender, small_disk: Limit
) -> None:
    sender.put("a", {"x.bin": LARGE})
    agency = sender.county.agency()
    small_disk(ROOM_BYTES)
    connector = Connector(
        agency.alias, lambda: Desk(agency, sender.side.system()), Bus(), Bus(), 0.01
    )

    async def told(*reasons: str) -> None:
        for _ in count():
            if connector.vitals.ready().reasons == reasons:
                return
            await asyncio.sleep(0.01)

    async def run() -> None:
        task = asyncio.create_task(connector.run())
        async with asyncio.timeout(SECONDS_MAX):
            await told("staging: attachment.staging_failed")
            small_disk(100 * ROOM_BYTES)
            await told()
        connector.stop()
        await task

    asyncio.run(run())
