"""What the exchange says of itself when it is asked whether it is ready."""

import asyncio

import pytest

from connectors.bus import metrics
from connectors.bus.home import Settings
from services.casebook.store import Casebook
from services.exchange import measures as module
from services.exchange.measures import Measures
from services.exchange.shelf import Shelf
from tests.batches import of_one_partition
from tests.history import MONDAY
from tests.office import Log, office, run


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


def test_a_dear_look_is_not_taken_again_at_once(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    clock = iter([100.0, 102.0, 102.0, 103.0, 141.0, 142.0, 142.5, 142.5, 142.6, 142.7, 142.7])
    monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    looks: list[object] = []
    monkeypatch.setattr(module, "_look", lambda *given: looks.append(given))
    asyncio.run(measures.look(MONDAY))  # takes 2 s: not before 40 s more
    for seen in (1, 1, 2):
        asyncio.run(measures.look(MONDAY))
        assert len(looks) == seen
    asyncio.run(measures.look(MONDAY))  # that one was cheap
    assert len(looks) == 3
