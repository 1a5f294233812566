"""Files that go with a message: a file cannot be searched, so it is shown whole or not at all."""

from dataclasses import replace

import pytest

from schemas.inline import schema_of
from schemas.messages import Message
from schemas.parts import Attachment, Relation
from services.confidentiality.kinds import Kind
from services.confidentiality.places import Places
from services.confidentiality.redact import Redacted, Redactor
from services.rulebook.model import Clearances, Treatment
from tests.history import SENDER, demo, message

STORED = Attachment("现场照片.jpg", "image/jpeg", 5, "2" * 64, "1" * 64, "wrapped")
MANIFEST = Attachment("清单.pdf", "application/pdf", 5, "3" * 64)
WHERE = "envelope.attachments"


def with_files(record: str, *attachments: Attachment) -> Message:
    sent = message(record, SENDER, "one")
    return replace(sent, envelope=replace(sent.envelope, attachments=attachments))


def redacted(
    sent: Message, relation: Relation, clearances: Clearances | None = None, also: object = ()
) -> Redacted[Message]:
    chosen = clearances or demo().clearances
    schema = schema_of(type(sent).__name__)
    redactor = Redactor(schema, relation, chosen, Places(demo().divisions))
    return redactor(sent, also)  # type: ignore[arg-type] # values, or None


def test_the_handler_sees_all_of_them() -> None:
    sent = with_files("lead_transfer", STORED)
    assert redacted(sent, Relation.HANDLER) == Redacted(sent)


@pytest.mark.parametrize(
    "relation", [Relation.COPY_RECIPIENT, Relation.OTHER_DEPARTMENT, Relation.SUPERVISOR]
)
def test_whom_a_party_s_name_is_hidden_from_gets_no_name_address_or_key_of_a_file(
    relation: Relation,
) -> None:
    found = redacted(with_files("lead_transfer", STORED, MANIFEST), relation)
    assert found.message.envelope.attachments is None
    assert WHERE in found.withheld
    assert not any(path.startswith(f"{WHERE}[") for path in (*found.withheld, *found.masked))
    assert "wrapped" not in repr(found.message)


def test_where_nothing_is_hidden_a_file_is_shown_also_to_whom_something_could_be() -> None:
    sent = with_files("lead_transfer", STORED)  # it names no complainant
    found = redacted(sent, Relation.SENDER)
    assert found.message.envelope.attachments == (STORED,)


def test_a_complainant_s_name_takes_the_files_along() -> None:
    sent = with_files("complaint_forward", STORED)
    shown = redacted(sent, Relation.DESIGNEE)
    assert shown.message.envelope.attachments is None
    assert redacted(sent, Relation.HANDLER).message.envelope.attachments == (STORED,)


@pytest.mark.parametrize("also", [((Kind.NAME, "王小明"),), None])
def test_what_another_message_of_the_case_hides_takes_them_along(also: object) -> None:
    sent = with_files("lead_transfer", STORED)
    found = redacted(sent, Relation.SENDER, also=also)
    assert found.message.envelope.attachments is None
    assert WHERE in found.withheld


@pytest.mark.parametrize("name", ["name", "blob", "key"])
def test_a_clearance_may_withhold_a_part_of_it(name: str) -> None:
    path = f"{WHERE}[].{name}"
    (row,) = (
        row
        for row in demo().clearances.rows
        if (row.relation, row.field_class.value) == (Relation.SENDER, "investigative")
    )
    rows = (*demo().clearances.rows, replace(row, path=path, treatment=Treatment.WITHHOLD))
    found = redacted(with_files("lead_transfer", STORED), Relation.SENDER, Clearances(rows))
    (attachment,) = found.message.envelope.attachments or ()
    assert attachment == replace(STORED, **{name: None})  # type: ignore[arg-type] # a text
    assert found.withheld == (f"{WHERE}[0].{name}",)


def test_a_manifest_alone_is_a_text_like_others() -> None:
    found = redacted(with_files("lead_transfer", MANIFEST), Relation.COPY_RECIPIENT)
    (attachment,) = found.message.envelope.attachments or ()
    assert (attachment.name, attachment.sha256) == (None, "3" * 64)
