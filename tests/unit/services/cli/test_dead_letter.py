import struct
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.errors import Refusal
from services.casebook.rows import Position
from services.cli.dead_letter import (
    DeadLetter,
    Mark,
    Retry,
    mark_headers,
    public_view,
    read_letter,
    shown_headers,
    source_of,
)
from services.cli.dead_text import letter_lines, retry_lines
from services.cli.log_reader import Logged
from services.exchange.journal import dead_letter
from tests.history import MONDAY, SENDER, message
from tests.office import Log, office, sealed

AT = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)
HERE = Position("leads", 2, 70_000)
CANARY = "金丝雀"
LEAD = message("lead_transfer", SENDER, "one", reason=CANARY)
SPRING = {
    "kafka_dlt-original-topic": b"leads",
    "kafka_dlt-original-partition": struct.pack(">i", 2),
    "kafka_dlt-original-offset": struct.pack(">q", 70_000),
    "kafka_dlt-exception-message": CANARY.encode(),
    "kafka_dlt-exception-stacktrace": b"at Foo.java " * 50,
}
CONNECT = {
    "__connect.errors.topic": b"leads",
    "__connect.errors.partition": b"2",
    "__connect.errors.offset": b"70000",
    "__connect.errors.exception.message": CANARY.encode(),
}


def letter(headers: dict[str, bytes], value: bytes | None = b"x", offset: int = 7) -> Any:
    return read_letter(
        Logged(("dead-letters", 0), offset, AT, b"key", value, headers, is_stamped=True)
    )


def codec_of(schema_id: int) -> Codec | None:
    return office().codecs.get(schema_id)


def test_our_own_letter_is_read_back_whole() -> None:
    incoming = Log().put(LEAD, MONDAY)
    row = dead_letter(HERE, Refusal("case.defect", "here", "12"))
    found = letter(dict(row.headers), incoming.value)
    assert isinstance(found, DeadLetter)
    assert (found.source, found.code, found.value) == (HERE, "case.defect", incoming.value)
    assert shown_headers(found, everything=False)["yichuan-where"] == "here"


@pytest.mark.parametrize("headers", [SPRING, CONNECT, {**SPRING, **CONNECT}])
def test_the_place_is_read_from_either_convention(headers: dict[str, bytes]) -> None:
    assert source_of(headers) == HERE


@pytest.mark.parametrize("missing", ["topic", "partition", "offset"])
def test_a_place_that_is_not_whole_is_no_place(missing: str) -> None:
    for headers in (SPRING, CONNECT):
        part = {name: value for name, value in headers.items() if not name.endswith(missing)}
        assert source_of(part) is None
    assert source_of({**CONNECT, f"__connect.errors.{missing}": b""}) is None
    assert source_of({**CONNECT, "__connect.errors.offset": b"-1"}) is None


@pytest.mark.parametrize("part", ["partition", "offset"])
def test_a_place_that_no_broker_has_is_none_and_no_database_is_asked_about_it(part: str) -> None:
    headers = {**CONNECT, f"__connect.errors.{part}": b"9" * 19}
    assert source_of(headers) is None
    most = {**CONNECT, f"__connect.errors.{part}": str(2**63 - 1).encode()}
    assert source_of(most) is not None


@pytest.mark.parametrize("how", [{}, {"yichuan-retried-as": b"sent by post"}])
def test_a_mark_of_another_release_is_a_mark(how: dict[str, bytes]) -> None:
    record = Logged(
        ("dead-letters", 0), 9, AT, b"7", None, {"yichuan-retried": b"7"} | how, is_stamped=True
    )
    assert read_letter(record) == Mark(7, Retry.RESENT, AT)


def test_what_a_foreign_tool_writes_is_shown_by_its_length_only_unless_all_is_asked_for() -> None:
    found = letter(SPRING)
    shown = shown_headers(found, everything=False)
    assert shown["kafka_dlt-original-offset"] == "70000"
    assert shown["kafka_dlt-exception-message"] == f"({len(CANARY.encode())} B)"
    assert CANARY not in repr(shown)
    assert shown_headers(found, everything=True)["kafka_dlt-exception-message"] == CANARY
    assert found.code is None


def test_a_mark_says_which_letter_was_retried_and_how() -> None:
    found = letter(dict(mark_headers(17, Retry.SETTLED)), None, offset=20)
    assert found == Mark(17, Retry.SETTLED, AT)


def test_of_the_content_only_the_public_envelope_is_shown() -> None:
    view = public_view(letter({}, sealed(LEAD)), codec_of)
    assert view["envelope"]["message_id"] == LEAD.envelope.message_id
    assert view["envelope"]["sender"] == LEAD.envelope.sender
    assert "officers" not in view["envelope"]
    assert CANARY not in repr(view)
    assert LEAD.envelope.officers is not None
    assert str(LEAD.envelope.officers[0].certificate) not in repr(view)


def test_what_cannot_be_read_says_why() -> None:
    assert public_view(letter({}, None), codec_of) == {"bytes": None}
    assert public_view(letter({}, b"\x00\x00\x00\x00\x63rest"), codec_of)["unreadable"] == (
        "message.unknown_schema"
    )
    for value in (b"", b"\x01garbage", sealed(LEAD)[:-3]):
        assert public_view(letter({}, value), codec_of)["unreadable"] == "message.malformed"


def test_a_letter_is_told_in_lines_with_its_cure_and_without_its_content() -> None:
    found = letter({**CONNECT, "yichuan-code": b"case.defect"}, sealed(LEAD))
    document: dict[str, Any] = {
        "id": "7",
        "at": AT,
        "code": found.code,
        "source": "leads/2/70000",
        "status": "frozen",
        "message": "m",
        "case": None,
        "retried": [{"at": AT, "as": Retry.SETTLED}],
        "headers": shown_headers(found, everything=False),
        "content": public_view(found, codec_of),
    }
    told = "\n".join(letter_lines(document))
    assert "case.defect" in told
    assert "→" in told
    assert LEAD.envelope.message_id in told
    assert CANARY not in told
    unknown = "\n".join(letter_lines({**document, "code": None, "retried": [], "value": "eA=="}))
    assert "value (base64): eA==" in unknown


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"as": "resent", "partition": 2, "dry_run": True, "state": None}, "试运行"),
        ({"as": "resent", "partition": 2, "dry_run": False, "state": None}, "leads/2"),
        ({"as": "settled", "partition": None, "dry_run": False, "state": "issued"}, "issued"),
    ],
)
def test_a_retry_is_told(document: dict[str, Any], words: str) -> None:
    assert words in "\n".join(retry_lines({"to": "leads", "case": "c", **document}))


def test_a_letter_gives_the_operator_s_terminal_no_command_and_no_line_of_its_own() -> None:
    evil = "\x1b]0;x\x07\x1b[2J\x9b31m\u202e\r\n  状态: 已处理"
    lead = replace(LEAD, envelope=replace(LEAD.envelope, document_number=evil))
    found = letter({"yichuan-where": evil.encode()}, sealed(lead))
    document: dict[str, Any] = {
        "id": "7",
        "at": AT,
        "retried": [],
        "headers": shown_headers(found, everything=True),
        "content": public_view(found, codec_of),
        **dict.fromkeys(("code", "source", "message", "case")),
        "status": "kept",
    }
    lines = list(letter_lines(document))
    assert sum("\\u001b]0;x\\u0007\\u001b[2J\\u009b31m\\u202e\\u000d\\n" in x for x in lines) == 2
    assert all(line.isprintable() for line in lines)
