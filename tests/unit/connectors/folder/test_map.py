import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.folder.map import (
    NAME_MAX_BYTES,
    RECEIPT,
    beside,
    digest_of,
    inbox_name,
    is_partial,
    other_name,
    record_of,
    unfitness,
)
from schemas.ids import MessageId
from schemas.json_text import DOCUMENT_MAX_BYTES

# As a file system gives them: any bytes, those that are no UTF-8 as surrogates.
_NAMES = st.one_of(
    st.binary(min_size=1, max_size=300).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=300),
)


@pytest.mark.parametrize("name", [".a.json", "a.json.part", "a.json~", "A.TMP", ".a.json.swp"])
def test_an_unfinished_file_is_left_alone(name: str) -> None:
    assert is_partial(name)


@pytest.mark.parametrize("name", ["a.json", "12号.线索移送.json", "part.json", "a.b.c.json"])
def test_a_finished_file_is_taken(name: str) -> None:
    assert not is_partial(name)
    assert unfitness(name, is_file=True, size_bytes=1) is None


@pytest.mark.parametrize(
    "name", ["a.xlsx", "json", "a\n.json", "a\udcff.json", "长" * 80 + ".json", "\x7f.json"]
)
def test_a_name_that_is_not_as_it_should_be_is_refused(name: str) -> None:
    refusal = unfitness(name, is_file=True, size_bytes=1)
    assert refusal is not None
    assert refusal.code == "file.name_invalid"


def test_what_is_no_file_or_too_large_is_refused() -> None:
    folder = unfitness("a.json", is_file=False, size_bytes=1)
    large = unfitness("a.json", is_file=True, size_bytes=DOCUMENT_MAX_BYTES + 1)
    assert folder is not None
    assert large is not None
    assert (folder.code, large.code) == ("file.not_regular", "message.too_large")


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("a.lead_transfer.json", "lead_transfer"),
        ("a.LeadTransfer.json", "LeadTransfer"),
        ("12号.线索移送.json", "lead_transfer"),
        ("2026.09.28.filing_reply.json", "filing_reply"),
        ("a.led_transfer.json", None),
        ("a.json", None),
        ("lead_transfer.json", None),
    ],
)
def test_a_name_tells_its_record_or_leaves_it_to_the_document(
    name: str, record: str | None
) -> None:
    assert record_of(name, {"线索移送": "lead_transfer"}) == record


def test_names_beside_say_what_they_belong_to() -> None:
    assert beside("a.lead_transfer.json", RECEIPT) == "a.lead_transfer.json.receipt.json"
    assert other_name("a.lead_transfer.json", "1b2c3d4e5f") == "a~1b2c3d4e.lead_transfer.json"
    assert other_name("a.json", "1b2c3d4e5f", 2) == "a~1b2c3d4e-2.json"
    name = inbox_name(7, "LeadTransfer", MessageId("0d6f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11"))
    assert name == "000000000007_lead_transfer_0d6f8a52.json"


@given(_NAMES)
def test_every_notice_has_a_name_that_a_file_system_takes(name: str) -> None:
    raw = beside(name, RECEIPT).encode("utf-8")
    assert len(raw) <= NAME_MAX_BYTES + len(RECEIPT) <= 255
    assert not is_partial(beside(name, RECEIPT)) or is_partial(name)


@given(st.binary(), st.binary())
def test_another_content_has_another_digest(one: bytes, other: bytes) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)
