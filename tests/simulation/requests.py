"""What is said about notices, requests, plans, consultations and copies: lawful and not."""

from datetime import timedelta
from typing import Any, Final

from tests.simulation.affair import Affair, When, step
from tests.simulation.books import SUPERSEDED
from tests.simulation.county import COUNTY, STRANGERS, code
from tests.simulation.days import ZONE
from tests.simulation.moves import Draft, Scene, Then, move, replying, sign_first, steps

PROMISED_AHEAD: Final = timedelta(days=90)  # whatever waits before it is decided


@move("notice", "received issued", 6)
def is_handled(affair: Affair, scene: Scene) -> Draft:
    changes: dict[str, Any] = {}
    refused = None
    chance = scene.rng.random()
    if chance < 0.3:
        changes = {"result": "not_ours", "competent": code("liuzhi-wlj"), "filed_on": None}
        changes["case_number"] = None
        if chance < 0.1:
            changes["competent"], refused = "91520203YC0008888X", "organ.unknown"
    then = replying("handle", state="handled")
    return Draft(
        "handling_feedback", str(affair.handler), changes, reply=affair.current, then=then,
        code=refused,
    )  # fmt: skip


@move("notice", "handled withdrawn", 1)
def is_handled_again(affair: Affair, scene: Scene) -> Draft:
    return Draft(
        "handling_feedback", str(affair.handler), reply=affair.current, code="step.not_allowed"
    )


@move("information", "received issued", 5)
def gives_information(affair: Affair, scene: Scene) -> Draft:
    then = replying("answer_request", state="answered")
    return Draft("information_reply", str(affair.handler), reply=affair.current, then=then)


@move("information", "received issued answered", 5)
def gives_a_copy(affair: Affair, scene: Scene) -> Draft:
    to, refused = (affair.sender,), None
    if scene.rng.random() < 0.4:
        to, refused = (code(scene.rng.choice(STRANGERS)),), "copy.reply_elsewhere"

    def then(a: Affair, when: When) -> None:
        if a.state != "answered":
            sign_first(a, when)
            step(a, "answer_request", when, state="answered")
        step(a, "send", when, about=when.cause, to=(a.sender,))

    changes = {"category": "other", "matters": []}
    return Draft(
        "copy", str(affair.handler), changes, to=to, reply=affair.current, then=then, code=refused
    )


@move("assistance", "received issued", 6)
def answers_for_assistance(affair: Affair, scene: Scene) -> Draft:
    chance = scene.rng.random()
    day = scene.now.astimezone(ZONE).date() + PROMISED_AHEAD
    changes: dict[str, Any] = {"agreed_on": day.isoformat()}
    refused = None

    def accepts(a: Affair, when: When) -> None:
        sign_first(a, when)
        step(a, "answer_assistance", when, state="answered")
        step(a, "promise", when)
        a.promised = True

    then: Then = accepts
    if chance < 0.5:
        ground = "outside_powers" if chance < 0.3 else "law_forbids"
        changes = {"answer": "refused", "agreed_on": None, "ground": ground, "reasons": "不属职权"}
        if ground == "law_forbids":
            changes["provision"] = "《示例法》第一条"
        then = replying("answer_assistance", state="answered")
        if affair.cooperation and ground == "outside_powers":
            refused = "assistance.ground_not_allowed"
    return Draft(
        "assistance_reply", str(affair.handler), changes, reply=affair.current, then=then,
        code=refused,
    )  # fmt: skip


@move("assistance", "answered received", 4)
def assists(affair: Affair, scene: Scene) -> Draft | None:
    refused = None if affair.promised else "assistance.not_accepted"
    return Draft(
        "assistance_result", str(affair.handler), reply=affair.current, then=steps("assist"),
        code=refused,
    )  # fmt: skip


