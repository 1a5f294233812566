"""Organs or powers change: at the first Tick behind it, cases go to whose they are now."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.ids import CaseId, OrganCode, RuleId
from schemas.messages import Accepted, Advice, Message
from schemas.parts import Flow
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, DUTIES, MESSAGES, RECOUNTS
from services.exchange import ticking
from services.exchange.incoming import Incoming
from services.exchange.shelf import Shelf
from services.rulebook.model import DecidingDate, Rulebook
from tests.batches import partition_of
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    SHANGHAI,
    SUPERVISOR,
    History,
    message,
    organ,
    violation,
)
from tests.office import (
    Log,
    NewCasebook,
    everything,
    inboxes,
    office,
    rows,
    run_on,
    sent,
    statements,
)
from tests.unit.services.casework.test_holds import ASTRAY
from tests.unit.services.casework.test_holds_anew import filled
from tests.unit.services.casework.test_succession import HEIR, merged
from tests.unit.services.exchange.test_activation import NEW, activated, leads_of
from tests.unit.services.exchange.test_audit import journal_of, replayed

PARTITION, OPENED = 1, 3
MIDNIGHT = datetime(2026, 9, 23, 0, 0, 4, tzinfo=SHANGHAI)
NIGHT_BEFORE = MIDNIGHT - timedelta(seconds=10)
WEEKS_LATER = MIDNIGHT + timedelta(days=20)
SECOND = timedelta(seconds=1)


def under(rulebook: Rulebook) -> Rulebook:
    """The rulebook under a hash of its own, with the keys of the office."""
    directory = replace(rulebook.directory, keys=office().rulebook.directory.keys)
    return replace(rulebook, hash=NEW, directory=directory)


def shelf(rulebook: Rulebook | None = None) -> Shelf:
    """What decides from the first on: HANDLER ends on 22 September; or the demo's, and another."""
    if rulebook is None:
        return Shelf(replace(office(), rulebook=merged(office().rulebook, HANDLER)))
    return Shelf(office(), {NEW: under(rulebook)}.get)


def leads(log: Log) -> list[Incoming]:
    return [log.put(each, MONDAY) for each in leads_of(PARTITION, OPENED)]


def ids() -> list[CaseId]:
    return sorted(each.envelope.case_id for each in leads_of(PARTITION, OPENED))


def effects(casebook: Casebook, name: str) -> list[tuple[str, dict[str, Any]]]:
    """(case, effect) of the journal's effects of a name."""
    return [
        (row.case_id, effect)
        for row in rows(casebook, DECISIONS)
        for effect in json.loads(row.entry)["effects"]
        if effect["effect"] == name
    ]


def passed(casebook: Casebook) -> list[str]:
    return [case for case, _ in effects(casebook, "duty_passed")]


def owners(casebook: Casebook) -> set[OrganCode]:
    return {row.owner for row in rows(casebook, DUTIES) if row.open}


def test_what_an_organ_owed_passes_at_the_first_tick_of_the_day_after_its_last(
    casebook: Casebook,
) -> None:
    log = Log()
    run_on(casebook, shelf(), [*leads(log), log.tick(NIGHT_BEFORE, PARTITION)])
    assert passed(casebook) == []
    run_on(casebook, shelf(), [log.tick(MIDNIGHT, PARTITION)])
    assert passed(casebook) == ids()
    assert owners(casebook) == {organ(HEIR)}
    letters = [said for said in inboxes(casebook) if said.to == HEIR]
    assert [type(said.message).__name__ for said in letters] == ["LeadTransfer"] * OPENED


def test_also_what_is_called_no_more_since_all_its_rungs_have_fired(casebook: Casebook) -> None:
    log = Log()
    later = merged(office().rulebook, HANDLER)
    organs = later.directory.organs
    gone = replace(organs[organ(HANDLER)], valid_to=date(2026, 11, 30))
    directory = replace(later.directory, organs={**organs, gone.code: gone})
    by = Shelf(replace(office(), rulebook=replace(later, directory=directory)))
    fired = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)
    run_on(casebook, by, [*leads(log), log.tick(fired, PARTITION)])
    assert owners(casebook) == {organ(HANDLER)}
    run_on(casebook, by, [log.tick(datetime(2026, 12, 1, tzinfo=SHANGHAI), PARTITION)])
    assert passed(casebook) == ids()


