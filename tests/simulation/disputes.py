"""What is said in a dispute about whose case it is: lawful and not."""

from typing import Any

from tests.simulation.affair import Affair, Row, When, step
from tests.simulation.county import CITY, COUNTY, FAR, KEPT, SUPERVISOR, code
from tests.simulation.moves import Draft, Scene, move, other_than, sign_first
from tests.simulation.transfers import further, letter_of, onward

HOPS_MAX = 3
_FINAL = {
    "designated": "objection.designated",
    "filed": "objection.after_filing",
    "disputed": "objection.pending",
    "referred": "objection.pending",
}


def _third(affair: Affair, scene: Scene, *but: str | None) -> str:
    return other_than(
        scene, [code(alias) for alias in KEPT.values()], affair.handler, affair.sender,
        affair.asking, *but,
    )  # fmt: skip


def refer(affair: Affair, when: When) -> None:
    """It goes to the common superior."""
    step(affair, "refer", when, state="referred")


@move("transfer", "any", 4)
def objects(affair: Affair, scene: Scene) -> Draft:
    handler = str(affair.handler)
    refused = _FINAL.get(affair.state)
    numbers = list(affair.numbers)
    if refused is None and affair.state not in ("issued", "received"):
        refused = "step.not_allowed"
    elif refused is None and scene.rng.random() < 0.1:
        numbers, refused = [*numbers, 9], "filing.number_unknown"

    def then(a: Affair, when: When) -> None:
        other = a.counterpart
        a.dispute = None
        sign_first(a, when)
        a.dispute = Row(when.cause, handler, other)
        step(a, "object", when, about=when.cause, state="disputed")
        if a.hop >= HOPS_MAX:
            refer(a, when)

    changes = {"numbers": numbers, "competent": _third(affair, scene)}
    return Draft("objection", handler, changes, reply=affair.current, then=then, code=refused)


@move("transfer", "issued received", 8)
def objects_to_some(affair: Affair, scene: Scene) -> Draft | None:
    if len(affair.numbers) < 2:
        return None
    handler, some = str(affair.handler), scene.rng.choice(affair.numbers)

    def then(a: Affair, when: When) -> None:
        sign_first(a, when)
        step(a, "split", when)
        a.numbers = tuple(number for number in a.numbers if number != some)

    changes = {"numbers": [some], "competent": _third(affair, scene)}
    return Draft("objection", handler, changes, reply=affair.current, then=then)


@move("transfer", "issued received", 1)
def objects_for_an_organ_that_is_none(affair: Affair, scene: Scene) -> Draft:
    changes = {"numbers": list(affair.numbers), "competent": "91520203YC0008888X"}
    return Draft(
        "objection", str(affair.handler), changes, reply=affair.current, code="organ.unknown"
    )


def _agreement(affair: Affair, handler: str, speaker: str) -> Any:
    def then(a: Affair, when: When) -> None:
        dispute = a.dispute
        assert dispute is not None
        other = dispute.other if speaker == dispute.holder else dispute.holder
        step(a, "negotiate", when, about=dispute.about)
        dispute.stated[speaker] = handler
        if other not in dispute.stated:
            return
        if handler == dispute.holder:
            a.dispute, a.stages = None, []
            step(a, "agree_holder", when, state="received")
        elif handler == dispute.other:
            filed = handler in a.filed
            a.pass_to(handler)
            a.dispute, a.stages = None, []
            name = "agree_sender_filed" if filed else "agree_sender"
            step(a, name, when, state="filed" if filed else "received")
        else:
            dispute.third = handler
            step(a, "agree_third", when, state="disputed")

    return then


def _fails(affair: Affair, when: When) -> None:
    assert affair.dispute is not None
    disputed = affair.state == "disputed"
    affair.dispute.stated.pop(when.by, None)
    step(affair, "negotiate", when, about=affair.dispute.about)
    if disputed:
        refer(affair, when)


FAILED = {"agreed": False, "handler": None, "handles_from": None}


@move("transfer", "disputed referred", 14)
def negotiates(affair: Affair, scene: Scene) -> Draft:
    dispute = affair.dispute
    assert dispute is not None
    rng = scene.rng
    speaker = rng.choice((dispute.holder, dispute.other))
    other = dispute.other if speaker == dispute.holder else dispute.holder
    refused = "negotiation.settled" if dispute.third else None
    if rng.random() < 0.15:
        return Draft(
            "negotiation_result", speaker, FAILED, reply=dispute.about, then=_fails, code=refused
        )
    said = dispute.stated.get(other)
    third = _third(affair, scene, dispute.holder, dispute.other)
    if rng.random() < 0.3 and code(FAR) not in affair.parties:
        third = code(FAR)
    handler = said or rng.choice((dispute.holder, dispute.other, dispute.other, third))
    if refused is None and said and rng.random() < 0.35:
        handler = dispute.holder if said != dispute.holder else dispute.other
        refused = "negotiation.differs"
    elif refused is None and not said and rng.random() < 0.1:
        handler, refused = code(SUPERVISOR), "transfer.addressee_cannot_handle"
    changes = {"agreed": True, "handler": handler, "handles_from": "2026-10-12"}
    then = _agreement(affair, handler, speaker)
    return Draft(
        "negotiation_result", speaker, changes, reply=dispute.about, then=then, code=refused
    )


