import copy
import json
from typing import Any

import pytest

from connectors.bus.registry import SchemaIds
from schemas.inline import fingerprint, schema_of
from schemas.rollout import LEVEL
from services.cli.doctor_finding import Symptom
from services.cli.doctor_registry import Held, judge_registry

SUBJECT = "leads-yichuan.LeadTransfer"
OURS = schema_of("LeadTransfer")
MARK = fingerprint(OURS)
IDS = SchemaIds({7: MARK}, {SUBJECT: 7})


def changed(field: str, **attributes: Any) -> dict[str, Any]:
    """Our schema with a field's attributes changed, as somebody else might register it."""
    other: dict[str, Any] = json.loads(json.dumps(OURS))
    found = next(entry for entry in other["fields"] if entry["name"] == field)
    found.update(attributes)
    return other


LOWERED = changed("reason", confidentiality="public")
RAISED = changed("envelope", confidentiality="internal")
NEWER = copy.deepcopy(changed("violations"))
NEWER["fields"].insert(
    0, {"name": "later", "type": ["null", "string"], "default": None, "confidentiality": "internal"}
)


def judged(held: Held, ids: SchemaIds | None = IDS) -> list[Symptom]:
    return list(judge_registry({SUBJECT: OURS}, {SUBJECT: held}, ids))


def codes(*versions: Any, ids: SchemaIds | None = IDS, level: str | None = LEVEL) -> list[str]:
    numbered = {number: (6 + number, version) for number, version in enumerate(versions, 1)}
    return [symptom.code for symptom in judged(Held(level, numbered), ids)]


def test_a_registry_that_holds_what_the_files_say_has_no_findings() -> None:
    assert codes(OURS) == []


def test_what_was_never_applied_is_an_error() -> None:
    assert codes(level=None) == ["schema.not_applied"]
    assert [s.code for s in judge_registry({SUBJECT: OURS}, {}, IDS)] == ["schema.not_applied"]


def test_a_version_that_lowers_a_class_behind_our_back_is_an_error_with_its_path() -> None:
    (found,) = judged(Held(LEVEL, {1: (7, OURS), 2: (8, LOWERED)}))
    assert (found.severity.value, found.code) == ("error", "schema.class_lowered")
    assert found.where == f"{SUBJECT} version 2"
    assert found.detail.startswith("reason:")


def test_it_is_found_also_where_it_took_the_place_of_ours() -> None:
    assert codes(LOWERED) == ["schema.not_applied", "schema.class_lowered"]


def test_it_is_found_also_after_an_apply_has_seen_it() -> None:
    known = SchemaIds({7: MARK, 8: fingerprint(LOWERED)}, {SUBJECT: 7})
    assert codes(OURS, LOWERED, ids=known) == ["schema.class_lowered"]


@pytest.mark.parametrize(
    ("version", "code"), [(RAISED, "schema.class_differs"), (NEWER, "schema.version_foreign")]
)
def test_another_version_that_lowers_nothing_is_warned_of(
    version: dict[str, Any], code: str
) -> None:
    (found,) = judged(Held(LEVEL, {1: (7, OURS), 2: (8, version)}))
    assert (found.severity.value, found.code) == ("warning", code)


def test_our_own_earlier_version_is_history_and_no_finding() -> None:
    known = SchemaIds({6: fingerprint(LOWERED), 7: MARK}, {SUBJECT: 7})
    held = Held(LEVEL, {1: (6, LOWERED), 2: (7, OURS)})
    assert judged(held, known) == []


def test_files_that_the_registry_would_refuse_are_incompatible() -> None:
    stricter = SchemaIds({7: fingerprint(RAISED)}, {SUBJECT: 7})
    assert codes(RAISED, ids=stricter) == ["schema.incompatible"]


def test_another_compatibility_level_is_an_error() -> None:
    assert codes(OURS, level="NONE") == ["schema.level_changed"]
    assert codes(OURS, level=None) == ["schema.level_changed"]


def test_ids_of_another_registry_are_an_error_and_missing_ones_hide_nothing() -> None:
    assert codes(OURS, ids=SchemaIds({9: MARK}, {SUBJECT: 9})) == ["registry.ids_stale"]
    assert codes(OURS, LOWERED, ids=None) == ["schema.class_lowered"]