def test_ticks_that_were_missed_for_weeks_miss_nothing(casebook: Casebook) -> None:
    log = Log()
    run_on(casebook, shelf(), leads(log))
    run_on(casebook, shelf(), [log.tick(WEEKS_LATER, PARTITION)])
    assert passed(casebook) == ids()


def test_where_no_tick_was_before_a_letter_behind_the_turn_hides_it_from_none(
    casebook: Casebook,
) -> None:
    """The partition's clock is past midnight already when its first Tick comes."""
    log, history = Log(), History()
    run_on(casebook, shelf(), [*leads(log), log.tick(NIGHT_BEFORE, PARTITION)])
    history.decide(next(iter(leads_of(PARTITION, 1))))
    letter = history.next("withdrawal", SENDER)
    run_on(casebook, shelf(), [log.put(letter, MIDNIGHT)])
    run_on(casebook, shelf(), [log.tick(MIDNIGHT + SECOND, PARTITION)])
    assert sorted(passed(casebook)) == ids()


def test_a_rulebook_that_names_an_end_in_the_past_passes_at_the_first_tick_behind_it(
    casebook: Casebook,
) -> None:
    log, by = Log(), shelf(merged(office().rulebook, HANDLER))
    early = [*leads(log), log.tick(WEEKS_LATER, PARTITION)]
    run_on(casebook, by, [*early, log.put(activated(NEW), WEEKS_LATER, partition=PARTITION)])
    assert passed(casebook) == []
    run_on(casebook, by, [log.tick(WEEKS_LATER + SECOND, PARTITION)])
    assert passed(casebook) == ids()


def test_without_a_successor_it_is_held_and_the_supervisor_hears_it_that_day(
    casebook: Casebook,
) -> None:
    log = Log()
    by = Shelf(replace(office(), rulebook=merged(office().rulebook, HANDLER, None)))
    run_on(casebook, by, [*leads(log), log.tick(NIGHT_BEFORE, PARTITION)])
    before = len(inboxes(casebook))
    run_on(casebook, by, [log.tick(MIDNIGHT, PARTITION), log.tick(MIDNIGHT + SECOND, PARTITION)])
    told = [(said.to, said.message) for said in inboxes(casebook)[before:]]
    codes = [(to, said.code) for to, said in told if isinstance(said, Advice)]
    assert codes == [(SUPERVISOR, "advice.no_successor")] * OPENED
    assert len(told) == OPENED


def test_some_go_at_each_tick(casebook: Casebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "TICK_ANEW_MAX", 1)
    log = Log()
    run_on(casebook, shelf(), leads(log))
    for number in range(OPENED):
        run_on(casebook, shelf(), [log.tick(MIDNIGHT + number * SECOND, PARTITION)])
        assert passed(casebook) == ids()[: number + 1]
        assert [row.case_id for row in rows(casebook, RECOUNTS)] == ids()[number + 1 :]


def test_nothing_is_listed_that_nobody_who_ended_owes_and_by_no_tick_of_a_usual_day(
    casebook: Casebook,
) -> None:
    log = Log()
    by = Shelf(replace(office(), rulebook=merged(office().rulebook, "liuzhi-scjg")))
    run_on(casebook, by, [*leads(log), log.tick(NIGHT_BEFORE, PARTITION)])
    run_on(casebook, by, [log.tick(MIDNIGHT, PARTITION)])
    assert (rows(casebook, RECOUNTS), passed(casebook)) == ([], [])
    with statements(casebook.engine) as told:
        run_on(casebook, by, [log.tick(MIDNIGHT + n * SECOND, PARTITION) for n in range(1, 4)])
    assert not [each for each in told if each.startswith("INSERT INTO recounts")]


# ------------------------------------------------------------------------------------------- held


def held(number: int = 0) -> Message:
    """A lead of the partition for which nobody is competent."""
    violations = [violation(matter=NOBODYS)]
    letters = (
        message(
            "lead_transfer",
            SENDER,
            f"held-{each}",
            violations=violations,
            envelope={"document_number": f"案移〔2025〕{each + 1}号"},
        )
        for each in range(100)
    )
    return [each for each in letters if partition_of(each) == PARTITION][number]


