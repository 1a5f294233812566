"""Years of guidance in the exchange: opened once, each in its own partition, by a message."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from schemas.codec import unframe
from schemas.disputes import GuidanceYearOpened
from schemas.ids import BUS, CaseId, MessageId, RulebookHash, case_id_of, derive
from schemas.messages import DutyNotice, Message, RulebookActivated, Rung
from schemas.parts import Envelope, Flow
from schemas.topics import flow_partition
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, DUTIES, MESSAGES, OUTBOX
from services.casework.guidance import case_id, opening_id
from services.exchange import office as offices
from services.exchange.batch import run_batch, take_batch
from services.exchange.incoming import Incoming
from services.exchange.intake import Refused
from services.exchange.shelf import Shelf
from services.rulebook.guidance import GuidanceYear, guidance_years
from services.rulebook.model import Rulebook
from tests.history import HANDLER, SENDER, SHANGHAI, demo, message, organ
from tests.office import (
    PARTITIONS,
    Log,
    NewCasebook,
    everything,
    inboxes,
    office,
    rows,
    run,
    run_on,
    take,
    told,
)

NEW_YEAR = datetime(2026, 1, 1, 0, 0, 4, tzinfo=SHANGHAI)
MINUTE = timedelta(minutes=1)
COPIES = Flow.COPIES.value


def years(year: int, rulebook: Rulebook | None = None) -> set[str]:
    return {case_id(pair) for pair in guidance_years(rulebook or demo(), year)}


def ticks(log: Log, at: datetime) -> list[Incoming]:
    return [log.tick(at, number, Flow.COPIES) for number in range(PARTITIONS)]


def written(casebook: Casebook) -> list[GuidanceYearOpened]:
    """The openings in the outbox, in its order."""
    found = []
    for row in rows(casebook, OUTBOX):
        if row.topic == COPIES:
            schema_id, body = unframe(row.value)
            opened = office().codecs[schema_id].decode(body)
            if isinstance(opened, GuidanceYearOpened):
                assert row.key == opened.envelope.case_id.encode()
                found.append(opened)
    return found


def come_back(casebook: Casebook, log: Log, at: datetime, since: int = 0) -> list[Incoming]:
    """What the exchange wrote into the flow, as the broker would give it."""
    found = []
    for row in rows(casebook, OUTBOX)[since:]:
        if row.topic == COPIES:
            schema_id, body = unframe(row.value)
            envelope = office().codecs[schema_id].decode(body).envelope
            found.append(log.raw(row.value, envelope, at))
    return found


def guidance(held_on: str = "2026-01-05") -> Message:
    return message("guidance_record", HANDLER, "guided", NEW_YEAR, form="on_site", held_on=held_on)


def cases(casebook: Casebook) -> set[str]:
    return {row.case_id for row in rows(casebook, CASES)}


def test_the_ticks_of_the_partitions_open_each_year_once_where_its_case_lies(
    casebook: Casebook,
) -> None:
    log = Log()
    run(casebook, ticks(log, NEW_YEAR))
    found = [each.envelope.case_id for each in written(casebook)]
    by_ticks = [row for row in rows(casebook, OUTBOX) if row.topic == COPIES]
    places = [(row.source_partition, flow_partition(row.key, PARTITIONS)) for row in by_ticks]
    assert all(source == own for source, own in places)
    assert set(found) == years(2026)
    assert len(found) == len(set(found))
    tally = run(casebook, come_back(casebook, log, NEW_YEAR + MINUTE))
    assert {outcome for _, _, outcome in tally.messages} == {"accepted"}
    assert cases(casebook) == years(2026)
    assert {row.state for row in rows(casebook, CASES)} == {"owed"}
    owed = [row for row in rows(casebook, DUTIES) if row.open]
    assert {row.kind for row in owed} == {"yearly_guidance"}
    assert len(owed) == len(found)
    assert told(casebook) == []  # the ladder tells them, in December


def test_the_next_ticks_open_nothing_more_until_the_year_is_over(casebook: Casebook) -> None:
    log = Log()
    run(casebook, ticks(log, NEW_YEAR))
    run(casebook, come_back(casebook, log, NEW_YEAR + MINUTE))
    before = len(written(casebook))
    run(casebook, ticks(log, datetime(2026, 12, 29, 9, 0, tzinfo=SHANGHAI)))
    assert len(written(casebook)) == before
    run(casebook, ticks(log, datetime(2027, 1, 1, 0, 0, 1, tzinfo=SHANGHAI)))
    late = written(casebook)[before:]
    assert {each.envelope.case_id for each in late} == years(2027)


def test_an_opening_that_is_published_twice_opens_one_year(casebook: Casebook) -> None:
    log = Log()
    run(casebook, ticks(log, NEW_YEAR))
    again = [come_back(casebook, log, NEW_YEAR + MINUTE) for _ in range(2)]
    run(casebook, again[0])
    before = (len(rows(casebook, DECISIONS)), len(rows(casebook, DUTIES)))
    tally = run(casebook, again[1])
    assert {outcome for _, _, outcome in tally.messages} == {"repeated"}
    assert (len(rows(casebook, DECISIONS)), len(rows(casebook, DUTIES))) == before


def test_who_owes_whom_is_found_once_and_before_any_row_is_locked(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(rulebook: Rulebook, year: int) -> tuple[GuidanceYear, ...]:
        asked.append(year)
        return guidance_years(rulebook, year)

    monkeypatch.setattr(offices, "guidance_years", counted)
    shelf, log = Shelf(replace(office())), Log()  # an office that has not been asked yet
    take_batch(casebook, shelf, [log.tick(NEW_YEAR, 0, Flow.LEADS)])
    assert asked == []
    intakes = take_batch(casebook, shelf, ticks(log, NEW_YEAR))
    assert asked == [2026]
    run_batch(casebook, shelf, intakes)
    run_on(casebook, shelf, ticks(log, NEW_YEAR + MINUTE))
    assert asked == [2026]


def test_a_tick_of_another_flow_opens_no_year(casebook: Casebook) -> None:
    log = Log()
    run(casebook, [log.tick(NEW_YEAR, number, Flow.LEADS) for number in range(PARTITIONS)])
    assert written(casebook) == []


def test_guidance_that_comes_before_any_tick_opens_its_own_year_and_ends_the_duty(
    casebook: Casebook,
) -> None:
    log = Log()
    at = datetime(2026, 1, 6, 10, 0, tzinfo=SHANGHAI)
    run(casebook, [log.put(guidance(), at)])
    run(casebook, come_back(casebook, log, at + MINUTE))
    (duty,) = [row for row in rows(casebook, DUTIES) if row.kind == "yearly_guidance"]
    assert not duty.open
    assert duty.ended.endswith(" met")
    # The partition's first Tick opens the others alone.
    before = {each.envelope.message_id for each in written(casebook)}
    run(casebook, ticks(log, at + 2 * MINUTE))
    openings = [each.envelope.message_id for each in written(casebook)]
    assert len(openings) == len(set(openings)) == len(years(2026))
    assert before < set(openings)
    assert [row.outcome for row in rows(casebook, MESSAGES) if row.sender == BUS] == [
        "accepted"
    ] * 2


def test_guidance_after_the_tick_finds_the_year_open(casebook: Casebook) -> None:
    log = Log()
    run(casebook, ticks(log, NEW_YEAR))
    run(casebook, come_back(casebook, log, NEW_YEAR + MINUTE))
    since = len(rows(casebook, OUTBOX))
    at = datetime(2026, 1, 6, 10, 0, tzinfo=SHANGHAI)
    run(casebook, [log.put(guidance(), at)])
    tally = run(casebook, come_back(casebook, log, at + MINUTE, since))
    assert [(record, outcome) for _, record, outcome in tally.messages] == [
        ("GuidanceYearOpened", "repeated"),
        ("LinkedEffect", "accepted"),
    ]
    closed = [row for row in rows(casebook, DUTIES) if not row.open]
    assert [(row.kind, row.owner) for row in closed] == [("yearly_guidance", organ(HANDLER))]


def test_the_cards_of_january_come_from_ticks(casebook: Casebook) -> None:
    log = Log()
    start = datetime(2025, 12, 1, 9, 0, tzinfo=SHANGHAI)
    run(casebook, ticks(log, start))
    run(casebook, come_back(casebook, log, start + MINUTE))
    run(casebook, ticks(log, datetime(2026, 1, 4, 8, 59, tzinfo=SHANGHAI)))
    reminded = told(casebook)
    assert {record for _, record in reminded} == {"DutyNotice"}
    assert "yanjiao" not in {to for to, _ in reminded}  # a reminder is the owner's alone
    run(casebook, ticks(log, datetime(2026, 1, 4, 9, 0, tzinfo=SHANGHAI)))
    yellow = [said for said in inboxes(casebook)[len(reminded) :] if said.to == SENDER]
    notices = [said.message for said in yellow if isinstance(said.message, DutyNotice)]
    assert {notice.rung for notice in notices} == {Rung.YELLOW}


def activated(rulebook: Rulebook, partition: int) -> RulebookActivated:
    envelope = Envelope(
        bus=demo().bus,
        message_id=MessageId(derive("activated", rulebook.hash, str(partition))),
        case_id=CaseId(derive("rulebooks", COPIES, str(partition))),
        flow=Flow.COPIES,
        record="RulebookActivated",
        sender=BUS,
        sent_at=NEW_YEAR,
    )
    return RulebookActivated(envelope, rulebook.hash, "demo", COPIES, partition)


def test_what_a_rulebook_devolves_in_mid_year_is_opened_when_it_comes_into_force(
    casebook: Casebook,
) -> None:
    less = tuple(rule for rule in office().rulebook.rules if rule.id != "S-085")
    only = tuple(rule for rule in less if rule.mode.value != "devolved" or rule.id == "S-083")
    old = replace(office().rulebook, hash=RulebookHash("d" * 64), rules=only)
    shelf = Shelf(replace(office(), rulebook=old), {office().rulebook.hash: office().rulebook}.get)
    log = Log()
    run_on(casebook, shelf, ticks(log, NEW_YEAR))
    run_on(casebook, shelf, come_back(casebook, log, NEW_YEAR + MINUTE))
    first = cases(casebook)
    assert first == years(2026, old) != years(2026)
    since = len(rows(casebook, OUTBOX))
    at = datetime(2026, 5, 1, 8, 0, tzinfo=SHANGHAI)
    switch = [
        log.put(activated(office().rulebook, number), at, partition=number)
        for number in range(PARTITIONS)
    ]
    run_on(casebook, shelf, switch)
    assert len(written(casebook)) == len(first)  # the next Tick opens them
    run_on(casebook, shelf, ticks(log, at + MINUTE))
    run_on(casebook, shelf, come_back(casebook, log, at + 2 * MINUTE, since))
    assert cases(casebook) == first | years(2026)
    openings = [each.envelope.message_id for each in written(casebook)]
    assert len(openings) == len(set(openings))


def taken_back(on: date) -> Rulebook:
    """The office's rulebook, all devolved powers ended on a day."""
    rulebook = office().rulebook
    rules = tuple(
        replace(rule, valid_to=on) if rule.mode.value == "devolved" else rule
        for rule in rulebook.rules
    )
    return replace(rulebook, hash=RulebookHash("e" * 64), rules=rules)


