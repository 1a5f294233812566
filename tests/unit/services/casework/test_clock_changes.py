"""期限变更: standing still, going on, and the list of extensions (domain, section 4)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.oversight import SuspensionReason
from schemas.parts import Relation
from services.casework.case import Closing, Duty, State
from services.casework.effects import FireRung, MoveDuty, OpenDuty, ResumeDuty, SuspendDuty
from services.rulebook.model import Extension, Length, Unit
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    SHANGHAI,
    STRANGER,
    History,
    all_of,
    delivered_to,
    duties,
    in_state,
    is_refused,
    organ,
    refusal_of,
    the,
    violation,
)

SUSPEND: dict[str, Any] = {"suspension": "appraisal", "planned_end": "2026-10-21"}
RESUME: dict[str, Any] = {"change": "resume", "suspension": None, "planned_end": None}
EXTEND: dict[str, Any] = {
    "change": "extend",
    "suspension": None,
    "planned_end": None,
    "approved_by": "机关负责人",
    "approved_on": "2026-09-21",
}


def on(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def the_case_duty(history: History) -> Duty:
    return duties(history.opened)["decide_case", organ(HANDLER)]


def may_stand_still(history: History, *kinds: str) -> None:
    appraisal = (SuspensionReason.APPRAISAL,)
    rules = tuple(
        replace(rule, suspend_for=appraisal) if rule.kind in kinds else rule
        for rule in history.rulebook.duties
    )
    history.rulebook = replace(history.rulebook, duties=rules)


def in_working_days(history: History) -> None:
    """Let the filing decision's clock stand still and be extended too."""
    rules = tuple(
        replace(
            rule,
            suspend_for=(SuspensionReason.APPRAISAL,),
            extensions=(Extension(Length(5, Unit.WORKING_DAYS), "负责人"),),
        )
        if rule.kind in ("decide_filing", "handle", "sign_for")
        else rule
        for rule in history.rulebook.duties
    )
    history.rulebook = replace(history.rulebook, duties=rules)


@pytest.mark.guidance("二(二)4·1", "setting decide_case suspend_for", words="法定期限")
def test_a_suspended_duty_is_due_as_it_will_be_and_its_counterpart_is_told() -> None:
    history = in_state(State.FILED)
    before = the_case_duty(history)
    effects = history.send("clock_change", HANDLER, **SUSPEND)
    still = the(SuspendDuty, effects)
    assert still.reason is SuspensionReason.APPRAISAL
    # 22 September up to and including 21 October are added.
    assert still.duty.due == before.due + timedelta(days=30)
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]


def test_no_rung_fires_while_it_stands_still_and_it_goes_on_by_itself() -> None:
    history = in_state(State.FILED)
    history.send("clock_change", HANDLER, **SUSPEND)
    assert history.opened.due_next == on(10, 21, 0)
    assert history.tick(on(10, 20)) == ()
    effects = history.tick(on(10, 24))  # a Tick that comes late: the planned day counts
    resumed = the(ResumeDuty, effects).duty
    assert resumed.due == datetime(2027, 1, 20, tzinfo=SHANGHAI)
    assert resumed.suspension is None
    assert all_of(FireRung, effects) == []


def test_a_request_to_designate_that_stood_still_goes_on_by_itself_too() -> None:
    history = in_state(State.DISPUTED)
    may_stand_still(history, "request_designation")
    history.send("negotiation_result", HANDLER, **FAILED)
    still = {**SUSPEND, "duty": "request_designation", "planned_end": "2026-10-09"}
    assert not is_refused(history.send("clock_change", HANDLER, **still))
    assert history.tick(on(10, 8)) == ()
    resumed = the(ResumeDuty, history.tick(on(10, 9))).duty
    assert (resumed.kind, resumed.suspension) == ("request_designation", None)
    assert all_of(FireRung, history.tick(on(11, 2)))


def test_a_rung_that_a_new_calendar_plans_into_the_standstill_does_not_fire() -> None:
    history = in_state(State.FILED)
    history.at = on(12, 20)
    history.send("clock_change", HANDLER, **{**SUSPEND, "planned_end": "2026-12-22"})
    due = the_case_duty(history).due
    assert due == on(12, 23, 0)  # so its reminder would be of 21 December
    calendar = history.rulebook.calendar
    later = replace(calendar, days_off=calendar.days_off | {date(2027, 6, 1)})
    history.rulebook = replace(history.rulebook, calendar=later)
    assert history.tick(on(12, 21)) == ()
    assert (the_case_duty(history).due, history.opened.due_next) == (due, on(12, 22, 0))


