"""The drafted 报请指定管辖 says what happened (guidance 二(二)3): it is put before a superior."""

import json
from dataclasses import replace
from typing import Any

from schemas.parts import Relation
from services.casework.case import State
from services.casework.effects import Advise, Effect, Write
from services.rulebook.model import Rulebook
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    SUPERIOR,
    History,
    all_of,
    delivered_to,
    demo,
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
