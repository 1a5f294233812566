"""What an exchange's log says while all is well."""

import logging

import pytest

from connectors.bus.build import VERSION
from services.casebook.migrate import head
from services.casebook.store import Casebook
from services.exchange.milestones import Milestones, stopped, told_to_stop


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """A log whose handler takes warnings alone, as Faust makes it."""
    caplog.handler.setLevel(logging.WARNING)
    return caplog


def root_of(said: pytest.LogCaptureFixture) -> logging.Logger:
    root = logging.Logger("root of this test")  # noqa: LOG001 - another root than the process's
    root.addHandler(said.handler)
    return root


def test_a_start_says_what_runs_by_which_rulebook_and_where_it_is_asked(
    casebook: Casebook, said: pytest.LogCaptureFixture
) -> None:
    Milestones("exchange-1", root_of(said)).started(casebook, "abc123", 19031)
    (line,) = said.messages
    kind = casebook.engine.dialect.name
    for what in ("exchange-1", VERSION, kind, f"step {head()}", "abc123", "19031"):
        assert what in line


def test_partitions_are_told_when_they_come_and_when_they_go_and_not_between(
    said: pytest.LogCaptureFixture,
) -> None:
    milestones = Milestones("exchange", root_of(said))
    milestones.has([("leads", 3), ("leads", 0), ("transfers", 1)])
    milestones.has([("leads", 0), ("leads", 3), ("transfers", 1)])
    milestones.has([("leads", 0), ("copies", 2)])
    assert said.messages == [
        "exchange: partitions taken: leads/0,3 transfers/1 (3 in all)",
        "exchange: partitions taken: copies/2 (2 in all)",
        "exchange: partitions given back: leads/3 transfers/1 (2 left)",
    ]


def test_the_end_is_told_and_others_still_say_no_more_than_warnings(
    said: pytest.LogCaptureFixture,
) -> None:
    Milestones("exchange", root_of(said))
    told_to_stop()
    stopped()
    assert said.messages == ["told to stop", "stopped"]
    assert not logging.getLogger("aiokafka").isEnabledFor(logging.INFO)
