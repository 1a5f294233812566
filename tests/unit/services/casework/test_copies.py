"""Copies: one decision, a delivery and a signing for each; the rows of duties, life by life."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.parts import Relation
from schemas.sharing import Copy
from schemas.topics import RECORDS
from services.casework.acts import OPENING
from services.casework.case import Closing, Life, State
from services.casework.effects import Accept, ChangeState, CloseDuty, Deliver, OpenDuty
from services.rulebook.model import OrganType
from tests.history import (
    HANDLER,
    SENDER,
    SHANGHAI,
    STRANGER,
    SUPERVISOR,
    History,
    all_of,
    delivered_to,
    demo,
    duties,
    in_state,
    is_refused,
    ledger,
    named,
    organ,
    refusal_of,
    the,
)

FIVE = ["yanjiao", "langdai", "liuzhi-scjg", "liuzhi-zwj", "liuzhi-gov"]
RECORDS_OF_MANY = ["copy", "circular"]


def to(*aliases: str) -> dict[str, Any]:
    return {"envelope": {"addressees": [organ(alias) for alias in aliases]}}


@pytest.mark.guidance("二(一)", "record Copy")
@pytest.mark.parametrize("record", RECORDS_OF_MANY)
def test_a_copy_to_five_is_one_decision_with_a_delivery_and_a_duty_for_each(record: str) -> None:
    history = History()
    effects = history.send(record, HANDLER, category="other", **to(*FIVE))
    assert named(effects) == ["ChangeState", *["OpenDuty"] * 5, *["Deliver"] * 5, "Accept"]
    assert the(ChangeState, effects).after is State.SENT
    copy, other = Relation.COPY_RECIPIENT, Relation.OTHER_DEPARTMENT
    relations = {alias: other if alias == "liuzhi-zwj" else copy for alias in FIVE}
    assert delivered_to(effects) == list(relations.items())
    owed = [effect.duty for effect in all_of(OpenDuty, effects)]
    assert [(duty.kind, duty.owner) for duty in owed] == [("sign_for", organ(a)) for a in FIVE]
    assert {duty.counterpart for duty in owed} == {organ(HANDLER)}
    assert len({duty.id for duty in owed}) == 5
    accept = the(Accept, effects)
    assert accept.recipients == tuple((organ(a), relation) for a, relation in relations.items())
    assert accept.duties == tuple(owed)
    assert history.opened.life is Life.COPY


@pytest.mark.guidance("二(一)·1", "duty sign_for", words="及时")
def test_each_recipient_signs_for_itself_and_the_others_still_owe_it() -> None:
    history = History()
    history.send("copy", HANDLER, **to(*FIVE))
    effects = history.send("signed_for", "langdai")
    assert the(CloseDuty, effects).duty.owner == organ("langdai")
    assert delivered_to(effects) == [(HANDLER, Relation.SENDER)]
    left = [organ(alias) for alias in FIVE if alias != "langdai"]
    assert [owner for _, owner in duties(history.opened)] == left
    handed = {each.to: each.signed_at for each in history.opened.handed[:5]}
    assert [alias for alias in FIVE if handed[organ(alias)] is not None] == ["langdai"]
    assert history.opened.state is State.SENT


def test_what_is_known_of_a_delivery_is_known_for_each_recipient() -> None:
    history = History()
    history.send("copy", HANDLER, **to(*FIVE))
    history.send("delivered", "yanjiao")
    known = [each.delivered_at for each in history.opened.handed]
    assert known == [history.at, None, None, None, None]


def test_scenario_6_one_of_five_signs_after_the_holiday_and_only_its_ladder_runs() -> None:
    history = History(at=datetime(2026, 9, 29, 10, tzinfo=SHANGHAI))
    history.send("copy", HANDLER, **to(*FIVE))
    for alias in FIVE[:4]:
        history.send("signed_for", alias)
    (duty,) = duties(history.opened).values()
    assert duty.owner == organ("liuzhi-gov")
    assert duty.due == datetime(2026, 10, 1, tzinfo=SHANGHAI)  # 24:00 of 30 September
    rungs: list[tuple[str, str]] = []
    day = datetime(2026, 9, 29, 20, tzinfo=SHANGHAI)
    while day < datetime(2026, 10, 12, 20, tzinfo=SHANGHAI):
        day += timedelta(days=1)
        for effect in history.tick(day):
            assert type(effect).__name__ == "FireRung"
            rungs.append((effect.rung.value, f"{effect.nominal_at:%m-%d}"))  # type: ignore[union-attr] # a rung, as asserted
        if day.day == 10 and day.month == 10:
            late = history.send("signed_for", "liuzhi-gov")
            assert the(CloseDuty, late).closing is Closing.LATE
    assert rungs == [("yellow", "10-08")]


@pytest.mark.parametrize("record", ["signed_for", "delivered"])
def test_who_got_no_copy_has_no_case(record: str) -> None:
    history = in_state(State.SENT, Life.COPY)
    assert refusal_of(history.send(record, STRANGER)) == "case.unknown"


def test_a_copy_needs_somebody_and_not_its_sender() -> None:
    assert refusal_of(History().send("copy", HANDLER, **to())) == "copy.no_recipient"
    refused = History().send("copy", HANDLER, **to(SENDER, HANDLER))
    assert refusal_of(refused) == "message.to_itself"
    nobody = {"envelope": {"addressees": ["11520203YC9999999X"]}}
    assert refusal_of(History().send("copy", HANDLER, **nobody)) == "organ.unknown"


def test_a_recipient_of_a_copy_was_asked_nothing() -> None:
    for record in ("filing_reply", "information_reply", "handling_feedback", "copy"):
        history = in_state(State.SENT, Life.COPY)
        refused = history.send(record, SENDER)
        assert refusal_of(refused) == "reply.not_asked", record


# ---------------------------------------------------------------------------------- audience rules

LEGAL = {"category": "legal_texts", "matters": None}
TOWNSHIPS = [
    each.alias for each in demo().directory.organs.values() if each.type is OrganType.TOWNSHIP
]


@pytest.mark.guidance("二(一)·1", "record Copy", words="抄送")
@pytest.mark.guidance("二(一)·1", "record Circular", words="通报")
@pytest.mark.parametrize("record", RECORDS_OF_MANY)
def test_a_copy_to_nobody_reaches_those_whom_the_rules_name_each_with_its_rule(record: str) -> None:
    effects = History().send(record, HANDLER, **to(), **LEGAL)
    told = {each.to: each.rule for each in all_of(Deliver, effects)}
    assert told == {
        **{organ(alias): "AU-01" for alias in TOWNSHIPS},
        organ(SUPERVISOR): "AU-02",
    }
    assert delivered_to(effects)[-1] == (SUPERVISOR, Relation.SUPERVISOR)
    accept = the(Accept, effects)
    assert [to for to, _ in accept.recipients] == list(told)
    assert (accept.rule, accept.basis) == ("AU-01；AU-02", "意见二(一)1")
    assert accept.explanation is not None
    assert "AU-02，另送六枝特区司法局。" in accept.explanation
    owed = [effect.duty.owner for effect in all_of(OpenDuty, effects)]
    assert owed == list(told)


def test_whom_the_sender_names_comes_first_and_by_no_rule() -> None:
    effects = History().send("copy", HANDLER, **to("liuzhi-zwj", "langdai"), **LEGAL)
    rules = {each.to: each.rule for each in all_of(Deliver, effects)}
    assert list(rules)[:2] == [organ("liuzhi-zwj"), organ("langdai")]
    assert [rules[organ(alias)] for alias in ("liuzhi-zwj", "langdai")] == [None, None]
    assert len(rules) == len(TOWNSHIPS) + 2


def test_the_sender_of_a_copy_is_none_of_its_audience() -> None:
    effects = History().send("copy", SENDER, **to(), **LEGAL)
    assert organ(SENDER) not in {each.to for each in all_of(Deliver, effects)}
    assert len(all_of(Deliver, effects)) == len(TOWNSHIPS)


def test_a_copy_that_only_its_own_sender_would_get_reaches_nobody() -> None:
    effects = History().send("copy", SUPERVISOR, **to(), category="statistics", matters=None)
    assert refusal_of(effects) == "copy.no_recipient"


def test_a_matter_decides_on_the_audience_and_so_does_the_day() -> None:
    of_traffic = {"category": "penalty_decisions", "matters": ["CG-003"]}
    effects = History().send("copy", SENDER, **to(), **of_traffic)
    assert delivered_to(effects) == [(HANDLER, Relation.COPY_RECIPIENT)]
    assert the(Deliver, effects).rule == "AU-06"
    other = {**of_traffic, "matters": ["SC-002"]}
    assert refusal_of(History().send("copy", SENDER, **to(), **other)) == "copy.no_recipient"
    before = History(at=datetime(2024, 1, 31, 12, tzinfo=SHANGHAI))
    assert refusal_of(before.send("copy", SENDER, **to(), **of_traffic)) == "copy.no_recipient"


def test_the_same_copy_decided_again_reaches_the_same_in_the_same_order() -> None:
    first, again = History(), History()
    assert first.send("copy", HANDLER, **to("langdai"), **LEGAL) == again.send(
        "copy", HANDLER, **to("langdai"), **LEGAL
    )


@pytest.mark.guidance("二(五)", "record GuidanceRecord")
def test_guidance_goes_to_whom_it_was_given_and_a_copy_without_a_category_to_whom_it_names() -> (
    None
):
    assert delivered_to(History().send("guidance_record", HANDLER, **to("langdai"))) == [
        ("langdai", Relation.COPY_RECIPIENT)
    ]
    history = History()
    copy = history.next("copy", HANDLER, **to("langdai"), **LEGAL)
    assert isinstance(copy, Copy)
    copy = replace(copy, category=None)
    assert delivered_to(history.decide(copy)) == [("langdai", Relation.COPY_RECIPIENT)]


# --------------------------------------------------------------------------------------- guidance


@pytest.mark.guidance("二(五)·1", "refusal guidance.not_a_department", words="县级行政执法部门通过")
@pytest.mark.guidance(
    "二(五)·1", "refusal guidance.not_a_township", words="对乡(镇、街道)行政执法工作指导"
)
def test_guidance_is_a_department_s_and_for_townships() -> None:
    assert not is_refused(History().send("guidance_record", HANDLER))
    assert refusal_of(History().send("guidance_record", SENDER, **to("langdai"))) == (
        "guidance.not_a_department"
    )
    refused = History().send("guidance_record", HANDLER, **to("langdai", "liuzhi-zwj"))
    assert refusal_of(refused) == "guidance.not_a_township"
    assert refused[0].refusal.where == "envelope.addressees[1]"  # type: ignore[union-attr] # a Reject


def test_guidance_is_signed_for_and_owes_no_answer() -> None:
    history = History()
    assert ledger(history.send("guidance_record", HANDLER)) == [("sign_for", "open")]
    assert ledger(history.send("signed_for", SENDER)) == [("sign_for", "met")]


# ------------------------------------------------------------------------- the ledger, life by life

LIVES: dict[str, list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]]] = {
    "notice": [
        ("violation_notice", SENDER, {}, [("sign_for", "open")]),
        ("signed_for", HANDLER, {}, [("sign_for", "met"), ("handle", "open")]),
        ("handling_feedback", HANDLER, {}, [("handle", "met")]),
    ],
    "notice answered before it was signed for": [
        ("violation_notice", SENDER, {}, [("sign_for", "open")]),
        (
            "handling_feedback",
            HANDLER,
            {},
            [("sign_for", "met"), ("handle", "open"), ("handle", "met")],
        ),
    ],
    "information": [
        ("information_request", HANDLER, {}, [("sign_for", "open"), ("answer_request", "open")]),
        ("signed_for", SENDER, {}, [("sign_for", "met")]),
        ("information_reply", SENDER, {}, [("answer_request", "met")]),
    ],
    "information given as a copy": [
        ("information_request", HANDLER, {}, [("sign_for", "open"), ("answer_request", "open")]),
        (
            "copy",
            SENDER,
            to(HANDLER),
            [("sign_for", "met"), ("answer_request", "met"), ("sign_for", "open")],
        ),
        ("copy", SENDER, to(), [("sign_for", "open")]),
    ],
    "assistance": [
        ("assistance_request", SENDER, {}, [("sign_for", "open"), ("answer_assistance", "open")]),
        ("signed_for", HANDLER, {}, [("sign_for", "met")]),
        ("assistance_reply", HANDLER, {}, [("answer_assistance", "met"), ("assist", "open")]),
        ("assistance_result", HANDLER, {}, [("assist", "met")]),
        ("assistance_result", HANDLER, {}, []),
    ],
    "withdrawn request": [
        ("assistance_request", SENDER, {}, [("sign_for", "open"), ("answer_assistance", "open")]),
        (
            "withdrawal",
            SENDER,
            {},
            [("sign_for", "withdrawn"), ("answer_assistance", "withdrawn")],
        ),
    ],
    "complaint": [
        (
            "complaint_forward",
            SENDER,
            {},
            [("sign_for", "open"), ("inform_complainant", "open")],
        ),
        ("complainant_informed", SENDER, {}, [("inform_complainant", "met")]),
        ("filing_reply", "liuzhi-scjg", {}, [
            ("sign_for", "met"),
            ("decide_filing", "open"),
            ("decide_filing", "met"),
            ("decide_case", "open"),
        ]),
        (
            "outcome_feedback",
            "liuzhi-scjg",
            {},
            [("decide_case", "met"), ("complainant_feedback", "open")],
        ),
        (
            "complainant_informed",
            "liuzhi-scjg",
            {"leg": "outcome"},
            [("complainant_feedback", "met")],
        ),
    ],
}  # fmt: skip


@pytest.mark.parametrize("life", LIVES)
def test_each_step_opens_and_closes_the_duties_of_its_row(life: str) -> None:
    history = History()
    for record, sender, changes, expected in LIVES[life]:
        effects = history.send(record, sender, **changes)
        assert not is_refused(effects), (record, effects)
        assert ledger(effects) == expected, record


@pytest.mark.guidance("二", "duty sign_for")
def test_every_record_that_opens_a_case_delivers_it_with_a_signature_owed() -> None:
    for record in (RECORDS[kind.__name__] for kind in OPENING):
        sender = HANDLER if record.snake in COUNTY_S_OWN else SENDER
        effects = History().send(record.snake, sender)
        assert not is_refused(effects), record.name
        assert ("sign_for", "open") in ledger(effects), record.name


COUNTY_S_OWN = {"copy", "circular", "guidance_record", "information_request"}


@pytest.mark.parametrize("life", Life)
def test_what_opened_a_case_does_not_open_it_again(life: Life) -> None:
    many = (Life.COPY, Life.JOINT, Life.CONSULTATION)
    begun = State.OWED if life is Life.GUIDANCE_YEAR else State.ISSUED
    state = State.SENT if life in many else begun
    history = in_state(state, life)
    before = history.opened
    (opening,) = history.sent.values()
    assert refusal_of(history.decide(opening)) in ("step.not_allowed", "case.already_open")
    assert history.opened == before


def test_a_signature_that_the_table_does_not_list_is_refused_whatever_is_owed() -> None:
    history = in_state(State.ISSUED)
    history.case = replace(history.opened, state=State.CLOSED)
    assert refusal_of(history.send("signed_for", HANDLER)) == "step.not_allowed"