def test_resumed_sooner_the_days_until_then_alone_are_added() -> None:
    history = in_state(State.FILED)
    before = the_case_duty(history)
    history.send("clock_change", HANDLER, **SUSPEND)
    history.at = on(9, 28)
    effects = history.send("clock_change", HANDLER, **RESUME)
    assert the(ResumeDuty, effects).duty.due == before.due + timedelta(days=7)
    assert history.tick(on(10, 21)) == ()


def test_a_duty_in_working_days_gets_working_days() -> None:
    history = History()
    in_working_days(history)
    history.send("lead_transfer", SENDER)
    history.send("signed_for", HANDLER)
    due = duties(history.opened)["decide_filing", organ(HANDLER)].due
    assert due == on(10, 9, 0)
    history.send("clock_change", HANDLER, **SUSPEND, duty="decide_filing")
    history.at = on(9, 28)
    effects = history.send("clock_change", HANDLER, **RESUME, duty="decide_filing")
    # 22, 23, 24 and 28 September were working days, 25 was a holiday; 9, 10, 12, 13 October follow.
    assert the(ResumeDuty, effects).duty.due == on(10, 14, 0)


def test_a_duty_in_hours_gets_the_time_that_it_stood_still() -> None:
    history = History()
    in_working_days(history)
    history.send("violation_notice", SENDER)
    due = duties(history.opened)["sign_for", organ(HANDLER)].due
    history.send("clock_change", HANDLER, **SUSPEND, duty="sign_for")
    history.at = on(9, 21, 12) - timedelta(minutes=1)
    stopped_at = on(9, 21, 10) + timedelta(minutes=2)
    effects = history.send("clock_change", HANDLER, **RESUME, duty="sign_for")
    assert the(ResumeDuty, effects).duty.due == due + (history.at - stopped_at)


def test_a_fired_rung_is_not_repeated() -> None:
    history = in_state(State.FILED)
    due = the_case_duty(history).due
    reminder = history.opened.due_next
    assert reminder is not None
    assert [e.rung for e in all_of(FireRung, history.tick(reminder))] == ["reminder"]
    history.send("clock_change", HANDLER, **{**SUSPEND, "planned_end": "2026-12-25"})
    history.tick(on(12, 25))
    assert the_case_duty(history).due > due
    fired = all_of(FireRung, history.tick(the_case_duty(history).due + timedelta(days=40)))
    assert "reminder" not in [e.rung for e in fired]


def test_a_suspended_duty_is_met_by_its_own_record() -> None:
    history = in_state(State.FILED)
    history.send("clock_change", HANDLER, **SUSPEND)
    history.send("case_progress", HANDLER, stage="decided")
    closed = [duty for duty in history.opened.duties if duty.kind == "decide_case"]
    assert [duty.closing for duty in closed] == [Closing.MET]
    assert history.tick(on(10, 22)) == ()


@pytest.mark.guidance("二(二)4·1", "setting decide_case extensions", words="法定期限")
def test_the_list_of_extensions_is_taken_in_its_order_to_its_end() -> None:
    history = in_state(State.FILED)
    before = the_case_duty(history)
    wrong = history.send("clock_change", HANDLER, **EXTEND, step=2)
    assert refusal_of(wrong) == "clock_change.step_order"
    for step in (1, 2):
        effects = history.send("clock_change", HANDLER, **EXTEND, step=step)
        moved = the(MoveDuty, effects)
        assert moved.reason == "extended"
        assert moved.duty.due == before.due + timedelta(days=30 * step)
    more = history.send("clock_change", HANDLER, **EXTEND, step=3)
    assert refusal_of(more) == "clock_change.no_further_step"
    assert the_case_duty(history).extensions == 2


def test_the_market_supervision_sector_has_fifteen_working_days_more() -> None:
    history = History()
    history.send("complaint_forward", SENDER)
    history.send("signed_for", "liuzhi-scjg")
    effects = history.send("clock_change", "liuzhi-scjg", **EXTEND, step=1, duty="decide_filing")
    assert the(MoveDuty, effects).duty.due == on(11, 10, 0)


