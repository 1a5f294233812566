"""A Tick fires what its partition owes."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from schemas.ids import MessageId, derive
from schemas.messages import DutyNotice, Rung, SettleAction, Tick
from services.casebook.store import Casebook
from services.casebook.tables import (
    CASES,
    DECISIONS,
)
from services.casework.decide import decide
from services.exchange import clerk, ticking
from tests.batches import LATER, failing, fired, lead, of_one_partition, partition_of
from tests.history import HANDLER, MONDAY, SENDER, History
from tests.office import (
    Log,
    inboxes,
    rows,
    run,
    sent,
    settlement,
)

# ------------------------------------------------------------------------------------ the Tick


def overdue() -> datetime:
    return MONDAY + timedelta(days=2)


def notices(casebook: Casebook) -> list[tuple[str, Rung]]:
    return [
        (said.to, said.message.rung)
        for said in inboxes(casebook)
        if isinstance(said.message, DutyNotice)
    ]


def test_a_tick_fires_what_its_partition_owes(casebook: Casebook) -> None:
    first, second = of_one_partition(2)
    elsewhere = next(lead(n) for n in range(50) if partition_of(lead(n)) == 1)
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in (first, second, elsewhere)])
    tally = run(casebook, [log.tick(overdue(), 0)])
    assert tally.messages == [("leads", "Tick", "accepted")]
    assert fired(casebook) == [("sign_for", Rung.YELLOW)] * 2
    assert notices(casebook) == [(HANDLER, Rung.YELLOW), (SENDER, Rung.YELLOW)] * 2
    assert [row.outcome for row in rows(casebook, DECISIONS)] == ["accepted"] * 3 + ["fired"] * 2
    assert {row.case_id for row in rows(casebook, DECISIONS)[3:]} == {
        first.envelope.case_id,
        second.envelope.case_id,
    }
    run(casebook, [log.tick(overdue(), 0)])
    assert len(fired(casebook)) == 2


def test_a_tick_comes_after_what_lies_before_it(casebook: Casebook) -> None:
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    place = partition_of(opening)
    signed = sent(history, "signed_for", HANDLER)
    run(
        casebook,
        [log.put(opening, MONDAY), log.put(signed, LATER), log.tick(overdue(), place)],
    )
    assert fired(casebook) == []


def test_a_tick_of_so_many_cases_leaves_the_others_to_the_next(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticking, "TICK_CASES_MAX", 2)
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(3)])
    for expected in (2, 3):
        run(casebook, [log.tick(overdue(), 0)])
        assert len(fired(casebook)) == expected


def test_a_tick_that_fails_in_one_case_fires_the_others_and_can_be_retried(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = of_one_partition(3)
    bad = leads[0].envelope.case_id
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in leads])
    fails = failing(lambda case, m: isinstance(m, Tick) and case is not None and case.id == bad)
    monkeypatch.setattr(clerk, "decide", fails)
    tick = log.tick(overdue(), 0)
    run(casebook, [tick])
    assert len(fired(casebook)) == 2
    assert {row.case_id: row.stopped for row in rows(casebook, CASES)}[bad] == "frozen"
    monkeypatch.setattr(clerk, "decide", decide)
    run(casebook, [log.tick(overdue(), 0)])
    assert len(fired(casebook)) == 2
    history = History()
    history.decide(leads[0])
    again = replace(
        leads[0],
        envelope=replace(leads[0].envelope, message_id=tick_id(overdue())),
    )
    run(casebook, [log.put(settlement(history, SettleAction.RETRY, again), LATER)])
    assert fired(casebook) == [("sign_for", Rung.YELLOW)] * 3
    decided = [row for row in rows(casebook, DECISIONS) if row.case_id == bad]
    assert [row.outcome for row in decided] == ["accepted", "dead", "accepted", "fired"]
    assert [row.stopped for row in rows(casebook, CASES)] == [None] * 3


def tick_id(at: datetime) -> MessageId:
    return MessageId(derive("tick", "leads", "0", at.isoformat()))


def test_cases_that_stand_still_do_not_keep_others_from_their_ticks(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = of_one_partition(2)
    log = Log()
    history = History()
    history.decide(first)
    reply = history.next("signed_for", HANDLER)
    bad = reply.envelope.message_id
    monkeypatch.setattr(clerk, "decide", failing(lambda _, m: m.envelope.message_id == bad))
    monkeypatch.setattr(ticking, "TICK_CASES_MAX", 1)
    run(casebook, [log.put(first, MONDAY), log.put(reply, MONDAY), log.put(second, LATER)])
    run(casebook, [log.tick(overdue(), 0)])
    assert [row.case_id for row in rows(casebook, DECISIONS) if row.outcome == "fired"] == [
        second.envelope.case_id
    ]
