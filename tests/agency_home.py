"""A home with keys, logins and schema ids, and both ends of an inbox: no broker needed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.bus.agency import Agency, ConnectorConfig, load_agency
from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV
from connectors.bus.keyring import read_keys
from connectors.bus.keys import ensure_keys
from connectors.bus.openers import load_openers
from connectors.bus.private import write_private
from connectors.bus.quarantine import Record
from connectors.bus.registry import SchemaIds
from connectors.bus.spool import Spooled
from connectors.bus.unanswered import LiesAt
from schemas.codec import current, frame, unframe
from schemas.disputes import CaseSplit
from schemas.document import Target
from schemas.errors import Refusal
from schemas.file_key import claim_of, encryption_key, rewrapped
from schemas.ids import BUS, Alias, CaseId, MessageId, OrganCode, derive
from schemas.inline import records_by_fingerprint
from schemas.jwk import b64url, signer_from_pem
from schemas.load import default_example
from schemas.messages import Accepted, Held, HoldReason, Message, Rejected
from schemas.oversight import FieldsOpened, OpenedField
from schemas.parts import AttachmentKey, Delivery, Envelope, Flow, Relation
from schemas.seal import Unvouched, copied, said, seal_message, vouched
from schemas.seal_form import seed_of
from schemas.seal_open import extract, sealed_parts
from tests.history import message

US = OrganCode("11520203YC0001047R")  # yanjiao
THEM = OrganCode("11520203YC0002015P")  # liuzhi-cgj
THIRD = OrganCode("11520203YC0001055L")  # mugang
AT = datetime(2026, 9, 21, 10, 0, tzinfo=UTC)
_LONG_AGO = AT - timedelta(days=30)
_ALIASES = {US: "yanjiao", THEM: "liuzhi-cgj", THIRD: "mugang"}


@dataclass(frozen=True, slots=True)
class County:
    """A bus's home with three organs, and what the exchange would put into an inbox."""

    home: Home
    at: datetime = AT  # when the exchange had what it delivers

    def agency(self, alias: str = "yanjiao") -> Agency:
        """Return one organ, as its connector loads it."""
        return load_agency(ConnectorConfig(organ=alias), self.home)

    def opened(self, value: bytes) -> Message:
        """Return the message of a value that a connector wants to publish."""
        schema_id, body = unframe(value)
        fingerprint = SchemaIds.load(self.home.schema_ids).fingerprint_of(schema_id) or ""
        return current(records_by_fingerprint()[fingerprint]).decode(body)

    def copy(self, sent: Message, offset: int, to: OrganCode = US, **seal_by: Any) -> Record:
        """Return the delivered copy of a message of an organ."""
        alias = seal_by.get("seal_by") or _ALIASES[sent.envelope.sender]
        sealed = seal_message(sent, signer_from_pem(self.home.key(alias).read_bytes()))
        codec = current(sent.envelope.record)
        delivery = Delivery(to, Relation.HANDLER, "R-1", self.at, keys=self.keys(sent, to))
        return self._vouched(codec.record, copied(codec.open(sealed.body), codec, delivery), offset)

    def keys(self, sent: Message, to: OrganCode) -> tuple[AttachmentKey, ...]:
        """Return the keys of a message's attachments, wrapped anew as the exchange does."""
        openers = load_openers(self.home, "bus", None)
        listed = read_keys(self.home.rulebook / KEYS_CSV).values()
        recipient = encryption_key(listed, to, self.at)
        assert recipient is not None
        found = []
        for attachment in sent.envelope.attachments or ():
            claim = claim_of(sent.envelope, attachment)
            if claim is not None and attachment.key is not None:
                wrapped = rewrapped(attachment.key, claim, openers, recipient)
                assert wrapped is not None
                found.append(AttachmentKey(claim.blob, wrapped))
        return tuple(found)

    def opened_later(self, sent: Message, *paths: str, to: OrganCode = US) -> FieldsOpened:
        """Return fields of an organ's message, as the bus opens them to another."""
        alias = _ALIASES[sent.envelope.sender]
        sealed = seal_message(sent, signer_from_pem(self.home.key(alias).read_bytes()))
        original = current(sent.envelope.record).open(sealed.body)
        seal = original.message.envelope.seal
        assert seal is not None
        found = extract(original.tree, original.body, seed_of(seal) or b"", paths)
        return FieldsOpened(
            envelope=_of_the_bus("FieldsOpened", sent, to),
            message=sent.envelope.message_id,
            message_record=sent.envelope.record,
            author=sent.envelope.sender,
            message_case=sent.envelope.case_id,
            received_at=self.at,
            relation=Relation.PARTICIPANT,
            schema=original.schema,
            fields=tuple(
                OpenedField(each.path, each.value, b64url(each.salt)) for each in found.leaves
            ),
            parts=sealed_parts(found.parts),
            jws=seal.jws,
        )

    def said(self, message_of_the_bus: Message, offset: int) -> Record:
        """Return a record that the bus itself wrote."""
        return self._vouched(message_of_the_bus.envelope.record, said(message_of_the_bus), offset)

    def _vouched(self, record: str, value: Unvouched, offset: int) -> Record:
        signer = signer_from_pem(self.home.key("bus").read_bytes())
        (body,) = vouched([value], "liuzhi-demo", signer)
        ids = SchemaIds.load(self.home.schema_ids)
        whole = frame(ids.id_for(current(record).fingerprint), body)
        return Record(offset, int(self.at.timestamp() * 1000), whole)


