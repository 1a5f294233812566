"""What an earlier release has locked opens still: the bytes of each kind, as they lie in the field.

A part that is bound otherwise, or named otherwise, makes years of originals unreadable at once. So
nothing here is ever changed; another form has a version of its own (lockbox.py), and both open.
"""

from base64 import b64decode
from types import SimpleNamespace
from typing import Any, Final

import pytest

from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook.case_keys import CaseKeys
from services.casebook.letters import LOCKED, opened_letter
from services.casebook.lockbox import WrappingKey
from services.casebook.locked import original_of, outbox_value
from services.casebook.rows import Original, Position
from services.casebook.sqlite import open_in_memory
from services.casebook.tables import CASE_KEYS

OWN: Final = WrappingKey(bytes(range(32)))
CASE: Final = "5f0c2a52-3c1e-5d6e-8c0e-6a2f4d1f7b11"
ORIGINAL: Final = Original(
    message_id=MessageId("0d3b4e0c-7d1e-5c8a-9d61-0d6f9e6c2a77"),
    sender=OrganCode("11520000009390043X"),
    case_id=CaseId(CASE),
    record="LeadTransfer",
    fingerprint="ab" * 32,
    body=b"the sealed body",
)
LAY: Final = Position("leads", 3, 42)
LETTER: Final = (b"its key", b"its value")

_WRAPPED: Final = (
    "AQABAgMEBQYHCAkKCyNnsHytjKhw4Sz55MGYCh73o/FDiAIlB0Qam/qd6IIxeaTy8lD9y8YAd9ZZOvu6pg=="
)
_LOCKED: Final = {
    "original": "AQABAgMEBQYHCAkKC+vDXWzOKKCF+He+qvn+8TI4KiABG4Xv3yUwllLlGBc=",
    "outbox": "AQABAgMEBQYHCAkKC/6LTy3UOaiH+jP9p+bjKOLG69dEfi7CWwyY++KjAg==",
    "letter": "AQABAgMEBQYHCAkKC5+rOEu8JLWavXj7sf/u+5KfdlHlSJrNN6JYPqVL2A6U671jN5k=",
}


@pytest.fixture
def keys() -> CaseKeys:
    connection = open_in_memory().connect()
    row = {"name": CASE, "wrapped": b64decode(_WRAPPED), "erased_ms": None}
    connection.execute(CASE_KEYS.insert().values(row))
    return CaseKeys(connection, OWN)


def row(**columns: Any) -> Any:
    return SimpleNamespace(**columns)


def test_an_original_opens(keys: CaseKeys) -> None:
    stored = row(
        message_id=ORIGINAL.message_id,
        sender=ORIGINAL.sender,
        case_id=CASE,
        record=ORIGINAL.record,
        fingerprint=ORIGINAL.fingerprint,
        body=b64decode(_LOCKED["original"]),
    )
    assert original_of(keys, stored) == ORIGINAL


def test_what_waits_for_an_inbox_opens(keys: CaseKeys) -> None:
    waiting = row(topic="inbox.dewu", case_id=CASE, value=b64decode(_LOCKED["outbox"]))
    assert outbox_value(keys, waiting) == b"a waiting copy"


def test_a_dead_letter_opens(keys: CaseKeys) -> None:
    headers, value = {LOCKED: CASE.encode()}, b64decode(_LOCKED["letter"])
    assert opened_letter(keys, "dead-letters", LAY, headers, value) == LETTER
