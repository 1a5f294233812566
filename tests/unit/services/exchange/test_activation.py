"""A rulebook comes into force partition by partition: at its record, and for what follows it."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from schemas.errors import Broken
from schemas.ids import BUS, CaseId, MessageId, RulebookHash, derive
from schemas.messages import Message, RulebookActivated
from schemas.parts import Envelope, Flow
from services.casebook.progress import rulebooks_in_force
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS, DUTIES, MESSAGES
from services.exchange.batch import run_batch
from services.exchange.incoming import Incoming
from services.exchange.intake import Refused, Sound, take_in
from services.exchange.shelf import Shelf
from services.rulebook.model import Length, Rulebook, Unit
from tests.batches import lead, partition_of
from tests.history import MONDAY, SENDER, demo, organ
from tests.office import Log, NewCasebook, everything, office, rows, run, run_on, take, told

OLD = office().rulebook.hash
NEW = RulebookHash("b" * 64)
LATER = MONDAY + timedelta(minutes=1)


@cache
def new() -> Rulebook:
    """The demo's rulebook with longer duties, under a hash of its own."""
    rules = tuple(replace(rule, length=Length(20, Unit.WORKING_DAYS)) for rule in demo().duties)
    return replace(office().rulebook, hash=NEW, duties=rules)


def shelf(*others: Rulebook) -> Shelf:
    """What an exchange has beside the demo's rulebook."""
    return Shelf(office(), {rulebook.hash: rulebook for rulebook in others}.get)


def activated(rulebook: str, partition: int = 1, salt: str = "") -> RulebookActivated:
    envelope = Envelope(
        bus=demo().bus,
        message_id=MessageId(derive("activated", rulebook, str(partition), salt)),
        case_id=CaseId(derive("rulebooks", "leads", str(partition))),
        flow=Flow.LEADS,
        record="RulebookActivated",
        sender=BUS,
        sent_at=MONDAY,
    )
    return RulebookActivated(envelope, RulebookHash(rulebook), "demo", "leads", partition)


def leads_of(partition: int, count: int) -> list[Message]:
    found = (sent for number in range(1000) if partition_of(sent := lead(number)) == partition)
    return [next(found) for _ in range(count)]


def activating(log: Log) -> list[Incoming]:
    """A lead, the activation, a lead; and a lead of another partition behind them."""
    first, second = leads_of(1, 2)
    (elsewhere,) = leads_of(2, 1)
    return [
        log.put(first, MONDAY),
        log.put(activated(NEW), MONDAY, partition=1),
        log.put(second, LATER),
        log.put(elsewhere, LATER),
    ]


def hashes(casebook: Casebook) -> list[str]:
    return [row.rulebook for row in rows(casebook, DECISIONS)]


def in_force(casebook: Casebook) -> dict[tuple[str, int], str | None]:
    with casebook.engine.connect() as connection:
        return dict(rulebooks_in_force(connection))


def test_the_rulebook_that_is_here_is_noted_in_each_partition(casebook: Casebook) -> None:
    log = Log()
    records = [log.put(activated(OLD, each), MONDAY, partition=each) for each in (0, 1)]
    tally = run(casebook, records)
    assert tally.messages == [("leads", "RulebookActivated", "accepted")] * 2
    assert told(casebook) == []
    assert [row.outcome for row in rows(casebook, MESSAGES)] == ["accepted"] * 2
    assert in_force(casebook) == {("leads", 0): OLD, ("leads", 1): OLD}


def test_what_lies_before_it_is_decided_by_the_old_one_and_what_follows_by_the_new(
    casebook: Casebook,
) -> None:
    records = activating(Log())
    run_on(casebook, shelf(new()), records)
    assert hashes(casebook) == [OLD, OLD, NEW, OLD]  # the activation itself: by the old one
    assert in_force(casebook) == {("leads", 1): NEW, ("leads", 2): OLD}
    due = {row.case_id: row.due_ms for row in rows(casebook, DUTIES) if row.kind == "sign_for"}
    day = timedelta(days=1) // timedelta(milliseconds=1)
    first, second = leads_of(1, 2)
    later = due[second.envelope.case_id] - due[first.envelope.case_id]
    assert later > 20 * day  # twenty working days instead of one


def test_however_a_log_is_cut_into_batches_and_read_again_the_decisions_are_the_same(
    new_casebook: NewCasebook,
) -> None:
    log = Log()
    records = activating(log)
    records.append(log.put(activated(OLD, salt="back"), LATER, partition=1))
    records.append(log.put(leads_of(1, 3)[2], LATER))
    with new_casebook() as whole, new_casebook() as pieces:
        run_on(whole, shelf(new()), records)
        for number in range(len(records)):
            # Another worker each time, which reads some of it again.
            run_on(pieces, shelf(new()), records[max(number - 2, 0) : number + 1])
        assert hashes(whole) == [OLD, OLD, NEW, OLD, NEW, OLD]
        assert everything(whole) == everything(pieces)


