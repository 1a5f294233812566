"""Letters that the bus said nothing of: counted over restarts, and handed in again as they are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from connectors.bus import clock
from connectors.bus import desk as desk_module
from connectors.bus.clock import now
from connectors.bus.desk import Desk
from connectors.bus.ledger import Ledger, Outgoing
from connectors.bus.unanswered import KEPT_DAYS, SILENT, LiesAt
from schemas.ids import MessageId
from tests.agency_home import County, accepted, document, lead, rejected, written
from tests.agency_sides import Side

NewDesk = Callable[[], Desk]
MOMENT = timedelta(seconds=1)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """How much later it is; the test turns it."""
    by = [timedelta(0)]

    class Clock:
        monotonic = staticmethod(clock.monotonic)

        @staticmethod
        def now() -> object:
            return clock.now() + by[0]

    monkeypatch.setattr(desk_module, "clock", Clock)
    return by


def opened(new_desk: NewDesk) -> Desk:
    desk = new_desk()
    desk.open()
    return desk


def take(desk: Desk) -> None:
    for _ in range(3):
        desk.take_out()


def sent(desk: Desk) -> list[MessageId]:
    """Publish all that waits; return whose."""
    heads = desk.waiting(100)
    desk.published(written(heads))
    return [head.message_id for head in heads]


def test_a_letter_with_no_word_is_counted_until_one_comes_also_by_the_next_process(
    county: County, side: Side, new_desk: NewDesk
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    desk = opened(new_desk)
    take(desk)
    (head,) = desk.waiting(100)
    assert sent(desk) == [head.message_id]
    at = now()
    assert desk.spool.silent(at + SILENT - MOMENT) == 0
    assert desk.spool.silent(at + SILENT + MOMENT) == 1
    again = opened(new_desk)
    assert again.spool.silent(at + SILENT + MOMENT) == 1
    again.take_in([county.said(accepted(county.opened(head.value)), 0)])
    assert again.spool.silent(at + SILENT + MOMENT) == 0


def test_what_waits_is_not_counted_and_a_receipt_is_no_letter(
    county: County,
) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    at = now()
    ids = [lead(name).envelope.message_id for name in ("one", "a receipt")]
    with ledger.transaction():
        ledger.put_in_spool(Outgoing(lead("one"), b"value", "a.json"), at)
        ledger.put_in_spool(Outgoing(lead("a receipt"), b"value"), at)
        assert ledger.unanswered.silent(at + SILENT) == 0  # it waits, and was not handed over
        ledger.published(dict.fromkeys(ids, LiesAt(0, 7)), at)
    assert ledger.unanswered.silent(at + SILENT) == 1
    assert [ledger.unanswered.is_silent(each, at + SILENT) for each in ids] == [True, False]
    ledger.close()


WRONG: Final = 2 * timedelta(days=KEPT_DAYS)
LONG: Final = timedelta(days=KEPT_DAYS) + MOMENT
ZERO: Final = timedelta(0)


@pytest.mark.parametrize(
    ("clocks", "is_kept"),
    [
        # of each publishing: when it was, and how wrong this host's clock and the broker's were
        ([(ZERO, ZERO, ZERO), (LONG, ZERO, ZERO)], False),
        ([(ZERO, ZERO, ZERO), (LONG - 2 * MOMENT, ZERO, ZERO)], True),
        ([(ZERO, ZERO, ZERO), (MOMENT, WRONG, ZERO)], True),
        ([(ZERO, ZERO, ZERO), (MOMENT, ZERO, WRONG)], True),
        ([(ZERO, -WRONG, ZERO), (MOMENT, ZERO, ZERO)], True),
        ([(ZERO, ZERO, -WRONG), (MOMENT, ZERO, ZERO)], True),
        ([(ZERO, -WRONG, ZERO), (MOMENT, ZERO, ZERO), (LONG + MOMENT, ZERO, ZERO)], False),
        ([(ZERO, ZERO, None), (LONG, ZERO, None)], True),  # writers' stamps: nobody's word
    ],
)
def test_a_letter_is_given_up_by_the_time_that_both_clocks_tell(
    county: County,
    clocks: list[tuple[timedelta, timedelta, timedelta | None]],
    *,
    is_kept: bool,
) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    message_id, began = lead("one").envelope.message_id, now()
    with ledger.transaction():
        ledger.put_in_spool(Outgoing(lead("one"), b"value", "a.json"), began)
        for turn, (later, ours, brokers) in enumerate(clocks):
            if turn:
                ever = datetime.max.replace(tzinfo=UTC)
                assert ledger.unanswered.into_spool({("leads", 0): (8, 9)}, ever) == 1
            at = began + later
            stamp = None if brokers is None else at + brokers
            given_up = ledger.published({message_id: LiesAt(0, 7, stamp)}, at + ours)
            assert given_up == (not is_kept and turn == len(clocks) - 1)
    ledger.close()


def test_what_is_handed_in_again_is_kept_as_long_again(county: County) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    message_id, began = lead("one").envelope.message_id, now()
    with ledger.transaction():
        for at in (began, began + LONG):
            ledger.put_in_spool(Outgoing(lead("one"), b"value", "a.json"), at)
            assert ledger.published({message_id: LiesAt(0, 7, at)}, at) == 0
    ledger.close()


def test_a_letter_that_is_given_up_is_told_of(
    side: Side, desk: Desk, later: list[timedelta], caplog: pytest.LogCaptureFixture
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    for turn in (ZERO, LONG):
        later[0] = turn
        at = now() + turn
        (head,) = desk.waiting(100)
        assert "kept no longer" not in caplog.text
        desk.published({head.message_id: LiesAt(0, 7, at)})
        desk.lost.send_again({("leads", 0): (8, 9)}, at + SILENT)
    assert "kept no longer: 1" in caplog.text
    assert desk.waiting(100) == ()


def test_a_letter_that_an_older_release_published_may_be_handed_in_again(county: County) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    message_id = lead("one").envelope.message_id
    with ledger.transaction():
        ledger.put_in_spool(Outgoing(lead("one"), b"value", "a.json"), now())
        assert not ledger.unanswered.is_silent(message_id, now())
        ledger.published({message_id: LiesAt(0, 7)}, now())
        ledger.unanswered.answered(message_id)  # of it that release noted no more
    assert ledger.unanswered.is_silent(message_id, now())
    ledger.close()


def test_a_letter_that_waits_to_go_out_again_is_not_sealed_a_second_time(county: County) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    message_id, at = lead("one").envelope.message_id, now()
    with ledger.transaction():
        ledger.put_in_spool(Outgoing(lead("one"), b"value", "a.json"), at)
        ledger.published({message_id: LiesAt(0, 7)}, at)
        assert ledger.unanswered.into_spool({("leads", 0): (8, 9)}, at + SILENT) == 1
    assert not ledger.unanswered.is_silent(message_id, at + SILENT)
    ledger.close()


def test_a_dead_letter_s_document_is_sent_again_when_it_is_put_back_as_it_is(
    county: County, side: Side, new_desk: NewDesk, later: list[timedelta]
) -> None:
    desk = opened(new_desk)
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (first,) = sent(desk)
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    assert sent(desk) == []  # the bus may still answer
    later[0] = SILENT + MOMENT
    desk = opened(new_desk)
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = desk.waiting(100)
    assert sent(desk) == [first]
    assert desk.spool.silent(now() + later[0]) == 0
    assert side.state("a") == "sent"
    desk.take_in([county.said(accepted(county.opened(head.value)), 0)])
    assert side.state("a") == "accepted"
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    assert sent(desk) == []


def test_what_was_refused_is_not_sent_again_however_long_ago(
    county: County, side: Side, new_desk: NewDesk, later: list[timedelta]
) -> None:
    desk = opened(new_desk)
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    (head,) = desk.waiting(100)
    sent(desk)
    desk.take_in([county.said(rejected(county.opened(head.value)), 0)])
    later[0] = SILENT + MOMENT
    side.put("a", "lead_transfer", document("lead_transfer"))
    take(desk)
    assert sent(desk) == []