def test_a_year_that_a_rulebook_cuts_short_under_ninety_days_is_owed_no_longer(
    casebook: Casebook,
) -> None:
    short, log = taken_back(date(2026, 3, 15)), Log()
    shelf = Shelf(office(), {short.hash: short}.get)
    run_on(casebook, shelf, ticks(log, NEW_YEAR))
    run_on(casebook, shelf, come_back(casebook, log, NEW_YEAR + MINUTE))
    since = len(rows(casebook, OUTBOX))
    at = datetime(2026, 2, 10, 8, 0, tzinfo=SHANGHAI)
    given = log.put(guidance(), at)  # one of them is done with before
    run_on(casebook, shelf, [given])
    run_on(casebook, shelf, come_back(casebook, log, at, since))
    since = len(rows(casebook, OUTBOX))
    switch = [
        log.put(activated(short, number), at, partition=number) for number in range(PARTITIONS)
    ]
    run_on(casebook, shelf, [*switch, *ticks(log, at + MINUTE)])
    tally = run_on(casebook, shelf, come_back(casebook, log, at + 2 * MINUTE, since))
    assert {outcome for _, _, outcome in tally.messages} == {"accepted"}
    closings = [
        row.ended.split()[1] for row in rows(casebook, DUTIES) if row.kind == "yearly_guidance"
    ]
    assert sorted(closings) == ["met"] + ["waived"] * (len(years(2026)) - 1)
    facts = [json.loads(row.entry)["facts"] for row in rows(casebook, DECISIONS)]
    told_short = [each for fact in facts if fact for each in fact.get("shortened", ())]
    assert len(told_short) == len(years(2026)) - 1
    since = len(rows(casebook, OUTBOX))
    run_on(casebook, shelf, ticks(log, at + 3 * MINUTE))
    assert come_back(casebook, log, at, since) == []


