"""Receipts, clocks, supervision and requests to see what was withheld: lawful and not."""

from datetime import datetime, time, timedelta
from typing import Any

from tests.simulation import days
from tests.simulation.affair import Affair, When, step
from tests.simulation.books import Owed
from tests.simulation.county import COUNTY, FAR, STRANGERS, SUPERVISOR, code
from tests.simulation.moves import Draft, Scene, move, steps

NOWHERE = "00000000-0000-5000-8000-000000000000"
_SIGNER = {"signed_by": "韩观云", "signed_at": "2026-09-28T15:00:00+08:00"}
_OTHER_SIGNER = {**_SIGNER, "signed_by": "另一人"}


def _signs(affair: Affair, message: str, organ: str, signature: str) -> Any:
    def then(a: Affair, when: When) -> None:
        if (message, organ) in a.signed:
            return
        owed = a.open("sign_for", organ, message)
        if owed:
            moves = a.state == "issued" and organ == a.handler
            step(a, "sign", when, about=message, state="received" if moves else None)
        a.signed[message, organ] = signature

    return then


@move("any", "any", 14)
def signs(affair: Affair, scene: Scene) -> Draft | None:
    """Whoever owes a signing signs."""
    owed = [duty for duty in affair.duties if duty.kind == "sign_for" and not duty.closing]
    if not owed:
        return None
    duty = scene.rng.choice(owed)
    if (duty.about, duty.owner) in affair.signed:
        return None
    then = _signs(affair, duty.about, duty.owner, "a")
    return Draft("signed_for", duty.owner, _SIGNER, reply=duty.about, then=then, keep=_KEEP)


_KEEP = ("signed_by",)


@move("any", "any", 3)
def signs_for_a_paper(affair: Affair, scene: Scene) -> Draft | None:
    """Of anything that an organ got: also again, or otherwise than before."""
    organs = sorted({to for _, _, to, _ in affair.papers})
    if not organs:
        return None
    organ = scene.rng.choice(organs)
    found = scene.paper(affair, organ)
    if found is None:
        return None
    message, record = found
    refused, signer = None, _SIGNER
    before = affair.signed.get((message, organ))
    other = scene.rng.random() < 0.4
    if record == "SignedFor":
        refused = "receipt.of_receipt"
    elif before is not None and other:
        signer, refused = _OTHER_SIGNER, "receipt.contradicts"
    if refused is None and affair.open("sign_for", organ, message) and affair.state == "new":
        return None
    then = _signs(affair, message, organ, "a")
    return Draft("signed_for", organ, signer, reply=message, then=then, code=refused, keep=_KEEP)


@move("any", "any", 2)
def has_it(affair: Affair, scene: Scene) -> Draft | None:
    organs = sorted({to for _, _, to, _ in affair.papers})
    if not organs:
        return None
    organ = scene.rng.choice(organs)
    found = scene.paper(affair, organ)
    if found is None or scene.rng.random() < 0.2:
        return Draft("delivered", organ, reply=NOWHERE, code="receipt.nothing_delivered")
    return Draft("delivered", organ, reply=found[0], then=lambda _affair, _when: None)


def _clock(affair: Affair, duty: Owed, change: str, **more: Any) -> dict[str, Any]:
    given = {"duty": duty.kind, "change": change, "suspension": None, "planned_end": None}
    return given | more


@move("any", "any", 2)
def changes_a_clock_that_has_no_list(affair: Affair, scene: Scene) -> Draft | None:
    """A duty that cannot be suspended or extended, or is over, or is nobody's."""
    plain = [
        duty
        for duty in affair.duties
        if duty.closing is None and duty.kind in days.WORKING_DAYS and duty.owner != code(FAR)
    ]
    if not plain:
        return None
    duty = scene.rng.choice(plain)
    if [each for each in plain if (each.kind, each.owner) == (duty.kind, duty.owner)] != [duty]:
        return None
    over = scene.is_due(affair, duty)
    which = scene.rng.randrange(4)
    changes, refused = _clock(affair, duty, "resume"), "clock_change.not_suspended"
    if which == 1:
        end = "2027-01-05"
        changes = _clock(affair, duty, "suspend", suspension="hearing", planned_end=end)
        refused = "clock_change.ground_not_listed"
    elif which == 2:
        changes = _clock(
            affair, duty, "extend", step=1, approved_by="负责人", approved_on="2026-09-01"
        )
        refused = "clock_change.no_further_step"
    elif which == 3:
        kind = "assist" if affair.life != "assistance" else "handle"
        changes = {**changes, "duty": kind}
        return Draft(
            "clock_change", duty.owner, changes, reply=duty.about, code="clock_change.no_such_duty"
        )
    refused = "clock_change.overdue" if over else refused
    refused = "clock_change.no_such_duty" if duty.waits else refused
    return Draft("clock_change", duty.owner, changes, reply=duty.about, code=refused)


