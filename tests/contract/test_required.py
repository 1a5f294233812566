"""`yichuan schemas docs` calls required what a letter is refused without, and nothing else."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.checks import lawful_form
from schemas.describe import describe
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId, OrganCode
from schemas.load import default_example
from schemas.parts import Flow
from schemas.topics import RECORDS, Author

ANSWERED = MessageId("7c0f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11")
CASE = CaseId("8c0f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11")
# Owed by what else the letter says; their codes say when.
DEPENDS = {
    "answers[].case_number",
    "answers[].filed_on",
    "agreed_on",
    "case_number",
    "complainant",
    "complainant.phone",
    "content",
    "evidence[].copy_reason",
    "filed_on",
    "handler",
    "handles_from",
    "informed_on",
    "items[].measure_document",
    "method",
    "parties[].name",
    "penalties",
    "place",
    "planned_end",
    "suspension",
}
FILLED = {"envelope"}  # made by the connector where a document has none


def judged(record: str, document: dict[str, Any]) -> Refusal | None:
    officers = document.get("envelope", {}).get("officers") or [{}]
    flow = (RECORDS[record].flows or (Flow.LEADS,))[0]
    defaults = EnvelopeDefaults(
        bus="x",
        sender=OrganCode(officers[0].get("organ") or "11520203YC0001047R"),
        message_id=MessageId("6f0d7a52-6c1e-5b0f-9c55-0a3d4d9e5a01"),
        sent_at=datetime(2026, 9, 28, tzinfo=UTC),
        targets=lambda _: (Target(ANSWERED, CASE, flow),),
    )
    message = read(record, json.dumps(document).encode(), defaults)
    return message if isinstance(message, Refusal) else lawful_form(message)


def without(document: Any, path: str) -> bool:
    """Take the path out, of the first where there are several; whether it was there."""
    name, _, rest = path.partition(".")
    key = name.removesuffix("[]")
    if not isinstance(document, dict) or document.get(key) is None:
        return False
    if not rest:
        del document[key]
        return True
    below = document[key]
    if key != name:
        below = below[0] if below else None
    return without(below, rest)


@pytest.mark.parametrize(
    "record", [name for name, each in RECORDS.items() if each.author is Author.ORGAN]
)
def test_what_is_called_required_is_refused_without_and_nothing_else_is(record: str) -> None:
    example = default_example(RECORDS[record].snake)
    assert judged(record, example) is None
    for path in describe(record).paths:
        document = copy.deepcopy(example)
        if path.path in DEPENDS | FILLED or not without(document, path.path):
            continue
        assert (judged(record, document) is not None) is path.required, path.path


@pytest.mark.parametrize(
    "record",
    [
        "InformationRequest",
        "AssistanceRequest",
        "JointPlan",
        "Consultation",
        "CustodyHandover",
        "RoutingAssignment",
        "SupervisionLetter",
    ],
)
def test_an_empty_list_of_addressees_is_none(record: str) -> None:
    document = copy.deepcopy(default_example(RECORDS[record].snake))
    document["envelope"]["addressees"] = []
    found = judged(record, document)
    assert found is not None
    required = {path.path for path in describe(record).paths if path.required}
    assert "envelope.addressees" in required
