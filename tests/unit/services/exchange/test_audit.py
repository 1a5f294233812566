"""A log decided once more gives the journal's entries to the byte, or the first that differs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import BUS, CaseId, MessageId, RulebookHash, derive
from schemas.messages import Message, RulebookActivated, SettleAction
from schemas.parts import Envelope, Flow
from services.casebook.store import Casebook, open_in_memory
from services.casebook.tables import OUTBOX
from services.casework.decide import decide
from services.exchange import clerk
from services.exchange.audit import Audit, Difference
from services.exchange.incoming import Incoming
from services.exchange.intake import Refused
from services.exchange.log_order import in_turn
from services.exchange.originals import Kept
from services.exchange.secret import note_of, noted
from services.exchange.shelf import Shelf
from services.exchange.told_lines import Told, as_told
from services.rulebook.model import Length, Rulebook, Unit
from tests.batches import failing, lead, of_one_partition, partition_of
from tests.history import HANDLER, MONDAY, NOBODYS, SENDER, History, demo, message, violation
from tests.office import Log, NewCasebook, office, rows, run_on, sent, settlement, take

LATER = MONDAY + timedelta(hours=1)
NEW = RulebookHash("b" * 64)
Edit = Callable[[dict[str, Any]], None]


@contextmanager
def audit(journal: list[Told], shelf: Shelf | None = None) -> Iterator[Audit]:
    casebook = open_in_memory()
    yield Audit(casebook, shelf or Shelf(office()), journal)
    casebook.close()


def journal_of(casebook: Casebook) -> list[Told]:
    published = (row for row in rows(casebook, OUTBOX) if row.topic == "journal")
    return [as_told(row.value.decode(), number) for number, row in enumerate(published)]


def live(casebook: Casebook, records: list[Incoming], shelf: Shelf | None = None) -> list[Told]:
    """Decide the records as the exchange does; return what it told the journal."""
    run_on(casebook, shelf or Shelf(office()), records)
    return journal_of(casebook)


def replayed(
    journal: list[Told], records: list[Incoming], shelf: Shelf | None = None, batch_max: int = 3
) -> Difference | None:
    with audit(journal, shelf) as made:
        return made.replay([Kept(record, None) for record in records], batch_max)


def conversation() -> list[Incoming]:
    """A lead with its answers, a repeat, what is unlawful in form, what waits, and Ticks."""
    history, log = History(), Log()
    opening = sent(history, "lead_transfer", SENDER)
    partition = partition_of(opening)
    records = [log.put(opening, history.at)]
    answers = ("delivered", "signed_for", "filing_reply")
    records += [log.put(sent(history, record, HANDLER), history.at) for record in answers]
    again = replace(opening, envelope=replace(opening.envelope, sent_at=LATER))
    records.append(log.put(again, LATER))
    records += held_and_corrected(log)
    unlawful = message("lead_transfer", SENDER, "alone")
    unlawful = replace(unlawful, envelope=replace(unlawful.envelope, officers=()))
    records.append(log.put(unlawful, LATER))
    records += [log.tick(MONDAY + timedelta(days=days), partition) for days in (0, 30, 90)]
    return records


def held_and_corrected(log: Log) -> list[Incoming]:
    history = History(count=500)
    number = {"document_number": "案移〔2026〕77号"}
    found = message(
        "lead_transfer", SENDER, "nobody's", violations=[violation(matter=NOBODYS)], envelope=number
    )
    history.decide(found)
    waits = sent(history, "delivered", HANDLER) if history.opened.handler else None
    mended = sent(history, "correction", SENDER, corrections=[{"number": 1, "matter": "CG-001"}])
    return [log.put(each, LATER) for each in (found, waits, mended) if each is not None]


def edited(told: Told, edit: Edit) -> Told:
    document = json.loads(told.line)
    edit(document)
    line = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return as_told(line, told.number, is_due=told.is_due)


# -------------------------------------------------------------------------------- the same again


def test_a_log_replayed_gives_the_same_journal_whatever_the_batches(casebook: Casebook) -> None:
    records = conversation()
    journal = live(casebook, records)
    assert len(journal) > len(records) // 2
    for batch_max in (1, 4, 100):
        assert replayed(journal, records, batch_max=batch_max) is None


def test_what_was_replayed_is_counted_by_flow(casebook: Casebook) -> None:
    records = conversation()
    journal = live(casebook, records)
    with audit(journal) as made:
        assert made.replay([Kept(each, None) for each in records], 100) is None
    assert made.counts.records == {"leads": len(records)}
    assert made.counts.ticks == {"leads": 3}
    assert made.counts.decisions == {"leads": len(journal)}
    assert made.counts.rulebooks == {office().rulebook.hash}


def test_a_batch_that_was_published_twice_counts_once(casebook: Casebook) -> None:
    records = conversation()
    journal = live(casebook, records)
    assert replayed([*journal[:4], *journal[1:4], *journal[4:]], records) is None


def test_what_was_decided_after_the_replayed_records_is_no_difference(casebook: Casebook) -> None:
    records = conversation()
    journal = live(casebook, records)
    late = [replace(told, is_due=False) for told in journal]
    assert replayed(late, records[:2]) is None
    assert replayed(journal, records[:2]) is not None


def test_what_froze_by_a_defect_freezes_again_though_the_program_is_mended(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, log = History(), Log()
    opening = lead(0)
    monkeypatch.setattr(clerk, "decide", failing(lambda _case, _message: True))
    run_on(casebook, Shelf(office()), [first := log.put(opening, MONDAY)])
    monkeypatch.setattr(clerk, "decide", decide)
    history.freeze(opening)
    settled = log.put(settlement(history, SettleAction.RETRY, opening), LATER)
    journal = live(casebook, [settled])
    with audit(journal) as made:
        assert made.replay([Kept(first, None), Kept(settled, None)], 100) is None
    assert made.counts.defects == 1
    assert [json.loads(told.line)["outcome"] for told in journal] == ["dead", "accepted"] * 1 + [
        "accepted"
    ]


# ------------------------------------------------------------------------------ facts, rulebooks


def test_the_recorded_facts_decide_not_what_is_looked_up_in_another_order(
    casebook: Casebook,
) -> None:
    log = Log()
    number = {"document_number": "案移〔2026〕5号"}
    first = message("lead_transfer", SENDER, "first", envelope=number)
    second = next(
        found
        for salt in range(100)
        if partition_of(found := message("lead_transfer", SENDER, f"{salt}", envelope=number))
        != partition_of(first)
    )
    records = [log.put(first, MONDAY), log.put(second, MONDAY)]
    journal = live(casebook, records)
    assert [json.loads(told.line)["facts"]["number_taken"] for told in journal] == [False, True]
    assert replayed(journal, records[::-1]) is None


def longer() -> Rulebook:
    """The demo's rulebook with other lengths, under a hash of its own."""
    rules = tuple(replace(rule, length=Length(20, Unit.WORKING_DAYS)) for rule in demo().duties)
    return replace(office().rulebook, hash=NEW, duties=rules)


