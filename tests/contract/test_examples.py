"""Every example is a test: the good ones are lawful, each bad one is refused with its name's code.

A bad example is called `<code>__<why>.json`; bad_examples.csv says at which field each is refused.
"""

import csv
import io
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import fastavro
import pytest
from pydantic import TypeAdapter

from schemas.checks import lawful_form
from schemas.codec import current
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal, texts
from schemas.ids import BUS, CaseId, MessageId, OrganCode, derive
from schemas.inline import schema_of
from schemas.load import default_example
from schemas.messages import Message
from schemas.parts import Flow
from schemas.topics import BY_SNAKE, RECORDS, Author

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
SENT_AT = datetime(2026, 9, 28, 1, 0, tzinfo=UTC)
SOMEBODY = OrganCode("11520203YC0002015P")


@dataclass(frozen=True, slots=True)
class Example:
    """One file below schemas/examples."""

    path: Path

    @property
    def record(self) -> str:
        """The record's snake_case name."""
        return self.path.parts[-3]

    @property
    def code(self) -> str:
        """The code that a bad example is named after."""
        return self.path.stem.partition("__")[0]

    def read(self) -> Message | Refusal:
        """Read it as its sender would: the first officer's organ, or the bus for its records."""
        raw = self.path.read_bytes()
        return read(self.record, raw, _defaults(self.record, self._sender(raw)))

    def _sender(self, raw: bytes) -> OrganCode:
        if BY_SNAKE[self.record].author is Author.BUS and self.path.parts[-2] == "good":
            return BUS
        officers = json.loads(raw).get("envelope", {}).get("officers") or [{}]
        return OrganCode(officers[0].get("organ") or SOMEBODY)


def _defaults(record: str, sender: OrganCode) -> EnvelopeDefaults:
    def target(named: str) -> tuple[Target, ...]:
        flow = BY_SNAKE[record].opens or Flow.LEADS
        return (Target(MessageId(named), CaseId(derive("case", named)), flow),)

    message_id = MessageId(derive("message", record))
    return EnvelopeDefaults("test", sender, message_id, SENT_AT, target)


def _examples(kind: str) -> Iterator[Example]:
    for path in sorted(EXAMPLES.glob(f"*/{kind}/*.json")):
        yield Example(path)


def _name(example: Example) -> str:
    return f"{example.record}-{example.path.stem}"


GOOD, BAD = list(_examples("good")), list(_examples("bad"))


def _fields() -> dict[str, str]:
    with Path(__file__).with_name("bad_examples.csv").open(encoding="utf-8", newline="") as rows:
        return {f"{row['record']}-{row['example']}": row["where"] for row in csv.DictReader(rows)}


FIELDS = _fields()


@pytest.mark.parametrize("example", GOOD, ids=_name)
def test_a_good_example_is_read_and_lawful(example: Example) -> None:
    message = example.read()
    assert not isinstance(message, Refusal), message
    assert type(message).__name__ == BY_SNAKE[example.record].name
    assert lawful_form(message) is None


@pytest.mark.parametrize("example", GOOD, ids=_name)
def test_a_good_example_survives_its_encoding(example: Example) -> None:
    message = example.read()
    assert not isinstance(message, Refusal)
    codec = current(type(message).__name__)
    assert codec.decode(codec.encode(message)) == message


@pytest.mark.parametrize("example", GOOD, ids=_name)
def test_an_outside_reader_sees_the_same_and_pydantic_makes_the_same_object(
    example: Example,
) -> None:
    message = example.read()
    assert not isinstance(message, Refusal)
    record = type(message).__name__
    body = io.BytesIO(current(record).encode(message))
    parsed = fastavro.parse_schema(deepcopy(schema_of(record)), named_schemas={})
    seen = fastavro.schemaless_reader(body, parsed, None)
    assert body.read() == b""
    adapter: TypeAdapter[Message] = TypeAdapter(RECORDS[record].cls)
    assert adapter.validate_python(seen) == message


@pytest.mark.parametrize("example", BAD, ids=_name)
def test_a_bad_example_is_refused_with_the_code_it_is_named_after(example: Example) -> None:
    found = example.read()
    refusal = found if isinstance(found, Refusal) else lawful_form(found)
    assert refusal is not None
    assert (refusal.code, refusal.where) == (example.code, FIELDS[_name(example)])


@pytest.mark.parametrize("example", BAD, ids=_name)
def test_the_code_of_a_bad_example_has_its_texts(example: Example) -> None:
    assert {example.code} - texts().keys() == set()


@pytest.mark.parametrize("snake", BY_SNAKE)
def test_every_record_has_a_default_example(snake: str) -> None:
    assert "envelope" in default_example(snake)


def test_no_example_lies_outside_a_record_s_folders() -> None:
    known = {example.path for example in (*GOOD, *BAD) if example.record in BY_SNAKE}
    assert {path for path in EXAMPLES.rglob("*") if path.is_file()} == known
    assert set(FIELDS) == set(map(_name, BAD))


def test_no_number_of_a_document_stands_on_two_good_examples() -> None:
    numbers = [json.loads(example.path.read_bytes())["envelope"] for example in GOOD]
    given = [found["document_number"] for found in numbers if "document_number" in found]
    assert len(given) == len(set(given))
