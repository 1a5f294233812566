"""The contracts as a whole: clean, current, documented, and no two records in one subject."""

import copy
from collections import Counter

import fastavro
import pytest

from schemas.classes import FieldClass
from schemas.describe import describe
from schemas.inline import fingerprint_of, schema_of
from schemas.lint import lint
from schemas.load import avro_sources, fingerprints
from schemas.topics import RECORDS

NEVER_BELOW = {  # domain, section 6: what these paths are, whatever else changes
    "parties[].name": FieldClass.PERSONAL,
    "parties[].id_number": FieldClass.PERSONAL,
    "parties[].phone": FieldClass.PERSONAL,
    "source.register_number": FieldClass.COMPLAINANT,
    "reason": FieldClass.INVESTIGATIVE,
    "evidence[].name": FieldClass.INVESTIGATIVE,
    "envelope.officers[].certificate": FieldClass.INTERNAL,
}


def test_the_sources_pass_the_lint_and_the_fingerprints_are_current() -> None:
    assert lint(avro_sources(), fingerprints()) == ()


def test_every_record_has_a_checked_in_fingerprint() -> None:
    expected = {entry.full_name: fingerprint_of(entry.name) for entry in RECORDS.values()}
    assert fingerprints() == expected


def test_no_subject_belongs_to_two_records() -> None:
    counted = Counter(subject for entry in RECORDS.values() for subject in entry.subjects)
    assert {subject for subject, count in counted.items() if count > 1} == set()


@pytest.mark.parametrize("record", RECORDS)
def test_the_outside_library_parses_what_is_registered(record: str) -> None:
    parsed = fastavro.parse_schema(copy.deepcopy(schema_of(record)), named_schemas={})
    assert isinstance(parsed, dict)
    assert parsed["name"] == RECORDS[record].full_name


@pytest.mark.parametrize("record", ["LeadTransfer", "CaseTransfer"])
def test_what_must_be_guarded_has_its_class(record: str) -> None:
    classes = {entry.path: entry.confidentiality for entry in describe(record).paths}
    assert {path: classes[path] for path in NEVER_BELOW} == NEVER_BELOW


@pytest.mark.parametrize("record", RECORDS)
def test_every_field_is_documented_in_both_languages(record: str) -> None:
    for entry in describe(record).paths:
        assert entry.zh, entry.path
        assert entry.en, entry.path


@pytest.mark.parametrize("record", ["LeadTransfer", "CaseTransfer"])
def test_the_annexes_of_the_guidance_are_required_at_intake(record: str) -> None:
    required = {entry.path for entry in describe(record).paths if entry.required}
    assert {
        "violations",
        "reason",
        "legal_basis",
        "evidence",
        "volumes",
        "pages",
        "items",
        "disposals",
        "source",
        "contact.name",
        "contact.phone",
        "contact.address",
        "envelope.document_number",
        "envelope.officers",
        "envelope.officers[].certificate",
    } <= required