def test_a_year_opened_between_two_activations_is_looked_at_by_the_rulebook_that_comes_back(
    casebook: Casebook,
) -> None:
    short, log = taken_back(date(2026, 3, 15)), Log()
    shelf = Shelf(office(), {short.hash: short}.get)
    at = datetime(2026, 2, 10, 8, 0, tzinfo=SHANGHAI)

    def activate(rulebook: Rulebook, label: str) -> None:
        for number in range(PARTITIONS):
            told = activated(rulebook, number)
            own = replace(
                told.envelope, message_id=MessageId(derive("activation", label, str(number)))
            )
            run_on(casebook, shelf, [log.put(replace(told, envelope=own), at, partition=number)])

    activate(short, "first")
    run_on(casebook, shelf, ticks(log, at + MINUTE))
    activate(office().rulebook, "back")
    run_on(casebook, shelf, come_back(casebook, log, at + 2 * MINUTE))  # decided as owed
    since = len(rows(casebook, OUTBOX))
    activate(short, "again")
    run_on(casebook, shelf, ticks(log, at + 3 * MINUTE))
    run_on(casebook, shelf, come_back(casebook, log, at + 4 * MINUTE, since))
    closings = {
        row.ended.split()[1] for row in rows(casebook, DUTIES) if row.kind == "yearly_guidance"
    }
    assert closings == {"waived"}


