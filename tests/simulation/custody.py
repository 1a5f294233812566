"""What goes with a case changes hands and is counted; what is missing is settled. Or not."""

from typing import Any

from tests.simulation.affair import Affair, Things, When, step
from tests.simulation.books import Owed
from tests.simulation.county import COUNTY, SUPERVISOR, code
from tests.simulation.moves import Draft, Scene, move

_ENDED = ("declined", "closed", "withdrawn")  # there, only what is owed changes hands
_LISTED = {"volumes": 1, "pages": 9, "items": [{"number": 1, "quantity": "12.0000"}]}


@move("transfer", "any", 4)
def hands_over(affair: Affair, scene: Scene) -> Draft | None:
    keeper = affair.things.keeper if affair.things else affair.asking
    owed = affair.owes_things()
    allowed = {affair.handler, affair.asking, affair.sender, owed[1] if owed else None}
    receivers = sorted(organ for organ in allowed if organ and organ != keeper)
    refused, sender = None, keeper
    if not receivers:
        return None
    to = scene.rng.choice(receivers)
    chance = scene.rng.random()
    others = sorted(affair.parties - {keeper})
    if chance < 0.25 and others:
        sender, refused = scene.rng.choice(others), "custody.not_the_keeper"
        if sender == to or sender in (code(COUNTY), code(SUPERVISOR)):
            return None
    elif chance < 0.35:
        to, refused = code("liuzhi-wlj"), "custody.not_the_receiver"
        if to in allowed:
            return None
    if refused is None and affair.state in _ENDED and not _owed_by(affair, keeper):
        refused = "step.not_allowed"

    def then(a: Affair, when: When) -> None:
        open_ = _owed_by(a, keeper)
        a.things = Things(to, when.cause, keeper)
        step(a, "hand_over", when, about=open_[0].about if open_ else a.current, to=(to,))

    return Draft(
        "custody_handover", sender, {**_LISTED, "proceeds": "0.00"}, to=(to,),
        reply=affair.current, then=then, code=refused,
    )  # fmt: skip


def _owed_by(affair: Affair, keeper: str) -> list[Owed]:
    return [each for kind in ("handover", "return_custody") for each in affair.open(kind, keeper)]


@move("transfer", "any", 1)
def hands_over_what_another_keeps(affair: Affair, scene: Scene) -> Draft | None:
    keeper, sender = affair.things.keeper if affair.things else affair.asking, affair.handler
    if sender == keeper:
        return None
    changes = {**_LISTED, "proceeds": "0.00"}
    return Draft(
        "custody_handover", str(sender), changes, to=(keeper,), reply=affair.current,
        code="custody.not_the_keeper",
    )  # fmt: skip


@move("transfer", "any", 7)
def counts(affair: Affair, scene: Scene) -> Draft | None:
    things = affair.things
    if things is None or things.message is None:
        return None
    refused, reply, found, sender = None, things.message, dict[str, Any](_LISTED), things.keeper
    told: list[dict[str, Any]] = []
    chance = scene.rng.random()
    differs = chance < 0.55
    if things.check is not None:
        refused, differs = "custody.already_counted", False
    elif chance < 0.1:
        found, told = {**found, "pages": 8}, [{"kind": "pages", "account": "缺一页"}]
    elif differs:
        refused, found, told = _misnamed(scene)
    elif chance < 0.62 and things.earlier != things.keeper:
        sender, refused = str(things.earlier), "reply.not_asked"

    def then(a: Affair, when: When) -> None:
        assert a.things is not None
        a.things.check, a.things.settled = when.cause, not differs
        to = (str(a.things.earlier),) if differs else ()
        step(a, "differ" if differs else "count", when, about=a.things.message, to=to)

    changes = {**found, "proceeds": "0.00", "discrepancies": told}
    return Draft("custody_check", sender, changes, reply=reply, then=then, code=refused)


@move("transfer", "any", 3)
def counts_all(affair: Affair, scene: Scene) -> Draft | None:
    """Nothing is missing."""
    things = affair.things
    if things is None or things.message is None or things.check is not None:
        return None
    about = things.message

    def then(a: Affair, when: When) -> None:
        assert a.things is not None
        a.things.check, a.things.settled = when.cause, True
        step(a, "count", when, about=about)

    changes = {**_LISTED, "proceeds": "0.00", "discrepancies": []}
    return Draft("custody_check", things.keeper, changes, reply=about, then=then)


@move("transfer", "any", 3)
def differs(affair: Affair, scene: Scene) -> Draft | None:
    """A page is missing, and it is said."""
    things = affair.things
    if things is None or things.message is None or things.check is not None:
        return None
    about, earlier = things.message, str(things.earlier)

    def then(a: Affair, when: When) -> None:
        assert a.things is not None
        a.things.check = when.cause
        step(a, "differ", when, about=about, to=(earlier,))

    told = [{"kind": "pages", "account": "缺一页"}]
    changes = {**_LISTED, "pages": 8, "proceeds": "0.00", "discrepancies": told}
    return Draft("custody_check", things.keeper, changes, reply=about, then=then)


def _misnamed(scene: Scene) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    which = scene.rng.randrange(3)
    if which == 0:
        return "custody.difference_unnamed", {**_LISTED, "pages": 7}, []
    if which == 1:
        unfounded = [{"kind": "volumes", "account": "少一卷"}]
        return "custody.difference_unfounded", dict(_LISTED), unfounded
    strange = [{"kind": "item", "item": 55, "account": "无此物"}]
    return "custody.item_unknown", dict(_LISTED), strange


@move("transfer", "any", 1)
def counts_what_nobody_handed_over(affair: Affair, scene: Scene) -> Draft | None:
    if affair.things is not None and affair.things.message is not None:
        return None
    changes = {**_LISTED, "proceeds": "0.00", "discrepancies": []}
    return Draft(
        "custody_check", str(affair.handler), changes, reply=affair.current,
        code="custody.nothing_handed_over",
    )  # fmt: skip


@move("transfer", "any", 7)
def settles(affair: Affair, scene: Scene) -> Draft | None:
    things = affair.things
    if things is None or things.check is None:
        if scene.rng.random() < 0.8:
            return None
        return Draft(
            "custody_settlement", str(affair.handler), reply=affair.current,
            code="custody.nothing_to_settle",
        )  # fmt: skip
    sender = scene.rng.choice((things.keeper, str(things.earlier)))
    refused = "custody.nothing_to_settle" if things.settled else None
    if refused and scene.rng.random() < 0.8:
        return None
    earlier, check = str(things.earlier), things.check

    def then(a: Affair, when: When) -> None:
        assert a.things is not None
        a.things.settled = True
        step(a, "settle", when, about=check, whose=earlier)

    reply = scene.rng.choice((check, str(things.message)))
    return Draft("custody_settlement", sender, reply=reply, then=then, code=refused)
