"""Leads of the demo's organs, each with a new number: as documents, and as sealed values."""

import json
from datetime import timedelta
from functools import cache
from typing import Any, Final

from connectors.bus.clock import now
from connectors.bus.keyring import Keyring
from schemas.codec import current, frame
from schemas.document import EnvelopeDefaults, read
from schemas.errors import Refusal
from schemas.ids import MessageId, derive
from schemas.jwk import Signer, signer_from_pem
from schemas.load import default_example
from schemas.messages import LeadTransfer, Message
from schemas.seal import seal_message
from schemas.topics import flow_partition
from services.rulebook.calendar import local_date
from services.rulebook.directory import find
from services.rulebook.load import load
from services.rulebook.model import Organ, Rulebook
from tests.prove.stand import Stand

SENDER: Final = "yanjiao"
RECEIVER: Final = "liuzhi-cgj"  # whose a large advertisement is, in every township of the demo
PLACES: Final = {
    "yanjiao": "520203102000",
    "langdai": "520203110000",
    "tashan": "520203003000",
    "zangke": "520203106000",
    "luobie": "520203213000",
}
TRIES_MAX: Final = 10_000  # ids tried for one that lies on a given partition

Document = dict[str, Any]


def document(stand: Stand, sender: str = SENDER) -> Document:
    """Return a good lead of a township to RECEIVER, under a number not used before."""
    found: Document = default_example("lead_transfer")
    rules, code = rulebook(stand), organ(stand, sender).code
    today = local_date(now())
    (violation,) = found["violations"]
    place = PLACES[sender]
    name = rules.divisions[place].name  # type: ignore[index] # a plain str, as in documents
    violation |= {
        "place": place,
        "place_text": f"{name}示例街28号临街楼顶",
        "act_from": str(today - timedelta(days=7)),
        "found_on": str(today - timedelta(days=1)),
    }
    officers = [one for (of, _), one in sorted(rules.directory.officers.items()) if of == code]
    found["envelope"] = {
        "document_number": f"验移〔{today.year}〕{next(stand.serials)}号",
        "officers": [
            {"name": one.name, "organ": code, "certificate": one.certificate}
            for one in officers[:2]
        ],
    }
    return found


def message(stand: Stand, lead: Document, sender: str = SENDER, salt: str = "") -> LeadTransfer:
    """Return the document as the message that a connector would make of it, not sealed yet."""
    code = organ(stand, sender).code
    number = lead["envelope"]["document_number"]
    defaults = EnvelopeDefaults(
        bus=rulebook(stand).bus,
        sender=code,
        message_id=MessageId(derive("prove", code, number, salt)),
        sent_at=now(),
        targets=lambda _: (),
    )
    found = read("lead_transfer", json.dumps(lead).encode(), defaults)
    assert not isinstance(found, Refusal), found
    assert isinstance(found, LeadTransfer)
    return found


def message_on(stand: Stand, partition: int, sender: str = SENDER) -> LeadTransfer:
    """Return a new lead whose case lies on this partition."""
    lead = document(stand, sender)
    for salt in map(str, range(TRIES_MAX)):
        found = message(stand, lead, sender, salt)
        if flow_partition(found.envelope.case_id.encode(), partitions(stand)) == partition:
            return found
    raise AssertionError(partition)


def sealed_value(stand: Stand, plain: Message, login: str = SENDER) -> bytes:
    """Return the value for the topic, sealed with the key of this login (`bus`: the bus's)."""
    signer: Signer = signer_from_pem(stand.home.key(login).read_bytes())
    return framed(stand, plain.envelope.record, seal_message(plain, signer).body)


def framed(stand: Stand, record: str, body: bytes) -> bytes:
    """Return a body behind the id that the demo's registry has for our schema of the record."""
    return frame(keyring(stand).id_for(current(record).fingerprint), body)


def organ(stand: Stand, alias: str) -> Organ:
    """Return an organ of the demo's directory."""
    found = find(rulebook(stand).directory, alias, local_date(now()))
    assert found is not None, alias
    return found


def partitions(stand: Stand) -> int:
    """Return how many partitions each flow has."""
    return stand.settings.kafka.partitions


@cache
def rulebook(stand: Stand) -> Rulebook:
    """Return the rulebook in force in the demo."""
    return load(stand.home.rulebook)


@cache
def keyring(stand: Stand) -> Keyring:
    """Return what opens the demo's inbox values."""
    return Keyring(stand.home.rulebook, stand.home.schema_ids, rulebook(stand).bus)
