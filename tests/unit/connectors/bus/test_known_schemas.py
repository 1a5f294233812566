"""Values of other versions of a record are read as far as the registry knew them."""

import json
from pathlib import Path

import pytest

from connectors.bus.known_schemas import KnownSchemas
from connectors.bus.registry import SchemaIds
from schemas.codec import current
from schemas.errors import Unavailable, UserError
from schemas.inline import canonical_json, fingerprint
from tests.other_version import newer

OURS = current("LeadTransfer")
NEWER = newer("LeadTransfer")
TEXT = canonical_json(NEWER.schema)


def written(path: Path, by_id: dict[int, str], texts: dict[str, str] | None = None) -> Path:
    file = path / "schema_ids.json"
    SchemaIds(by_id, {}, texts or {}).save(file)
    return file


def test_ours_and_every_kept_version_has_its_codec(tmp_path: Path) -> None:
    by_id = {1: OURS.fingerprint, 2: NEWER.fingerprint, 3: "unheard of"}
    known = KnownSchemas(written(tmp_path, by_id, {NEWER.fingerprint: TEXT}))
    assert known[1] is OURS
    assert known[2].fingerprint == NEWER.fingerprint
    assert known[2] is known[2]  # compiled once
    assert known.get(3) is None
    assert known.get(4) is None
    assert (list(known), len(known)) == ([1, 2], 2)
    assert dict(known.ids) == {OURS.fingerprint: 1, NEWER.fingerprint: 2}
    assert len(known.ids) == 2


def test_what_is_registered_while_we_run_is_known_without_a_new_start(tmp_path: Path) -> None:
    known = KnownSchemas(written(tmp_path, {1: OURS.fingerprint}))
    assert known.get(2) is None
    assert NEWER.fingerprint not in known.ids
    by_id = {1: OURS.fingerprint, 2: NEWER.fingerprint}
    written(tmp_path, by_id, {NEWER.fingerprint: TEXT})
    assert known.id_for(NEWER.fingerprint) == 2
    assert known[2].fingerprint == NEWER.fingerprint


def test_an_id_that_is_asked_for_first_is_looked_for_in_the_changed_file(tmp_path: Path) -> None:
    known = KnownSchemas(written(tmp_path, {1: OURS.fingerprint}))
    by_id = {1: OURS.fingerprint, 2: NEWER.fingerprint}
    written(tmp_path, by_id, {NEWER.fingerprint: TEXT})
    assert known[2].fingerprint == NEWER.fingerprint


def test_of_several_ids_of_one_schema_the_highest_is_written_with(tmp_path: Path) -> None:
    known = KnownSchemas(written(tmp_path, {1: OURS.fingerprint, 7: OURS.fingerprint}))
    assert known.id_for(OURS.fingerprint) == 7


@pytest.mark.parametrize("text", [TEXT.replace("weather", "whether"), "{", '"string"'])
def test_a_kept_schema_that_is_another_than_its_name_says_is_refused(
    tmp_path: Path, text: str
) -> None:
    file = written(tmp_path, {2: NEWER.fingerprint}, {NEWER.fingerprint: text})
    with pytest.raises(UserError) as raised:
        KnownSchemas(file)[2]
    assert (raised.value.code, raised.value.exit_code) == ("registry.ids_invalid", 3)


@pytest.mark.parametrize(
    "avro",
    [
        ["null", "yichuan.Party"],
        ["null", {"type": "bytes", "logicalType": "decimal", "precision": 4}],
        ["null", {"type": "map", "values": "string"}],
        ["null", {"type": "record", "name": "Empty", "namespace": "yichuan", "fields": []}],
    ],
)
def test_a_schema_that_cannot_be_compiled_is_nobody_s(tmp_path: Path, avro: object) -> None:
    """A registry takes more than our lint lets through, and any login may name its id."""
    odd = {**NEWER.schema, "fields": [dict(each) for each in NEWER.schema["fields"]]}
    odd["fields"][0]["type"] = avro
    name = fingerprint(odd)
    by_id = {1: OURS.fingerprint, 2: name}
    known = KnownSchemas(written(tmp_path, by_id, {name: canonical_json(odd)}))
    assert known.get(2) is None
    assert known.get(2) is None  # nor the second time
    assert (list(known), dict(known.ids)) == ([1], {OURS.fingerprint: 1})


def test_a_file_of_the_first_release_which_kept_no_schemas_is_read(tmp_path: Path) -> None:
    file = written(tmp_path, {1: OURS.fingerprint})
    document = json.loads(file.read_text(encoding="utf-8"))
    del document["schemas"]
    file.write_text(json.dumps(document), encoding="utf-8")
    assert KnownSchemas(file)[1] is OURS


def test_half_a_file_takes_no_schema_away_and_what_it_may_yet_name_waits(tmp_path: Path) -> None:
    known = KnownSchemas(written(tmp_path, {1: OURS.fingerprint}))
    file = tmp_path / "schema_ids.json"
    whole = file.read_text()
    file.write_text(whole[:20])
    assert known[1] is OURS
    assert known.id_for(OURS.fingerprint) == 1
    for asked in (lambda: known[2], lambda: known.id_for(NEWER.fingerprint)):
        with pytest.raises(Unavailable, match=r"file\.unreadable .*schema_ids\.json"):
            asked()
    assert known.unread == ("schema_ids.json", "registry.ids_invalid")
    with pytest.raises(UserError, match=r"registry\.ids_invalid"):
        KnownSchemas(file)
