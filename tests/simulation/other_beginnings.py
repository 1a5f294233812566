"""Copies, requests, plans and consultations; and what may not open a case."""

from datetime import timedelta
from typing import Any

from schemas.ids import OrganCode
from schemas.parts import Officer
from tests.simulation import days
from tests.simulation.affair import Affair, When, step
from tests.simulation.beginnings import begin, between, filled_lead, issued
from tests.simulation.county import (
    CONCURRENT,
    COUNTY,
    EXPIRED,
    FAR,
    KEPT,
    SUPERVISOR,
    TOWNSHIPS,
    UNKNOWN_ORGAN,
    code,
    place_of,
)
from tests.simulation.moves import Draft, Scene, steps
from tests.simulation.transfers import violation, violations


def _sent(affair: Affair, to: tuple[str, ...], changes: dict[str, Any], **more: Any) -> Draft:
    everybody = more.pop("everybody", to)
    then = steps("send", state="sent", to=everybody)
    return Draft(affair.record, affair.sender, changes, to=to, then=then, **more)


@begin("Copy", "copy", 3)
def a_copy(affair: Affair, scene: Scene) -> Draft:
    """Also to whom a rule of audiences adds: a decision of a matter goes to the city's look."""
    between(affair, "liuzhi-scjg", "")
    to = tuple(code(alias) for alias in scene.rng.sample(TOWNSHIPS, 2))
    chance = scene.rng.random()
    if chance < 0.3:
        changes = {"category": "penalty_decisions", "matters": ["CG-002"]}
        return _sent(affair, to, changes, everybody=(*to, code("liuzhi-cgj")))
    changes = {"category": "other", "matters": []}
    if chance < 0.5:
        return _sent(affair, (), changes, code="copy.no_recipient")
    if chance < 0.6:
        return _sent(affair, (affair.sender,), changes, code="message.to_itself")
    return _sent(affair, (*to, code("liuzhi-zwj"), code(SUPERVISOR)), changes)


@begin("GuidanceRecord", "copy", 2)
def guidance(affair: Affair, scene: Scene) -> Draft:
    sender, to, refused = "liuzhi-cgj", scene.rng.choice(TOWNSHIPS), None
    chance = scene.rng.random()
    if chance < 0.25:
        sender, refused = "liuzhi-zwj", "guidance.not_a_department"
    elif chance < 0.5:
        to, refused = "liuzhi-zwj", "guidance.not_a_township"
    between(affair, sender, "")
    return _sent(affair, (code(to),), {"place": place_of("yanjiao")}, code=refused)


@begin("InformationRequest", "information", 4)
def a_question(affair: Affair, scene: Scene) -> Draft:
    between(affair, "liuzhi-cgj", "")
    to, refused = code(scene.rng.choice(TOWNSHIPS)), None
    if scene.rng.random() < 0.1:
        to, refused = affair.sender, "message.to_itself"
    return issued(affair, to, refused, to=(to,))


@begin("AssistanceRequest", "assistance", 5)
def a_call_for_help(affair: Affair, scene: Scene) -> Draft:
    sender, changes, refused = scene.rng.choice(TOWNSHIPS), dict[str, Any](), None
    to = scene.rng.choice(sorted(KEPT.values()))
    chance = scene.rng.random()
    if chance < 0.1:
        sender, to, refused = to, sender, "assistance.ground_not_for_sender"
    elif chance < 0.2:
        nothing = "00000000-0000-5000-8000-000000000000"
        changes = {"ground": "transfer_cooperation", "transfer": nothing}
        refused = "assistance.not_the_handler"
    between(affair, sender, "")
    return issued(affair, code(to), refused, to=(code(to),), changes=changes)


@begin("JointPlan", "joint", 6)
def a_plan(affair: Affair, scene: Scene) -> Draft:
    sender = scene.rng.choice(TOWNSHIPS)
    requested, refused = scene.rng.random() < 0.5, None
    changes: dict[str, Any] = {"county_decision_requested": requested}
    chance = scene.rng.random()
    if chance < 0.07:
        changes["begins_at"], changes["ends_at"] = (
            "2026-08-01T09:00:00+08:00",
            "2026-08-02T09:00:00+08:00",
        )
        refused = "joint.over"
    elif chance < 0.14:
        sender, refused = COUNTY, "joint.county_asks_nobody"
        changes |= {"ground": "county_decision", "county_decision_requested": True}
    elif chance < 0.21:
        changes["ground"], refused = "county_decision", "joint.ground_not_for_sender"
    elif chance < 0.28:
        sender, changes["county_decision_requested"], refused = FAR, True, "superior.none"
    elif chance < 0.36:
        sender, requested = COUNTY, False
        changes |= {"ground": "county_decision", "county_decision_requested": False}
    between(affair, sender, "")
    return _planned(affair, scene, changes, refused, requested=requested)


@begin("JointPlan", "joint", 2)
def a_plan_that_is_asked_for(affair: Affair, scene: Scene) -> Draft:
    """By a township, of the county government."""
    between(affair, scene.rng.choice(TOWNSHIPS), "")
    changes: dict[str, Any] = {"county_decision_requested": True}
    return _planned(affair, scene, changes, None, requested=True)


