"""`yichuan send RECORD --as ORGAN FILE.json`: check, seal, publish, wait for the bus's answer."""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from aiokafka.errors import KafkaError

from connectors.bus.agency import Agency, ConnectorConfig, load_agency
from connectors.bus.clock import now
from connectors.bus.gate import barred
from connectors.bus.kafka import explain, start_producer
from connectors.bus.system import Source
from schemas.codec import current, frame
from schemas.document import EnvelopeDefaults, read
from schemas.errors import Refusal, Unavailable, UserError, text
from schemas.ids import message_id_of
from schemas.json_text import DOCUMENT_MAX_BYTES
from schemas.messages import Accepted, Held, Message, Rejected
from schemas.seal import Sealed, seal_message
from schemas.secrecy import Gate
from schemas.topics import BY_SNAKE, RECORDS
from services.cli.attached import looked_at, stored_with
from services.cli.exit_codes import NO, NOT_TRIED
from services.cli.installation import Installation, open_installation
from services.cli.mailbox import Mailbox, open_mailbox
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, error_object, print_error
from services.cli.send_text import receipt_document, receipt_lines
from services.cli.sent import Known, note_sent, sent_before, targets_of
from services.rulebook.model import Organ

_PUBLISH_SECONDS_MAX: Final = 30.0
LOOKED_THROUGH_MAX: Final = 100_000  # newest letters of the inbox, for what a reply answers
_STDIN: Final = "-"
Receipt = Accepted | Rejected | Held


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent, and the answer; None where nobody waited for it."""

    message: Message
    receipt: Receipt | None


def send(
    record: Annotated[str, typer.Argument(help="e.g. lead_transfer / 消息类型")],
    file: Annotated[
        str, typer.Argument(help="a JSON document; - reads stdin / JSON 文件，- 为标准输入")
    ],
    organ: Annotated[str, typer.Option("--as", help="code, name or alias / 机关")],
    attach: Annotated[
        list[Path] | None, typer.Option(help="a file to go along; again for more / 附件")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, max=600, help="seconds / 等待秒数")] = 30.0,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> int:
    """Send one document as an organ; exit 0 accepted or held, 1 refused, 3 no answer."""
    known = BY_SNAKE.get(record) or RECORDS.get(record)
    if known is None:
        raise UserError("message.unknown_record", where=record)
    raw = _read(file)
    place = open_installation(home)
    sender = place.organ(organ)
    name = "" if file == _STDIN else Path(file).name
    sending = send_document(place, sender, known.name, raw, wait, name=name, attach=attach or ())
    outcome = asyncio.run(sending)
    if isinstance(outcome, Refusal):
        words = error_object(text(outcome.code), outcome.where, outcome.detail)
        print_error(words, as_json=as_json, outcome="refused")
        return NO
    return _report(place, outcome, as_json=as_json)


async def send_document(
    place: Installation,
    sender: Organ,
    record: str,
    raw: bytes,
    wait: float,
    *,
    name: str = "",
    attach: Sequence[Path] = (),
) -> Sending | Refusal:
    """Check, seal and publish a document, and wait up to `wait` seconds for the answer.

    The secrecy gate comes first, over the document as it is and the names of its files.
    Raises Unavailable send.no_answer when there is none in time, and what the broker and the store
    of attachments raise.
    """
    names = (name, *(path.name for path in attach))
    secret = barred(names, record, raw, Gate(place.rulebook.no_sharing))
    if secret is not None:
        return secret
    files = looked_at(attach)
    if isinstance(files, Refusal):
        return files
    source = Source(f"send {record}", hashlib.sha256(raw).hexdigest(), record, raw, files=files)
    async with open_mailbox(place, sender) as mailbox:
        message = await _message(place, sender, source, mailbox)
        if isinstance(message, Refusal):
            return message
        agency = load_agency(ConnectorConfig(organ=sender.alias), place.home)
        async with stored_with(message, files, agency) as whole:
            if isinstance(whole, Refusal):
                return whole
            sealed = seal_message(whole, agency.signer)
            begin = await mailbox.end()
            await _publish(agency, sealed)
        note_sent(place.home, sender.alias, Known.of(whole))
        if not wait:
            return Sending(whole, None)
        return Sending(whole, await _answer(mailbox, whole, begin, wait))


async def _message(
    place: Installation, sender: Organ, source: Source, mailbox: Mailbox
) -> Message | Refusal:
    """Read the document; what it answers is looked up only where it answers something.

    The same document of the same organ has the same id, so sending it again is no second message.
    """
    known = list(sent_before(place.home, sender.alias))
    asked: list[str] = []

    def targets(named: str) -> tuple[Any, ...]:
        asked.append(named)
        return targets_of(known, named)

    defaults = EnvelopeDefaults(
        bus=place.rulebook.bus,
        sender=sender.code,
        message_id=message_id_of(sender.code, source.place, source.identity),
        sent_at=now(),
        targets=targets,
    )
    message = read(source.record, source.raw, defaults)
    if asked:
        known += [
            Known.of(letter.message)
            async for letter in mailbox.present(LOOKED_THROUGH_MAX)
            if letter.message is not None
        ]
        message = read(source.record, source.raw, defaults)
    return message


async def _publish(agency: Agency, sealed: Sealed) -> None:
    envelope = sealed.message.envelope
    schema_id = agency.keyring.id_for(current(envelope.record).fingerprint)
    client_id = f"{agency.alias}-cli"
    producer = await start_producer(agency.settings, agency.credentials, client_id=client_id)
    try:
        await asyncio.wait_for(
            producer.send_and_wait(
                envelope.flow.value,
                frame(schema_id, sealed.body),
                key=envelope.case_id.encode(),
            ),
            _PUBLISH_SECONDS_MAX,
        )
    except (KafkaError, TimeoutError) as error:
        raise explain(error, where=envelope.flow.value) from error
    finally:
        await producer.stop()


async def _answer(mailbox: Mailbox, message: Message, begin: int, wait: float) -> Receipt:
    wanted = (message.envelope.message_id, message.envelope.case_id)
    async for letter in mailbox.following(begin, wait):
        found = letter.message
        if (
            isinstance(found, Accepted | Rejected | Held)
            and (found.envelope.in_reply_to, found.envelope.case_id) == wanted
        ):
            return found
    raise Unavailable("send.no_answer", where=wanted[0], detail=f"{wait:g} s")


def _report(place: Installation, sending: Sending, *, as_json: bool) -> int:
    envelope = sending.message.envelope
    document = receipt_document(sending.message, sending.receipt, place.rulebook.directory)
    if isinstance(sending.receipt, Rejected):
        refused = sending.receipt
        error = {
            "code": refused.code,
            "zh": refused.zh,
            "en": refused.en,
            "remedy_zh": refused.remedy_zh,
            "remedy_en": refused.remedy_en,
            "where": refused.where,
            "detail": refused.explanation,
        }
        beside = {"message": envelope.message_id, "case": envelope.case_id}
        print_error(error, as_json=as_json, outcome="rejected", **beside)
        return NO
    if as_json:
        emit_json(document)
    else:
        print("\n".join(receipt_lines(document)))
    return 0


def _read(file: str) -> bytes:
    """Read the document, and no more of it than a document can be."""
    if file == _STDIN:
        return sys.stdin.buffer.read(DOCUMENT_MAX_BYTES + 1)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(DOCUMENT_MAX_BYTES + 1)
    except OSError as error:
        detail = error.strerror
        raise UserError("file.unreadable", where=file, detail=detail, exit_code=NOT_TRIED) from None
