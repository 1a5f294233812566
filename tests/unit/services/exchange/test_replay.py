"""Whatever crashes, repeats or is read again: the same tables, and everything once.

Hypothesis makes the traffic of some cases with repeats, Ticks and unlawful messages in between, and
the breaks: where a batch ends, where the process dies before it commits, how far back it reads.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import Message
from services.casebook import work as working
from services.casebook.store import Casebook
from services.casebook.tables import METADATA
from services.casebook.write import flush as write
from services.exchange.incoming import Incoming
from tests.history import (
    FAILED,
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    History,
    message,
    violation,
)
from tests.office import Log, NewCasebook, everything, inboxes, run

CASES_MAX, RECORDS_MAX, REPLAYS_MAX = 3, 16, 6
MEND = [{"number": 1, "matter": "CG-001"}]
STEPS: list[tuple[str, str, dict[str, Any]]] = [
    ("delivered", HANDLER, {}),
    ("signed_for", HANDLER, {}),
    ("filing_reply", HANDLER, {}),
    ("case_progress", HANDLER, {}),
    ("outcome_feedback", HANDLER, {}),
    ("withdrawal", SENDER, {}),
    ("correction", SENDER, {"corrections": MEND}),
    ("signed_for", STRANGER, {}),
    ("objection", HANDLER, {}),
    ("objection", HANDLER, {"numbers": [2]}),
    ("negotiation_result", HANDLER, FAILED),
]
REPEAT, TICK = len(STEPS), len(STEPS) + 1

# (case, what happens in it): a step, the last message again, or a Tick days later.
TRAFFIC = st.lists(
    st.tuples(st.integers(0, CASES_MAX - 1), st.integers(0, TICK)), max_size=RECORDS_MAX
)
# (how many records are read, how many of them again, whether the process dies before it commits)
BREAKS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 4), st.booleans()), max_size=REPLAYS_MAX
)


def opening(number: int) -> Message:
    """The lead of a case; every third is nobody's."""
    changes: dict[str, Any] = {"envelope": {"document_number": f"案移〔2026〕{number + 1}号"}}
    if number % 3 == 1:
        changes["violations"] = [violation(matter=NOBODYS)]
    if number % 3 == 2:  # a part of which may be split off
        changes["violations"] = [violation(1), violation(2)]
    return message("lead_transfer", SENDER, f"opening-{number}", MONDAY, **changes)


def traffic(steps: list[tuple[int, int]]) -> list[Incoming]:
    """Records as the broker would have them, all cases mixed."""
    log, at = Log(), MONDAY
    histories = [History(count=number * 1_000) for number in range(CASES_MAX)]
    last: list[Message] = []
    records = []
    for number, history in enumerate(histories):
        last.append(opening(number))
        history.decide(last[number])
        records.append(log.put(last[number], at))
    for number, what in steps:
        at += timedelta(hours=1)
        history = histories[number]
        if what == TICK:
            at += timedelta(days=2)
            records += [log.tick(at, partition) for partition in range(4)]
            continue
        if what != REPEAT:
            record, sender, changes = STEPS[what]
            history.at = at
            last[number] = history.next(record, sender, **changes)
            history.decide(last[number])
        again = replace(last[number].envelope, sent_at=at)
        records.append(log.put(replace(last[number], envelope=again), at))
    return records


class Killed(Exception):
    """The process ended before it could commit."""


def run_brokenly(
    book: Casebook, records: list[Incoming], breaks: list[tuple[int, int, bool]]
) -> None:
    """Read the records with breaks, each time from the last commit or from somewhat before."""
    done = 0
    for count, back, dies in breaks:
        begin = max(0, done - back)
        part = records[begin : done + count]
        if not dies:
            run(book, part)
            done = min(done + count, len(records))
            continue
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(working, "flush", _write_and_die)
            try:
                run(book, part)
            except Killed:
                continue
    run(book, records[max(0, done - 2) :])


def _write_and_die(*changes: Any) -> None:
    write(*changes)
    raise Killed


@settings(deadline=None, max_examples=20)
@given(steps=TRAFFIC, breaks=BREAKS)
def test_breaks_and_repeated_reading_leave_the_same_tables_to_the_byte(
    new_casebook: NewCasebook,
    steps: list[tuple[int, int]],
    breaks: list[tuple[int, int, bool]],
) -> None:
    records = traffic(steps)
    with new_casebook() as whole, new_casebook() as broken:
        run(whole, records)
        run_brokenly(broken, records, breaks)
        assert everything(broken) == everything(whole)
        assert set(everything(whole)) == set(METADATA.tables)


@settings(deadline=None, max_examples=20)
@given(steps=TRAFFIC)
def test_everything_reaches_an_inbox_once_but_for_the_answers_to_repeats(
    new_casebook: NewCasebook,
    steps: list[tuple[int, int]],
) -> None:
    records = traffic(steps)
    with new_casebook() as book:
        run(book, records)
        got = Counter(
            (said.to, said.message.envelope.sender, said.message.envelope.message_id)
            for said in inboxes(book)
        )
        values = {
            (said.to, said.message.envelope.sender, said.message.envelope.message_id): said.value
            for said in inboxes(book)
        }
        answers = {"Accepted", "Rejected", "Held"}
        twice = [
            said
            for said in inboxes(book)
            if got[said.to, said.message.envelope.sender, said.message.envelope.message_id] > 1
        ]
        assert {type(said.message).__name__ for said in twice} <= answers
        for said in twice:
            key = (said.to, said.message.envelope.sender, said.message.envelope.message_id)
            assert said.value == values[key]
