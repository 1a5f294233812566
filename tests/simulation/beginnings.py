"""What opens a case, lawful or not, and what releases one that is held."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from tests.simulation import days
from tests.simulation.affair import Affair, Things, When, step
from tests.simulation.county import (
    COUNTY,
    DEVOLVED,
    FAR,
    KEPT,
    NOBODYS,
    SUPERVISOR,
    TOWNSHIPS,
    code,
    place_of,
)
from tests.simulation.moves import Draft, Scene, move, steps
from tests.simulation.transfers import KNOWN, PARTY, known_party, violation, violations

# How a case begins: the draft needs no case, the affair is what the judge then has of it.
Begin = Callable[[Affair, Scene], Draft]
BEGINNINGS: Final[list[tuple[str, str, Begin, int]]] = []  # record, life, how, weight


def begin(record: str, life: str, weight: int = 4) -> Callable[[Begin], Begin]:
    """Note a function as a beginning of a case."""

    def noted(make: Begin) -> Begin:
        BEGINNINGS.append((record, life, make, weight))
        return make

    return noted


def issued(affair: Affair, handler: str, refused: str | None = None, **more: Any) -> Draft:
    """Return the draft of a letter that is issued to a handler, or refused."""

    def then(a: Affair, when: When) -> None:
        a.handler = handler
        step(a, "issue", when, to=(handler,), state="issued")

    return Draft(affair.record, affair.sender, then=then, code=refused, **more)


def between(affair: Affair, sender: str, matter: str, numbers: tuple[int, ...] = (1,)) -> None:
    """Fill in whose case it is, about what."""
    affair.sender = affair.asking = code(sender)
    affair.matter, affair.numbers = matter, numbers
    affair.place = place_of(sender)
    affair.township = sender in TOWNSHIPS


def filled_lead(affair: Affair, scene: Scene) -> dict[str, Any]:
    """Fill in what leads have in common: parties, and sometimes things to hand over."""
    changes = {**violations(affair), "parties": [PARTY]}
    affair.evidence = (1, 2)
    if scene.rng.random() < 0.3:
        changes["items"] = [_ITEM]
        affair.things = Things(affair.sender)
    if scene.rng.random() < 0.3:
        changes["source"] = {"kind": "complaint", "register_number": "示例1号"}
        affair.complaint = "with_sender"
    return changes


_ITEM: Final = {
    "number": 1,
    "name": "示例物品",
    "unit": "件",
    "quantity": "12.0000",
    "condition": "可使用",
    "estimated_value": "600.00",
    "keeper": "示例人",
    "kept_at": "示例处",
    "measure": "none",
}


@begin("LeadTransfer", "transfer", 10)
def a_lead(affair: Affair, scene: Scene) -> Draft:
    matter = scene.rng.choice(sorted(KEPT))
    between(
        affair, scene.rng.choice(TOWNSHIPS), matter, scene.rng.choice(((1,), (1, 2), (1, 2, 3)))
    )
    return issued(affair, code(KEPT[matter]), changes=filled_lead(affair, scene))


@begin("LeadTransfer", "transfer", 3)
def a_lead_of_a_known_party(affair: Affair, scene: Scene) -> Draft:
    """Soon declined: then the same may not be sent again as it was."""
    matter = scene.rng.choice(sorted(KEPT))
    between(affair, scene.rng.choice(TOWNSHIPS), matter)
    affair.known_party, affair.evidence = scene.new_party(), (1, 2)
    changes = {**violations(affair), "parties": [known_party(affair.known_party)]}
    return issued(affair, code(KEPT[matter]), changes=changes, keep=KNOWN)


@begin("LeadTransfer", "transfer", 3)
def a_lead_of_an_old_act(affair: Affair, scene: Scene) -> Draft:
    """Its limitation is near, or will be."""
    matter = scene.rng.choice(sorted(KEPT))
    between(affair, scene.rng.choice(TOWNSHIPS), matter)
    ended = scene.rng.choice(("2024-11-08", "2024-11-20", "2024-12-05", "2024-02-29"))
    affair.evidence, affair.lasts = (1, 2), False
    one = {**violation(affair, 1), "act_from": ended, "continuing": False}
    return issued(affair, code(KEPT[matter]), changes={"violations": [one]})


@begin("CaseTransfer", "transfer", 8)
def a_case(affair: Affair, scene: Scene) -> Draft:
    matter = scene.rng.choice(sorted(KEPT))
    between(affair, scene.rng.choice(TOWNSHIPS), matter, scene.rng.choice(((1,), (1, 2))))
    affair.evidence, affair.things = (1, 2, 3, 4), Things(affair.sender)
    affair.filed[affair.sender] = date(2026, 9, 9)
    return issued(affair, code(KEPT[matter]), changes=violations(affair))


@begin("CaseTransfer", "transfer", 4)
def a_case_to_a_township(affair: Affair, scene: Scene) -> Draft:
    between(affair, scene.rng.choice(("liuzhi-cgj", "liuzhi-jtj")), DEVOLVED)
    to = scene.rng.choice(TOWNSHIPS)
    affair.place = place_of(to)
    affair.evidence, affair.things = (1, 2, 3, 4), Things(affair.sender)
    affair.filed[affair.sender] = date(2026, 9, 9)
    return issued(affair, code(to), changes=violations(affair))


@begin("ComplaintForward", "transfer", 10)
def a_complaint(affair: Affair, scene: Scene) -> Draft:
    matter = scene.rng.choice(sorted(KEPT))
    between(affair, scene.rng.choice(TOWNSHIPS), matter)
    changes = violations(affair)
    affair.complaint = "reachable"
    if scene.rng.random() < 0.5:
        affair.complaint = "unknown"
        changes |= {"contact_unknown": True, "complainant": None}
    return issued(affair, code(KEPT[matter]), changes=changes)


@begin("ComplaintForward", "transfer", 2)
def a_complaint_of_nobody(affair: Affair, scene: Scene) -> Draft:
    """Of somebody whom nobody can reach (guidance 二(一)3)."""
    matter = scene.rng.choice(sorted(KEPT))
    between(affair, scene.rng.choice(TOWNSHIPS), matter)
    affair.complaint = "unknown"
    changes = {**violations(affair), "contact_unknown": True, "complainant": None}
    return issued(affair, code(KEPT[matter]), changes=changes)


@begin("ViolationNotice", "notice", 8)
def a_notice(affair: Affair, scene: Scene) -> Draft:
    matter = scene.rng.choice(sorted(KEPT))
    between(affair, scene.rng.choice(TOWNSHIPS), matter)
    changes: dict[str, Any] = {"violation": violations(affair)["violations"][0]}
    refused = None
    if scene.rng.random() < 0.1:
        changes |= {"dissuasion": None, "dissuasion_account": None}
        refused = "notice.dissuasion_missing"
    return issued(affair, code(KEPT[matter]), refused, changes=changes)


def _held(affair: Affair, reason: str, **more: Any) -> Draft:
    def then(a: Affair, when: When) -> None:
        a.state, a.held_for = "held", reason

    return Draft(affair.record, affair.sender, then=then, outcome="held", **more)


@begin("LeadTransfer", "transfer", 6)
def nobody_s_lead(affair: Affair, scene: Scene) -> Draft:
    between(affair, scene.rng.choice(TOWNSHIPS), NOBODYS)
    return _held(affair, "gap", changes=filled_lead(affair, scene))


@begin("ViolationNotice", "notice", 5)
def nobody_s_notice(affair: Affair, scene: Scene) -> Draft:
    between(affair, scene.rng.choice(TOWNSHIPS), NOBODYS)
    changes = {"violation": violations(affair)["violations"][0]}
    return _held(affair, "gap", changes=changes)


_ELSEWHERE: Final = {"mugang": "木岗镇示例街28号", "xinyao": "新窑镇示例街9号"}


@begin("LeadTransfer", "transfer", 4)
def a_lead_of_two_places(affair: Affair, scene: Scene) -> Draft:
    between(affair, scene.rng.choice(TOWNSHIPS), "CG-001")
    changes = filled_lead(affair, scene)
    changes["violations"][0]["place_text"] = _ELSEWHERE["mugang"]
    return _held(affair, "place", changes=changes, keep=("violations[].place_text",))


@begin("LeadTransfer", "transfer", 4)
def a_lead_from_far_away(affair: Affair, scene: Scene) -> Draft:
    between(affair, FAR, "CG-001")
    return _held(affair, "superior", changes=filled_lead(affair, scene))


def _to_handler(affair: Affair, to: str, charge: str | None = None) -> Any:
    def then(a: Affair, when: When) -> None:
        first = When(when.at, a.opening, a.record, a.sender, when.later, a.township)
        a.handler = to
        a.matter = charge or a.matter
        a.insisted = True
        step(a, "issue", first, to=(to,), state="issued")

    return then


@move("transfer notice", "held", 6)
def is_put_right(affair: Affair, scene: Scene) -> Draft:
    number = affair.numbers[0]
    chance = scene.rng.random()
    mending: dict[str, Any] = {"matter": "CG-001"}
    refused, to = None, code("liuzhi-cgj")
    if affair.held_for == "place":
        mending = {"place": place_of("mugang"), "place_text": "木岗镇示例街28号"}
        if chance < 0.5:
            mending = {"place": None, "place_text": "新窑镇示例街9号"}
            refused = "correction.still_conflict"
    elif affair.held_for == "superior":
        mending, refused = {"matter": "CG-001"}, "correction.still_no_superior"
    elif chance < 0.4:
        mending, refused = {"place": place_of("dayong")}, "correction.still_gap"
    if chance > 0.9:
        number, refused = 9, "filing.number_unknown"
    changes = {"corrections": [{"number": number, "place": None, "place_text": None, **mending}]}
    then = _to_handler(affair, to, "CG-001" if affair.held_for == "gap" else None)

    def put_right(a: Affair, when: When) -> None:
        a.held_for = None
        a.place = str(mending.get("place") or a.place)
        then(a, when)

    return Draft(
        "correction", affair.sender, changes, reply=affair.opening, then=put_right, code=refused,
        keep=("corrections[].place_text",),
    )  # fmt: skip


@move("transfer notice", "held", 5)
def is_assigned(affair: Affair, scene: Scene) -> Draft:
    to, refused, by = code("liuzhi-cgj"), None, code(SUPERVISOR)
    chance = scene.rng.random()
    if affair.held_for == "superior":
        refused = "case.unknown"  # the county's supervisor does not watch an organ from elsewhere
    elif chance < 0.3:
        to, refused = code(COUNTY), "assignment.cannot_handle"
    elif chance < 0.5:
        by, refused = affair.sender, "assignment.not_the_supervisor"
    then = _to_handler(affair, to)
    return Draft("routing_assignment", by, to=(to,), reply=affair.opening, then=then, code=refused)


@move("transfer notice", "held", 2)
def is_withdrawn_while_held(affair: Affair, scene: Scene) -> Draft:
    then = steps("withdraw", state="withdrawn")
    return Draft("withdrawal", affair.sender, reply=affair.opening, then=then)


@move("transfer notice", "held", 6)
def is_asked_for_while_held(affair: Affair, scene: Scene) -> Draft | None:
    """A letter from above waits behind what is held."""
    return None if affair.held_for == "superior" else waits(affair, scene)


def waits(affair: Affair, scene: Scene) -> Draft:
    """Return a letter that stands whatever comes before it."""
    to = affair.sender

    def then(a: Affair, when: When) -> None:
        step(a, "supervise", when, to=(to,))
        a.letters_above.append((when.cause, when.by, to))

    changes = {"answer_by": str(days.coming(days.ANSWER_BY, scene.now).date())}
    return Draft(
        "supervision_letter", code(SUPERVISOR), changes, to=(to,), reply=affair.opening, then=then
    )


@move("transfer notice", "issued received filed handled", 1)
def is_put_right_too_late(affair: Affair, scene: Scene) -> Draft | None:
    if affair.asking != affair.sender:
        return None
    changes = {"corrections": [{"number": 1, "matter": "CG-001"}]}
    return Draft(
        "correction", affair.sender, changes, reply=affair.current, code="correction.nothing_held"
    )


@move("transfer notice", "issued received filed handled", 1)
def is_assigned_too_late(affair: Affair, scene: Scene) -> Draft:
    to = (code("liuzhi-cgj"),)
    return Draft(
        "routing_assignment", code(SUPERVISOR), to=to, reply=affair.opening,
        code="assignment.nothing_held",
    )  # fmt: skip
