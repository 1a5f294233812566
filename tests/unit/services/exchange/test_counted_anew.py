"""Another calendar: what a partition owes is counted anew in turns, each case once.

Some at the activation, the others at the Ticks behind it; what a letter touches goes before.
"""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest
from sqlalchemy import update

from schemas.ids import CaseId
from schemas.messages import Message, Tick
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, DUTIES, RECOUNTS
from services.exchange import clerk, ticking
from services.exchange.incoming import Incoming
from services.exchange.shelf import Shelf
from services.rulebook.model import Rulebook
from tests.batches import failing
from tests.history import HANDLER, MONDAY, SENDER, History
from tests.office import Log, NewCasebook, everything, office, rows, run_on, statements
from tests.unit.services.exchange.test_activation import NEW, OLD, activated, leads_of
from tests.unit.services.exchange.test_audit import journal_of, replayed

PARTITION, OPENED = 1, 5
SOON, LATE = MONDAY + timedelta(minutes=10), MONDAY + timedelta(days=2)


@cache
def new() -> Rulebook:
    """The demo's rulebook in whose calendar the Tuesday is off."""
    calendar = office().rulebook.calendar
    off = calendar.days_off | {date(2026, 9, 22)}
    return replace(office().rulebook, hash=NEW, calendar=replace(calendar, days_off=off))


def shelf() -> Shelf:
    return Shelf(office(), {NEW: new()}.get)


