"""Closing the segments that hold what was deleted: once, for a while, whoever is killed."""

import asyncio
from datetime import datetime, timedelta
from unittest.mock import Mock, call

import pytest

from connectors.bus.layout import CLOSING_SEGMENT_MS, FLOW_SEGMENT_MS
from schemas.errors import Broken, Unavailable, UserError
from services.casebook import secrets
from services.casebook.secrets import Closing
from services.casebook.store import Casebook
from services.casebook.tables import SETTINGS
from services.exchange import closing as module
from services.exchange.closing import CLOSED_WITHIN, PAUSE_SECONDS, Closer
from tests.history import MONDAY
from tests.office import rows

SOON = call("copies", CLOSING_SEGMENT_MS)
AS_BEFORE = call("copies", FLOW_SEGMENT_MS)


def ask(casebook: Casebook, topic: str = "copies") -> None:
    """Note that something was deleted from a flow."""
    with casebook.engine.begin() as transaction:
        secrets.ask_to_close(transaction, topic)


def listed(casebook: Casebook) -> tuple[Closing, ...]:
    """What is on the list."""
    with casebook.engine.connect() as connection:
        return secrets.to_close(connection)


def tick(closer: Closer, at: datetime) -> None:
    """Let a Tick come."""
    asyncio.run(closer.at_tick(at))


def test_segments_are_short_until_what_was_deleted_has_left_the_disk(casebook: Casebook) -> None:
    asked, before = Mock(), rows(casebook, SETTINGS)
    closer = Closer(casebook, asked)
    tick(closer, MONDAY)
    assert asked.mock_calls == []
    ask(casebook)
    for later in (timedelta(), timedelta(seconds=10), CLOSED_WITHIN - timedelta(seconds=1)):
        tick(closer, MONDAY + later)
        assert asked.mock_calls == [SOON]
    for later in (timedelta(), timedelta(seconds=10)):
        tick(closer, MONDAY + CLOSED_WITHIN + later)
        assert asked.mock_calls == [SOON, AS_BEFORE]
    assert (listed(casebook), rows(casebook, SETTINGS)) == ((), before)


def test_another_life_begins_the_time_anew_for_nobody_may_have_written_a_tick(
    casebook: Casebook,
) -> None:
    asked = Mock()
    ask(casebook)
    tick(Closer(casebook, asked), MONDAY)
    again, later = Closer(casebook, asked), MONDAY + timedelta(hours=1, microseconds=1_500)
    for seconds in (0, 10, 20):
        tick(again, later + timedelta(seconds=seconds))
        assert asked.mock_calls == [SOON, SOON]
    tick(again, later + CLOSED_WITHIN)
    assert asked.mock_calls == [SOON, SOON, AS_BEFORE]
    assert listed(casebook) == ()


def test_segments_that_somebody_makes_long_meanwhile_are_made_short_again(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Mock(return_value=1_000.0)
    monkeypatch.setattr(module, "monotonic", clock)
    asked = Mock()
    closer = Closer(casebook, asked)
    ask(casebook)
    for seconds, calls in ((0.0, 1), (PAUSE_SECONDS - 1, 1), (PAUSE_SECONDS, 2), (61.0, 2)):
        clock.return_value = 1_000.0 + seconds
        tick(closer, MONDAY + timedelta(seconds=seconds))
        assert asked.mock_calls == [SOON] * calls


def test_a_broker_that_is_away_is_asked_once_whatever_the_number_of_topics(
    casebook: Casebook,
) -> None:
    asked = Mock(side_effect=Unavailable("kafka.unreachable"))
    ask(casebook)
    ask(casebook, "leads")
    tick(Closer(casebook, asked), MONDAY)
    assert asked.call_count == 1


def test_what_is_deleted_meanwhile_begins_the_time_anew(casebook: Casebook) -> None:
    def ask_meanwhile(_topic: str, ms: int) -> None:
        if ms == FLOW_SEGMENT_MS and asked.call_count == 2:
            ask(casebook)  # another worker's, while the segments are made long again

    asked = Mock(side_effect=ask_meanwhile)
    closer = Closer(casebook, asked)
    ask(casebook)
    for later in (timedelta(), CLOSED_WITHIN, CLOSED_WITHIN * 2, CLOSED_WITHIN * 3):
        tick(closer, MONDAY + later)
    assert asked.mock_calls == [SOON, AS_BEFORE, SOON, AS_BEFORE]
    assert listed(casebook) == ()


def test_a_broker_that_does_not_allow_it_is_asked_again_later(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Mock(return_value=1_000.0)
    monkeypatch.setattr(module, "monotonic", clock)
    refused = UserError("kafka.forbidden", where="copies", exit_code=1)
    asked = Mock(side_effect=[refused, None])
    closer = Closer(casebook, asked)
    ask(casebook)
    for seconds, calls in ((0.0, 1), (PAUSE_SECONDS - 1, 1), (PAUSE_SECONDS, 2)):
        clock.return_value = 1_000.0 + seconds
        tick(closer, MONDAY)
        assert asked.call_count == calls
    assert caplog.messages == ["secret.on_disk copies: kafka.forbidden"]
    assert [each.until for each in listed(casebook)] == [MONDAY + CLOSED_WITHIN]


def test_what_is_broken_stops_it(casebook: Casebook) -> None:
    ask(casebook)
    with pytest.raises(Broken, match=r"exchange\.defect"):
        tick(Closer(casebook, Mock(side_effect=Broken("exchange.defect"))), MONDAY)
