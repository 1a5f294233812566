"""schemas/render.py: a message as a document, which is read again as the same message."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.document import read
from schemas.ids import BUS, CaseId, MessageId, case_id_of, derive
from schemas.messages import Message
from schemas.parts import Flow
from schemas.render import to_document
from schemas.topics import RECORDS
from tests.any_message import default_message, envelope_defaults, messages


@given(st.sampled_from(sorted(RECORDS)).flatmap(messages))
@settings(max_examples=60)
def test_what_is_rendered_is_read_again(message: Message) -> None:
    record = RECORDS[type(message).__name__]
    own = MessageId(derive("message", record.snake))
    case_id = case_id_of(BUS, own) if record.opens else CaseId(derive("case"))
    envelope = replace(
        message.envelope,
        message_id=own,
        case_id=case_id,
        flow=record.opens or Flow.LEADS,
        record=record.name,
        bus="test",
        sender=BUS,
        in_reply_to=None,
        document_number=None,
    )
    whole: Message = replace(message, envelope=envelope)
    document = json.dumps(to_document(whole)).encode()
    assert read(record.snake, document, envelope_defaults(record.snake, BUS)) == whole


def test_a_document_holds_json_only_and_every_key() -> None:
    document = to_document(default_message("case_transfer"))
    assert json.loads(json.dumps(document)) == document
    assert next(iter(document)) == "envelope"
    assert document["envelope"]["sent_at"] == "2026-09-28T09:00:00.123+08:00"
    assert document["envelope"]["delivery"] is None
