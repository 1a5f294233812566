"""A day to warn of, found by a Tick on the casebook and told once."""

from datetime import timedelta
from typing import Any

from schemas.messages import Advice
from services.casebook.store import Casebook
from tests.history import HANDLER, MONDAY, SENDER, History, violation
from tests.office import Log, inboxes, run, sent

OLD: dict[str, Any] = {"act_from": "2024-10-01", "act_to": "2024-10-10", "continuing": False}


def advice(casebook: Casebook) -> list[tuple[str, str]]:
    return [
        (said.to, said.message.code)
        for said in inboxes(casebook)
        if isinstance(said.message, Advice)
    ]


def test_a_tick_finds_the_case_by_its_day_and_tells_it_once(casebook: Casebook) -> None:
    log, history = Log(), History()
    lead = sent(history, "lead_transfer", SENDER, violations=[violation(**OLD)])
    put = log.put(lead, MONDAY)
    run(casebook, [put])
    soon = MONDAY + timedelta(minutes=1)
    run(casebook, [log.tick(soon, put.position.partition)])
    expected = [(HANDLER, "advice.limitation_near"), (SENDER, "advice.limitation_near")]
    assert advice(casebook) == expected
    run(casebook, [log.tick(soon + timedelta(minutes=1), put.position.partition)])
    assert advice(casebook) == expected


def test_a_tick_before_the_day_finds_nothing(casebook: Casebook) -> None:
    log, history = Log(), History()
    later = OLD | {"act_from": "2024-12-01", "act_to": "2024-12-10"}
    lead = sent(history, "lead_transfer", SENDER, violations=[violation(**later)])
    put = log.put(lead, MONDAY)
    run(casebook, [put])
    run(casebook, [log.tick(MONDAY + timedelta(minutes=1), put.position.partition)])
    assert advice(casebook) == []