def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cases at the activation, and one at each Tick."""
    monkeypatch.setattr(ticking, "TICK_CASES_MAX", 2)
    monkeypatch.setattr(ticking, "TICK_ANEW_MAX", 1)


def changed(log: Log) -> list[Incoming]:
    """Leads, and the other calendar behind them."""
    opened = [log.put(each, MONDAY) for each in leads_of(PARTITION, OPENED)]
    return [*opened, log.put(activated(NEW), MONDAY, partition=PARTITION)]


def ticks(log: Log, count: int) -> list[Incoming]:
    return [log.tick(SOON + timedelta(seconds=n), PARTITION) for n in range(count)]


def cases() -> list[CaseId]:
    """In the order in which they are counted."""
    return sorted(each.envelope.case_id for each in leads_of(PARTITION, OPENED))


def next_in(case: CaseId, record: str, sender: str) -> Message:
    """Return the next message of the case."""
    history = History()
    history.decide(next(e for e in leads_of(PARTITION, OPENED) if e.envelope.case_id == case))
    return history.next(record, sender)


def moved(casebook: Casebook) -> list[tuple[str, str]]:
    """(record, case) of each decision that moved a duty."""
    return [
        (row.record, row.case_id)
        for row in rows(casebook, DECISIONS)
        if any(each["effect"] == "duty_moved" for each in json.loads(row.entry)["effects"])
    ]


def test_some_are_counted_at_the_activation_and_the_others_in_turns_at_the_ticks_behind(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    log = Log()
    run_on(casebook, shelf(), changed(log))
    assert moved(casebook) == [("RulebookActivated", each) for each in cases()[:2]]
    assert [row.case_id for row in rows(casebook, RECOUNTS)] == cases()[2:]
    for number, tick in enumerate(ticks(log, 3), start=3):
        run_on(casebook, shelf(), [tick])
        assert [case for _, case in moved(casebook)] == cases()[:number]
    assert [record for record, _ in moved(casebook)[2:]] == ["Tick"] * 3
    decided = rows(casebook, DECISIONS)
    run_on(casebook, shelf(), ticks(log, 2))
    assert (rows(casebook, DECISIONS), rows(casebook, RECOUNTS)) == (decided, [])


def test_cases_of_a_release_before_are_found_that_nobody_has_asked_about_yet(
    casebook: Casebook,
) -> None:
    log = Log()
    records = changed(log)
    run_on(casebook, shelf(), records[:OPENED])
    asked = [row.at_ms for row in rows(casebook, DECISIONS)]
    with casebook.engine.begin() as connection:
        connection.execute(update(CASES).values(rests_ms=asked[0], look_ms=asked[0]))  # as migrated
    run_on(casebook, shelf(), records[OPENED:])
    assert [case for _, case in moved(casebook)] == cases()


def test_where_nothing_waits_a_tick_does_not_look_for_it(casebook: Casebook) -> None:
    log = Log()
    run_on(casebook, shelf(), [*changed(log), *ticks(log, 1)])
    assert len(moved(casebook)) == OPENED
    with statements(casebook.engine) as told:
        run_on(casebook, shelf(), ticks(log, 3))
    assert len([each for each in told if "FROM recounts" in each]) == 1  # with all else, once
    assert not [each for each in told if each.startswith("DELETE FROM recounts")]


def test_a_letter_counts_its_case_before_its_turn_and_it_is_not_counted_again(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    log = Log()
    letter = next_in(cases()[3], "delivered", HANDLER)
    run_on(casebook, shelf(), [*changed(log), log.put(letter, SOON), *ticks(log, 3)])
    assert moved(casebook)[2] == ("Delivered", cases()[3])
    assert sorted(case for _, case in moved(casebook)) == cases()


def test_what_came_to_rest_before_its_turn_rests_since_then(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    log = Log()
    withdrawn = next_in(cases()[3], "withdrawal", SENDER)
    run_on(casebook, shelf(), [*changed(log), log.put(withdrawn, SOON)])
    rested = [(row.case_id, row.rests_ms) for row in rows(casebook, CASES)]
    assert [case for case, since in rested if since is not None] == [cases()[3]]
    run_on(casebook, shelf(), ticks(log, 3))
    assert [(row.case_id, row.rests_ms) for row in rows(casebook, CASES)] == rested


def test_a_case_that_the_same_tick_has_touched_is_left_alone(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    log = Log()
    run_on(casebook, shelf(), changed(log))
    first = cases()[2]  # due by the old calendar, and the first in turn
    fails = failing(lambda case, m: isinstance(m, Tick) and case is not None and case.id == first)
    monkeypatch.setattr(clerk, "decide", fails)
    tally = run_on(casebook, shelf(), [log.tick(LATE, PARTITION)])
    assert tally.dead == ["case.defect"]
    decided = Counter((row.offset, row.case_id) for row in rows(casebook, DECISIONS))
    assert set(decided.values()) == {1}


def test_a_calendar_that_changes_meanwhile_has_all_counted_that_are_not_as_it_wants(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    log = Log()
    records = changed(log)
    run_on(casebook, shelf(), records[:OPENED])
    before = [(row.duty_id, row.due_ms) for row in rows(casebook, DUTIES)]
    records += ticks(log, 1)
    records.append(log.put(activated(OLD, salt="back"), SOON, partition=PARTITION))
    run_on(casebook, shelf(), records[OPENED:])
    assert [row.case_id for row in rows(casebook, RECOUNTS)] == cases()[2:]
    run_on(casebook, shelf(), ticks(log, 4))
    assert [(row.duty_id, row.due_ms) for row in rows(casebook, DUTIES)] == before
    assert [case for _, case in moved(casebook)] == [*cases()[:3], *cases()[:3]]


def story(log: Log) -> list[Incoming]:
    """All of it, with letters between the turns and the old calendar back in the end."""
    letter = next_in(cases()[4], "delivered", HANDLER)
    return [
        *changed(log),
        *ticks(log, 1),
        log.put(letter, SOON),
        log.tick(LATE, PARTITION),
        log.put(activated(OLD, salt="back"), LATE, partition=PARTITION),
        *(log.tick(LATE + timedelta(seconds=n), PARTITION) for n in range(1, 5)),
    ]


def test_however_the_log_is_cut_and_read_again_the_same_are_counted_at_the_same_records(
    new_casebook: NewCasebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    records = story(Log())
    with new_casebook() as whole, new_casebook() as pieces:
        run_on(whole, shelf(), records)
        for number in range(len(records)):
            run_on(pieces, shelf(), records[max(number - 2, 0) : number + 1])
        assert len(moved(whole)) > OPENED
        assert everything(whole) == everything(pieces)


def test_a_replay_counts_the_same_at_the_same_records(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    records = story(Log())
    run_on(casebook, shelf(), records)
    for batch_max in (1, 3, 100):
        assert replayed(journal_of(casebook), records, shelf(), batch_max) is None
