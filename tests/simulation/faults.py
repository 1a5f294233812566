"""What is wrong before the law is asked: form, place, seal, ids, marks of secrecy.

The forms are the bad examples of schemas/examples, each named after the code that refuses it; a new
one is taken up by itself.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId, OrganCode, derive
from schemas.messages import Message, Tick
from schemas.parts import Flow
from schemas.topics import BY_SNAKE, Author
from tests.history import MONDAY, demo
from tests.simulation.affair import Affair
from tests.simulation.counting import NOT_REFUSALS
from tests.simulation.county import CITY, STRANGERS, code
from tests.simulation.letters import plain
from tests.simulation.moves import Draft, Scene, move
from tests.simulation.transfers import violations

_EXAMPLES: Final = Path(__file__).parents[2] / "schemas" / "examples"
_ANSWERED: Final = MessageId(derive("simulation", "answered"))


@cache
def bad_forms() -> tuple[tuple[str, str, Message], ...]:
    """Return (record, code, message) of each bad example that can be sealed at all."""
    found = []
    for path in sorted(_EXAMPLES.glob("*/bad/*.json")):
        record, refused = path.parts[-3], path.stem.partition("__")[0]
        if BY_SNAKE[record].author is Author.BUS:
            continue
        message = _read(record, path.read_bytes())
        if message is not None and refused not in NOT_REFUSALS:
            found.append((record, refused, message))
    return tuple(found)


def _read(record: str, raw: bytes) -> Message | None:
    officers = json.loads(raw).get("envelope", {}).get("officers") or [{}]
    sender = OrganCode(officers[0].get("organ") or "11520203YC0002015P")
    target = Target(_ANSWERED, CaseId(derive("simulation", "case")), Flow.LEADS)
    defaults = EnvelopeDefaults(demo().bus, sender, _ANSWERED, MONDAY, lambda _: (target,))
    found = read(record, raw, defaults)
    return None if isinstance(found, Refusal) else found


@move("any", "any held", 12)
def is_of_a_wrong_form(affair: Affair, scene: Scene) -> Draft:
    codes = sorted({refused for _, refused, _ in bad_forms()})
    wanted = scene.rng.choice(codes)
    of_it = [each for each in bad_forms() if each[1] == wanted]
    record, refused, message = scene.rng.choice(of_it)
    return Draft(record, message.envelope.sender, raw=message, code=refused)


@move("any", "any held", 1)
def is_in_the_wrong_place(affair: Affair, scene: Scene) -> Draft:
    where: dict[str, Any] = scene.rng.choice(
        (
            {"partition": (affair.partition + 1) % 4},
            {"topic": "copies" if affair.flow != "copies" else "leads"},
            {"key": b"another"},
        )
    )
    return Draft(
        "signed_for", affair.sender, reply=affair.opening, where=where, code="message.misrouted"
    )


@move("any", "any held", 1)
def is_sealed_by_another(affair: Affair, scene: Scene) -> Draft:
    """Dead: nobody can be answered for it."""
    refused = scene.rng.choice(("seal.not_the_senders", "seal.missing", "seal.invalid"))
    by = code(CITY) if refused == "seal.not_the_senders" else None
    return Draft(
        "signed_for", affair.sender, reply=affair.opening, by=by, code=refused, outcome="dead"
    )


@move("any", "any held", 1)
def is_no_message(affair: Affair, scene: Scene) -> Draft:
    value, refused = scene.rng.choice(
        (
            (b"", "message.malformed"),
            (b"\x00\x00\x00\x00\x01garbage", "message.malformed"),
            (b"\x00\x00\x00\x0f\xffgarbage", "message.unknown_schema"),
        )
    )
    return Draft("signed_for", affair.sender, value=value, code=refused, outcome="dead")


@move("any", "any held", 1)
def is_of_another_bus(affair: Affair, scene: Scene) -> Draft:
    message = plain("signed_for", {})
    other = replace(message, envelope=replace(message.envelope, bus="another"))
    return Draft(
        "signed_for", affair.sender, raw=other, reply=affair.opening, code="seal.other_bus",
        outcome="dead",
    )  # fmt: skip


@move("any", "any held", 1)
def speaks_as_the_bus(affair: Affair, scene: Scene) -> Draft:
    envelope = replace(plain("signed_for", {}).envelope, record="Tick")
    message = Tick(envelope, affair.flow, affair.partition)
    return Draft("tick", affair.sender, raw=message, code="message.bus_only")


@move("any", "any held", 2)
def is_marked_secret(affair: Affair, scene: Scene) -> Draft:
    """The mark is in the text; nothing of it may be found anywhere."""
    text, refused = scene.rng.choice(
        (("★机密\n示例", "secrecy.marked"), ("所附未成年人犯罪记录", "secrecy.listed"))
    )
    return Draft(
        "withdrawal", affair.sender, {"reason": text}, reply=affair.opening, code=refused,
        keep=("reason",),
    )  # fmt: skip


@move("any", "any held", 1)
def answers_nothing(affair: Affair, scene: Scene) -> Draft:
    message = plain("signed_for", {})
    bare = replace(message, envelope=replace(message.envelope, in_reply_to=None))
    return Draft("signed_for", affair.sender, raw=bare, code="reply.in_reply_to_missing")


@move("transfer copy", "any", 3)
def has_the_id_of_another_s_case(affair: Affair, scene: Scene) -> Draft | None:
    """An organ elsewhere writes an opening of its own into this case, under the same id."""
    if affair.flow != "leads" or affair.record != "LeadTransfer" or affair.parent:
        return None
    if affair.cloned:
        return None
    affair.cloned = True
    stranger = code(scene.rng.choice(STRANGERS[:2]))
    return Draft(
        "lead_transfer", stranger, violations(affair), message_id=affair.opening,
        code="message.misrouted",
    )  # fmt: skip
