"""What the Kafka client repeats fills no disk, and is not hidden either."""

import logging

import pytest

from connectors.bus import log_filter
from connectors.bus.log_filter import SAME_SECONDS, OnceAMinute, quieten

GONE = "Topic %s not found in cluster metadata"


class Kept(logging.Handler):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append(record.getMessage())


def said(name: str, *topics: str, by: OnceAMinute) -> list[str]:
    """Return what is logged of these."""
    made = [logging.LogRecord(name, logging.ERROR, "", 1, GONE, (each,), None) for each in topics]
    return [each.getMessage() for each in made if by.filter(each)]


def test_the_same_text_is_logged_once_a_minute_with_how_often_it_was_said() -> None:
    now = 0.0
    by = OnceAMinute(lambda: now)
    assert said("aiokafka.cluster", "a", "a", "b", "a", by=by) == [GONE % "a", GONE % "b"]
    now = SAME_SECONDS
    (line,) = said("aiokafka.cluster", "a", by=by)
    assert line == f"{GONE % 'a'} (and 2 times since the last line)"
    assert said("aiokafka.cluster", "a", by=by) == []


def test_what_others_say_is_logged_each_time() -> None:
    by = OnceAMinute()
    assert said("yichuan.exchange", "a", "a", by=by) == [GONE % "a"] * 2
    assert said("aiokafkaesque", "a", "a", by=by) == [GONE % "a"] * 2


def test_no_more_texts_are_remembered_than_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_filter, "TEXTS_MAX", 2)
    by = OnceAMinute()
    assert len(said("aiokafka", "a", "b", "c", by=by)) == 3
    assert said("aiokafka", "c", by=by) == []
    assert said("aiokafka", "a", by=by) == [GONE % "a"]  # forgotten


def test_the_filter_stands_before_every_handler_whichever_module_of_the_client_speaks() -> None:
    client, kept = logging.getLogger("aiokafka"), Kept()
    client.addHandler(kept)
    try:
        quieten(client)
        for _ in range(3):
            logging.getLogger("aiokafka.producer.sender").error(GONE, "a")
    finally:
        client.removeHandler(kept)
    assert kept.lines == [GONE % "a"]
