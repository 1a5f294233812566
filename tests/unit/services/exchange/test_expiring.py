"""A Tick erases what the law no longer lets be kept: the key goes, the ledger stays."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from schemas.ids import RulebookHash, derive
from schemas.messages import Message, Rejected
from schemas.parts import Flow
from services.casebook.case_keys import CaseKeys
from services.casebook.rows import to_ms
from services.casebook.store import Casebook
from services.casebook.tables import (
    CASE_KEYS,
    CASE_NUMBERS,
    CASES,
    DECISIONS,
    DUTIES,
    MARKS,
    MESSAGES,
    ORIGINALS,
    OUTBOX,
)
from services.exchange import expiring
from services.exchange.shelf import Shelf
from services.rulebook.model import Rulebook
from services.rulebook.retention import CaseOrder, Retention, What
from tests.batches import of_one_partition, partition_of
from tests.history import MONDAY, SENDER, History
from tests.office import (
    PARTITIONS,
    Log,
    dead_letters,
    inboxes,
    office,
    opened,
    rows,
    run,
    run_on,
    sent,
    statements,
)
from tests.unit.services.exchange.test_activation import activated, shelf

YEARS = 30
OVER = MONDAY.replace(year=MONDAY.year + YEARS) + timedelta(days=1)
NEW = RulebookHash("c" * 64)


class Withdrawn:
    """A case that was withdrawn before anybody signed: nothing is owed in it any more."""

    def __init__(self, casebook: Casebook) -> None:
        self.casebook, self.log, self.history = casebook, Log(), History()
        self.lead = sent(self.history, "lead_transfer", SENDER)
        withdrawal = sent(self.history, "withdrawal", SENDER)
        records = [self.log.put(each, MONDAY) for each in (self.lead, withdrawal)]
        self.partition = records[0].position.partition
        self.case = self.lead.envelope.case_id
        run(casebook, records)

    def sent_out(self) -> None:
        """Let the outbox be empty: everything reached its inbox."""
        with self.casebook.engine.begin() as connection:
            connection.execute(OUTBOX.delete())

    def tick(self, at: datetime, by: Shelf | None = None) -> None:
        """Let a Tick come."""
        run_on(self.casebook, by or Shelf(office()), [self.log.tick(at, self.partition)])

    def is_erased(self) -> bool:
        """Whether its key is gone."""
        with self.casebook.engine.connect() as connection:
            return CaseKeys(connection, self.casebook.key).is_erased(self.case)


@pytest.fixture
def case(casebook: Casebook) -> Withdrawn:
    return Withdrawn(casebook)


def ordered(case: Withdrawn, what: What, until: date | None = None) -> Rulebook:
    """The rulebook with an order for the case."""
    order = CaseOrder(case.case, what, "法院", "文号", date(2020, 1, 1), until)
    old = office().rulebook
    retention = replace(old.retention, orders=(order,))
    return replace(old, hash=NEW, retention=retention)


def activate(case: Withdrawn, rulebook: Rulebook, at: datetime) -> Shelf:
    by = shelf(rulebook)
    record = case.log.put(activated(NEW, case.partition), at, partition=case.partition)
    run_on(case.casebook, by, [record])
    return by


def test_the_key_and_the_originals_go_and_the_ledger_stays(case: Withdrawn) -> None:
    case.sent_out()
    kept = {table: rows(case.casebook, table) for table in (MESSAGES, DUTIES)}
    assert len(rows(case.casebook, ORIGINALS)) == 2
    case.tick(OVER - timedelta(days=2))
    assert not case.is_erased()
    assert len(rows(case.casebook, ORIGINALS)) == 2
    case.tick(OVER)
    assert case.is_erased()
    assert rows(case.casebook, ORIGINALS) == []
    assert {table: rows(case.casebook, table) for table in (MESSAGES, DUTIES)} == kept
    entry = json.loads(rows(case.casebook, DECISIONS)[-1].entry)
    (effect,) = entry["effects"]
    assert (entry["case"], effect["effect"], effect["by"]) == (case.case, "erased", None)
    assert "保管期限规定" in effect["basis"]
    journal = [row for row in rows(case.casebook, OUTBOX) if row.topic == "journal"]
    assert journal[-1].value.decode() == rows(case.casebook, DECISIONS)[-1].entry


def test_by_what_its_violations_were_known_again_goes_too(case: Withdrawn) -> None:
    case.sent_out()
    mark = {"key": "d" * 64, "case_id": case.case, "first_day": 0, "last_day": 0}
    with case.casebook.engine.begin() as connection:
        connection.execute(MARKS.insert(), [mark, mark | {"case_id": "another"}])
    case.tick(OVER)
    assert [row.case_id for row in rows(case.casebook, MARKS)] == ["another"]


def test_the_key_is_erased_in_the_topic_of_the_keys_too(case: Withdrawn) -> None:
    case.sent_out()
    case.tick(OVER)
    case.tick(OVER + timedelta(days=1))
    told = [row for row in rows(case.casebook, OUTBOX) if row.topic == "case-keys"]
    assert [(row.key, row.value) for row in told] == [(case.case.encode(), None)]


def test_an_original_that_a_backup_still_has_opens_no_more(case: Withdrawn) -> None:
    case.sent_out()
    saved = rows(case.casebook, ORIGINALS)
    case.tick(OVER)
    with case.casebook.engine.connect() as connection:
        keys = CaseKeys(connection, case.casebook.key)
        for row in saved:
            with pytest.raises(Exception, match=r"case\.erased"):
                keys.unlock(row.case_id, row.body, ())


def test_what_an_inbox_did_not_take_yet_keeps_the_key(case: Withdrawn) -> None:
    assert any(row.case_id == case.case for row in rows(case.casebook, OUTBOX))
    case.tick(OVER)
    assert not case.is_erased()
    assert opened(case.casebook, OUTBOX)
    case.sent_out()
    case.tick(OVER + timedelta(hours=1))
    assert not case.is_erased()  # asked again the next day
    case.tick(OVER + timedelta(days=1))
    assert case.is_erased()


def test_a_letter_that_comes_after_is_refused_and_leaves_nothing(case: Withdrawn) -> None:
    case.sent_out()
    case.tick(OVER)
    late: Message = case.history.next("correction", SENDER)
    run(case.casebook, [case.log.put(late, OVER)])
    (said,) = inboxes(case.casebook)
    assert isinstance(said.message, Rejected)
    assert said.message.code == "case.erased"
    assert rows(case.casebook, ORIGINALS) == []


def test_a_hold_keeps_it_and_when_it_is_lifted_it_goes(case: Withdrawn) -> None:
    case.sent_out()
    held = activate(case, ordered(case, What.HOLD), MONDAY + timedelta(days=1))
    case.tick(OVER, held)
    case.tick(OVER + timedelta(days=400), held)
    assert not case.is_erased()
    lifted = replace(office().rulebook, hash=NEW)
    case.tick(OVER + timedelta(days=800), shelf(lifted))
    assert case.is_erased()


def test_an_order_erases_it_long_before_its_term(case: Withdrawn) -> None:
    case.sent_out()
    by = activate(case, ordered(case, What.ERASE), MONDAY + timedelta(days=1))
    case.tick(MONDAY + timedelta(days=2), by)
    assert case.is_erased()
    effect = json.loads(rows(case.casebook, DECISIONS)[-1].entry)["effects"][0]
    assert (effect["by"], effect["basis"]) == ("法院", "文号")


def test_a_case_in_which_something_is_owed_is_never_erased(casebook: Casebook) -> None:
    history, log = History(), Log()
    lead = log.put(sent(history, "lead_transfer", SENDER), MONDAY)
    run(casebook, [lead, log.tick(OVER, lead.position.partition)])
    assert len(rows(casebook, ORIGINALS)) == 1
    (row,) = rows(casebook, CASES)
    assert (row.rests_ms, row.look_ms) == (None, None)


def test_a_case_of_a_release_before_is_asked_about_once(case: Withdrawn) -> None:
    with case.casebook.engine.begin() as connection:
        connection.execute(update(CASES).values(look_ms=CASES.c.rests_ms))  # as migrated
    before = rows(case.casebook, CASES)[0]
    case.tick(MONDAY + timedelta(days=1))
    after = rows(case.casebook, CASES)[0]
    assert before.look_ms == before.rests_ms == after.rests_ms < after.look_ms


def test_one_tick_asks_about_so_many_and_the_next_goes_on(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiring, "ASKED_MAX", 1)
    case = Withdrawn(casebook)
    case.sent_out()
    (values,) = [dict(row._mapping) for row in rows(casebook, CASES)]
    body = values["body"].replace(case.case, "z-case")
    other = values | {"seq": 0, "case_id": "z-case", "look_ms": 0, "body": body}
    with casebook.engine.begin() as connection:
        connection.execute(CASES.insert().values(**other))
        connection.execute(CASE_NUMBERS.insert().values(case_id="z-case", seq=0))
    case.tick(OVER)
    assert not case.is_erased()
    case.tick(OVER + timedelta(minutes=1))
    assert case.is_erased()


def test_the_keys_of_old_months_go_by_their_own_term(casebook: Casebook) -> None:
    log = Log()
    run(casebook, [log.raw(b"noise", sent(History(), "lead_transfer", SENDER).envelope, MONDAY)])
    assert dead_letters(casebook)[0][1] == b"noise"
    first = next(iter(Flow))
    name = f"quarantine-{MONDAY:%Y-%m}"
    last = datetime(MONDAY.year + 1, MONDAY.month, 30, tzinfo=UTC)
    run(casebook, [log.tick(last, 0, first), log.tick(last, PARTITIONS - 1, first)])
    assert dead_letters(casebook)[0][1] == b"noise"
    run(casebook, [log.tick(last + timedelta(days=2), 1, first)])
    assert dead_letters(casebook)[0][1] == b"noise"  # one partition does it for all
    run(casebook, [log.tick(last + timedelta(days=2), 0, first)])
    assert dead_letters(casebook)[0][1] is None
    erased = {row.name for row in rows(casebook, CASE_KEYS) if row.wrapped is None}
    assert erased == {name}


def test_without_a_term_for_them_they_stay(casebook: Casebook) -> None:
    keeping = replace(office(), rulebook=replace(office().rulebook, retention=Retention()))
    log = Log()
    noise = log.raw(b"noise", sent(History(), "lead_transfer", SENDER).envelope, MONDAY)
    run(casebook, [noise, log.tick(OVER, 0, next(iter(Flow)))], by=keeping)
    assert dead_letters(casebook)[0][1] == b"noise"


def test_no_key_of_a_case_goes_with_the_months_however_old(casebook: Casebook) -> None:
    history, log = History(), Log()
    run(casebook, [log.put(sent(history, "lead_transfer", SENDER), MONDAY)])
    run(casebook, [log.tick(OVER, 0, next(iter(Flow)))])
    keys = {row.name: row.wrapped for row in rows(casebook, CASE_KEYS)}
    assert keys[history.opened.id] is not None


@pytest.mark.parametrize("changes_terms", [False, True])
def test_an_order_has_its_case_looked_at_and_other_terms_have_all(
    case: Withdrawn,
    *,
    changes_terms: bool,
) -> None:
    """Tens of thousands may rest, and an order comes whenever somebody sues."""
    with case.casebook.engine.begin() as connection:
        (own,) = connection.execute(CASES.select()).mappings()
        other = {**own, "seq": own["seq"] + 1, "case_id": derive("another", case.case)}
        numbers = {name: other[name] for name in ("case_id", "seq")}
        connection.execute(CASES.insert(), [other])
        connection.execute(CASE_NUMBERS.insert(), [numbers])
    rulebook = ordered(case, What.HOLD)
    if changes_terms:
        rulebook = replace(rulebook, retention=Retention())
    activate(case, rulebook, MONDAY + timedelta(days=1))
    looks = {row.case_id: row.look_ms for row in rows(case.casebook, CASES)}
    others = own["rests_ms"] if changes_terms else own["look_ms"]
    assert looks == {case.case: own["rests_ms"], other["case_id"]: others}


def test_what_is_kept_is_noted_for_all_cases_of_a_tick_at_once(casebook: Casebook) -> None:
    log = Log()
    leads = of_one_partition(4)
    run(casebook, [log.put(lead, MONDAY) for lead in leads])
    at = to_ms(MONDAY)
    with casebook.engine.begin() as connection:
        connection.execute(update(CASES).values(rests_ms=at, look_ms=at))
    with statements(casebook.engine) as told:
        run(casebook, [log.tick(MONDAY + timedelta(minutes=1), partition_of(leads[0]))])
    assert len([each for each in told if each.startswith("UPDATE cases")]) == 1
    assert {row.look_ms for row in rows(casebook, CASES)} == {None}  # none of them rests
