"""What is said in the life of a transfer, but for its disputes: lawful and not."""

from typing import Any, Final

from tests.simulation import days
from tests.simulation.affair import Affair, Things, When, step
from tests.simulation.county import COUNTY, KEPT, STRANGERS, SUPERVISOR, alias_of, code
from tests.simulation.moves import Draft, Scene, move, other_than, replying, sign_first, steps


def answer(number: int, *, filed: bool, ground: str = "no_facts") -> dict[str, Any]:
    """Return the answer to one violation."""
    if filed:
        known = {"case_number": "六综执立字〔2026〕81号", "filed_on": str(days.FILED_ON)}
        return {"number": number, "filed": True, **known}
    return {"number": number, "filed": False, "ground": ground, "reasons": "经核查不成立"}


def _answers(affair: Affair, *, filed: bool, ground: str = "no_facts") -> dict[str, Any]:
    return {"answers": [answer(each, filed=filed, ground=ground) for each in affair.numbers]}


def reply_to(affair: Affair, scene: Scene) -> str:
    """Return one of the messages that an answer may name."""
    return scene.rng.choice(sorted(affair.letters()))


@move("transfer", "received designated issued", 6)
def files(affair: Affair, scene: Scene) -> Draft:
    on = days.filed_on(scene.now)

    def then(a: Affair, when: When) -> None:
        by = str(a.handler)
        sign_first(a, when)
        step(a, "file", when, state="filed")
        a.filed[by] = on

    answers = _answers(affair, filed=True)["answers"]
    changes = {"answers": [{**each, "filed_on": str(on)} for each in answers]}
    return Draft(
        "filing_reply", str(affair.handler), changes, reply=reply_to(affair, scene), then=then
    )


@move("transfer", "received designated issued", 3)
def declines(affair: Affair, scene: Scene) -> Draft:
    changes = _answers(affair, filed=False)
    then = replying("decline", state="declined")
    return Draft(
        "filing_reply", str(affair.handler), changes, reply=reply_to(affair, scene), then=then
    )


@move("transfer", "designated")
def declines_on_another_ground(affair: Affair, scene: Scene) -> Draft:
    changes = _answers(affair, filed=False, ground="other")
    code_ = "filing.designee_ground"
    return Draft("filing_reply", str(affair.handler), changes, reply=affair.current, code=code_)


@move("transfer", "received issued designated", 1)
def answers_a_number_too_many(affair: Affair, scene: Scene) -> Draft:
    changes = {"answers": [answer(each, filed=True) for each in (*affair.numbers, 9)]}
    return Draft(
        "filing_reply", str(affair.handler), changes, reply=affair.current,
        code="filing.number_unknown",
    )  # fmt: skip


@move("transfer", "received issued designated", 3)
def leaves_a_number_out(affair: Affair, scene: Scene) -> Draft | None:
    if len(affair.numbers) < 2:
        return None
    changes = {"answers": [answer(affair.numbers[0], filed=True)]}
    return Draft(
        "filing_reply", str(affair.handler), changes, reply=affair.current,
        code="filing.number_unanswered",
    )  # fmt: skip


@move("transfer", "any", 1)
def a_party_replies_that_was_not_asked(affair: Affair, scene: Scene) -> Draft | None:
    if affair.sender == affair.handler:
        return None
    changes = _answers(affair, filed=True)
    return Draft(
        "filing_reply", affair.sender, changes, reply=affair.current, code="reply.not_asked"
    )


@move("transfer", "any", 1)
def replies_to_nothing(affair: Affair, scene: Scene) -> Draft:
    target = "00000000-0000-5000-8000-000000000000"
    changes = _answers(affair, filed=True)
    return Draft(
        "filing_reply", str(affair.handler), changes, reply=target, code="reply.target_unknown"
    )


@move("any", "any", 1)
def a_stranger_speaks(affair: Affair, scene: Scene) -> Draft:
    sender = code(scene.rng.choice(STRANGERS))
    return Draft("signed_for", sender, reply=affair.current, code="case.unknown")