def test_what_another_worker_put_into_force_meanwhile_decides_whatever_was_known_here(
    new_casebook: NewCasebook,
) -> None:
    """A worker remembers what was in force when it last wrote there; the partition comes again."""
    log = Log()
    records = [*activating(log)[:3], log.put(leads_of(1, 3)[2], LATER)]
    with new_casebook() as whole, new_casebook() as shared:
        run_on(whole, shelf(new()), records)
        run_on(shared, shelf(new()), records[:1])
        another = replace(shared, in_force={})
        run_on(another, shelf(new()), records[1:3])
        assert (shared.in_force["leads", 1], another.in_force["leads", 1]) == (OLD, NEW)
        run_on(shared, shelf(new()), records[3:])
        assert shared.in_force["leads", 1] == NEW
        assert hashes(shared) == [OLD, OLD, NEW, NEW]
        assert everything(whole) == everything(shared)


def test_an_exchange_without_it_stops_before_anything_is_decided_under_it(
    casebook: Casebook,
) -> None:
    with pytest.raises(Broken) as raised:
        run(casebook, activating(Log()))
    assert (raised.value.code, raised.value.detail) == ("rulebook.unknown", "b" * 12)
    assert rows(casebook, DECISIONS) == []


def test_a_worker_that_gets_the_partition_later_stops_without_it_too(casebook: Casebook) -> None:
    log = Log()
    run_on(casebook, shelf(new()), activating(log))
    third = log.put(leads_of(1, 3)[2], LATER)
    with pytest.raises(Broken, match=r"rulebook\.unknown"):
        run(casebook, [third])
    run_on(casebook, shelf(new()), [third])
    assert hashes(casebook)[-1] == NEW


def test_a_copy_of_an_old_activation_does_not_bring_the_old_one_back(casebook: Casebook) -> None:
    log = Log()
    records = [
        log.put(activated(OLD), MONDAY, partition=1),
        log.put(activated(NEW), MONDAY, partition=1),
        log.put(activated(OLD), LATER, partition=1),
        log.put(leads_of(1, 1)[0], LATER),
    ]
    tally = run_on(casebook, shelf(new()), records)
    assert [outcome for _, _, outcome in tally.messages] == [
        "accepted",
        "accepted",
        "repeated",
        "accepted",
    ]
    assert hashes(casebook) == [OLD, OLD, NEW]


def without_keys() -> Rulebook:
    return replace(new(), directory=replace(new().directory, keys={}))


def test_keys_and_directory_change_at_that_place_of_the_log(casebook: Casebook) -> None:
    tally = run_on(casebook, shelf(without_keys()), activating(Log()))
    assert tally.dead == ["seal.key_unknown"]  # the lead behind it, in the same batch
    assert hashes(casebook) == [OLD, OLD, OLD]


def test_what_was_judged_by_another_rulebook_is_judged_again(casebook: Casebook) -> None:
    log = Log()
    have = shelf(without_keys())
    run_on(casebook, have, [log.put(activated(NEW), MONDAY, partition=1)])
    sent = log.put(leads_of(1, 1)[0], LATER)
    judged_before = take_in(sent, office())
    assert isinstance(judged_before, Sound)
    assert run_batch(casebook, have, [judged_before]).dead == ["seal.key_unknown"]


def test_a_partition_without_a_note_is_decided_by_the_first_and_notes_it(
    casebook: Casebook,
) -> None:
    run_on(casebook, Shelf(replace(office(), rulebook=new())), [Log().tick(MONDAY, 3)])
    assert in_force(casebook) == {("leads", 3): NEW}
    assert rows(casebook, DECISIONS) == []  # nothing was due


def test_an_activation_lies_in_the_partition_that_it_names() -> None:
    ours = activated(OLD, 1)
    here, elsewhere = take(
        Log().put(ours, MONDAY, partition=1), Log().put(ours, MONDAY, partition=2)
    )
    assert isinstance(here, Sound)
    assert not isinstance(elsewhere, Sound)
    assert elsewhere.refusal.code == "message.misrouted"


def test_nobody_but_the_bus_activates(casebook: Casebook) -> None:
    ours = activated(NEW)
    forged = replace(ours, envelope=replace(ours.envelope, sender=organ(SENDER)))
    log = Log()
    sent = log.put(forged, MONDAY, partition=1)
    (judged,) = take(sent)
    assert isinstance(judged, Refused)
    assert judged.refusal.code == "message.bus_only"
    run_on(casebook, shelf(new()), [sent, log.put(leads_of(1, 1)[0], LATER)])
    assert set(hashes(casebook)) == {OLD}
    assert in_force(casebook) == {("leads", 1): OLD}


def test_an_activation_sealed_by_an_organ_in_the_bus_s_name_is_a_dead_letter(
    casebook: Casebook,
) -> None:
    log = Log()
    records = [
        log.put(activated(NEW), MONDAY, by=organ(SENDER), partition=1),
        log.put(leads_of(1, 1)[0], LATER),
    ]
    tally = run_on(casebook, shelf(new()), records)
    assert len(tally.dead) == 1
    assert hashes(casebook) == [OLD]


def test_a_rulebook_is_read_once() -> None:
    asked: list[RulebookHash] = []

    def read(rulebook: RulebookHash) -> Rulebook:
        asked.append(rulebook)
        return new()

    have = Shelf(office(), read)
    found = have.office(NEW)
    assert have.office(NEW) is found
    assert (found.rulebook, found.signer) == (new(), office().signer)
    assert asked == [NEW]
