"""A batch in portions: what goes through a partition's cases does not add up in one transaction."""

import asyncio
from datetime import timedelta
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest

from connectors.bus.home import Settings
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.exchange import audit, portions, recover, shell
from services.exchange.batch import run_batch
from services.exchange.incoming import Incoming
from services.exchange.intake import Intake
from services.exchange.measures import Measures
from services.exchange.originals import Kept
from services.exchange.recorded import nothing
from services.exchange.shelf import Shelf
from services.exchange.shell import Shell
from tests.history import MONDAY
from tests.office import Log, office, rows, run, take
from tests.unit.services.exchange.test_activation import OLD, activated, leads_of
from tests.unit.services.exchange.test_audit import journal_of, replayed
from tests.unit.services.exchange.test_shell import Producer


def batch() -> list[Incoming]:
    """Two activations with letters before, between and behind them."""
    log = Log()
    letters = [log.put(each, MONDAY) for each in leads_of(1, 3)]
    here, there = (log.put(activated(OLD, part), MONDAY, partition=part) for part in (1, 2))
    return [letters[0], letters[1], letters[2], here, there, log.tick(MONDAY, 1)]


def lengths(records: list[Incoming]) -> list[int]:
    return [len(portion) for portion in portions.portions(take(*records))]


def test_a_portion_ends_behind_each_activation() -> None:
    records = batch()
    assert lengths(records) == [4, 1, 1]
    given = [intake for portion in portions.portions(take(*records)) for intake in portion]
    assert given == take(*records)


def test_and_behind_so_many_ticks_which_a_round_of_them_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portions, "TICKS_MAX", 2)
    log = Log()
    letters = [log.put(each, MONDAY) for each in leads_of(1, 4)]
    ticks = [log.tick(MONDAY + timedelta(seconds=n), 1) for n in range(4)]
    assert lengths([ticks[0], letters[0], ticks[1], letters[1], *ticks[2:], letters[2]]) == [
        3,
        3,
        1,
    ]
    assert lengths(letters) == [4]
    assert lengths([]) == []


def test_what_a_portion_has_decided_is_published_before_the_next_is_decided(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = batch()
    producer, seen = Producer(), list[tuple[int, int]]()

    def noted(book: Casebook, shelf: Shelf, part: list[Intake], *more: Any) -> Any:
        seen.append((len(part), len(producer.taken)))
        return run_batch(book, shelf, part, *more)

    monkeypatch.setattr(shell, "run_batch", noted)
    monkeypatch.setattr(shell, "now", lambda: MONDAY)
    measures = Mock(wraps=Measures(Settings(), Shelf(office()), casebook, 0))
    made = Shell(
        Settings(),
        Shelf(office()),
        casebook,
        cast("Any", producer),
        cast("Any", Mock(due=Mock(return_value=()), step=AsyncMock(return_value=()))),
        measures,
        *[cast("Any", None)] * 3,
    )
    asyncio.run(made.handle(records))
    assert [decided for decided, _ in seen] == [4, 1, 1]
    published = [sent for _, sent in seen]
    assert published == sorted(set(published))  # each has sent something before the next
    assert rows(casebook, OUTBOX) == []
    progressed = [len(call.args[0]) for call in measures.progressed.call_args_list]
    assert progressed == [4, 1, 1]  # it is seen to move on between them


def counting(decided: list[int]) -> Any:
    """Return what decides, and notes of how many."""

    def noted(book: Casebook, shelf: Shelf, part: list[Intake], *more: Any) -> Any:
        decided.append(len(part))
        return run_batch(book, shelf, part, *more)

    return noted


def test_a_replay_takes_the_same_portions(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, decided = batch(), list[int]()
    run(casebook, records)
    monkeypatch.setattr(audit, "run_batch", counting(decided))
    assert replayed(journal_of(casebook), records, batch_max=100) is None
    assert decided == [4, 1, 1]


def test_so_does_who_decides_again_from_the_originals(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, decided = batch(), list[int]()
    monkeypatch.setattr(recover, "run_batch", counting(decided))
    kept = [Kept(each, None) for each in records]
    recover.decide_kept(casebook, Shelf(office()), kept, nothing)
    recover.decide_kept(casebook, Shelf(office()), [], nothing)
    assert decided == [4, 1, 1]