@move("transfer", "filed", 5)
def goes_on(affair: Affair, scene: Scene) -> Draft:
    order = ("decided", "served", "executed", "concluded")
    names = {"decided": "decide", "served": "serve", "executed": "execute", "concluded": "conclude"}
    stage = scene.rng.choice(order)
    refused = None
    if stage in affair.stages:
        refused = "progress.repeated"
    elif affair.stages and order.index(stage) < order.index(affair.stages[-1]):
        refused = "progress.out_of_order"

    def then(a: Affair, when: When) -> None:
        step(a, names[stage], when)
        a.stages.append(stage)

    return Draft(
        "case_progress", str(affair.handler), {"stage": stage}, reply=affair.current, then=then,
        code=refused,
    )  # fmt: skip


@move("transfer", "received disputed referred designated declined withdrawn", 1)
def goes_on_before_it_is_filed(affair: Affair, scene: Scene) -> Draft | None:
    if affair.stages:
        return None
    return Draft(
        "case_progress", str(affair.handler), {"stage": "decided"}, reply=affair.current,
        code="step.not_allowed",
    )  # fmt: skip


@move("transfer", "filed", 2)
def feeds_back(affair: Affair, scene: Scene) -> Draft:
    then = steps("feed_back", state="closed")
    return Draft("outcome_feedback", str(affair.handler), reply=affair.current, then=then)


@move("transfer", "closed", 3)
def adds_a_supplement(affair: Affair, scene: Scene) -> Draft:
    return Draft(
        "outcome_feedback", str(affair.handler), reply=affair.current, then=steps("supplement")
    )


def may_take_back(affair: Affair) -> bool:
    """Whether its sender may still ask for it: it has not come back, and nobody sent it on."""
    came_back = affair.sender in (*affair.holders, affair.handler)
    return not came_back and affair.asking == affair.sender


def _asks_back(affair: Affair, when: When) -> None:
    step(affair, "ask_back", when, about=when.cause)
    affair.asked_back.append(when.cause)


@move("transfer notice information assistance", "any", 2)
def is_taken_back(affair: Affair, scene: Scene) -> Draft | None:
    refused, then = None, steps("withdraw", state="withdrawn")
    if not may_take_back(affair):
        refused = "withdrawal.sent_on"
    elif affair.state == "issued":
        if scene.rng.random() < 0.5:
            return None
    elif any(duty.kind == "answer_withdrawal" and not duty.closing for duty in affair.duties):
        refused = "withdrawal.pending"
    elif affair.state in ("received", "disputed", "referred"):
        then = _asks_back
    else:
        refused = "step.not_allowed"
    reply = reply_to(affair, scene)
    return Draft("withdrawal", affair.sender, reply=reply, then=then, code=refused)


@move("transfer notice information assistance", "received disputed referred", 6)
def answers_the_withdrawal(affair: Affair, scene: Scene) -> Draft | None:
    return _answers_the_withdrawal(affair, agreed=scene.rng.random() < 0.4)


@move("transfer notice information assistance", "received disputed referred", 2)
def gives_back(affair: Affair, scene: Scene) -> Draft | None:
    return _answers_the_withdrawal(affair, agreed=True)


@move("transfer notice information assistance", "received disputed referred", 2)
def keeps(affair: Affair, scene: Scene) -> Draft | None:
    return _answers_the_withdrawal(affair, agreed=False)


def _answers_the_withdrawal(affair: Affair, *, agreed: bool) -> Draft | None:
    asked = next((m for m in affair.asked_back if affair.open("answer_withdrawal", None, m)), None)
    if asked is None:
        return None
    then = (
        steps("give_back", state="withdrawn", about=asked) if agreed else steps("keep", about=asked)
    )
    changes = {"agreed": agreed, **({} if agreed else {"reason": "正在核查"})}
    return Draft("withdrawal_answer", str(affair.handler), changes, reply=asked, then=then)


