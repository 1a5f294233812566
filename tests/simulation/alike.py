"""Letters that are like others: a case that is open, one that was declined; and what touches two.

Each is said when all before it is decided: what one case asks of another is looked up then.
"""

from typing import Any, Final

from tests.simulation import advice, transfers
from tests.simulation.affair import Affair
from tests.simulation.beginnings import between, issued
from tests.simulation.county import KEPT, TOWNSHIPS, alias_of, code
from tests.simulation.moves import Draft
from tests.simulation.world import World

_LINK: Final = ("source.register_number",)
_OPEN: Final = ("issued", "received", "disputed", "referred", "designated", "filed")
Opening = tuple[Affair, Draft, str]


def across(world: World) -> Opening | None:
    """Return a letter that stands on another case."""
    chance = world.rng.random()
    if chance < 0.2:
        return _of_a_notice(world)
    if chance < 0.6:  # few runs have one that was declined: where there is one, it comes again
        return declined_before(world) or _of_a_notice(world)
    if chance < 0.8:
        return _a_twin(world)
    return _cooperation(world)


def _of_a_notice(world: World) -> Opening | None:
    notices = [a for a in world.affairs.values() if a.life == "notice" and a.handler]
    notices = [a for a in notices if a.frozen is None and a.handler != code("liuzhi-wlj")]
    if not notices:
        return None
    notice = world.rng.choice(notices)
    affair = world.new_affair("LeadTransfer", "transfer")
    to = code("liuzhi-wlj")
    affair.sender = affair.asking = str(notice.handler)
    affair.matter, affair.place, affair.insisted = "CG-001", notice.place, True
    affair.evidence = (1, 2)
    changes = {**transfers.violations(affair), "from_notice": notice.opening}
    draft = issued(affair, to, changes=changes, to=(to,), insist="示例")
    return affair, draft, "a_lead_from_a_notice"


def _cooperation(world: World) -> Opening | None:
    handled = [
        a
        for a in world.affairs.values()
        if a.life == "transfer" and a.state in ("received", "designated", "filed")
        and a.frozen is None and a.handler not in (None, a.sender)
    ]  # fmt: skip
    if not handled:
        return None
    transfer = world.rng.choice(handled)
    world.settle()
    affair = world.new_affair("AssistanceRequest", "assistance")
    affair.sender = affair.asking = str(transfer.handler)
    affair.cooperation = True
    named = world.rng.choice((transfer.opening, transfer.current))
    changes = {"ground": "transfer_cooperation", "transfer": named}
    draft = issued(affair, transfer.sender, changes=changes, to=(transfer.sender,))
    return affair, draft, "a_call_to_cooperate"


def _is_kept(affair: Affair) -> bool:
    """Whether what it is about is a department's by the plain rule."""
    return (
        affair.life == "transfer"
        and not affair.parent
        and affair.frozen is None
        and affair.held_for is None
        and affair.matter in KEPT
        and affair.sender in {code(alias) for alias in TOWNSHIPS}
    )


def _a_twin(world: World) -> Opening | None:
    """Of one matter at one place, as one that is open: its handler is told, and nobody is stopped.

    The days of all its violations overlap, but for those that are old.
    """
    there = [a for a in world.affairs.values() if _is_kept(a) and a.state in _OPEN and a.lasts]
    if not there:
        return None
    other = world.rng.choice(there)
    world.settle()
    affair = world.new_affair("LeadTransfer", "transfer")
    between(affair, alias_of(other.sender), other.matter)
    affair.place, affair.evidence = other.place, (1, 2)
    to = code(KEPT[other.matter])
    changes = transfers.violations(affair)
    draft = issued(affair, to, changes=changes, advised=frozenset({(advice.TWIN, to)}))
    return affair, draft, "a_twin"


def declined_before(world: World) -> Opening | None:
    there = [
        a
        for a in world.affairs.values()
        if _is_kept(a) and a.state == "declined" and a.number and not a.letter
        and a.asking == a.sender and a.handler == code(KEPT[a.matter])
    ]  # fmt: skip
    if not there:
        return None
    other = world.rng.choice(there)
    world.settle()
    affair = world.new_affair("LeadTransfer", "transfer")
    between(affair, alias_of(other.sender), other.matter, other.numbers)
    affair.place = other.place
    handler = str(other.handler)
    changes: dict[str, Any] = transfers.violations(affair)
    if other.known_party and world.rng.random() < 0.6:
        changes["parties"] = [transfers.known_party(other.known_party)]
        draft = issued(
            affair, handler, "transfer.declined_before", changes=changes, keep=transfers.KNOWN
        )
        return affair, draft, "sends_again_what_was_declined"
    changes["source"] = {"kind": "transfer", "register_number": other.number}
    if world.rng.random() < 0.6:
        changes["evidence"], affair.evidence = [], ()
        draft = issued(affair, handler, "transfer.no_new_evidence", changes=changes, keep=_LINK)
        return affair, draft, "has_nothing_new"
    affair.evidence = (1, 2)
    told = frozenset({(advice.AGAIN, handler)})
    draft = issued(affair, handler, changes=changes, advised=told, keep=_LINK)
    return affair, draft, "has_new_evidence"
