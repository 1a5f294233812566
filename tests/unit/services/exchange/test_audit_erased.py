"""A replay of a log in which the content of cases was erased at their term, or had to wait."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.casebook.case_keys import CaseKeys
from services.casebook.store import Casebook, open_in_memory
from services.casebook.tables import DECISIONS, OUTBOX
from services.exchange.audit import Audit, Counts, Difference
from services.exchange.incoming import Incoming
from services.exchange.kept_keys import ERASED
from services.exchange.originals import Kept
from services.exchange.shelf import Shelf
from services.exchange.told_lines import Told, as_told
from tests.batches import partition_of
from tests.history import MONDAY, SENDER, History
from tests.office import Log, office, rows, run_on, sent

OVER = MONDAY.replace(year=MONDAY.year + 30) + timedelta(days=1)
DAY = timedelta(days=1)


class Live:
    """A lead that was withdrawn, another case beside it in its partition, and what time did."""

    def __init__(self, casebook: Casebook) -> None:
        self.casebook, self.log = casebook, Log()
        history = History()
        lead = sent(history, "lead_transfer", SENDER)
        self.case, self.partition = lead.envelope.case_id, partition_of(lead)
        self.records: list[Incoming] = []
        self.take(self.log.put(lead, MONDAY))
        self.take(self.log.put(sent(history, "withdrawal", SENDER), MONDAY))
        self.take(self.log.put(self.beside(), MONDAY))

    def beside(self) -> Any:
        """The opening of another case of the same partition."""
        for count in range(500, 600):
            found = sent(History(count=count), "lead_transfer", SENDER)
            if partition_of(found) == self.partition:
                return found
        raise AssertionError

    def take(self, record: Incoming) -> None:
        """Let the exchange decide a record."""
        self.records.append(record)
        run_on(self.casebook, Shelf(office()), [record])

    def published(self) -> None:
        """Let the outbox reach the inboxes."""
        with self.casebook.engine.begin() as connection:
            connection.execute(OUTBOX.delete())

    def tick(self, at: Any) -> None:
        """Let a Tick come."""
        self.take(self.log.tick(at, self.partition))

    @property
    def journal(self) -> list[Told]:
        """What was decided."""
        return [as_told(row.entry, row.seq) for row in rows(self.casebook, DECISIONS)]

    def is_erased(self) -> bool:
        """Whether the case's key is gone."""
        with self.casebook.engine.connect() as connection:
            return CaseKeys(connection, self.casebook.key).is_erased(self.case)


def replayed(
    journal: list[Told], records: list[Kept], batch_max: int = 2
) -> tuple[Difference | None, Counts]:
    casebook = open_in_memory()
    made = Audit(casebook, Shelf(office()), journal)
    found = made.replay(records, batch_max)
    casebook.close()
    return found, made.counts


def whole(live: Live) -> list[Kept]:
    return [Kept(record, None) for record in live.records]


def effects(told: Told) -> list[str]:
    return [each["effect"] for each in json.loads(told.line)["effects"]]


@pytest.fixture
def live(casebook: Casebook) -> Live:
    return Live(casebook)


@pytest.mark.parametrize("batch_max", [1, 3, 100])
def test_an_erasure_is_decided_again_whatever_waits_in_the_replay_s_outbox(
    live: Live, batch_max: int
) -> None:
    live.published()
    live.tick(OVER)
    assert live.is_erased()
    assert [found for found, _ in [replayed(live.journal, whole(live), batch_max)]] == [None]


@pytest.mark.parametrize("batch_max", [1, 3, 100])
def test_one_that_was_put_off_because_something_waited_is_put_off_again(
    live: Live, batch_max: int
) -> None:
    live.tick(OVER)
    assert not live.is_erased()
    live.published()
    live.tick(OVER + timedelta(hours=1))
    live.tick(OVER + DAY)
    assert live.is_erased()
    assert [found for found, _ in [replayed(live.journal, whole(live), batch_max)]] == [None]


def test_an_erasure_under_another_basis_is_a_difference(live: Live) -> None:
    live.published()
    live.tick(OVER)
    journal = live.journal
    (number,) = [at for at, told in enumerate(journal) if effects(told) == ["erased"]]
    document = json.loads(journal[number].line)
    document["effects"][0]["basis"] = "另一依据"
    line = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    journal[number] = as_told(line, journal[number].number)
    found, _ = replayed(journal, whole(live))
    assert found is not None
    assert found.field == "effects[0].basis"


def test_records_that_were_erased_leave_their_case_out_and_no_other(live: Live) -> None:
    live.published()
    live.tick(OVER)
    lost = [
        Kept(replace(record, key=None, value=None), ERASED) if number < 2 else Kept(record, None)
        for number, record in enumerate(live.records)
    ]
    found, counts = replayed(live.journal, lost)
    assert found is None
    assert (counts.erased, counts.dead, counts.refused_by_gate) == ({"leads": 2}, {}, {})
    beside = [told for told in live.journal if json.loads(told.line)["case"] != live.case]
    assert counts.decisions == {"leads": len(beside)}
    assert len(beside) < len(live.journal)
    forged = [as_told(told.line.replace("2026", "2025", 1), told.number) for told in beside[:1]]
    found, _ = replayed([*forged, *beside[1:]], lost)
    assert found is not None


def test_what_lies_on_the_bus_of_a_case_whose_beginning_was_erased_is_left_out_too(
    live: Live,
) -> None:
    live.published()
    live.tick(OVER)
    first = Kept(replace(live.records[0], key=None, value=None), ERASED)
    found, counts = replayed(live.journal, [first, *whole(live)[1:]])
    assert (found, counts.erased) == (None, {"leads": 1})
