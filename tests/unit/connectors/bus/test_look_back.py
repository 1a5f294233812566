"""What the log loses before the bus has answered: it goes out again, and nothing else does."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import TopicPartition

from connectors.bus import clock, look_back, metrics, unanswered
from connectors.bus.allowance import Allowance
from connectors.bus.broker import KafkaInbox
from connectors.bus.clock import now
from connectors.bus.desk import Desk
from connectors.bus.ledger import Ledger, Outgoing
from connectors.bus.look_back import LookBack
from connectors.bus.spool import Spool, Spooled
from connectors.bus.unanswered import AGE_SECONDS_MIN, KEPT_DAYS, LiesAt, Place, Spans
from schemas.errors import Unavailable
from tests.agency_home import (
    AT,
    County,
    accepted,
    document,
    held,
    lead,
    rejected,
    reply_to,
    written,
)
from tests.agency_sides import Side

LEADS: Final = ("leads", 0)
OFFSET: Final = 7  # where the broker wrote it
GONE: Final[Spans] = {LEADS: (OFFSET + 1, OFFSET + 5)}
THERE: Final[Spans] = {LEADS: (OFFSET, OFFSET + 1)}
MADE_ANEW: Final[Spans] = {LEADS: (0, OFFSET)}  # a log that is shorter than it was


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what puts the clock forward, of who looks back."""

    def put_forward(seconds: float) -> None:
        at = now() + timedelta(seconds=seconds)
        monkeypatch.setattr(look_back, "now", lambda: at)

    return put_forward


def looking_at() -> datetime:
    """Return what the clock says to who looks back."""
    clock: Callable[[], datetime] = vars(look_back)["now"]
    return clock()


def published(desk: Desk, side: Side, name: str = "a", number: int = 12) -> Spooled:
    """Hand a lead over and let the broker have it."""
    side.put(name, "lead_transfer", document("lead_transfer", number))
    for _ in range(3):
        desk.take_out()
    (head,) = desk.waiting(100)
    desk.published(written([head], OFFSET))
    return head


@pytest.mark.parametrize("spans", [GONE, MADE_ANEW])
def test_a_letter_that_the_log_lost_unanswered_goes_out_again_as_the_same_bytes(
    side: Side, desk: Desk, later: Callable[[float], None], spans: Spans
) -> None:
    head = published(desk, side)
    later(AGE_SECONDS_MIN + 1)
    assert desk.waiting(100) == ()
    assert desk.lost.places() == (LEADS,)
    assert desk.lost.send_again(spans, looking_at()) == 1
    assert desk.waiting(100) == (head,)
    assert side.state("a") == "sent"
    assert desk.lost.places() == ()
    desk.published(written([head], OFFSET + 5))
    later(AGE_SECONDS_MIN + 1)
    assert desk.waiting(100) == ()
    assert desk.lost.send_again({LEADS: (OFFSET + 5, OFFSET + 6)}, looking_at()) == 0
    assert desk.lost.send_again({LEADS: (OFFSET + 6, OFFSET + 6)}, looking_at()) == 1


def test_what_is_still_in_the_log_or_of_another_partition_waits_for_its_answer(
    side: Side, desk: Desk, later: Callable[[float], None]
) -> None:
    published(desk, side)
    later(AGE_SECONDS_MIN + 1)
    assert desk.lost.send_again(THERE, looking_at()) == 0
    assert (
        desk.lost.send_again({("leads", 1): GONE[LEADS], ("copies", 0): GONE[LEADS]}, looking_at())
        == 0
    )
    assert desk.waiting(100) == ()
    assert desk.lost.places() == (LEADS,)


def test_of_a_letter_whose_answer_may_be_on_its_way_nobody_asks(
    side: Side, desk: Desk, later: Callable[[float], None]
) -> None:
    published(desk, side)
    later(AGE_SECONDS_MIN - 30)
    assert desk.lost.places() == ()
    assert desk.lost.send_again(GONE, looking_at()) == 0


@pytest.mark.parametrize("answer", [accepted, held, rejected])
def test_what_the_bus_has_answered_never_goes_out_again(
    county: County, side: Side, desk: Desk, later: Callable[[float], None], answer: Any
) -> None:
    head = published(desk, side)
    desk.take_in([county.said(answer(county.opened(head.value)), 0)])
    later(AGE_SECONDS_MIN + 1)
    assert desk.lost.places() == ()
    assert desk.lost.send_again(GONE, looking_at()) == 0