def activating(log: Log) -> list[Incoming]:
    before, after = of_one_partition(2)
    partition = partition_of(before)
    envelope = Envelope(
        bus=demo().bus,
        message_id=MessageId(derive("activated", NEW)),
        case_id=CaseId(derive("rulebooks", "leads", str(partition))),
        flow=Flow.LEADS,
        record="RulebookActivated",
        sender=BUS,
        sent_at=MONDAY,
    )
    activated = RulebookActivated(envelope, NEW, "demo", "leads", partition)
    return [
        log.put(before, MONDAY),
        log.put(activated, MONDAY, partition=partition),
        log.put(after, LATER),
    ]


def test_a_rulebook_that_came_into_force_on_the_way_decides_from_there_on(
    casebook: Casebook,
) -> None:
    shelf = Shelf(office(), {NEW: longer()}.get)
    records = activating(Log())
    journal = live(casebook, records, shelf)
    assert [json.loads(told.line)["rulebook"][:3] for told in journal][-1] == "bbb"
    with audit(journal, shelf) as made:
        assert made.replay([Kept(each, None) for each in records], 100) is None
    assert made.counts.rulebooks == {office().rulebook.hash, NEW}
    # With what was in force at first in its place, only what came after the activation differs.
    still = Shelf(office(), {NEW: replace(office().rulebook, hash=NEW)}.get)
    found = replayed(journal, records, still)
    assert found is not None
    assert found.offset == records[-1].position.offset


def test_a_rule_that_was_changed_under_its_hash_is_found(casebook: Casebook) -> None:
    records = conversation()
    journal = live(casebook, records)
    changed = replace(longer(), hash=office().rulebook.hash)
    found = replayed(journal, records, Shelf(replace(office(), rulebook=changed)))
    assert found is not None
    assert (found.topic, found.offset) == ("leads", 0)
    assert found.field.endswith(".due")


# ------------------------------------------------------------------------------------- tampering