@move("joint", "sent declined", 6)
def answers_the_plan(affair: Affair, scene: Scene) -> Draft | None:
    who = scene.rng.choice((*affair.invited, code(COUNTY), affair.sender))
    owed = [d for d in affair.duties if (d.kind, d.owner) == ("answer_joint_plan", who)]
    refused = None
    if who not in affair.parties:  # it may be about to become one: a reply to it is on its way
        return None
    if not owed:
        refused = "reply.not_asked"
    elif owed[-1].closing is not None:
        refused = "joint.rejected" if owed[-1].closing == SUPERSEDED else "joint.answered"
    agreed = scene.rng.random() < 0.6
    changes = {"agreed": agreed, **({} if agreed else {"reasons": "人手不足"})}
    about = owed[-1].about if owed else affair.opening

    def then(a: Affair, when: When) -> None:
        sign_first(a, when)
        leaves = not agreed and a.plan_ends is not None and when.at < a.plan_ends
        step(a, "leave_plan" if leaves else "answer_plan", when, about=about)

    return Draft("joint_plan_answer", who, changes, reply=affair.opening, then=then, code=refused)


@move("joint", "sent declined", 6)
def decides_the_plan(affair: Affair, scene: Scene) -> Draft | None:
    county = code(COUNTY)
    owed = [d for d in affair.duties if (d.kind, d.owner) == ("decide_joint_plan", county)]
    refused = None
    if not owed:
        if county not in affair.parties:
            return None
        refused = "reply.not_asked"
    elif owed[-1].closing is not None:
        refused = "joint.decided"
    approved = scene.rng.random() < 0.5
    changes = {"approved": approved, **({} if approved else {"reasons": "时机不宜"})}
    then = replying("approve_plan") if approved else replying("reject_plan", state="declined")
    return Draft(
        "joint_plan_decision", county, changes, reply=affair.opening, then=then, code=refused
    )


@move("joint", "sent", 1)
def rejects_the_plan(affair: Affair, scene: Scene) -> Draft | None:
    if not affair.open("decide_joint_plan", code(COUNTY)):
        return None
    changes = {"approved": False, "reasons": "时机不宜"}
    then = replying("reject_plan", state="declined")
    return Draft("joint_plan_decision", code(COUNTY), changes, reply=affair.opening, then=then)


@move("joint", "sent declined", 5)
def reports(affair: Affair, scene: Scene) -> Draft | None:
    who = scene.rng.choice(affair.acting)
    refused = "step.not_allowed" if affair.state == "declined" else None
    matter = "CG-001"
    chance = scene.rng.random()
    reply = affair.opening
    if chance < 0.15:
        matter, refused = "ZZ-999", "matter.unknown"
    elif chance < 0.25:
        reply, refused = "00000000-0000-5000-8000-000000000000", "reply.target_unknown"
    elif chance < 0.35:
        outsiders = sorted(affair.parties - set(affair.acting))
        if not outsiders:
            return None
        who, refused = scene.rng.choice(outsiders), "reply.not_asked"
    cases = [
        {"number": 1, "matter": matter, "case_number": "示例〔2026〕1号", "filed_on": "2026-10-21"}
    ]
    return Draft(
        "joint_outcome", who, {"cases": cases}, reply=reply, then=replying("report"), code=refused
    )


@move("consultation", "sent", 2)
def writes_to_a_stranger(affair: Affair, scene: Scene) -> Draft:
    participants = [affair.sender, *affair.invited]
    return Draft(
        "consultation_minutes", affair.sender, {"participants": participants},
        to=(code("liuzhi-wlj"),), reply=affair.opening, code="consultation.stranger",
    )  # fmt: skip


@move("consultation", "sent", 5)
def writes_minutes(affair: Affair, scene: Scene) -> Draft:
    everybody = (affair.sender, *affair.invited)
    who = scene.rng.choice(everybody)
    others = tuple(organ for organ in everybody if organ != who)
    refused, to, participants = None, others[:1], list(everybody)
    chance = scene.rng.random()
    if chance < 0.25:
        to, refused = (code("liuzhi-wlj"),), "consultation.stranger"
    elif chance < 0.4:
        participants, refused = [*everybody, "91520203YC0008888X"], "organ.unknown"
    then = replying("minute", to=others)
    return Draft(
        "consultation_minutes", who, {"participants": participants}, to=to, reply=affair.opening,
        then=then, code=refused,
    )  # fmt: skip