@move("transfer", "any", 1)
def answers_a_withdrawal_that_is_none(affair: Affair, scene: Scene) -> Draft:
    return Draft(
        "withdrawal_answer", str(affair.handler), {"agreed": True}, reply=affair.current,
        code="reply.target_unknown",
    )  # fmt: skip


@move("transfer", "any", 3)
def tells_the_complainant(affair: Affair, scene: Scene) -> Draft | None:
    if affair.complaint is None:
        return None
    leg = scene.rng.choice(("forwarding", "outcome"))
    kind = "inform_complainant" if leg == "forwarding" else "complainant_feedback"
    by = affair.sender if leg == "forwarding" else str(affair.handler)
    tellings = ("informed", "attempts_failed", "contact_unknown", "contact_unknown")
    telling = scene.rng.choice(tellings if affair.complaint != "reachable" else tellings[:3])
    owed = [duty for duty in affair.duties if (duty.kind, duty.owner) == (kind, by)]
    refused = None
    if not owed:
        refused = "complaint.leg_not_open"
    elif owed[-1].closing == "met":
        refused = "complaint.leg_closed"
    elif telling == "contact_unknown" and affair.complaint == "reachable":
        refused = "complaint.contact_contradiction"
    elif affair.state == "withdrawn":
        refused = "step.not_allowed"
    changes: dict[str, Any] = {"leg": leg, "telling": telling}
    if telling != "informed":
        changes |= {"informed_on": None, "method": None}
    if telling == "attempts_failed":
        changes["attempts"] = [{"on": "2026-09-22", "method": "电话"}]
    name = "exempt" if telling == "contact_unknown" else "inform"
    return Draft(
        "complainant_informed", by, changes, reply=affair.current, then=steps(name), code=refused
    )


@move("transfer", "issued received disputed referred designated filed declined closed", 1)
def is_exempt(affair: Affair, scene: Scene) -> Draft | None:
    """Nobody can be told, and that is said."""
    if affair.complaint != "unknown":
        return None
    changes: dict[str, Any] = {"leg": "forwarding", "telling": "contact_unknown"}
    changes |= {"informed_on": None, "method": None}
    return Draft(
        "complainant_informed", affair.sender, changes, reply=affair.current, then=steps("exempt")
    )


@move("transfer", "received designated filed", 2)
def reviews_the_evidence(affair: Affair, scene: Scene) -> Draft:
    known = affair.evidence
    strange = known is not None and scene.rng.random() < 0.4
    number = 77 if strange else (known or (1,))[0] if known != () else 77
    refused = "evidence.number_unknown" if known is not None and number not in known else None
    changes = {"findings": [{"number": number, "usable": True}]}
    return Draft(
        "evidence_review", str(affair.handler), changes, reply=affair.current,
        then=steps("review"), code=refused,
    )  # fmt: skip


@move("transfer", "issued disputed referred declined closed withdrawn", 1)
def reviews_the_evidence_too_early(affair: Affair, scene: Scene) -> Draft | None:
    if affair.evidence == ():
        return None
    number = (affair.evidence or (1,))[0]
    changes = {"findings": [{"number": number, "usable": True}]}
    return Draft(
        "evidence_review", str(affair.handler), changes, reply=affair.current,
        code="step.not_allowed",
    )  # fmt: skip


def onward(affair: Affair, record: str, to: str, name: str) -> Any:
    """Return what a further letter in the same case does."""

    def then(a: Affair, when: When) -> None:
        before = a.current
        a.pass_to(to)
        a.current, a.letter, a.asking, a.hop = when.cause, True, when.by, a.hop + 1
        a.dispute, a.stages, a.insisted = None, [], True
        a.evidence = {"lead_transfer": (1, 2), "case_transfer": (1, 2, 3, 4)}.get(record)
        if a.things is None and record == "case_transfer":
            a.things = Things(when.by)
        step(a, name, when, about=before, to=(to,), state="issued")

    return then