def _planned(
    affair: Affair, scene: Scene, changes: dict[str, Any], refused: str | None, *, requested: bool
) -> Draft:
    invited = tuple(code(alias) for alias in scene.rng.sample(sorted(KEPT.values()), 2))
    by_county = affair.sender == code(COUNTY)
    acting = invited if by_county else (affair.sender, *invited)
    changes["tasks"] = [{"organ": organ, "task": "示例分工"} for organ in acting]
    if "ends_at" not in changes:
        affair.plan_ends = days.coming(days.PLAN_ENDS, scene.now)
        begins = affair.plan_ends - timedelta(days=2, hours=9)
        changes |= {"begins_at": begins.isoformat(), "ends_at": affair.plan_ends.isoformat()}
    affair.acting, affair.invited = acting, invited
    everybody = (*invited, code(COUNTY)) if requested and not by_county else invited

    def then(a: Affair, when: When) -> None:
        step(a, "send", when, to=everybody, state="sent")
        step(a, "plan", when, to=acting)
        if not by_county:
            step(a, "ask_plan", when, to=invited)
        if requested and not by_county:
            step(a, "request_plan", when, to=(code(COUNTY),))

    return Draft("JointPlan", affair.sender, changes, to=invited, then=then, code=refused)


@begin("Consultation", "consultation", 4)
def a_consultation(affair: Affair, scene: Scene) -> Draft:
    between(affair, scene.rng.choice(TOWNSHIPS), "")
    invited = tuple(code(alias) for alias in scene.rng.sample(sorted(KEPT.values()), 2))
    affair.invited = invited
    if scene.rng.random() < 0.1:
        return _sent(affair, (*invited, affair.sender), {}, code="message.to_itself")
    return _sent(affair, invited, {})


@begin("LeadTransfer", "transfer", 12)
def an_unlawful_lead(affair: Affair, scene: Scene) -> Draft:
    """Lawful in form, but nothing that this organ may send like this."""
    between(affair, scene.rng.choice(TOWNSHIPS), "CG-001")
    which = scene.rng.choice(sorted(_UNLAWFUL))
    more = dict(_UNLAWFUL[which])
    if which == "transfer.own_matter":
        between(affair, "liuzhi-cgj", "CG-001")
    affair.matter = str(more.pop("matter", affair.matter))
    affair.place = str(more.pop("place", affair.place))
    changes = violations(affair)
    if which == "transfer.split_needed":
        other = {**violation(affair, 2), "matter": "SC-002"}
        changes = {"violations": [violation(affair, 1), other]}
    if which == "transfer.to_itself":
        more["to"] = (affair.sender,)
    if which == "officer.expired":
        name, number = EXPIRED
        more["officers"] = (Officer(name, OrganCode(affair.sender), number),)
    if which == "officer.unknown":
        more["officers"] = (Officer("无此人", OrganCode(affair.sender), "000000000000"),)
    if which == "document_number.used":
        return _with_a_used_number(affair, scene, changes)
    return Draft("LeadTransfer", affair.sender, changes, code=which, **more)


_UNLAWFUL: dict[str, dict[str, Any]] = {
    "transfer.own_matter": {},
    "transfer.to_itself": {},
    "transfer.split_needed": {},
    "transfer.choose_addressee": {"matter": CONCURRENT},
    "transfer.addressee_not_competent": {"to": (code("liuzhi-wlj"),)},
    "transfer.addressee_cannot_handle": {"to": (code(SUPERVISOR),), "insist": "示例"},
    "place.unknown": {"place": "999999999999"},
    "matter.unknown": {"matter": "ZZ-999"},
    "organ.unknown": {"to": (UNKNOWN_ORGAN,)},
    "officer.expired": {},
    "officer.unknown": {},
    "document_number.used": {},
    "document_number.malformed": {"number": "案移12"},
}


@begin("LeadTransfer", "transfer", 1)
def a_lead_with_a_used_number(affair: Affair, scene: Scene) -> Draft:
    between(affair, scene.rng.choice(TOWNSHIPS), "CG-001")
    return _with_a_used_number(affair, scene, violations(affair))


def _with_a_used_number(affair: Affair, scene: Scene, changes: dict[str, Any]) -> Draft:
    used = scene.used_number(affair.sender)
    if used is None:
        return issued(affair, code("liuzhi-cgj"), changes=changes)
    return Draft("LeadTransfer", affair.sender, changes, code="document_number.used", number=used)


@begin("LeadTransfer", "transfer", 3)
def a_lead_of_two_organs_power(affair: Affair, scene: Scene) -> Draft:
    """Concurrent: the sender chooses, the other hears of it."""
    between(affair, scene.rng.choice(TOWNSHIPS), CONCURRENT)
    to = code(scene.rng.choice(("liuzhi-zrzy", "liuzhi-nyj")))
    return issued(affair, to, changes=filled_lead(affair, scene), to=(to,))