@pytest.mark.parametrize(
    ("sender", "changes", "code"),
    [
        (SENDER, SUSPEND, "reply.not_asked"),
        (STRANGER, SUSPEND, "case.unknown"),
        (HANDLER, {**SUSPEND, "duty": "outcome_feedback"}, "clock_change.no_such_duty"),
        (
            HANDLER,
            {**SUSPEND, "envelope": {"in_reply_to": "3b0b59d6-7f0e-5b1e-9f8c-0d6a54d8b011"}},
            "clock_change.no_such_duty",
        ),
        (HANDLER, {**SUSPEND, "planned_end": "2026-09-21"}, "clock_change.end_not_later"),
        (HANDLER, RESUME, "clock_change.not_suspended"),
        (
            HANDLER,
            {**EXTEND, "step": 1, "approved_on": "2026-09-22"},
            "clock_change.approved_later",
        ),
        (HANDLER, {**SUSPEND, "change": "unknown"}, "message.field_invalid"),
    ],
)
def test_a_change_out_of_place_is_refused_and_changes_nothing(
    sender: str, changes: dict[str, Any], code: str
) -> None:
    history = in_state(State.FILED)
    before = history.opened
    assert refusal_of(history.send("clock_change", sender, **changes)) == code
    assert history.opened == before


def test_a_duty_that_stands_still_is_not_stopped_again_nor_extended() -> None:
    history = in_state(State.FILED)
    history.send("clock_change", HANDLER, **SUSPEND)
    for again in (SUSPEND, {**EXTEND, "step": 1}):
        assert (
            refusal_of(history.send("clock_change", HANDLER, **again)) == "clock_change.suspended"
        )


def test_a_ground_that_the_rulebook_does_not_list_stops_nothing() -> None:
    history = in_state(State.RECEIVED)
    refused = history.send("clock_change", HANDLER, **SUSPEND, duty="decide_filing")
    assert refusal_of(refused) == "clock_change.ground_not_listed"


@pytest.mark.parametrize("reason", [each for each in SuspensionReason if each.value != "unknown"])
def test_each_ground_of_the_closed_list_stops_the_ninety_days(reason: SuspensionReason) -> None:
    history = in_state(State.FILED)
    effects = history.send("clock_change", HANDLER, **{**SUSPEND, "suspension": reason.value})
    assert the(SuspendDuty, effects).duty.kind == "decide_case"


def test_what_is_overdue_or_was_opened_before_terms_were_kept_keeps_its_day() -> None:
    history = in_state(State.FILED)
    case = history.opened
    old = tuple(replace(duty, term=None) for duty in case.duties)
    history.case = replace(case, duties=old)
    assert (
        refusal_of(history.send("clock_change", HANDLER, **SUSPEND)) == "clock_change.not_allowed"
    )
    history.case = case
    history.at = the_case_duty(history).due
    late = {**SUSPEND, "planned_end": "2027-03-01"}
    assert refusal_of(history.send("clock_change", HANDLER, **late)) == "clock_change.overdue"


def test_a_duty_of_a_message_of_its_own_is_named_by_that_message() -> None:
    history = in_state(State.RECEIVED)
    in_working_days(history)
    history.send("withdrawal", SENDER)
    asked = {"in_reply_to": list(history.sent)[-1]}
    refused = history.send(
        "clock_change", HANDLER, **SUSPEND, duty="answer_withdrawal", envelope=asked
    )
    assert (
        refusal_of(refused) == "clock_change.ground_not_listed"
    )  # found, and never to stand still


def test_a_duty_of_a_message_of_its_own_is_named_by_the_letter_too() -> None:
    history = in_state(State.RECEIVED)
    history.send("withdrawal", SENDER)
    refused = history.send("clock_change", HANDLER, **SUSPEND, duty="answer_withdrawal")
    assert refusal_of(refused) == "clock_change.ground_not_listed"  # it was found


def test_who_is_its_own_counterpart_is_told_nothing() -> None:
    history = in_state(State.FILED)
    own = tuple(replace(duty, counterpart=organ(HANDLER)) for duty in history.opened.duties)
    history.case = replace(history.opened, duties=own)
    effects = history.send("clock_change", HANDLER, **SUSPEND)
    assert not is_refused(effects)
    assert delivered_to(effects) == []


