"""督办, 超期说明 and 申请查看: who may ask, who answers, what is kept (三(二))."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.parts import Relation
from services.casework.case import State
from services.casework.relations import relation_in
from services.casework.steps import Facts, Situation
from services.rulebook.model import Rulebook
from tests.history import (
    HANDLER,
    SENDER,
    SHANGHAI,
    STRANGER,
    SUPERIOR,
    SUPERVISOR,
    History,
    delivered_to,
    duties,
    in_state,
    is_refused,
    ledger,
    organ,
    refusal_of,
)
from tests.law.wording import NOT_OURS, STATISTICS


def asked(history: History, by: str, to: str = HANDLER, **changes: Any) -> Any:
    envelope = {"addressees": [organ(to)], "document_number": f"督〔2026〕{history.count}号"}
    return history.send("supervision_letter", by, envelope=envelope, **changes)


def answered(history: History, by: str) -> Any:
    letter = next(
        message_id
        for message_id, message in history.sent.items()
        if message.envelope.record == "SupervisionLetter"
    )
    return history.send("supervision_reply", by, envelope={"in_reply_to": letter})


@pytest.mark.guidance("三", "record SupervisionLetter", note=STATISTICS)
@pytest.mark.guidance("三(二)", "duty answer_supervision", note=STATISTICS)
@pytest.mark.guidance(
    "三(二)·1",
    "record SupervisionLetter",
    words="司法行政部门要加强对县级执法部门和乡(镇、街道)行政执法协调协作工作的督促指导",
    note=STATISTICS,
)
@pytest.mark.guidance("三(二)·1", "record SupervisionReply", words="督促指导", note=STATISTICS)
@pytest.mark.parametrize(
    ("by", "relation"),
    [(SUPERVISOR, Relation.SUPERVISOR), (SUPERIOR, Relation.SUPERIOR)],
)
@pytest.mark.parametrize("state", [State.ISSUED, State.FILED, State.CLOSED, State.WITHDRAWN])
def test_a_letter_is_answered_by_its_day_in_every_state(
    state: State, by: str, relation: Relation
) -> None:
    history = in_state(state)
    effects = asked(history, by)
    assert ("answer_supervision", "open") in ledger(effects)
    assert delivered_to(effects) == [(HANDLER, Relation.HANDLER)]
    duty = duties(history.opened)["answer_supervision", organ(HANDLER)]
    assert duty.due == datetime(2026, 11, 21, tzinfo=SHANGHAI)
    assert history.opened.state is state
    effects = answered(history, HANDLER)
    assert ledger(effects) == [("answer_supervision", "met")]
    assert delivered_to(effects) == [(by, relation)]
    assert refusal_of(answered(history, HANDLER)) == "supervision.answered"


@pytest.mark.guidance(
    "三(二)·1", "refusal supervision.day_not_later", words="督促指导", note=STATISTICS
)
def test_a_letter_by_one_who_does_not_watch_or_to_a_stranger_is_refused() -> None:
    history = in_state(State.FILED)
    before = history.opened
    assert refusal_of(asked(history, STRANGER)) == "case.unknown"
    assert refusal_of(asked(history, SENDER)) == "case.unknown"
    assert refusal_of(asked(history, STRANGER, STRANGER)) == "case.unknown"
    assert refusal_of(asked(history, SUPERVISOR, STRANGER)) == "supervision.not_a_party"
    late = asked(history, SUPERVISOR, answer_by="2026-09-21")
    assert refusal_of(late) == "supervision.day_not_later"
    assert history.opened == before
    nothing = History()
    message = history.next("supervision_letter", SUPERVISOR)
    assert refusal_of(nothing.decide(message)) == "case.unknown"


def test_a_reply_by_another_or_to_nothing_is_refused() -> None:
    history = in_state(State.FILED)
    assert refusal_of(history.send("supervision_reply", HANDLER)) == "reply.target_unknown"
    asked(history, SUPERVISOR)
    assert refusal_of(answered(history, SENDER)) == "reply.not_asked"


def late_signing() -> History:
    history = in_state(State.ISSUED)
    history.at += timedelta(days=5)
    assert ledger(history.send("signed_for", HANDLER))[0] == ("sign_for", "late")
    return history


def explained(history: History, by: str, **changes: Any) -> Any:
    return history.send("breach_annotation", by, **{"owner": organ(HANDLER), **changes})


@pytest.mark.guidance("三(三)", "record BreachAnnotation", note=STATISTICS)
@pytest.mark.parametrize("by", [HANDLER, SUPERVISOR])
def test_an_explanation_annotates_the_breach_and_erases_nothing(by: str) -> None:
    history = late_signing()
    before = history.opened
    effects = explained(history, by)
    said = (list(history.sent)[-1],)
    assert len(before.duties) > 1
    assert history.opened.duties == tuple(
        replace(duty, annotations=said) if duty.kind == "sign_for" else duty
        for duty in before.duties
    )
    assert {to for to, _ in delivered_to(effects)} == {HANDLER, SENDER, SUPERVISOR} - {by}


@pytest.mark.guidance(
    "三(三)·1", "refusal breach.none", words="加强对行政执法协调协作工作的监督", note=NOT_OURS
)
def test_a_duty_that_is_open_past_its_day_is_explained_too() -> None:
    history = in_state(State.ISSUED)
    assert refusal_of(explained(history, HANDLER)) == "breach.none"
    history.at += timedelta(days=5)
    assert not is_refused(explained(history, HANDLER))


@pytest.mark.parametrize("closes", [True, False])
def test_past_a_day_that_the_calendar_does_not_know_yet_nobody_is_late(*, closes: bool) -> None:
    """As statistics and metrics have it: what would be explained is counted by neither."""
    history = in_state(State.ISSUED)
    history.case = replace(
        history.opened,
        duties=tuple(replace(duty, provisional=True) for duty in history.opened.duties),
    )
    history.at += timedelta(days=5)
    if closes:
        history.send("signed_for", HANDLER)
    assert refusal_of(explained(history, HANDLER)) == "breach.none"


@pytest.mark.parametrize("by", [HANDLER, SUPERVISOR])
def test_a_breach_is_explained_after_its_duty_was_superseded_or_withdrawn(by: str) -> None:
    own = {"duty": "decide_filing"}
    for days, code in ((0, "breach.none"), (50, None)):
        history = in_state(State.RECEIVED)
        before = history.opened.opening
        history.at += timedelta(days=days)
        assert ("decide_filing", "superseded") in ledger(history.send("objection", HANDLER))
        effects = explained(history, by, **own, envelope={"in_reply_to": before})
        assert (refusal_of(effects) if is_refused(effects) else None) == code
    history = in_state(State.ISSUED)
    history.at += timedelta(days=5)
    assert ledger(history.send("withdrawal", SENDER)) == [("sign_for", "withdrawn")]
    assert not is_refused(explained(history, by))


@pytest.mark.parametrize(
    ("by", "changes", "code"),
    [
        (HANDLER, {"duty": "decide_filing"}, "breach.none"),
        (SENDER, {}, "case.unknown"),
        (SUPERIOR, {}, "reply.not_asked"),
        (HANDLER, {"owner": organ(SENDER)}, "case.unknown"),
        (SUPERVISOR, {"owner": organ(STRANGER)}, "supervision.not_a_party"),
    ],
)
def test_what_is_no_breach_or_not_one_s_own_is_not_explained(
    by: str, changes: dict[str, Any], code: str
) -> None:
    history = late_signing()
    before = history.opened
    assert refusal_of(explained(history, by, **changes)) == code
    assert history.opened == before


def without_a_supervisor(rulebook: Rulebook) -> Rulebook:
    directory = rulebook.directory
    organs = {code: found for code, found in directory.organs.items() if found.alias != SUPERVISOR}
    return replace(rulebook, directory=replace(directory, organs=organs))


def test_in_a_county_without_a_supervisor_its_government_asks_and_others_see_no_case() -> None:
    history = in_state(State.FILED)
    history.rulebook = without_a_supervisor(history.rulebook)
    assert refusal_of(asked(history, STRANGER)) == "case.unknown"
    effects = asked(history, SUPERIOR)
    assert delivered_to(effects) == [(HANDLER, Relation.HANDLER)]


def test_without_a_supervisor_the_counterpart_alone_hears_it() -> None:
    history = late_signing()
    history.rulebook = without_a_supervisor(history.rulebook)
    assert [to for to, _ in delivered_to(explained(history, HANDLER))] == [SENDER]


def test_each_organ_stands_to_the_case_as_what_it_is_there() -> None:
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    situation = Situation(history.rulebook, Facts(), history.at)
    case = history.opened
    stands = {
        alias: relation_in(case, organ(alias), situation)
        for alias in (HANDLER, SENDER, SUPERIOR, SUPERVISOR, STRANGER)
    }
    assert stands == {
        HANDLER: Relation.HANDLER,
        SENDER: Relation.SENDER,
        SUPERIOR: Relation.SUPERIOR,
        SUPERVISOR: Relation.SUPERVISOR,
        STRANGER: Relation.UNKNOWN,
    }
    other = replace(case, handler=organ(STRANGER))
    assert relation_in(other, organ(HANDLER), situation) is Relation.COUNTERPART
    assert relation_in(case, organ("liuzhi-jtj"), situation) is Relation.UNKNOWN
