from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.attachments import (
    ATTACHMENT_MAX_BYTES,
    ATTACHMENTS_MAX,
    ATTACHMENTS_MAX_BYTES,
    NAME_MAX_BYTES,
    WRAPPED_MAX_CHARACTERS,
    attachments_form,
    name_is_fit,
)
from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId, OrganCode
from schemas.parts import Attachment, Envelope, Flow

STORED = Attachment("照片.jpg", "image/jpeg", 5, "2" * 64, "1" * 64, "key")
WHERE = "envelope.attachments"


def form(*attachments: Attachment) -> Refusal | None:
    at = datetime(2026, 9, 21, tzinfo=UTC)
    envelope = Envelope(
        "b", MessageId("m"), CaseId("c"), Flow.LEADS, "Copy", OrganCode("A" * 18), at
    )
    return attachments_form(replace(envelope, attachments=attachments or None))


def numbered(number: int, size_bytes: int = 1) -> Attachment:
    return replace(STORED, name=f"{number}.jpg", blob=f"{number:064x}", size_bytes=size_bytes)


def test_stored_ones_and_mere_manifests_are_lawful() -> None:
    manifest = Attachment("在途.zip", "application/zip", ATTACHMENT_MAX_BYTES + 1, "3" * 64)
    assert form() is None
    assert form(STORED) is None
    assert form(STORED, manifest, replace(manifest, name="照片.jpg")) is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"sha256": "2" * 63}, "message.field_invalid", "sha256"),
        ({"sha256": None}, "message.field_invalid", "sha256"),
        ({"blob": None}, "attachment.incomplete", "blob"),
        ({"key": None}, "attachment.incomplete", "key"),
        ({"blob": "../" * 20 + "abcd"}, "message.field_invalid", "blob"),
        ({"key": "k" * (WRAPPED_MAX_CHARACTERS + 1)}, "message.field_invalid", "key"),
        ({"name": "a/b"}, "attachment.name_invalid", "name"),
        ({"name": None}, "attachment.name_invalid", "name"),
        ({"size_bytes": ATTACHMENT_MAX_BYTES + 1}, "attachment.too_large", "size_bytes"),
    ],
)
def test_what_is_wrong_with_one_is_told_at_its_place(
    changes: dict[str, object], code: str, field: str
) -> None:
    found = form(numbered(1), replace(STORED, **changes))  # type: ignore[arg-type] # any field
    assert found is not None
    assert (found.code, found.where) == (code, f"{WHERE}[1].{field}")


def test_one_without_a_size_is_left_to_the_schema() -> None:
    assert form(replace(STORED, size_bytes=None)) is None


def test_at_the_limits_it_is_lawful_and_beyond_them_not() -> None:
    most = [numbered(number) for number in range(ATTACHMENTS_MAX)]
    assert form(*most) is None
    found = form(*most, numbered(ATTACHMENTS_MAX))
    assert found == Refusal("attachment.too_many", WHERE, f"{ATTACHMENTS_MAX + 1} > 50")
    halves = [numbered(number, ATTACHMENTS_MAX_BYTES // 2) for number in range(2)]
    assert form(*halves) is None
    found = form(*halves, numbered(2, 1))
    assert found is not None
    assert (found.code, found.where) == ("attachment.total_too_large", WHERE)


@pytest.mark.parametrize(
    "other", [replace(STORED, blob="3" * 64, name="照片.JPG"), replace(STORED, name="b.jpg")]
)
def test_two_of_one_name_or_one_address_are_refused(other: Attachment) -> None:
    assert form(STORED, other) == Refusal("attachment.twice", WHERE)


def test_two_names_that_are_one_on_another_system_are_refused() -> None:
    composed, apart = replace(STORED, name="\u00c9.pdf"), replace(STORED, name="e\u0301.PDF")
    other = replace(apart, blob="3" * 64)
    assert form(composed, other) == Refusal("attachment.twice", WHERE)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", ".", "..", ".hidden", "a.", "a ", " a", "a/b", "a\\b", "C:x", "a*", "a?", 'a"',
        "<a", "a>", "a|b", "a\x00", "a\nb", "a\u202eb", "a\u200fb", "\udce4",
        "a" * (NAME_MAX_BYTES + 1),
        "CON", "con.pdf", "Aux .txt", "com1.tar.gz", "LPT¹", "conin$",
        "x.pdf.reason.json", "X.REASON.JSON",
    ],
)  # fmt: skip
def test_a_name_under_which_no_file_can_be_written_is_unfit(name: str) -> None:
    assert not name_is_fit(name)


@pytest.mark.parametrize(
    "name",
    [
        "照片 1.jpg",
        "附件（一）.pdf",
        "a",
        "x" * NAME_MAX_BYTES,
        "console.txt",
        "com.pdf",
        "reason.json",
    ],
)
def test_a_name_of_a_file_is_fit(name: str) -> None:
    assert name_is_fit(name)