def test_an_answer_that_comes_while_it_waits_to_go_out_again_takes_it_back(
    county: County, side: Side, desk: Desk, later: Callable[[float], None]
) -> None:
    head = published(desk, side)
    later(AGE_SECONDS_MIN + 1)
    desk.lost.send_again(GONE, looking_at())
    desk.take_in([county.said(accepted(county.opened(head.value)), 0)])
    assert desk.waiting(100) == ()
    assert side.state("a") == "accepted"


def test_what_the_connector_says_itself_is_not_kept_for_nobody_answers_it(
    county: County, desk: Desk, later: Callable[[float], None]
) -> None:
    desk.take_in([county.copy(lead("theirs"), 0)])
    heads = desk.waiting(100)
    assert [county.opened(head.value).envelope.record for head in heads] == ["Delivered"]
    desk.published(written(heads))
    later(AGE_SECONDS_MIN + 1)
    assert desk.lost.places() == ()


def test_lost_letters_of_a_case_go_out_in_their_order_before_what_was_sealed_later(
    county: County,
) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    spool = Spool(ledger, Allowance(100), lambda: True)
    opening = lead("one", sender="yanjiao")
    letters = [opening, *(reply_to(opening, "yanjiao", label) for label in ("two", "three"))]
    ids = [letter.envelope.message_id for letter in letters]
    with ledger.transaction():
        for letter in letters[:2]:
            ledger.put_in_spool(Outgoing(letter, b"value", "a.json"), AT)
    for offset in range(2):
        spool.published(written(spool.heads(10, [], 0.0), offset), 0.0, AT)
    with ledger.transaction():
        ledger.put_in_spool(Outgoing(letters[2], b"value", "b.json"), AT)
        ledger.unanswered.into_spool({LEADS: (2, 2)}, now() + timedelta(seconds=AGE_SECONDS_MIN))
    found: list[str] = []
    while heads := spool.heads(10, [], 0.0):
        found += [head.message_id for head in heads]
        spool.published(written(heads, 2), 0.0, AT)
    assert found == ids


