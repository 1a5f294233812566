"""schemas/rollout.py."""

import copy
from typing import Any

from schemas.inline import schema_of
from schemas.load import avro_sources
from schemas.rollout import Verdict, step, wanted
from schemas.topics import RECORDS

SUBJECT = "leads-yichuan.LeadTransfer"


def _with_class(name: str, confidentiality: str) -> dict[str, Any]:
    schema = copy.deepcopy(schema_of("LeadTransfer"))
    next(field for field in schema["fields"] if field["name"] == name).update(
        confidentiality=confidentiality
    )
    return schema


def test_a_subject_that_the_registry_lacks_is_new() -> None:
    assert step(SUBJECT, schema_of("LeadTransfer"), {}).verdict is Verdict.NEW


def test_a_schema_that_is_any_of_the_versions_is_unchanged() -> None:
    stricter = _with_class("legal_basis", "investigative")
    registered = {1: schema_of("LeadTransfer"), 2: stricter}
    assert step(SUBJECT, schema_of("LeadTransfer"), registered).verdict is Verdict.UNCHANGED
    assert step(SUBJECT, stricter, registered).verdict is Verdict.UNCHANGED


def test_a_compatible_change_is_a_new_version() -> None:
    found = step(SUBJECT, _with_class("volumes", "business"), {1: schema_of("LeadTransfer")})
    assert (found.verdict, found.reasons) == (Verdict.NEW_VERSION, ())


def test_every_registered_version_is_asked_not_only_the_latest() -> None:
    registered = {1: _with_class("reason", "complainant"), 2: schema_of("LeadTransfer")}
    found = step(SUBJECT, _with_class("volumes", "business"), registered)
    assert found.verdict is Verdict.REFUSED
    assert [(reason.version, reason.found.path) for reason in found.reasons] == [(1, "reason")]


def test_a_lowered_class_is_refused_though_avro_cannot_see_it() -> None:
    found = step(SUBJECT, _with_class("reason", "public"), {7: schema_of("LeadTransfer")})
    assert found.verdict is Verdict.REFUSED
    assert [(reason.version, reason.found.code) for reason in found.reasons] == [
        (7, "class.lowered")
    ]


def test_every_subject_of_every_record_is_wanted() -> None:
    subjects = wanted(avro_sources())
    assert set(subjects) == {name for entry in RECORDS.values() for name in entry.subjects}
    assert subjects[SUBJECT] == schema_of("LeadTransfer")
