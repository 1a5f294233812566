"""What the doctor asks of the flows' logs: whether each is the one that was decided."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

from services.casebook.progress import Place
from services.casebook.rows import Progress
from services.cli import doctor_ask
from services.cli.log_reader import Logged, LogReader
from services.exchange.replaced import last_decided

CLOCK = datetime(2026, 9, 28, 1, tzinfo=UTC)
LATER = CLOCK + timedelta(milliseconds=1)
LEADS, COPIES = ("leads", 0), ("copies", 3)
LAST = 7
RECORD = Logged(LEADS, LAST, CLOCK, None, None, {}, is_stamped=True)
SPANS = {LEADS: (0, LAST + 5)}


class Log:
    """A log with these records."""

    def __init__(self, *records: Logged) -> None:
        self.records = records
        self.asked: Mapping[Place, int] = {}

    def read(
        self, begins: Mapping[Place, int], ends: Mapping[Place, int], _: float
    ) -> Iterator[Logged]:
        """Yield the records that are asked for."""
        self.asked = begins
        for each in self.records:
            if each.place in begins and begins[each.place] <= each.offset < ends[each.place]:
                yield each


def found(log: Log, spans: Mapping[Place, tuple[int, int]] = SPANS) -> list[tuple[str, str, str]]:
    progress = {place: Progress(LAST + 1, CLOCK) for place in (LEADS, COPIES)}
    begins, ends = ({place: span[at] for place, span in spans.items()} for at in (0, 1))
    lasts = last_decided(progress, begins, ends)
    symptoms = doctor_ask._replaced(cast("LogReader", log), progress, lasts)
    return [(each.code, each.where, each.detail) for each in symptoms]


def test_a_last_decided_record_that_is_later_than_all_that_was_decided_is_another_log_s() -> None:
    told = f"{LAST}, {LATER.isoformat()} > {CLOCK.isoformat()}"
    assert found(Log(replace(RECORD, at=LATER))) == [("log.replaced", "leads/0", told)]


def test_the_record_that_was_decided_and_what_a_writer_stamped_tell_nothing() -> None:
    assert found(Log(RECORD)) == []
    assert found(Log(replace(RECORD, at=LATER, is_stamped=False))) == []


def test_of_a_log_that_has_the_record_no_more_or_not_yet_nothing_is_asked() -> None:
    for span in ((LAST + 1, LAST + 5), (0, LAST)):
        log = Log(replace(RECORD, at=LATER))
        assert found(log, {LEADS: span}) == []
        assert log.asked == {}