def set_to(*path: str | int, to: Any) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return edit


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (set_to("outcome", to="rejected"), "outcome"),
        (
            set_to("effects", 1, "duty", "due", to="2026-09-24T00:00:00+08:00"),
            "effects[1].duty.due",
        ),
        (set_to("effects", to=[]), "effects[]"),
        (set_to("effects_digest", to="0" * 64), "effects_digest"),
        (set_to("rulebook", to="c" * 64), "rulebook"),
        (set_to("at", to="2026-09-21T02:00:01+00:00"), "at"),
        (set_to("more", to=1), "more"),
        (set_to("from", to=None), "from"),
    ],
)
def test_a_journal_that_was_written_over_is_found_with_the_field(
    casebook: Casebook, edit: Edit, field: str
) -> None:
    records = conversation()
    journal = live(casebook, records)
    journal[0] = edited(journal[0], edit)
    found = replayed(journal, records)
    assert found is not None
    assert (found.offset, found.field) == (0, field)


def test_an_entry_that_was_taken_out_is_found(casebook: Casebook) -> None:
    records = conversation()
    journal = live(casebook, records)
    gone = json.loads(journal.pop(2).line)
    found = replayed(journal, records)
    assert found is not None
    assert (found.message, found.field) == (gone["message"], "missing")


def test_an_entry_that_nothing_leads_to_is_found(casebook: Casebook) -> None:
    records = conversation()
    journal = live(casebook, records)
    planted = edited(journal[0], set_to("message", to="planted"))
    found = replayed([*journal, planted], records)
    assert found is not None
    assert (found.message, found.field) == ("planted", "extra")


@pytest.mark.parametrize("line", ["", "[]", "{}", '{"topic":"leads"}', "null"])
def test_a_line_that_no_exchange_writes_is_found(casebook: Casebook, line: str) -> None:
    records = conversation()
    journal = live(casebook, records)
    found = replayed([*journal, as_told(line, 99)], records)
    assert found == Difference("journal", 0, 99, "", "unreadable")


def test_a_message_that_was_swapped_in_the_log_is_found(casebook: Casebook) -> None:
    first, second = of_one_partition(2)
    journal = live(casebook, [Log().put(first, MONDAY)])
    assert replayed(journal, [Log().put(second, MONDAY)]) is not None


# ------------------------------------------------------------------------------ the secrecy gate


def marked(log: Log) -> Incoming:
    return log.put(message("lead_transfer", SENDER, "m", envelope={"secrecy": "secret"}), MONDAY)


def test_what_the_gate_refused_replays_from_its_note_by_the_journals_entry(
    casebook: Casebook,
) -> None:
    log = Log()
    secret = marked(log)
    (judged,) = take(secret)
    assert isinstance(judged, Refused)
    assert judged.is_secret
    journal = live(casebook, [secret])
    lost = Kept(replace(secret, key=None, value=None), note_of(judged))
    with audit(journal) as made:
        assert made.replay([lost], 100) is None
    assert made.counts.refused_by_gate == {"leads": 1}
    forged = json.loads(note_of(judged)) | {"code": "message.too_large"}
    with audit(journal) as made:
        found = made.replay([replace(lost, note=json.dumps(forged))], 100)
    assert found is not None
    assert found.field == "code"
    assert noted(note_of(judged), lost.incoming).is_secret


def test_what_the_broker_has_not_lost_yet_is_refused_by_the_gate_again(casebook: Casebook) -> None:
    secret = marked(Log())
    assert replayed(live(casebook, [secret]), [secret]) is None


def test_a_partition_s_records_are_taken_in_turn_each_once() -> None:
    log = Log()
    ours = [Kept(log.put(each, MONDAY), None) for each in of_one_partition(4)]
    place = ("leads", ours[0].incoming.position.partition)
    strange = Kept(log.tick(MONDAY, (place[1] + 1) % 4), None)
    given = [ours[0], strange, ours[1], ours[0], ours[1], ours[2], ours[3]]
    assert list(in_turn(given, place, 1, 3)) == ours[1:3]
    assert list(in_turn([ours[0], ours[2]], place, 0, 3)) == ours[:1]  # a hole ends it


# -------------------------------------------------------------------------------- any conversation

STEPS = (("delivered", HANDLER), ("signed_for", HANDLER), ("filing_reply", HANDLER))


@settings(deadline=None, max_examples=10)
@given(steps=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), max_size=12))
def test_any_traffic_replays_to_the_same(
    new_casebook: NewCasebook, steps: list[tuple[int, int]]
) -> None:
    log, at = Log(), MONDAY
    histories = [History(count=1_000), History(count=2_000)]
    last: list[Message] = [lead(0), lead(1)]
    for history, opening in zip(histories, last, strict=True):
        history.decide(opening)
    records = [log.put(opening, at) for opening in last]
    for case, what in steps:
        at += timedelta(days=1)
        history = histories[case]
        history.at = at
        if what < len(STEPS):
            last[case] = history.next(*STEPS[what])
            history.decide(last[case])
        elif what == len(STEPS):
            records += [log.tick(at, partition) for partition in range(4)]
        records.append(log.put(last[case], at))
    with new_casebook() as book:
        assert replayed(live(book, records), records) is None