def violations(affair: Affair, numbers: tuple[int, ...] | None = None) -> dict[str, Any]:
    """Return the violations of a further letter."""
    return {"violations": [violation(affair, each) for each in numbers or affair.numbers]}


PARTY: Final = {
    "kind": "individual_business",
    "name": "六枝特区岩脚示例广告工作室",
    "uscc": "92520203YC2000111K",
    "id_number": "520203198001010000",
    "phone": "13800000000",
    "address": "六枝特区岩脚镇示例街28号",
}


KNOWN: Final = ("parties[].name",)


def known_party(number: int) -> dict[str, Any]:
    """Return a party by whose name a violation is known again."""
    return {
        "kind": "individual_business",
        "name": f"六枝特区示例{number}号店",
        "address": "六枝特区岩脚镇示例街28号",
    }


def further(affair: Affair, numbers: tuple[int, ...] | None = None) -> dict[str, Any]:
    """Return what a further letter says; who gave the case away sees less than its handler."""
    return {**violations(affair, numbers), "parties": [PARTY]}


def violation(affair: Affair, number: int) -> dict[str, Any]:
    """Return one violation, of the case's matter at its place."""
    return {
        "number": number,
        "matter": affair.matter,
        "place": affair.place,
        "cause": "示例案由",
        "act_from": "2026-09-10",
        "continuing": True,
        "found_on": "2026-09-21",
        "place_text": "示例地点",
        "violated_article": "示例条款",
        "penalty_article": "示例条款",
    }


@move("transfer", "filed", 4)
def sends_it_on(affair: Affair, scene: Scene) -> Draft | None:
    """A handler that filed it and finds that it has no power."""
    held = {affair.sender, affair.asking, str(affair.handler), *affair.holders}
    free = [code(alias) for alias in KEPT.values() if code(alias) not in held]
    refused: str | None = None
    record, insist, numbers = "case_transfer", "经查属该机关管辖", affair.numbers
    chance = scene.rng.random()
    to = scene.rng.choice(free)
    if affair.held_for == "gap" and chance < 0.4:
        refused = "transfer.onward_unsettled"
    elif affair.held_for is not None:
        return None
    elif chance < 0.2:
        to = other_than(scene, sorted(held), affair.handler)
        if not scene_can_handle(to):
            return None
        refused = "transfer.earlier_holder"
    elif chance < 0.45 and affair.flow == "leads":
        record, refused = "lead_transfer", "transfer.filed_is_a_case"
    elif chance < 0.55:
        numbers, refused = (*affair.numbers, 8), "transfer.other_numbers"
    return Draft(
        record, str(affair.handler), further(affair, numbers), to=(to,), insist=insist,
        reply=affair.current, then=onward(affair, record, to, "transfer_on"), code=refused,
    )  # fmt: skip


def scene_can_handle(organ: str) -> bool:
    """Whether it is a township or a department."""
    return alias_of(organ) not in (COUNTY, SUPERVISOR)


@move("transfer", "issued received disputed referred declined", 2)
def sends_it_again(affair: Affair, scene: Scene) -> Draft | None:
    """A further letter where none is owed: by the sender, the objector, or anybody."""
    record = letter_of(affair)
    by, refused = affair.asking, "transfer.already_sent"
    if affair.state == "declined":
        refused = "transfer.declined_is_over"
    if affair.dispute is not None and affair.dispute.third is not None:
        return None
    if scene.rng.random() < 0.6 and affair.handler != affair.asking:
        by, refused = str(affair.handler), "transfer.by_the_objector"
    return Draft(
        record, by, violations(affair), to=(code("liuzhi-wlj"),), insist="示例",
        reply=affair.current, code=refused,
    )  # fmt: skip


def letter_of(affair: Affair) -> str:
    """Return the record that a further letter on the case's flow is."""
    return "case_transfer" if affair.flow == "transfers" else "lead_transfer"
