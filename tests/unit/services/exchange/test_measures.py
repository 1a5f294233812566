"""What the exchange says of itself when it is asked whether it is ready."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from connectors.bus import clock as metrics_clock
from connectors.bus import metrics
from connectors.bus.home import Settings
from services.casebook.store import Casebook
from services.casebook.tables import DUTIES
from services.exchange import measures as module
from services.exchange.measures import Measures
from services.exchange.shelf import Shelf
from tests.batches import of_one_partition
from tests.history import MONDAY
from tests.office import Log, office, rows, run


def reasons(measures: Measures) -> list[str]:
    return [reason for reason in measures._ready().reasons if reason.startswith("secret")]


def test_a_partition_in_which_a_secret_can_be_read_is_named_until_it_cannot(
    casebook: Casebook,
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.erasing([("leads", 0), ("leads", 1)], [("leads", 1)])
    measures.erasing([("leads", 2)], [("leads", 2)])
    assert reasons(measures) == ["secret.readable leads/1", "secret.readable leads/2"]
    measures.erasing([("leads", 1)], [])
    assert reasons(measures) == ["secret.readable leads/2"]
    measures.ticked({("leads", 2): 1}, sent=True)
    measures.ticked({("leads", 1): 1}, sent=True)  # another worker has it now
    assert reasons(measures) == []


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, which the test turns."""
    clock = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: clock[0])
    monkeypatch.setattr(metrics_clock, "monotonic", lambda: clock[0])
    return clock


LEADS = {("leads", 0): 1}
LONG = 61.0


def test_an_exchange_has_started_when_it_has_had_partitions(casebook: Casebook) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.ticked({}, sent=True)
    assert measures.started().reasons == ("partitions.none",)
    measures.ticked(LEADS, sent=True)
    measures.ticked({}, sent=True)  # another worker has them now
    assert measures.started().ok


def test_a_partition_that_does_not_move_on_while_ticks_are_written_is_stuck(
    casebook: Casebook, at: list[float]
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.ticked(LEADS, sent=True)
    assert measures.live().ok
    at[0] += LONG
    assert measures.live().reasons == ("progress.stuck leads/0",)


def test_one_that_waits_its_turn_in_a_backlog_is_not_stuck_for_long(
    casebook: Casebook, at: list[float]
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.ticked({("leads", 0): 1, ("leads", 1): 1}, sent=True)
    for _ in range(10):
        assert measures.live().ok
        at[0] += LONG
        measures.ticked(dict.fromkeys(measures._progress, 1), sent=True)
        measures._progress["leads", 1].made(0.0)
    assert measures.live().reasons == ("progress.stuck leads/0",)


def test_a_ticker_that_hangs_too_is_stuck(casebook: Casebook, at: list[float]) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.ticked(LEADS, sent=True)
    at[0] += 2 * LONG  # nothing was told since
    assert measures.live().reasons == ("progress.stuck ticker",)


@pytest.mark.parametrize("sent", [True, False])
def test_one_that_hangs_before_anything_moved_is_stuck_whatever_the_broker_does(
    casebook: Casebook, at: list[float], *, sent: bool
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.ticked({}, sent=sent)
    at[0] += LONG
    assert measures.live().ok  # a round may take long while both are away
    at[0] += LONG
    assert measures.live().reasons == ("progress.stuck ticker",)


def test_a_broker_that_is_away_makes_nothing_stuck_nor_does_its_return(
    casebook: Casebook, at: list[float]
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.ticked(LEADS, sent=True)
    at[0] += LONG / 2
    for _ in range(10):
        measures.ticked(LEADS, sent=False)
        at[0] += LONG
        assert measures.live().ok
    assert "ticks.failing" in measures._ready().reasons
    measures.ticked(LEADS, sent=True)
    assert measures.live().ok  # what is owed may take its time from now on
    at[0] += LONG
    assert not measures.live().ok


def open_duties() -> float:
    return sum(sample.value for each in metrics.OPEN_DUTIES.collect() for sample in each.samples)


def test_what_the_casebook_owes_is_counted_beside_an_open_transaction_that_writes(
    casebook: Casebook,
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(2)])
    with casebook.engine.begin():
        asyncio.run(measures.look(MONDAY))
    assert open_duties() == 2


def test_duties_of_owners_that_no_rulebook_knows_are_summed(casebook: Casebook) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(3)])
    owed = rows(casebook, DUTIES)
    with casebook.engine.begin() as connection:
        for row in owed:  # each of another one that has left the directory
            gone = update(DUTIES).where(DUTIES.c.duty_id == row.duty_id)
            connection.execute(gone.values(owner=f"GONE-{row.case_seq}"))
    asyncio.run(measures.look(MONDAY + timedelta(days=400)))
    assert open_duties() == 3
    overdue = [each for found in metrics.OVERDUE_DUTIES.collect() for each in found.samples]
    assert [each.value for each in overdue] == [3]


def test_a_dear_look_is_not_taken_again_at_once(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    clock = iter([100.0, 102.0, 103.0, 301.0, 303.0, 303.1, 313.0, 313.2, 313.3])
    monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    looks: list[object] = []

    def look(*given: object) -> dict[object, int]:
        looks.append(given)
        return {}

    monkeypatch.setattr(module, "look", look)
    asyncio.run(measures.look(MONDAY))  # takes 2 s: not before 200 s more
    for seen in (1, 1, 2):
        asyncio.run(measures.look(MONDAY))
        assert len(looks) == seen
    asyncio.run(measures.look(MONDAY))  # that one took a tenth of a second: not before 10 s more
    assert len(looks) == 2
    asyncio.run(measures.look(MONDAY))
    assert len(looks) == 3
