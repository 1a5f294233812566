"""The county's other records through the exchange: sealed, decided, written, delivered."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import CaseId, derive
from schemas.messages import Advice, Held, HoldReason
from schemas.parts import Relation
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, DUTIES, MESSAGES
from services.exchange.intake import Refused
from services.rulebook.model import OrganType
from tests.history import HANDLER, MONDAY, SENDER, SUPERVISOR, History, demo, message, organ
from tests.history import violation as a_violation
from tests.office import Log, inboxes, rows, run, sent, take, told

EVERYBODY = sorted(
    organ.alias
    for organ in demo().directory.organs.values()
    if organ.alias != HANDLER and organ.type in (OrganType.TOWNSHIP, OrganType.DEPARTMENT)
)


def to(*aliases: str) -> dict[str, Any]:
    return {"envelope": {"addressees": [organ(alias) for alias in aliases]}}


def test_a_circular_to_all_is_one_decision_and_a_delivery_each(casebook: Casebook) -> None:
    history, log = History(), Log()
    circular = sent(history, "circular", HANDLER, **to(*EVERYBODY))
    run(casebook, [log.put(circular, MONDAY), log.put(circular, MONDAY)])
    delivered = [(alias, "Circular") for alias in EVERYBODY]
    # The repeat is answered with the same receipt, and delivered to nobody again.
    assert told(casebook) == [*delivered, (HANDLER, "Accepted"), (HANDLER, "Accepted")]
    assert len(rows(casebook, DECISIONS)) == 1
    assert [row.state for row in rows(casebook, CASES)] == ["sent"]
    assert len([row for row in rows(casebook, DUTIES) if row.open]) == len(EVERYBODY)
    copies = inboxes(casebook)[: len(EVERYBODY)]
    deliveries = [copy.message.envelope.delivery for copy in copies]
    assert [each.to for each in deliveries if each] == [organ(alias) for alias in EVERYBODY]
    assert {each.relation for each in deliveries if each} == {Relation.COPY_RECIPIENT}


def test_one_that_signs_closes_its_own_duty_in_the_casebook(casebook: Casebook) -> None:
    history, log = History(), Log()
    copy = sent(history, "copy", HANDLER, **to(SENDER, "langdai"))
    records = [log.put(copy, MONDAY)]
    records.append(log.put(sent(history, "signed_for", "langdai"), history.at))
    run(casebook, records)
    owed = {row.owner: row.open for row in rows(casebook, DUTIES)}
    assert owed == {organ(SENDER): True, organ("langdai"): False}
    assert told(casebook)[-2:] == [(HANDLER, "SignedFor"), ("langdai", "Accepted")]


def test_a_copy_in_answer_lies_in_the_request_s_case(casebook: Casebook) -> None:
    history, log = History(), Log()
    records = [
        log.put(sent(history, record, sender, **changes), history.at)
        for record, sender, changes in (
            ("information_request", HANDLER, {}),
            ("copy", SENDER, to(HANDLER)),
        )
    ]
    run(casebook, records)
    assert told(casebook) == [
        (SENDER, "InformationRequest"),
        (HANDLER, "Accepted"),
        (HANDLER, "Copy"),
        (SENDER, "Accepted"),
    ]
    assert [row.state for row in rows(casebook, CASES)] == ["answered"]


def test_a_copy_that_opens_has_its_own_case_id() -> None:
    copy = message("copy", HANDLER, "copy")
    stray = replace(copy, envelope=replace(copy.envelope, case_id=CaseId(derive("elsewhere"))))
    (judged,) = take(Log().put(stray, MONDAY))
    assert isinstance(judged, Refused)
    assert judged.refusal.code == "message.misrouted"


@pytest.mark.parametrize(
    ("record", "sender", "reply", "state"),
    [
        ("violation_notice", SENDER, "handling_feedback", "handled"),
        ("assistance_request", SENDER, "assistance_reply", "answered"),
    ],
)
def test_a_notice_and_a_request_are_answered_end_to_end(
    casebook: Casebook, record: str, sender: str, reply: str, state: str
) -> None:
    history, log = History(), Log()
    ways = [(record, sender), ("signed_for", HANDLER), (reply, HANDLER)]
    if reply == "assistance_reply":
        ways.append(("assistance_result", HANDLER))
    run(casebook, [log.put(sent(history, *way), history.at) for way in ways])
    assert [row.state for row in rows(casebook, CASES)] == [state]
    assert {row.open for row in rows(casebook, DUTIES)} == {False}
    assert told(casebook)[-2][0] == sender


def test_a_refusal_to_assist_is_followed_by_advice(casebook: Casebook) -> None:
    history, log = History(), Log()
    refusal = {"answer": "refused", "agreed_on": None, "ground": "outside_powers", "reasons": "无"}
    records = [
        log.put(sent(history, "assistance_request", SENDER), history.at),
        log.put(sent(history, "assistance_reply", HANDLER, **refusal), history.at),
    ]
    run(casebook, records)
    advice = [said for said in inboxes(casebook) if isinstance(said.message, Advice)]
    assert [(each.to, each.message.code) for each in advice] == [  # type: ignore[union-attr] # Advice, as filtered
        (SENDER, "advice.assistance_refused")
    ]


def test_a_held_place_is_told_and_assigned_and_its_first_answer_is_the_later_one(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    one = a_violation(place_text="郎岱镇示例路3号")
    lead = sent(history, "lead_transfer", SENDER, violations=[one])
    run(casebook, [log.put(lead, history.at)])
    held = [said for said in inboxes(casebook) if isinstance(said.message, Held)]
    assert [said.to for said in held] == [SENDER, SUPERVISOR]
    assert {said.message.hold for said in held} == {HoldReason.PLACE_CONFLICT}  # type: ignore[union-attr] # Held, as filtered
    assert [row.outcome for row in rows(casebook, MESSAGES)] == ["held"]
    assignment = sent(history, "routing_assignment", SUPERVISOR, **to(HANDLER))
    run(casebook, [log.put(assignment, history.at)])
    assert told(casebook)[2:] == [
        (HANDLER, "LeadTransfer"),
        (SENDER, "Accepted"),
        (SENDER, "RoutingAssignment"),
        (HANDLER, "RoutingAssignment"),
        (SUPERVISOR, "Accepted"),
    ]
    assert {row.record: row.outcome for row in rows(casebook, MESSAGES)} == {
        "LeadTransfer": "accepted",
        "RoutingAssignment": "accepted",
    }


# ---------------------------------------------------------------------- cooperation on a transfer


@pytest.mark.parametrize(("signed", "outcome"), [(True, "accepted"), (False, "rejected")])
def test_who_handles_the_transfer_is_looked_up_and_written_down(
    casebook: Casebook,
    signed: bool,  # noqa: FBT001 - a column of the table
    outcome: str,
) -> None:
    history, log = History(), Log()
    records = [log.put(sent(history, "lead_transfer", SENDER), history.at)]
    if signed:
        records.append(log.put(sent(history, "signed_for", HANDLER), history.at))
    asks = message(
        "assistance_request",
        HANDLER,
        "cooperate",
        ground="transfer_cooperation",
        transfer=history.opened.opening,
        **to(SENDER),
    )
    run(casebook, [*records, log.put(asks, history.at)])
    last = rows(casebook, DECISIONS)[-1]
    assert (last.record, last.outcome) == ("AssistanceRequest", outcome)
    assert f'"handles":{str(signed).lower()}' in last.entry
