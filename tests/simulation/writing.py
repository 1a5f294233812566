"""A draft becomes a message: its envelope, its number, its officers, its canaries, its seal."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from schemas.codec import encode, frame
from schemas.ids import CaseId, MessageId, OrganCode, case_id_of, derive
from schemas.load import default_example
from schemas.messages import Message
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from schemas.topics import BY_SNAKE
from tests.office import sealed, signers
from tests.simulation.affair import Affair
from tests.simulation.county import here
from tests.simulation.letters import BY_SNAKE_OF, letter, officers_of
from tests.simulation.moves import Draft

if TYPE_CHECKING:
    from tests.simulation.world import World


def compose(world: "World", affair: Affair, draft: Draft, *, opens: bool) -> Message:
    """Return the message that a draft is."""
    snake = BY_SNAKE_OF.get(draft.record, draft.record)
    number = next(world.ids)
    message_id = MessageId(draft.message_id or derive("simulated", str(number)))
    if opens:
        message_id = MessageId(affair.opening)
    if draft.raw is not None:
        return _of_bad_form(world, affair, draft, message_id)
    body, canaries = letter(snake, draft.changes, world.numbers, draft.keep)
    world.planted |= {each: (message_id, planted) for each, planted in canaries.items()}
    if draft.code in ("secrecy.marked", "secrecy.listed"):
        world.secrets |= set(canaries)
    example = _envelope_of(snake)
    numbered = "document_number" in example
    bearer = draft.number or (world.new_number(draft.sender) if numbered else None)
    signing = officers_of(OrganCode(draft.sender)) if "officers" in example else None
    if draft.officers is not None and signing is not None:
        signing = (signing[0], *draft.officers)
    envelope = Envelope(
        bus=here().rulebook.bus,
        message_id=message_id,
        case_id=CaseId(affair.id),
        flow=Flow(affair.flow),
        record=BY_SNAKE[snake].name,
        sender=OrganCode(draft.sender),
        addressees=tuple(OrganCode(organ) for organ in draft.to),
        in_reply_to=MessageId(draft.reply) if draft.reply else None,
        document_number=bearer,
        officers=signing,
        insist_reason=draft.insist,
        sent_at=world.now,
    )
    return replace(body, envelope=envelope)


def _of_bad_form(world: "World", affair: Affair, draft: Draft, message_id: MessageId) -> Message:
    raw = draft.raw
    envelope = raw.envelope
    row = BY_SNAKE.get(BY_SNAKE_OF[type(raw).__name__])
    assert row is not None
    begins = row.begins(envelope.in_reply_to)
    flow = row.opens if begins and row.opens else Flow(affair.flow)
    reply = envelope.in_reply_to and (draft.reply or affair.opening)
    placed = replace(
        envelope,
        message_id=message_id,
        case_id=case_id_of(OrganCode(draft.sender), message_id) if begins else CaseId(affair.id),
        flow=flow,
        sender=OrganCode(draft.sender),
        in_reply_to=reply,
        sent_at=world.now,
    )
    return replace(raw, envelope=placed)  # type: ignore[no-any-return] # the same class


def seal(message: Message, draft: Draft) -> bytes:
    """Seal it, by its sender or by somebody else; or leave the seal out, or on other content."""
    if draft.code == "seal.missing":
        return frame(here().own(type(message).__name__), encode(message))
    if draft.code == "seal.invalid":
        seal = seal_message(message, signers()[message.envelope.sender]).message.envelope.seal
        moved = message.envelope.sent_at + timedelta(hours=1)
        other = replace(message.envelope, seal=seal, sent_at=moved)
        return frame(here().own(type(message).__name__), encode(replace(message, envelope=other)))
    return sealed(message, OrganCode(draft.by) if draft.by else None)


@cache
def _envelope_of(snake: str) -> dict[str, Any]:
    return dict(default_example(snake).get("envelope", {}))
