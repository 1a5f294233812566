"""What the bus itself puts into the log: ticks, rulebooks, what one case does to another."""

from dataclasses import replace
from typing import TYPE_CHECKING

from schemas.codec import unframe
from schemas.disputes import CaseSplit, GuidanceYearOpened, LinkedEffect
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.messages import Message, RulebookActivated
from schemas.parts import Envelope, Flow
from schemas.topics import flow_partition
from services.exchange.incoming import Incoming
from tests.office import PARTITIONS, sealed
from tests.simulation import advice, years
from tests.simulation.affair import Affair, Row, When, runs_out, step
from tests.simulation.county import LATER_HASH, here
from tests.simulation.disputes import HOPS_MAX
from tests.simulation.dues import Due, Place
from tests.simulation.moves import Draft
from tests.simulation.ways import way

if TYPE_CHECKING:
    from tests.simulation.world import World


def tick(world: "World", place: Place) -> None:
    """Let the partition hear what time it is."""
    flow, partition = place
    world.keep(world.log.tick(world.now, partition, Flow(flow)))
    if world.now.year == years.YEAR:  # a year that is over is looked at no more
        world.too_short[place] = place in world.later
    for affair in world.affairs.values():
        if (affair.flow, affair.partition) == place:
            _time_passes(world, affair)


def _time_passes(world: "World", affair: Affair) -> None:
    if affair.frozen is not None or affair.state == "held":
        return
    advice.time_passes(world, affair)
    local = world.is_later(affair.partition, affair.flow)
    if affair.state == "disputed" and runs_out(affair, world.now, local=local):
        cause = derive("tick", str(next(world.ids)))
        later = world.is_later(affair.partition, affair.flow)
        when = When(world.now, cause, "Tick", BUS, later)
        step(affair, "refer", when, state="referred")


def switch(world: "World", place: Place) -> None:
    """Activate the other rulebook in a partition."""
    flow, partition = place
    target = here().rulebook.hash if place in world.later else LATER_HASH
    number = str(next(world.ids))
    envelope = _envelope(
        world, "RulebookActivated", number, flow, derive("switch", *map(str, place))
    )
    message = RulebookActivated(envelope, target, "demo", flow, partition)
    incoming = world.log.raw(sealed(message), envelope, world.now, partition=partition)
    _note(world, incoming, message, "", world.rulebook_at(incoming))
    world.later ^= {place}
    for affair in world.affairs.values():
        if (affair.flow, affair.partition) == place:
            affair.since = world.now


def of_the_bus(world: "World", message: Message, case: str, refused: str | None = None) -> None:
    """Put a message of the bus or of an operator into the log."""
    incoming = world.log.raw(sealed(message), message.envelope, world.now)
    _note(world, incoming, message, case, world.rulebook_at(incoming), refused)


def _note(world: "World", incoming: Incoming, message: Message, case: str, rulebook: str,
    refused: str | None = None,
) -> Due:  # fmt: skip
    world.keep(incoming)
    place = incoming.position
    due = world.dues[place.topic, place.partition, place.offset] = Due(
        incoming=incoming,
        message_id=message.envelope.message_id,
        sender=BUS,
        record=type(message).__name__,
        case=case,
        outcome="rejected" if refused else "accepted",
        code=refused,
        rulebook=rulebook,
        move="bus",
    )
    return due


def _envelope(
    world: "World", record: str, salt: str, flow: str, case: str, reply: str | None = None
) -> Envelope:
    return Envelope(
        bus=here().rulebook.bus,
        message_id=MessageId(derive("bus", record, salt)),
        case_id=CaseId(case),
        flow=Flow(flow),
        record=record,
        sender=BUS,
        sent_at=world.now,
        in_reply_to=MessageId(reply) if reply else None,
    )


def bus_envelope(world: "World", record: str, affair: Affair, reply: str | None) -> Envelope:
    """Return an envelope as an operator fills it, about a case."""
    return _envelope(world, record, str(next(world.ids)), affair.flow, affair.id, reply)


def published(world: "World", topic: str, key: bytes | None, value: bytes | None) -> None:
    """A record has reached the broker: an inbox, the journal, or a flow again."""
    world.published.append((topic, key, value))
    if topic not in set(Flow):
        return
    assert value is not None
    schema, body = unframe(value)
    message = here().codecs[schema].decode(body)
    incoming = world.log.raw(value, message.envelope, world.now)
    if message.envelope.message_id in world.bus_ids:
        world.keep(incoming)
        place = incoming.position
        world.dues[place.topic, place.partition, place.offset] = Due(
            incoming, message.envelope.message_id, BUS, type(message).__name__,
            message.envelope.case_id, "repeated", None, world.rulebook_at(incoming), "bus",
        )  # fmt: skip
        return
    world.bus_ids.add(message.envelope.message_id)
    if isinstance(message, GuidanceYearOpened):
        years.begins(world, message)
        _note(world, incoming, message, message.envelope.case_id, world.rulebook_at(incoming))
    elif isinstance(message, CaseSplit):
        _begins(world, message)
        _note(world, incoming, message, message.envelope.case_id, world.rulebook_at(incoming))
    elif isinstance(message, LinkedEffect):
        _links(world, message, incoming)


def _begins(world: "World", message: CaseSplit) -> None:
    parted = world.parted.pop(str(message.envelope.in_reply_to))
    child = parted.affair
    child.id, child.opening = message.envelope.case_id, message.envelope.message_id
    child.partition = flow_partition(child.id.encode(), PARTITIONS)
    child.dispute = Row(child.opening, str(child.handler), child.asking)
    later = world.is_later(child.partition, child.flow)
    when = When(parted.objected, child.opening, "CaseSplit", BUS, later)
    step(child, "split_off", when, about=child.opening)
    if child.hop >= HOPS_MAX:
        step(child, "refer", replace(when, at=world.now), state="referred")
    child.since, child.goal = world.now, 8
    child.way = way(world.rng, child)
    world.affairs[child.id] = child


def _links(world: "World", message: LinkedEffect, incoming: Incoming) -> None:
    case = message.envelope.case_id
    affair, rulebook = world.affairs[case], world.rulebook_at(incoming)
    then = _is_handled
    if years.is_of_a_year(message):
        then = years.told(affair, message.kind)
        world.guiding.discard(message.cause)
    when = _when(world, affair, message)
    if affair.frozen is None and affair.state != "held":
        refused = None if then is not _is_handled else _why_not(affair, message)
        _note(world, incoming, message, case, rulebook, refused)
        if refused is None:
            then(affair, when)
        return
    due = _note(world, incoming, message, case, rulebook)
    due.outcome = "waiting"  # for what the bus says there is always room
    affair.waiting.append((Draft("linked_effect", message.organ, then=then), when, due))


def _when(world: "World", affair: Affair, message: LinkedEffect) -> When:
    later = world.is_later(affair.partition, affair.flow)
    return When(world.now, message.envelope.message_id, "LinkedEffect", message.organ, later)


def _why_not(notice: Affair, message: LinkedEffect) -> str | None:
    """Return why the notice's case refuses that its handler made a transfer of it."""
    if notice.handler == message.organ and notice.state not in ("issued", "received"):
        return "step.not_allowed"
    return None


def _is_handled(notice: Affair, when: When) -> None:
    """A transfer that its handler made of it ends a notice; nobody else's does."""
    if notice.handler != when.by or notice.state not in ("issued", "received"):
        return
    if notice.state == "issued":
        step(notice, "sign", when, state="received")
    step(notice, "handle", when, state="handled")