def activating(log: Log, letters: Sequence[Message]) -> list[Incoming]:
    opened = [log.put(each, MONDAY) for each in letters]
    return [
        *opened,
        log.tick(MONDAY + SECOND, PARTITION),
        log.put(activated(NEW), MIDNIGHT, partition=PARTITION),
    ]


def test_a_rulebook_that_fills_the_gap_lets_the_held_letter_go_on_at_its_first_tick(
    casebook: Casebook,
) -> None:
    log, by = Log(), shelf(filled())
    letter = held()
    run_on(casebook, by, activating(log, [letter]))
    assert [row.state for row in rows(casebook, CASES)] == ["held"]
    before = len(inboxes(casebook))
    run_on(casebook, by, [log.tick(MIDNIGHT, PARTITION)])
    (case,) = rows(casebook, CASES)
    assert (case.state, case.stopped) == ("issued", None)
    (duty,) = rows(casebook, DUTIES)
    assert (duty.kind, duty.owner) == ("sign_for", organ(HANDLER))
    told = [(said.to, type(said.message).__name__) for said in inboxes(casebook)[before:]]
    assert told == [(HANDLER, "LeadTransfer"), (SENDER, "Accepted"), (SUPERVISOR, "Advice")]
    row = next(row for row in rows(casebook, MESSAGES) if row.sender == organ(SENDER))
    assert (row.outcome, row.code) == ("accepted", None)
    # Who sends it once more gets the receipt of now.
    run_on(casebook, by, [log.put(letter, MIDNIGHT)])
    assert isinstance(inboxes(casebook)[-1].message, Accepted)


def test_one_that_nothing_has_changed_for_stays_and_nothing_is_noted(casebook: Casebook) -> None:
    log, by = Log(), shelf(office().rulebook)
    run_on(casebook, by, activating(log, [held()]))
    decided = rows(casebook, DECISIONS)
    run_on(casebook, by, [log.tick(MIDNIGHT, PARTITION)])
    assert rows(casebook, DECISIONS) == decided
    assert rows(casebook, RECOUNTS) == []


def later_power() -> Rulebook:
    """The demo's rulebook, with a power over the matter that begins on 1 October."""
    begins = date(2026, 10, 1)
    rules = [
        replace(
            rule,
            id=RuleId("Z-900"),
            valid_from=begins,
            valid_to=None,
            deciding_date=DecidingDate.TRANSFER,
        )
        for rule in office().rulebook.rules
        if rule.matter == NOBODYS
    ]
    return replace(office().rulebook, rules=(*office().rulebook.rules, *rules))


def test_a_power_that_begins_lets_it_go_on_at_the_first_tick_of_its_day(casebook: Casebook) -> None:
    log, by = Log(), Shelf(replace(office(), rulebook=later_power()))
    late = datetime(2026, 9, 30, 23, 59, 59, tzinfo=SHANGHAI)
    run_on(casebook, by, [log.put(held(), MONDAY), log.tick(late, PARTITION)])
    assert [row.state for row in rows(casebook, CASES)] == ["held"]
    run_on(casebook, by, [log.tick(late + 2 * SECOND, PARTITION)])
    assert [row.state for row in rows(casebook, CASES)] == ["issued"]


def test_what_waited_behind_it_is_decided_after_it_at_its_own_time(casebook: Casebook) -> None:
    log, by, history = Log(), shelf(filled()), History()
    letter = held()
    history.decide(letter)
    behind = sent(history, "correction", SENDER, envelope={"in_reply_to": ASTRAY})
    run_on(casebook, by, [log.put(letter, MONDAY), log.put(behind, MONDAY + SECOND)])
    run_on(casebook, by, [log.put(activated(NEW), MIDNIGHT, partition=PARTITION)])
    assert [row.waiting for row in rows(casebook, CASES)] == [1]
    run_on(casebook, by, [log.tick(MIDNIGHT + SECOND, PARTITION)])
    assert [row.waiting for row in rows(casebook, CASES)] == [0]
    outcomes = {row.record: row.outcome for row in rows(casebook, MESSAGES)}
    assert outcomes["Correction"] == "rejected"


def test_one_that_goes_on_is_known_again_as_a_possible_duplicate(casebook: Casebook) -> None:
    log, by = Log(), shelf(filled())
    run_on(casebook, by, activating(log, [held()]))
    run_on(casebook, by, [log.tick(MIDNIGHT, PARTITION), log.put(held(1), MIDNIGHT + SECOND)])
    codes = [each["code"] for _, each in effects(casebook, "advised")]
    assert codes == ["advice.hold_ended", "advice.possible_duplicate"]


