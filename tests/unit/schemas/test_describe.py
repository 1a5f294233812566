"""schemas/describe.py."""

import pytest

from schemas.describe import Path, describe
from schemas.topics import RECORDS


def _path(record: str, path: str) -> Path:
    return next(entry for entry in describe(record).paths if entry.path == path)


def test_a_path_reaches_into_arrays_and_parts() -> None:
    place = _path("LeadTransfer", "violations[].place")
    assert (place.type, place.confidentiality, place.required) == ("string", "public", True)
    assert _path("LeadTransfer", "items[].quantity").type == "decimal(18,4)"
    assert _path("LeadTransfer", "items[].estimated_value").type == "decimal(18,2)"
    assert _path("LeadTransfer", "violations[].found_on").type == "date"
    assert _path("SignedFor", "signed_at").type == "instant"
    assert _path("LeadTransfer", "items").type == "array of record Item"
    assert _path("LeadTransfer", "source.register_number").confidentiality == "complainant"


def test_an_enum_lists_its_symbols_with_their_texts() -> None:
    measure = _path("CaseTransfer", "items[].measure")
    assert measure.type == "enum Measure"
    assert measure.symbols is not None
    assert measure.symbols["seized"].startswith("扣押 | ")


def test_what_the_record_owes_of_its_envelope_is_told_per_record() -> None:
    assert _path("LeadTransfer", "envelope.document_number").required
    assert _path("LeadTransfer", "envelope.officers").required
    assert not _path("LeadTransfer", "envelope.in_reply_to").required
    assert _path("SignedFor", "envelope.in_reply_to").required
    assert not _path("SignedFor", "envelope.officers").required


def test_what_is_filled_on_the_way_is_not_owed_nor_is_anything_inside_it() -> None:
    for path in ("envelope.seal", "envelope.seal.jws", "envelope.delivery.to", "envelope.sent_at"):
        assert _path("LeadTransfer", path).filled
        assert not _path("LeadTransfer", path).required


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_is_described_whole(record: str) -> None:
    found = describe(record)
    assert found.record == RECORDS[record].snake
    assert found.subjects
    assert all((found.doc_zh, found.doc_en, found.zh))
    paths = [entry.path for entry in found.paths]
    assert len(paths) == len(set(paths))
    assert {"envelope.sender", "envelope.officers[].certificate"} <= set(paths)
    assert all(entry.zh and entry.en and entry.confidentiality for entry in found.paths)


def test_an_unknown_record_is_an_error() -> None:
    with pytest.raises(KeyError):
        describe("Gossip")