@move("transfer", "disputed referred", 2)
def fails_to_agree(affair: Affair, scene: Scene) -> Draft | None:
    dispute = affair.dispute
    if dispute is None or dispute.third:
        return None
    speaker = scene.rng.choice((dispute.holder, dispute.other))
    return Draft("negotiation_result", speaker, FAILED, reply=dispute.about, then=_fails)


@move("transfer", "disputed referred", 1)
def agrees_on_the_far_one(affair: Affair, scene: Scene) -> Draft | None:
    """An organ from elsewhere: nobody is above both, should it object in its turn."""
    dispute, far = affair.dispute, code(FAR)
    if dispute is None or dispute.third or far in affair.parties:
        return None
    if any(handler != far for handler in dispute.stated.values()):
        return None
    free = [each for each in (dispute.holder, dispute.other) if each not in dispute.stated]
    if not free:
        return None
    changes = {"agreed": True, "handler": far, "handles_from": "2026-10-12"}
    then = _agreement(affair, far, free[0])
    return Draft("negotiation_result", free[0], changes, reply=dispute.about, then=then)


@move("transfer", "disputed referred", 1)
def agrees_on_a_third(affair: Affair, scene: Scene) -> Draft | None:
    """An organ of the county that is no party yet."""
    dispute = affair.dispute
    if dispute is None or dispute.third:
        return None
    free = [each for each in (dispute.holder, dispute.other) if each not in dispute.stated]
    said = next(iter(dispute.stated.values()), None)
    third = said or _third(affair, scene, dispute.holder, dispute.other)
    if not free or third in (dispute.holder, dispute.other):
        return None
    changes = {"agreed": True, "handler": third, "handles_from": "2026-10-12"}
    then = _agreement(affair, third, free[0])
    return Draft("negotiation_result", free[0], changes, reply=dispute.about, then=then)


def _agrees(affair: Affair, scene: Scene, handler: str) -> Draft | None:
    dispute = affair.dispute
    assert dispute is not None
    free = [each for each in (dispute.holder, dispute.other) if each not in dispute.stated]
    if dispute.third or not free or set(dispute.stated.values()) - {handler}:
        return None
    speaker = scene.rng.choice(free)
    changes = {"agreed": True, "handler": handler, "handles_from": "2026-10-12"}
    then = _agreement(affair, handler, speaker)
    return Draft("negotiation_result", speaker, changes, reply=dispute.about, then=then)


@move("transfer", "disputed referred", 2)
def agrees_on_the_holder(affair: Affair, scene: Scene) -> Draft | None:
    return _agrees(affair, scene, affair.dispute.holder) if affair.dispute else None


@move("transfer", "disputed referred", 2)
def agrees_on_the_sender(affair: Affair, scene: Scene) -> Draft | None:
    return _agrees(affair, scene, affair.dispute.other) if affair.dispute else None


@move("transfer", "disputed referred", 4)
def disagrees(affair: Affair, scene: Scene) -> Draft | None:
    """What one has said, the other may not contradict."""
    dispute = affair.dispute
    if dispute is None or dispute.third or len(dispute.stated) != 1:
        return None
    ((speaker, said),) = dispute.stated.items()
    by = dispute.other if speaker == dispute.holder else dispute.holder
    handler = dispute.holder if said != dispute.holder else dispute.other
    changes = {"agreed": True, "handler": handler, "handles_from": "2026-10-12"}
    return Draft("negotiation_result", by, changes, reply=dispute.about, code="negotiation.differs")


@move("transfer", "issued received designated filed", 1)
def negotiates_about_nothing(affair: Affair, scene: Scene) -> Draft:
    return Draft(
        "negotiation_result", str(affair.handler), FAILED, reply=affair.current,
        code="negotiation.no_dispute",
    )  # fmt: skip


