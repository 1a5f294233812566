"""The bare-work limit: what a message cannot do without, in a tight loop, and nothing else.

Verify, decode, one copy and one receipt signed once a batch, a journal entry, the rows of one
transaction, three records produced. No rule, no lock, no check of form or secrecy, no framework.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from sqlalchemy import Engine

from schemas.codec import Opened, frame, unframe
from schemas.errors import Refusal
from schemas.ids import BUS, MessageId, derive
from schemas.messages import Accepted
from schemas.parts import Delivery, Relation
from schemas.seal import copied, said, verify
from services.casebook.statements import insert
from services.casebook.tables import (
    CASE_NUMBERS,
    CASES,
    DECISIONS,
    DUTIES,
    MESSAGES,
    ORIGINALS,
    OUTBOX,
    SAID,
)
from services.exchange.incoming import Incoming
from services.exchange.office import Office

COPY_TO: Final = "inbox.liuzhi-cgj"
RECEIPT_TO: Final = "inbox.yanjiao"
JOURNAL: Final = "journal"
BODY: Final = "x" * 1_000  # of a case, of a duty: as long as ours
ENTRY: Final = "x" * 2_800  # of a decision beyond its ids
PARTITIONS_MAX: Final = 64  # of a flow
Row = dict[str, Any]


async def work_on(
    records: Sequence[Incoming], office: Office, engine: Engine, producer: AIOKafkaProducer
) -> None:
    """Do a batch: one transaction, one signature."""
    opened = [_opened(record, office) for record in records]
    copies = [
        _copy(each, office, record.stamped_at) for each, record in zip(opened, records, strict=True)
    ]
    receipts = [said(_receipt(each, office)) for each in opened]
    values = office.vouch([*copies, *receipts])
    whole = [
        frame(office.id_of(each.schema), value) for each, value in zip(opened, values, strict=False)
    ]
    answers = [frame(office.own("Accepted"), value) for value in values[len(copies) :]]
    entries = [_entry(each) for each in opened]
    out: list[tuple[str, bytes, bytes]] = []
    for each, copy, answer, entry in zip(opened, whole, answers, entries, strict=True):
        key = each.message.envelope.case_id.encode()
        out += [(COPY_TO, key, copy), (RECEIPT_TO, key, answer), (JOURNAL, key, entry.encode())]
    seqs = _store(engine, records, opened, entries, out)
    sends = [await producer.send(topic, value, key=key) for topic, key, value in out]
    await asyncio.gather(*sends)
    with engine.begin() as connection:
        connection.execute(OUTBOX.delete().where(OUTBOX.c.seq <= seqs))


def _opened(record: Incoming, office: Office) -> Opened:
    schema_id, body = unframe(record.value or b"")
    opened = office.codecs[schema_id].open(body)
    signer = verify(opened, office.key, record.stamped_at)
    assert not isinstance(signer, Refusal), signer
    return opened


def _copy(opened: Opened, office: Office, at: datetime) -> Any:
    delivery = Delivery(BUS, Relation.HANDLER, None, at, (), ())
    return copied(opened, office.codec_of(opened.schema), delivery, opened.message)


def _receipt(opened: Opened, office: Office) -> Accepted:
    envelope = opened.message.envelope
    own = replace(
        envelope,
        message_id=MessageId(derive("bench", envelope.message_id)),
        record="Accepted",
        sender=BUS,
        bus=office.rulebook.bus,
        in_reply_to=envelope.message_id,
        document_number=None,
        officers=None,
        seal=None,
    )
    return Accepted(own)


def _entry(opened: Opened) -> str:
    envelope = opened.message.envelope
    told = {"message": envelope.message_id, "case": envelope.case_id, "effects": ENTRY}
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _store(
    engine: Engine,
    records: Sequence[Incoming],
    opened: Sequence[Opened],
    entries: Sequence[str],
    out: Sequence[tuple[str, bytes, bytes]],
) -> int:
    """Write the rows that the exchange writes; return the last of the outbox."""
    tables: dict[str, list[Row]] = {}
    for record, each, entry in zip(records, opened, entries, strict=True):
        for name, row in _rows(record, each, entry):
            tables.setdefault(name, []).append(row)
    place = {"source_topic": "leads", "source_partition": 0, "headers": "[]", "case_id": None}
    rows: list[Row] = [{**place, "topic": to, "key": key, "value": value} for to, key, value in out]
    with engine.begin() as connection:
        for table in (MESSAGES, ORIGINALS, CASES, CASE_NUMBERS, DUTIES, DECISIONS, SAID):
            insert(connection, table, tables[table.name])
        insert(connection, OUTBOX, rows)
        found = connection.exec_driver_sql("SELECT max(seq) FROM outbox").scalar_one()
    return int(found)


def _rows(record: Incoming, opened: Opened, entry: str) -> list[tuple[str, Row]]:
    envelope, place = opened.message.envelope, record.position
    case, message, sender = envelope.case_id, envelope.message_id, envelope.sender
    here = {"topic": place.topic, "partition": place.partition}
    at = {**here, "offset": place.offset, "outcome": "accepted", "code": None}
    of = {"case_id": case, "message_id": message, "sender": sender, "record": envelope.record}
    letter = {"document_number": envelope.document_number, "in_reply_to": None, "received_ms": 0}
    original = {"fingerprint": opened.schema, "body": opened.body}
    moves = {"state": "issued", "stopped": None, "waiting": 0}
    rests = {"rests_ms": None, "look_ms": None}
    duty = {"duty_id": derive(case, "sign_for"), "position": 0, "kind": "sign_for", "owner": sender}
    number = place.offset * PARTITIONS_MAX + place.partition  # of the case: no other has it
    due = {"due_ms": 0, "open": True, "case_seq": number}
    return [
        ("messages", {**of, **at, **letter, "digest": opened.content_digest, "receipt": None}),
        ("originals", {**of, **original}),
        ("cases", {**here, **moves, **rests, "seq": number, "case_id": case, "body": BODY}),
        ("case_numbers", {"case_id": case, "seq": number}),
        ("duties", {**duty, **due, "case_id": case, "body": BODY}),
        ("decisions", {**of, **at, "at_ms": 0, "rulebook": "", "entry": entry}),
        ("said", {"day": 0, "message_id": derive("bench", message), "case_id": case}),
    ]
