"""Custody, changed clocks, joint plans and supervision through the exchange and its casebook."""

import json
from datetime import datetime, timedelta
from typing import Any

from schemas.ids import CaseId
from schemas.messages import Accepted
from schemas.parts import Flow
from schemas.topics import flow_partition
from services.casebook.rows import duty_from_text
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS, DUTIES
from services.casework.case import Duty
from tests.history import (
    HANDLER,
    PARTICIPANT,
    SENDER,
    SHANGHAI,
    SUPERVISOR,
    History,
    organ,
)
from tests.office import PARTITIONS, Log, inboxes, rows, run, sent, told

LIST: dict[str, Any] = {
    "volumes": 2,
    "pages": 143,
    "items": [{"number": 1, "quantity": "2.5"}],
    "proceeds": "1234.50",
}


def put(log: Log, history: History, record: str, by: str, **changes: Any) -> Any:
    return log.put(sent(history, record, by, **changes), history.at)


def last(history: History) -> dict[str, Any]:
    return {"in_reply_to": list(history.sent)[-1]}


def partition_of(case: CaseId) -> int:
    return flow_partition(case.encode(), PARTITIONS)


def duties(casebook: Casebook) -> dict[str, Duty]:
    return {row.kind: duty_from_text(row.body, row.ended) for row in rows(casebook, DUTIES)}


def effects(casebook: Casebook) -> list[str]:
    entries = [json.loads(row.entry) for row in rows(casebook, DECISIONS)]
    return [effect["effect"] for entry in entries for effect in entry["effects"]]


def test_a_count_is_held_against_the_handover_across_transactions(casebook: Casebook) -> None:
    history, log = History(), Log()
    run(casebook, [put(log, history, "case_transfer", SENDER)])
    run(casebook, [put(log, history, "signed_for", PARTICIPANT)])
    latest = duties(casebook)["decide_filing"].due
    to = {"addressees": [organ(PARTICIPANT)]}
    run(casebook, [put(log, history, "custody_handover", SENDER, **LIST, envelope=to)])
    whole = {**LIST, "discrepancies": [], "envelope": last(history)}
    run(casebook, [put(log, history, "custody_check", PARTICIPANT, **whole)])
    assert told(casebook)[-5:] == [
        (PARTICIPANT, "CustodyHandover"),
        (SENDER, "Accepted"),
        (PARTICIPANT, "Advice"),  # the letter lists a second item
        (SENDER, "CustodyCheck"),
        (PARTICIPANT, "Accepted"),
    ]
    assert "duty_moved" in effects(casebook)
    sooner = duties(casebook)["decide_filing"]
    assert sooner.due < latest
    assert sooner.term is not None
    assert sooner.term.since == history.at


def test_a_clock_that_stands_still_is_woken_by_the_tick_of_its_planned_day(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    for record, by in (("lead_transfer", SENDER), ("filing_reply", HANDLER)):
        run(casebook, [put(log, history, record, by)])
    stopped = put(log, history, "clock_change", HANDLER, planned_end="2026-10-21")
    run(casebook, [stopped])
    partition = partition_of(history.opened.id)
    day = datetime(2026, 10, 21, tzinfo=SHANGHAI)
    run(casebook, [log.tick(day - timedelta(seconds=1), partition)])
    assert duties(casebook)["decide_case"].suspension is not None
    run(casebook, [log.tick(day, partition)])
    assert duties(casebook)["decide_case"].suspension is None
    assert [name for name in effects(casebook) if name.startswith("duty_s")] == ["duty_suspended"]
    assert effects(casebook)[-1] == "duty_resumed"


def test_what_a_joint_plan_leads_to_begins_with_the_tick_of_its_end(casebook: Casebook) -> None:
    history, log = History(), Log()
    run(casebook, [put(log, history, "joint_plan", SENDER)])
    run(casebook, [put(log, history, "joint_plan_answer", PARTICIPANT)])
    ends = datetime(2026, 10, 22, 18, tzinfo=SHANGHAI)
    opened = effects(casebook).count("duty_opened")
    run(casebook, [log.tick(ends, partition_of(history.opened.id), Flow.REQUESTS)])
    assert effects(casebook).count("duty_opened") == opened + 2
    run(casebook, [put(log, history, "joint_outcome", PARTICIPANT)])
    assert told(casebook)[-2:] == [(SENDER, "JointOutcome"), (PARTICIPANT, "Accepted")]


def test_the_supervisor_s_letter_reaches_the_organ_and_its_receipt_names_the_day(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    run(casebook, [put(log, history, "lead_transfer", SENDER)])
    run(casebook, [put(log, history, "supervision_letter", SUPERVISOR)])
    assert told(casebook)[-2:] == [(HANDLER, "SupervisionLetter"), (SUPERVISOR, "Accepted")]
    receipt = inboxes(casebook)[-1].message
    assert isinstance(receipt, Accepted)
    (owed,) = receipt.duties or ()
    assert (owed.duty, owed.due) == (
        "answer_supervision",
        datetime(2026, 11, 21, tzinfo=SHANGHAI),
    )
    run(casebook, [put(log, history, "supervision_reply", HANDLER, envelope=last(history))])
    assert told(casebook)[-2:] == [(SUPERVISOR, "SupervisionReply"), (HANDLER, "Accepted")]