@pytest.mark.guidance("二(四)·2", "duty assist", words="应当依法予以协助")
@pytest.mark.guidance("二(四)·2", "record AssistanceResult", words="应当依法予以协助")
def test_assistance_is_due_on_the_day_agreed_on() -> None:
    history = History()
    history.send("assistance_request", SENDER)
    effects = history.send("assistance_reply", HANDLER, agreed_on="2026-10-10")
    duty = next(e.duty for e in all_of(OpenDuty, effects) if e.duty.kind == "assist")
    assert (duty.due, duty.provisional) == (on(10, 11, 0), False)
    assert duty.term is not None
    assert duty.term.last_day == date(2026, 10, 10)
    assert delivered_to(history.send("assistance_result", HANDLER)) == [(SENDER, Relation.SENDER)]


def test_a_result_of_what_was_refused_or_by_another_is_refused() -> None:
    history = History()
    history.send("assistance_request", SENDER)
    refusal = {
        "answer": "refused",
        "agreed_on": None,
        "ground": "outside_powers",
        "reasons": "不属于本机关职权范围",
    }
    history.send("assistance_reply", HANDLER, **refusal)
    assert refusal_of(history.send("assistance_result", HANDLER)) == "assistance.not_accepted"
    assert refusal_of(history.send("assistance_result", SENDER)) == "reply.not_asked"


@pytest.mark.parametrize("change", ["extend", "suspend", "resume"])
def test_what_has_gone_on_by_itself_is_no_longer_stopped_though_no_tick_has_said_so(
    change: str,
) -> None:
    history = in_state(State.FILED)
    history.at = on(10, 12)
    history.send("clock_change", HANDLER, **{**SUSPEND, "planned_end": "2026-10-22"})
    planned = the_case_duty(history).due
    history.at = on(10, 26)
    changes = {"extend": {**EXTEND, "step": 1}, "suspend": SUSPEND, "resume": RESUME}[change]
    later = {"planned_end": "2026-11-02"} if change == "suspend" else {}
    effects = history.send("clock_change", HANDLER, **{**changes, **later})
    if change == "resume":
        assert refusal_of(effects) == "clock_change.not_suspended"
        assert the_case_duty(history).due == planned
        return
    assert the(ResumeDuty, effects).duty.due == planned
    assert the_case_duty(history).due > planned


def sent_on_and_agreed_back(history: History) -> None:
    """The handler that filed it sends it on, and is agreed to be the one after all."""
    letter = {"addressees": [organ("liuzhi-jtj")], "document_number": "六综执案移〔2026〕41号"}
    changes = {"violations": [violation()], "envelope": {**letter, "insist_reason": "属于贵局"}}
    history.send("case_transfer", HANDLER, **changes)
    history.send("objection", "liuzhi-jtj")
    agreed = {"handler": organ(HANDLER), "handles_from": "2026-10-12"}
    for side in ("liuzhi-jtj", HANDLER):
        assert not is_refused(history.send("negotiation_result", side, **agreed))


@pytest.mark.parametrize(
    ("changes", "ended_on", "added"),
    [
        ({**EXTEND, "step": 1}, None, 30),
        ({**SUSPEND, "planned_end": "2026-10-22"}, on(10, 22), 10),
        ({**SUSPEND, "planned_end": "2026-10-22"}, None, 4),  # cut off by its being sent on
    ],
)
def test_with_a_filing_date_that_stands_stands_what_was_added_since(
    changes: dict[str, Any], ended_on: datetime | None, added: int
) -> None:
    history = in_state(State.FILED)
    before, history.at = the_case_duty(history).due, on(10, 12)
    assert not is_refused(history.send("clock_change", HANDLER, **changes))
    if ended_on:
        history.tick(ended_on)
    history.at = ended_on or on(10, 16)
    sent_on_and_agreed_back(history)
    duty, filed_on = the_case_duty(history), history.opened.filed_by(organ(HANDLER))
    assert filed_on is not None
    assert duty.due.date() == filed_on + timedelta(days=91 + added)
    assert before < duty.due
    assert (duty.extensions, duty.suspension) == (int("step" in changes), None)
