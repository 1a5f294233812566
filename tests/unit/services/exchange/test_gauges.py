"""The gauges of the casebook, and that they tell the truth after a fault."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from sqlalchemy import insert

from connectors.bus import metrics
from connectors.bus.home import Settings
from services.casebook.store import Casebook
from services.casebook.tables import DEAD, SETTINGS
from services.exchange import gauges as module
from services.exchange.gauges import LOOKS_MAX, OutboxAge
from services.exchange.measures import Measures
from services.exchange.shelf import Shelf
from tests.batches import of_one_partition
from tests.history import MONDAY, NOBODYS, SENDER, message, violation
from tests.office import Log, office, run


def exposed() -> str:
    return generate_latest(metrics.REGISTRY).decode()


@pytest.fixture
def outbox_clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the outbox's age, which the test turns."""
    clock = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: clock[0])
    return clock


def test_the_oldest_row_of_the_outbox_is_as_old_as_it_was_seen_to_wait(
    outbox_clock: list[float],
) -> None:
    age = OutboxAge()
    age.look(7, 9, 1_000.0)
    outbox_clock[0] = 1_010.0
    assert age.age_seconds() == 10.0  # nobody looked since, and it grows
    age.look(8, 12, 1_010.0)  # 7 is out; 8 was there with it
    assert age.age_seconds() == 10.0
    outbox_clock[0] = 1_020.0
    age.look(12, 20, 1_020.0)  # 12 was seen first at 1,010
    assert age.age_seconds() == 10.0
    age.look(21, 21, 1_020.0)
    assert age.age_seconds() == 0.0
    outbox_clock[0] = 1_050.0
    age.look(None, None, 1_050.0)
    assert age.age_seconds() == 0.0


def test_a_row_that_waits_for_days_keeps_its_age_in_bounded_room(outbox_clock: list[float]) -> None:
    age = OutboxAge()
    looks = 10 * LOOKS_MAX
    for number in range(looks):
        age.look(1, 1 + number, 1_000.0 + number)
    outbox_clock[0] = 1_000.0 + looks
    assert age.age_seconds() == looks
    assert len(age._looks) <= LOOKS_MAX


def test_what_waits_in_the_outbox_and_among_dead_letters_is_told(
    casebook: Casebook, outbox_clock: list[float]
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(2)])
    place = {"topic": "leads", "partition": 0, "at_ms": 0, "code": "seal.invalid"}
    with casebook.engine.begin() as connection:
        connection.execute(insert(DEAD).values(**place, offset=90))
    asyncio.run(measures.look(MONDAY))
    outbox_clock[0] += 40.0
    assert measures._outbox.age_seconds() == 40.0
    # A gauge of the casebook: a counter of a process that was started anew forgets them.
    assert 'yichuan_dead_letters_kept_messages{code="seal.invalid"} 1.0' in exposed()


def test_a_backlog_is_known_before_the_first_batch_and_never_told_as_none(
    casebook: Casebook,
) -> None:
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(2)]
    run(casebook, records)
    place, decided = records[0].position.place, records[-1].position.offset + 1
    series = f'yichuan_lag_messages{{flow="{place[0]}",partition="{place[1]}"}}'
    metrics.forget_partition(*place)
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.ticked({place: decided + 20_000}, sent=True)
    assert series not in exposed()  # nobody has looked yet
    asyncio.run(measures.look(MONDAY))
    measures.ticked({place: decided + 20_000}, sent=True)
    assert f"{series} 20000.0" in exposed()
    measures.ticked({}, sent=True)  # another worker has it, and decides it
    measures._stored[place] = decided + 15_000
    measures.ticked({place: decided + 20_000}, sent=True)
    assert f"{series} 5000.0" in exposed()


def test_the_age_of_what_is_held_is_told_by_the_reason(casebook: Casebook) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    log = Log()
    run(
        casebook,
        [
            log.put(
                message("lead_transfer", SENDER, "held", violations=[violation(matter=NOBODYS)]),
                MONDAY,
            )
        ],
    )
    asyncio.run(measures.look(MONDAY + timedelta(hours=3)))
    assert 'yichuan_held_messages{code="hold.gap"} 1.0' in exposed()
    assert 'yichuan_held_age_seconds{code="hold.gap"} 10800.0' in exposed()


def test_the_last_backup_is_told_by_its_time_and_none_as_zero(casebook: Casebook) -> None:
    asyncio.run(Measures(Settings(), Shelf(office()), casebook, 0).look(MONDAY))
    assert "yichuan_last_backup_timestamp_seconds 0.0" in exposed()
    noted = {"key": "backup", "value": "1790000000500"}
    with casebook.engine.begin() as connection:
        connection.execute(insert(SETTINGS).values(**noted))
    asyncio.run(Measures(Settings(), Shelf(office()), casebook, 0).look(MONDAY))
    assert "yichuan_last_backup_timestamp_seconds 1.7900000005e+09" in exposed()