@move("transfer", "disputed", 12)
def writes_to_the_third(affair: Affair, scene: Scene) -> Draft | None:
    dispute = affair.dispute
    if dispute is None or dispute.third is None:
        return None
    record, to, refused = letter_of(affair), dispute.third, None
    if scene.rng.random() < 0.4:
        to, refused = _third(affair, scene, to), "transfer.not_the_third"
    then = onward(affair, record, dispute.third, "reissue")
    return Draft(
        record, affair.asking, further(affair), to=(to,), insist="双方商定",
        reply=scene.rng.choice((affair.current, dispute.about)), then=then, code=refused,
    )  # fmt: skip


@move("transfer", "filed", 3)
def finds_another_matter(affair: Affair, scene: Scene) -> Draft | None:
    """By its own letter it is another matter: that one's organ gets it, named or not."""
    held = {affair.sender, affair.asking, str(affair.handler), *affair.holders}
    free = [matter for matter, alias in KEPT.items() if code(alias) not in held]
    if affair.held_for is not None or not free:
        return None
    matter = scene.rng.choice(free)
    to = code(KEPT[matter])
    sent = onward(affair, "case_transfer", to, "transfer_on")

    def then(a: Affair, when: When) -> None:
        sent(a, when)
        a.matter, a.insisted = matter, False

    changes = further(affair)
    for each in changes["violations"]:
        each["matter"] = matter
    named = (to,) if scene.rng.random() < 0.5 else ()
    return Draft(
        "case_transfer", str(affair.handler), changes, to=named, reply=affair.current, then=then
    )


@move("transfer", "disputed", 4)
def writes_to_another_than_the_third(affair: Affair, scene: Scene) -> Draft | None:
    dispute = affair.dispute
    if dispute is None or dispute.third is None:
        return None
    to = _third(affair, scene, dispute.third)
    return Draft(
        letter_of(affair), affair.asking, further(affair), to=(to,), insist="双方商定",
        reply=affair.current, code="transfer.not_the_third",
    )  # fmt: skip


def _earlier(affair: Affair) -> str:
    return affair.counterpart


@move("transfer", "referred filed disputed", 5)
def asks_to_designate(affair: Affair, scene: Scene) -> Draft | None:
    dispute, handler = affair.dispute, str(affair.handler)
    refused, to = None, code(COUNTY)
    filed = affair.state == "filed"
    if not filed and affair.state != "referred":
        refused = "designation.not_referred"
    elif not filed and dispute is not None and dispute.request:
        refused = "designation.pending"
    elif code(FAR) in (affair.sender, affair.asking, handler, *affair.holders):
        pair = (handler, _earlier(affair)) if filed else _pair(affair)
        if code(FAR) not in pair:
            return None
        refused = "designation.no_superior"
    elif scene.rng.random() < 0.2:
        to, refused = code(CITY), "designation.not_the_superior"
    elif filed and scene.rng.random() < 0.5:
        return None

    def then(a: Affair, when: When) -> None:
        if filed:
            a.dispute = Row(when.cause, handler, _earlier(a))
            refer(a, when)
        assert a.dispute is not None
        a.dispute.request, a.dispute.superior = when.cause, code(COUNTY)
        step(a, "request", when)

    changes = {"proposed": _earlier(affair)}
    return Draft(
        "designation_request", handler, changes, to=(to,), reply=affair.current, then=then,
        code=refused,
    )  # fmt: skip


def _pair(affair: Affair) -> tuple[str, str]:
    if affair.dispute is None:
        return str(affair.handler), affair.asking
    return affair.dispute.holder, affair.dispute.other


def _designated(designee: str) -> Any:
    def then(a: Affair, when: When) -> None:
        row = a.dispute or Row(a.current, str(a.handler), a.asking)
        row.superior, row.designation = when.by, when.cause
        row.third, row.stated, row.request = None, {}, None
        a.dispute = row
        a.pass_to(designee)
        a.stages = []
        step(a, "designate", when, to=(designee,), state="designated")

    return then


@move("transfer", "issued received disputed referred filed closed", 3)
def is_designated(affair: Affair, scene: Scene) -> Draft | None:
    far = code(FAR) in _pair(affair)
    chance = scene.rng.random()
    if affair.state in ("filed", "closed") and chance < 0.6:
        return None
    organs = [*_pair(affair), _third(affair, scene)]
    designee = scene.rng.choice(organs)
    refused = None
    if far or chance < 0.1:
        by, refused = code(CITY), "case.unknown"
        if not far and affair.dispute and affair.dispute.superior == by:
            return None
    else:
        by = code(COUNTY)
        if chance < 0.3:
            designee, refused = code(SUPERVISOR), "designation.cannot_handle"
        elif affair.state in ("filed", "closed"):
            refused = "step.not_allowed"
    return Draft(
        "designation", by, {"designee": designee}, reply=affair.current,
        then=_designated(designee), code=refused,
    )  # fmt: skip