@move("transfer", "filed", 8)
def changes_the_clock_of_the_decision(affair: Affair, scene: Scene) -> Draft | None:
    owed = affair.open("decide_case", affair.handler)
    if len(owed) != 1:
        return None
    duty, by = owed[0], str(affair.handler)
    # What stood still until a day goes on by itself, before a Tick says so.
    still = duty.suspended_until is not None and duty.suspended_until > scene.now
    today = scene.now.astimezone(days.ZONE).date()
    end = today + timedelta(days=scene.rng.choice((2, 9, 30)))
    which = scene.rng.randrange(4)
    refused = None
    if which == 0:
        if scene.rng.random() < 0.5:
            end, refused = today, "clock_change.end_not_later"
        changes = _clock(affair, duty, "suspend", suspension="hearing", planned_end=str(end))

        def then(a: Affair, when: When) -> None:
            duty.suspended_until = datetime.combine(end, time(), days.ZONE)
            duty.stood += duty.left(when.at)

        refused = "clock_change.suspended" if still else refused
    elif which == 1:
        changes = _clock(affair, duty, "resume")
        refused = None if still else "clock_change.not_suspended"

        def then(a: Affair, when: When) -> None:
            duty.stood -= duty.left(when.at)
            duty.suspended_until = None

    else:
        taken, approved = duty.extended + 1, today
        if which == 3:
            taken, refused = taken + 1, "clock_change.step_order"
            if scene.rng.random() < 0.5:
                taken, approved = taken - 1, today + timedelta(days=3)
                refused = "clock_change.approved_later"
        if duty.extended >= _EXTENSIONS:
            refused = "clock_change.no_further_step"
        refused = "clock_change.suspended" if still else refused
        changes = _clock(
            affair, duty, "extend", step=taken, approved_by="负责人", approved_on=str(approved)
        )

        def then(a: Affair, when: When) -> None:
            duty.extended += 1

    if scene.now > scene.decided_by(affair, duty):
        refused = "clock_change.overdue"
    return Draft("clock_change", by, changes, reply=duty.about, then=then, code=refused)


_EXTENSIONS = 2


@move("any", "any", 1)
def changes_another_s_clock(affair: Affair, scene: Scene) -> Draft | None:
    owed = [duty for duty in affair.duties if duty.closing is None]
    if not owed:
        return None
    duty = scene.rng.choice(owed)
    others = sorted(
        affair.parties
        - {each.owner for each in owed if each.kind == duty.kind}
        - {code(COUNTY), code(SUPERVISOR)}
    )
    if not others or duty.kind == "joint_outcome":
        return None
    changes = _clock(affair, duty, "resume")
    return Draft("clock_change", others[0], changes, reply=duty.about, code="reply.not_asked")


def _watched(affair: Affair) -> list[str]:
    return sorted(
        organ
        for organ in affair.parties
        if organ not in (code(COUNTY), code(SUPERVISOR), code(FAR))
    )


@move("any", "any", 4)
def is_supervised(affair: Affair, scene: Scene) -> Draft | None:
    watched = _watched(affair)
    if not watched:
        return None
    by, to = code(scene.rng.choice((SUPERVISOR, COUNTY))), scene.rng.choice(watched)
    refused, day = None, str(days.coming(days.ANSWER_BY, scene.now).date())
    chance = scene.rng.random()
    if chance < 0.12:
        day, refused = "2026-08-01", "supervision.day_not_later"
    elif chance < 0.24:
        to = code(scene.rng.choice(STRANGERS))
        refused = "case.unknown" if affair.sender == code(FAR) else "supervision.not_a_party"

    def then(a: Affair, when: When) -> None:
        step(a, "supervise", when, to=(to,))
        a.letters_above.append((when.cause, when.by, to))

    return Draft(
        "supervision_letter", by, {"answer_by": day}, to=(to,), reply=affair.current, then=then,
        code=refused,
    )  # fmt: skip


@move("any", "any", 5)
def answers_the_supervisor(affair: Affair, scene: Scene) -> Draft | None:
    if not affair.letters_above:
        return None
    letter, _, to = scene.rng.choice(affair.letters_above)
    sender, refused = to, None
    if not affair.open("answer_supervision", to, letter):
        refused = "supervision.answered"
        if scene.rng.random() < 0.7:
            return None
    elif scene.rng.random() < 0.1:
        others = [organ for organ in _watched(affair) if organ != to]
        if not others:
            return None
        sender, refused = others[0], "reply.not_asked"
    then = steps("answer_supervision", about=letter)
    return Draft("supervision_reply", sender, reply=letter, then=then, code=refused)


@move("any", "any", 3)
def explains_a_breach(affair: Affair, scene: Scene) -> Draft | None:
    plain = [
        duty
        for duty in affair.duties
        if duty.closing is None and not duty.odd and duty.kind in days.WORKING_DAYS
    ]
    if not plain:
        return None
    duty = scene.rng.choice(plain)
    same = [each for each in affair.duties if (each.kind, each.owner) == (duty.kind, duty.owner)]
    if len(same) > 1:
        return None
    plan = scene.plan(affair, duty)
    is_late = scene.is_due(affair, duty) and plan is not None and not plan.provisional
    refused = None if is_late else "breach.none"
    by, owner = duty.owner, duty.owner
    chance = scene.rng.random()
    if chance < 0.3 and code(FAR) not in (duty.owner, affair.sender):
        by = code(SUPERVISOR)
    elif chance < 0.5:
        by = code(COUNTY)
        if owner in (by, code(FAR)):
            return None
        refused = "reply.not_asked"
    changes = {"duty": duty.kind, "owner": owner}
    return Draft(
        "breach_annotation", by, changes, reply=duty.about, then=lambda _a, _w: None, code=refused
    )