def test_of_two_that_go_on_the_second_is_told_as_a_possible_duplicate_of_the_first(
    casebook: Casebook,
) -> None:
    log, by = Log(), shelf(filled())
    run_on(casebook, by, activating(log, [held(), held(1)]))
    run_on(casebook, by, [log.tick(MIDNIGHT, PARTITION)])
    codes = [each["code"] for _, each in effects(casebook, "advised")]
    assert codes == ["advice.hold_ended", "advice.possible_duplicate", "advice.hold_ended"]


def test_one_that_was_made_of_a_notice_ends_what_is_owed_on_that_when_it_goes_on(
    casebook: Casebook,
) -> None:
    log, by = Log(), shelf(filled(f"organ:{organ(HEIR)}"))
    notice = message("violation_notice", SENDER, "notice")
    of_it = (
        message(
            "lead_transfer",
            HANDLER,
            f"of it {number}",
            violations=[violation(matter=NOBODYS)],
            from_notice=notice.envelope.message_id,
            envelope={"addressees": [organ(HEIR)]},
        )
        for number in range(100)
    )
    letter = next(each for each in of_it if partition_of(each) == PARTITION)
    run_on(casebook, by, [log.put(notice, MONDAY), *activating(log, [letter])])
    assert effects(casebook, "written") == []
    run_on(casebook, by, [log.tick(MIDNIGHT, PARTITION)])
    ((_, written),) = effects(casebook, "written")
    assert written["record"]["envelope"]["case_id"] == notice.envelope.case_id


# --------------------------------------------------------------------------------------- calendar


def test_the_supervisor_is_told_once_that_the_calendar_ends_and_again_in_a_new_year(
    casebook: Casebook,
) -> None:
    log = Log()
    days = [date(2026, 12, 10), date(2026, 12, 11), date(2026, 12, 20), date(2027, 1, 1)]
    found = []
    for day in days:
        at = datetime(day.year, day.month, day.day, 0, 0, 1, tzinfo=SHANGHAI)
        ticks = [log.tick(at + n * SECOND, place, Flow.COPIES) for place in (0, 1) for n in (0, 1)]
        run_on(casebook, Shelf(office()), ticks)
        told = [each["to"] for _, each in effects(casebook, "advised")]
        assert set(told) <= {organ(SUPERVISOR)}
        found.append(len(told))
    assert found == [0, 1, 1, 2]


# ----------------------------------------------------------------------------------------- replay


def story(log: Log) -> list[Incoming]:
    """Leads, two held letters, a rulebook that ends their handler and fills the gap, and Ticks."""
    opened = [log.put(each, MONDAY) for each in (*leads_of(PARTITION, OPENED), held(), held(1))]
    return [
        *opened,
        log.tick(NIGHT_BEFORE, PARTITION),
        log.put(activated(NEW), NIGHT_BEFORE + SECOND, partition=PARTITION),
        *(log.tick(NIGHT_BEFORE + n * SECOND, PARTITION) for n in (2, 3)),
        *(log.tick(MIDNIGHT + n * SECOND, PARTITION) for n in range(6)),
        log.tick(WEEKS_LATER, PARTITION),
    ]


def both() -> Shelf:
    return shelf(merged(replace(filled(), directory=office().rulebook.directory), HANDLER))


def test_however_the_log_is_cut_and_read_again_the_same_is_decided_at_the_same_records(
    new_casebook: NewCasebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticking, "TICK_ANEW_MAX", 2)
    records = story(Log())
    with new_casebook() as whole, new_casebook() as pieces:
        run_on(whole, both(), records)
        for number in range(len(records)):
            run_on(pieces, both(), records[max(number - 2, 0) : number + 1])
        assert len(passed(whole)) == OPENED + 2
        assert everything(whole) == everything(pieces)


def test_a_replay_decides_the_same_at_the_same_records(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticking, "TICK_ANEW_MAX", 2)
    records = story(Log())
    run_on(casebook, both(), records)
    for batch_max in (1, 3, 100):
        assert replayed(journal_of(casebook), records, both(), batch_max) is None