def county_at(path: Path) -> County:
    """Make the home."""
    home = Home(path)
    home.rulebook.mkdir(parents=True)
    (home.rulebook / "rulebook.toml").write_text('bus = "liuzhi-demo"\n', encoding="utf-8")
    ensure_keys(home, [(code, Alias(alias)) for code, alias in _ALIASES.items()], _LONG_AGO)
    for alias in _ALIASES.values():
        text = f'username = "{alias}"\npassword = "not-a-secret"\n'
        write_private(home.credentials_file(alias), text)
    by_id = dict(enumerate(sorted(records_by_fingerprint()), start=1))
    SchemaIds(by_id, {}).save(home.schema_ids)
    return County(home)


def document(record: str, number: int = 12, **changes: Any) -> str:
    """Return the default example as an agency writes it; `number` is of its 文号."""
    found = default_example(record)
    envelope = found.setdefault("envelope", {})
    if "document_number" in envelope:
        envelope["document_number"] = f"案移〔2026〕{number}号"
    return json.dumps({**found, **changes}, ensure_ascii=False)


def written(heads: Iterable[Spooled], offset: int = 0) -> dict[MessageId, LiesAt]:
    """Return where a broker wrote what was published: one behind the other."""
    return {head.message_id: LiesAt(0, at) for at, head in enumerate(heads, start=offset)}


def lead(label: str, sender: str = "liuzhi-cgj", **changes: Any) -> Message:
    """Return a lead of an organ, to be delivered here."""
    return message("lead_transfer", sender, label, AT, **changes)


def reply_to(sent: Message, sender: str, label: str) -> Message:
    """Return a SignedFor about a message."""
    envelope = sent.envelope
    target = Target(envelope.message_id, envelope.case_id, envelope.flow)
    return message(
        "signed_for",
        sender,
        label,
        AT,
        envelope={
            "in_reply_to": target.message_id,
            "case_id": target.case_id,
            "flow": target.flow.value,
        },
    )


def accepted(about: Message, to: OrganCode = US) -> Accepted:
    """Return the bus's receipt."""
    return Accepted(_of_the_bus("Accepted", about, to), rule="R-1")


def held(about: Message, to: OrganCode = US) -> Held:
    """Return the bus's word that a message waits."""
    return Held(
        _of_the_bus("Held", about, to),
        hold=HoldReason.GAP,
        code="hold.gap",
        zh="暂存",
        en="held",
        released_by="supervisor",
    )


def rejected(about: Message, code: str = "document_number.used", to: OrganCode = US) -> Rejected:
    """Return the bus's refusal."""
    envelope = _of_the_bus("Rejected", about, to)
    return Rejected(envelope, code, "文号已用", "used", "换号", "another", where="envelope")


def case_split(about: Message) -> CaseSplit:
    """Return what the bus writes into the child of a split case."""
    envelope = replace(
        _of_the_bus("CaseSplit", about, US),
        addressees=(),
        case_id=CaseId(derive("child", about.envelope.message_id)),
    )
    parent, sender = about.envelope.case_id, about.envelope.sender
    transfer = about.envelope.message_id
    return CaseSplit(envelope, parent, transfer, "LeadTransfer", sender, US, (), 1, AT)


def _of_the_bus(record: str, about: Message, to: OrganCode) -> Envelope:
    envelope = about.envelope
    return Envelope(
        bus=envelope.bus,
        message_id=MessageId(derive("say", record, envelope.message_id, to)),
        case_id=envelope.case_id,
        flow=Flow(envelope.flow),
        record=record,
        sender=BUS,
        sent_at=AT,
        addressees=(to,),
        in_reply_to=envelope.message_id,
    )


def must(found: Message | Refusal | None) -> Message:
    """Return what must be a message."""
    assert found is not None
    assert not isinstance(found, Refusal), found
    return found