def test_nothing_more_is_taken_while_too_much_is_unanswered(
    side: Side, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(desk, side)
    side.put("b", "lead_transfer", document("lead_transfer", 13))
    for name in ("LETTERS_MAX", "BYTES_MAX"):
        with monkeypatch.context() as patch:
            patch.setattr(unanswered, name, 1)
            assert [desk.take_out() for _ in range(3)] == [0] * 3
            assert side.state("b") in {"new", None}
    assert sum(desk.take_out() for _ in range(3)) == 1


def test_one_look_by_a_clock_that_is_years_ahead_forgets_nothing(
    side: Side, desk: Desk, later: Callable[[float], None]
) -> None:
    head = published(desk, side)
    later(timedelta(days=10 * KEPT_DAYS).total_seconds())
    assert desk.lost.places() == (LEADS,)
    assert desk.lost.send_again(GONE, looking_at()) == 1
    assert desk.waiting(100) == (head,)


def test_what_was_published_by_a_clock_that_was_years_ahead_is_looked_back_for(
    side: Side, desk: Desk, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = now() + timedelta(days=KEPT_DAYS)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: ahead)
        published(desk, side)
    assert desk.lost.places() == ()  # now is when it was published
    assert desk.lost.send_again(GONE, looking_at()) == 0
    later(AGE_SECONDS_MIN + 1)
    assert desk.lost.places() == (LEADS,)
    assert desk.lost.send_again(GONE, looking_at()) == 1


def test_it_survives_a_restart(
    side: Side, new_desk: Callable[[], Desk], later: Callable[[float], None]
) -> None:
    first = new_desk()
    first.open()
    head = published(first, side)
    second = new_desk()
    second.open()
    later(AGE_SECONDS_MIN + 1)
    assert second.lost.send_again(GONE, looking_at()) == 1
    assert second.waiting(100) == (head,)


def test_what_is_published_while_the_broker_is_asked_is_not_lost_however_long_that_takes(
    side: Side, desk: Desk, later: Callable[[float], None]
) -> None:
    asked_at = now()
    head = published(desk, side)  # behind the end that the broker told
    later(2 * AGE_SECONDS_MIN)
    assert desk.lost.send_again({LEADS: (0, OFFSET)}, asked_at) == 0
    assert desk.waiting(100) == ()
    assert desk.lost.send_again({LEADS: (0, OFFSET)}, looking_at()) == 1
    assert desk.waiting(100) == (head,)


def test_the_loop_holds_a_letters_age_against_when_it_began_to_ask(
    side: Side, desk: Desk, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    published(desk, side, "first")
    later(AGE_SECONDS_MIN + 1)
    began = looking_at()

    async def ask(_: Sequence[Place]) -> Spans:
        later(10 * AGE_SECONDS_MIN)
        return MADE_ANEW

    told: list[datetime] = []

    def noted(_: Spans, asked_at: datetime) -> int:
        told.append(asked_at)
        return 0

    monkeypatch.setattr(desk.lost, "send_again", noted)
    thread: Any = Thread()
    asyncio.run(LookBack(desk.lost, ask, thread, lambda *_, **__: None).look())
    assert told == [began]


def test_what_goes_back_and_cannot_be_sealed_anew_does_not_go_out_under_the_old_key(
    side: Side, desk: Desk, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    head = published(desk, side)
    later(AGE_SECONDS_MIN + 1)

    def full(*_: object) -> int:
        raise Unavailable("connector.book_unusable")

    with monkeypatch.context() as patch:
        patch.setattr(look_back, "reseal", full)
        with pytest.raises(Unavailable):
            desk.lost.send_again(GONE, looking_at())
    assert desk.waiting(100) == ()
    assert desk.lost.places() == (LEADS,)
    assert desk.lost.send_again(GONE, looking_at()) == 1
    assert desk.waiting(100) == (head,)


class Asked:
    """A broker that says where its logs begin, or is away."""

    def __init__(self) -> None:
        self.spans: Spans | None = None
        self.places: list[Place] = []

    async def __call__(self, places: Sequence[Place]) -> Spans:
        """Answer."""
        self.places += places
        if self.spans is None:
            raise Unavailable("kafka.unreachable")
        return self.spans


class Thread:
    """Does desk work at once."""

    async def patiently(self, work: Callable[..., Any], *args: Any) -> Any:
        """Do it."""
        return work(*args)


def test_a_look_asks_only_where_something_is_unanswered_and_tells_what_it_sent_again(
    county: County, side: Side, desk: Desk, later: Callable[[float], None]
) -> None:
    asked, failing = Asked(), list[tuple[str, str, bool]]()
    alias = county.agency().alias

    def note(what: str, code: str, *, is_so: bool) -> None:
        failing.append((what, code, is_so))

    thread: Any = Thread()
    look = LookBack(desk.lost, asked, thread, note)

    async def run() -> None:
        resent = metrics.CONNECTOR_RESENT.labels(alias)
        before = resent._value.get()
        assert await look.look() is False
        published(desk, side)
        assert await look.look() is False
        assert asked.places == []
        later(AGE_SECONDS_MIN + 1)
        assert await look.look() is False  # away
        assert failing == [("look_back", "kafka.unreachable", True)]
        asked.spans = THERE
        assert await look.look() is False
        assert failing[1:] == [("look_back", "", False)]
        asked.spans = GONE
        assert await look.look() is True
        assert asked.places == [LEADS] * 3
        assert resent._value.get() == before + 1

    asyncio.run(run())


class Consumer:
    """As aiokafka's."""

    def __init__(self) -> None:
        self.is_away = False

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where they begin."""
        if self.is_away:
            raise KafkaConnectionError
        return dict.fromkeys(places, 3)

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where they end."""
        return dict.fromkeys(places, 9)


def test_the_inbox_s_client_is_asked_for_the_flows_spans(county: County) -> None:
    inbox, consumer = KafkaInbox(county.agency()), Consumer()
    inbox._consumer = consumer

    async def run() -> None:
        assert await inbox.spans([LEADS, ("copies", 2)]) == {LEADS: (3, 9), ("copies", 2): (3, 9)}
        consumer.is_away = True
        with pytest.raises(Unavailable, match=r"kafka\.unreachable"):
            await inbox.spans([LEADS])

    asyncio.run(run())


def test_instants_are_kept_as_instants(county: County) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    letter = lead("one", sender="yanjiao")
    with ledger.transaction():
        ledger.put_in_spool(Outgoing(letter, b"value", "a.json"), AT)
        ledger.published({letter.envelope.message_id: LiesAt(0, OFFSET)}, AT)
    age = timedelta(seconds=AGE_SECONDS_MIN)
    assert ledger.unanswered.places(AT + age - timedelta(seconds=1)) == ()
    at = datetime.fromtimestamp((AT + age).timestamp(), UTC)
    assert ledger.unanswered.places(at) == (LEADS,)
