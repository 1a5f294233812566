"""The drafted 报请指定管辖 says what happened (guidance 二(二)3): it is put before a superior."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from schemas.parts import Relation
from services.casework.case import Closing, State
from services.casework.effects import Advise, Effect, FireRung, OpenDuty, Write
from services.rulebook.model import Rulebook
from tests.history import (
    FAILED,
    HANDLER,
    MONDAY,
    SENDER,
    SHANGHAI,
    SUPERIOR,
    History,
    all_of,
    delivered_to,
    demo,
    duties,
    in_state,
    is_refused,
    organ,
    the,
    violation,
)

THIRD = "liuzhi-jtj"


def drafted(effects: tuple[Effect, ...]) -> Any:
    (draft,) = [each for each in all_of(Advise, effects) if each.code == "advice.designation_draft"]
    return json.loads(str(draft.explanation))


def name(alias: str) -> str:
    return demo().directory.organs[organ(alias)].name


def both_agree(history: History, handler: str, *sides: str) -> None:
    for side in sides:
        on = {"handler": organ(handler), "handles_from": "2026-10-12"}
        assert not is_refused(history.send("negotiation_result", side, **on))


def with_hops(hops_max: int) -> Rulebook:
    return replace(demo(), disputes=replace(demo().disputes, hops_max=hops_max))


def test_it_names_who_sent_the_letter_and_who_objected() -> None:
    history = in_state(State.DISPUTED)
    number = history.opened.document_number
    draft = drafted(history.send("negotiation_result", HANDLER, **FAILED))
    assert draft["history"] == (
        f"{name(SENDER)}移送（{number}）的第1项违法行为，{name(HANDLER)}提出管辖异议，"
        "截至2026年9月21日双方未能协商一致。"
    )
    assert draft["reasons"] == "双方对管辖权归属未能协商一致，报请指定管辖。"


def test_a_sender_that_took_it_back_and_objects_is_still_the_one_that_sent_it() -> None:
    history = in_state(State.DISPUTED)
    number = history.opened.document_number
    both_agree(history, SENDER, HANDLER, SENDER)
    assert not is_refused(history.send("objection", SENDER, competent=organ(HANDLER)))
    draft = drafted(history.send("negotiation_result", HANDLER, **FAILED))
    assert draft["history"] == (
        f"{name(SENDER)}移送（{number}）的第1项违法行为，{name(SENDER)}提出管辖异议，"
        f"截至2026年9月21日与{name(HANDLER)}未能协商一致。"
    )


def test_beyond_the_last_letter_nobody_is_said_to_have_negotiated() -> None:
    history = in_state(State.DISPUTED)
    both_agree(history, THIRD, HANDLER, SENDER)
    envelope = {"addressees": [organ(THIRD)], "document_number": "案移〔2026〕31号"}
    assert not is_refused(history.send("lead_transfer", SENDER, envelope=envelope))
    history.rulebook = with_hops(2)
    draft = drafted(history.send("objection", THIRD))
    assert draft["history"] == (
        f"{name(SENDER)}移送的第1项违法行为，{name(THIRD)}提出管辖异议，"
        "本案已移送2次，依规定不再协商。"
    )
    assert draft["reasons"] == "本案移送次数已达规定上限，管辖权归属仍有争议，报请指定管辖。"


def test_what_is_split_off_at_the_last_letter_is_not_said_to_have_been_negotiated() -> None:
    history = History()
    history.send("lead_transfer", SENDER, violations=[violation(1), violation(2)])
    split = the(Write, history.send("objection", HANDLER, numbers=[2])).record
    child = History(rulebook=with_hops(1), at=history.at)
    draft = drafted(child.decide(split))
    assert draft["history"] == (
        f"{name(SENDER)}移送的第2项违法行为，{name(HANDLER)}提出管辖异议，"
        "本案已移送1次，依规定不再协商。"
    )


def test_a_handler_that_proposes_itself_is_in_dispute_with_who_sent_it_not_with_itself() -> None:
    history = in_state(State.FILED)
    envelope = {
        "addressees": [organ(THIRD)],
        "document_number": "案移〔2026〕31号",
        "insist_reason": "位于公路用地范围",
    }
    history.send("case_transfer", HANDLER, envelope=envelope)
    history.send("designation", SUPERIOR, designee=organ(HANDLER))  # it holds it a second time
    history.send("filing_reply", HANDLER)
    effects = history.send("designation_request", HANDLER, proposed=organ(HANDLER))
    assert history.opened.in_dispute().other == organ(SENDER)
    assert delivered_to(effects)[-1] == (SENDER, Relation.COUNTERPART)


def test_a_request_is_owed_from_the_day_on_which_somebody_is_above_both() -> None:
    history = in_state(State.DISPUTED)
    known, history.rulebook = history.rulebook, without_superiors()
    history.send("negotiation_result", HANDLER, **FAILED)
    (waits,) = [d for d in history.opened.duties if d.kind == "request_designation"]
    assert waits.begins_at is not None
    for day in range(1, 30):  # nobody is called late for what nobody could do
        effects = history.tick(MONDAY + timedelta(days=day))
        assert not all_of(FireRung, effects)
        assert not all_of(OpenDuty, effects)
    assert history.opened.due_next == history.at.replace(hour=0) + timedelta(days=1)
    history.rulebook = known
    effects = history.tick(MONDAY + timedelta(days=30))
    begun = the(OpenDuty, effects).duty
    assert (begun.kind, begun.opened_at) == ("request_designation", history.at)
    assert begun.due == datetime(2026, 10, 24, tzinfo=SHANGHAI)  # two working days from Wednesday
    assert drafted(effects)["envelope"]["addressees"] == [organ(SUPERIOR)]
    history.send("designation_request", HANDLER)
    assert ("designate", organ(SUPERIOR)) in duties(history.opened)
    assert ("request_designation", organ(HANDLER)) not in duties(history.opened)


def test_a_request_may_be_made_before_the_day_is_looked_at_and_an_agreement_ends_the_wait() -> None:
    for says, ended in (("designation_request", "met"), ("negotiation_result", "superseded")):
        history = in_state(State.DISPUTED)
        known, history.rulebook = history.rulebook, without_superiors()
        both = {"handler": organ(HANDLER), "handles_from": "2026-10-12"}
        history.send("negotiation_result", SENDER, **both)
        history.send("negotiation_result", HANDLER, **FAILED)
        history.rulebook = known
        history.send(says, HANDLER, **(both if says == "negotiation_result" else {}))
        (waited,) = [d for d in history.opened.duties if d.kind == "request_designation"]
        assert (waited.closing, waited.closed_at) == (Closing(ended), history.at)
        assert not all_of(OpenDuty, history.tick(MONDAY + timedelta(days=2)))


def without_superiors() -> Rulebook:
    organs = dict(demo().directory.organs)
    del organs[organ(SUPERIOR)]
    return replace(demo(), directory=replace(demo().directory, organs=organs))