def test_who_names_a_copy_as_the_bus_will_name_a_year_takes_no_year_s_place(
    casebook: Casebook,
) -> None:
    pair = next(p for p in guidance_years(demo(), 2026) if p.department == organ(HANDLER))
    squatter = message("copy", HANDLER, "squatter", NEW_YEAR)
    theirs = case_id_of(organ(HANDLER), opening_id(pair))
    envelope = replace(squatter.envelope, message_id=opening_id(pair), case_id=theirs)
    log = Log()
    run(casebook, [log.put(replace(squatter, envelope=envelope), NEW_YEAR - MINUTE)])
    in_its_place = replace(squatter, envelope=replace(envelope, case_id=case_id(pair)))
    (refused,) = take(Log().put(in_its_place, NEW_YEAR - MINUTE))
    assert isinstance(refused, Refused)
    assert (refused.refusal.code, refused.refusal.detail) == ("message.misrouted", "case")
    run(casebook, ticks(log, NEW_YEAR))
    run(casebook, come_back(casebook, log, NEW_YEAR + MINUTE))
    states = {row.case_id: row.state for row in rows(casebook, CASES)}
    assert (states[theirs], states[case_id(pair)]) == ("sent", "owed")
    assert {row.outcome for row in rows(casebook, DECISIONS)} == {"accepted"}


def test_a_rulebook_without_the_duty_opens_nothing_and_stops_nothing(casebook: Casebook) -> None:
    duties = tuple(rule for rule in demo().duties if rule.kind != "yearly_guidance")
    without = replace(office(), rulebook=replace(office().rulebook, duties=duties))
    log = Log()
    run(casebook, ticks(log, NEW_YEAR), without)
    run(casebook, [log.put(guidance(), NEW_YEAR + MINUTE)], without)
    assert written(casebook) == []


def test_the_tick_s_decision_is_in_the_journal_with_what_it_was_told(casebook: Casebook) -> None:
    run(casebook, ticks(Log(), NEW_YEAR))
    entries = [json.loads(row.entry) for row in rows(casebook, DECISIONS)]
    assert {entry["record"] for entry in entries} == {"Tick"}
    for entry in entries:
        told_of = [(each["department"], each["township"]) for each in entry["facts"]["years"]]
        records = [effect["record"] for effect in entry["effects"]]
        assert told_of == [(each["department"], each["township"]) for each in records]
        assert {effect["effect"] for effect in entry["effects"]} == {"written"}
        assert {each["year"] for each in entry["facts"]["years"]} == {2026}


def test_read_again_from_zero_in_other_batches_the_casebook_is_the_same(
    new_casebook: NewCasebook,
) -> None:
    log = Log()
    late = datetime(2025, 12, 31, 23, 59, 50, tzinfo=SHANGHAI)
    with new_casebook() as first:
        records = ticks(log, late)
        run(first, records)
        back = come_back(first, log, late + timedelta(seconds=3))
        run(first, back)
        records += back
        since = len(rows(first, OUTBOX))
        more = [*ticks(log, NEW_YEAR), log.put(guidance(), NEW_YEAR + 5 * 24 * 60 * MINUTE)]
        run(first, more)
        records += more
        last = come_back(first, log, NEW_YEAR + 5 * 24 * 60 * MINUTE, since)
        run(first, last)
        records += last
        with new_casebook() as again:
            for number in range(0, len(records), 7):
                run(again, records[max(number - 3, 0) : number + 7])
            assert everything(first) == everything(again)
