"""schemas/lint.py: each rule is shown what it must refuse."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas.lint import Finding, fingerprints_of, lint
from schemas.load import avro_sources, fingerprints

Sources = dict[str, dict[str, Any]]


def _changed(change: Callable[[Sources], object]) -> Sources:
    sources = copy.deepcopy(avro_sources())
    change(sources)
    return sources


def _field(sources: Sources, owner: str, name: str) -> dict[str, Any]:
    fields = sources[f"yichuan.{owner}"]["fields"]
    found: dict[str, Any] = next(field for field in fields if field["name"] == name)
    return found


def _party_name(**changes: object) -> Callable[[Sources], object]:
    return lambda sources: _field(sources, "Party", "name").update(changes)


def _without(owner: str, name: str, key: str) -> Callable[[Sources], object]:
    return lambda sources: _field(sources, owner, name).pop(key)


def _dropped(owner: str, name: str) -> Callable[[Sources], object]:
    def change(sources: Sources) -> None:
        source = sources[f"yichuan.{owner}"]
        source["fields"] = [field for field in source["fields"] if field["name"] != name]

    return change


def _swap_last_two(owner: str) -> Callable[[Sources], object]:
    def change(sources: Sources) -> None:
        fields = sources[f"yichuan.{owner}"]["fields"]
        fields[-1], fields[-2] = fields[-2], fields[-1]

    return change


def test_the_sources_are_clean() -> None:
    assert lint(avro_sources(), fingerprints()) == ()


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        (_without("Party", "name", "doc"), "Party.name", "doc.zh"),
        (_party_name(doc="Name | Name"), "Party.name", "doc.zh"),
        (_party_name(doc="姓名"), "Party.name", "doc.en"),
        (_party_name(doc="姓名 | 名称"), "Party.name", "doc.en"),
        (lambda all_: all_["yichuan.Party"].pop("doc"), "Party", "doc.en"),
        (_without("Party", "name", "confidentiality"), "Party.name", "class.missing"),
        (_party_name(confidentiality="private"), "Party.name", "class.unknown"),
        (_party_name(confidentiality="business"), "Party.name", "class.tags"),
        (_without("Party", "name", "confluent:tags"), "Party.name", "class.tags"),
        (_party_name(type="string"), "Party.name", "class.not_nullable"),
        (_party_name(type=["string", "null"]), "Party.name", "union"),
        (_party_name(type=["null", "string", "int"]), "Party.name", "union"),
        (_party_name(type=["null", ["null", "string"]]), "Party.name", "union"),
        (
            _party_name(type=["null", {"type": "array", "items": ["null", "string"]}]),
            "Party.name",
            "union",
        ),
        (_party_name(type=["null", "float"]), "Party.name", "type"),
        (_party_name(type=["null", "yichuan.Nobody"]), "Party.name", "type"),
        (_party_name(type=["null", {"type": "map", "values": "string"}]), "Party.name", "type"),
        (_party_name(intake="maybe"), "Party.name", "intake"),
        (_party_name(default=""), "Party.name", "default"),
        (_without("Party", "name", "default"), "Party.name", "default"),
        (_party_name(name="fullName"), "Party.fullName", "naming"),
        (lambda all_: all_["yichuan.Party"].update(name="party"), "yichuan.Party", "naming"),
        (lambda all_: all_["yichuan.Party"].update(namespace="cn"), "yichuan.Party", "namespace"),
        (lambda all_: all_["yichuan.Party"].update(type="fixed"), "yichuan.Party", "type"),
        (lambda all_: all_["yichuan.Party"].pop("fields"), "yichuan.Party", "type"),
        (lambda all_: all_["yichuan.Stage"].pop("symbols"), "yichuan.Stage", "type"),
        (_without("Party", "name", "type"), "yichuan.Party", "type"),
        (lambda all_: all_["yichuan.Stage"].pop("default"), "Stage", "enum.default"),
        (lambda all_: all_["yichuan.Stage"].update(default="decided"), "Stage", "enum.default"),
        (lambda all_: all_["yichuan.Stage"]["symbols"].append("Gone"), "Stage.Gone", "naming"),
        (
            lambda all_: all_["yichuan.Stage"]["symbol_docs"].pop("decided"),
            "Stage.decided",
            "doc.zh",
        ),
        (
            lambda all_: all_["yichuan.Stage"]["symbols"].remove("served"),
            "Stage.served",
            "enum.stray_doc",
        ),
        (_party_name(type=["null", 3]), "Party.name", "type"),
        (_party_name(type=["null", {"type": "array"}]), "Party.name", "type"),
        (_party_name(type={"type": "bytes"}), "Party.name", "type"),
        (_party_name(type={"type": "array", "items": 3}), "Party.name", "type"),
        (lambda all_: all_["yichuan.Party"]["fields"].append(3), "yichuan.Party", "type"),
        (lambda all_: all_["yichuan.Stage"]["symbols"].append(3), "yichuan.Stage", "type"),
        (lambda all_: all_["yichuan.Item"].update(fields=[]), "Item", "empty"),
        (lambda all_: all_["yichuan.Stage"].update(symbols=[]), "Stage", "empty"),
        (_party_name(name="phone"), "Party", "twice"),
        (lambda all_: all_["yichuan.Stage"]["symbols"].append("decided"), "Stage", "twice"),
        (
            lambda all_: all_["yichuan.Stage"]["symbols"].extend(f"s{n}" for n in range(64)),
            "Stage",
            "enum.symbols",
        ),
        (_party_name(type=["null", "yichuan.Party"]), "yichuan.Party", "recursive"),
        (
            _party_name(type=["null", {"type": "array", "items": "yichuan.Party"}]),
            "yichuan.Party",
            "recursive",
        ),
        (_without("Source", "kind", "type"), "yichuan.Source", "type"),
        (_dropped("Source", "kind"), "yichuan.LeadTransfer", "compile"),
        (_party_name(aliases="mingcheng"), "yichuan.LeadTransfer", "parse"),
        (_swap_last_two("Withdrawal"), "Withdrawal", "tail"),
        (_swap_last_two("Envelope"), "Envelope", "tail"),
        (_swap_last_two("Seal"), "Seal", "tail"),
    ],
)
def test_each_rule_refuses_what_breaks_it(
    change: Callable[[Sources], object], path: str, code: str
) -> None:
    found = lint(_changed(change))
    assert (path, code) in {(finding.path, finding.code) for finding in found}


@pytest.mark.parametrize(
    ("precision", "scale"), [(10, None), (None, 2), (2, 4), (0, 0), (10, -1), (10.0, 2), (True, 1)]
)
def test_a_decimal_says_how_many_digits_it_has(precision: object, scale: object) -> None:
    avro = {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    found = lint(_changed(_party_name(type=["null", avro])))
    assert ("Party.name", "decimal") in {(finding.path, finding.code) for finding in found}


DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
STRINGS = {"type": "array", "items": "string"}
SOURCE = {"kind": "unknown"}
NUMBERED = {**SOURCE, "register_number": None}


@pytest.mark.parametrize(
    ("avro", "right", "wrong"),
    [
        ("int", [0, -(2**31)], ["0", True, 2**31, 1.0, None]),
        ("long", [2**31], [2**63]),
        ("boolean", [False], [0, "false"]),
        ("string", [""], [0, None]),
        ({"type": "int", "logicalType": "date"}, [0], ["1970-01-01"]),
        (DECIMAL, ["\u0000"], [0]),
        (STRINGS, [[], ["a"]], ["", [1], None]),
        ("yichuan.Stage", ["unknown", "decided"], ["nothing", None]),
        ("yichuan.Source", [SOURCE, NUMBERED], ["", {}, {"kind": "x"}, {**SOURCE, "x": 1}]),
    ],
)
def test_a_default_is_of_its_field_s_type(avro: Any, right: list[Any], wrong: list[Any]) -> None:
    for value, is_wrong in (*((each, False) for each in right), *((each, True) for each in wrong)):
        change = _party_name(type=avro, default=value, confidentiality="public")
        found = {finding.code for finding in lint(_changed(change))}
        assert ("default" in found) is is_wrong, value


def test_types_of_which_no_record_is_made_are_linted_without_it() -> None:
    sources = avro_sources()
    assert lint({name: sources[name] for name in sources if name != "yichuan.Tick"}) == ()


def test_a_stale_fingerprint_is_found_and_named() -> None:
    stale = {**fingerprints(), "yichuan.Tick": "0" * 64}
    assert [finding.path for finding in lint(avro_sources(), stale)] == ["yichuan.Tick"]


def test_a_record_without_and_one_beyond_the_checked_in_fingerprints_are_found() -> None:
    other = {**fingerprints(), "yichuan.Gone": "0" * 64}
    del other["yichuan.Tick"]
    found = lint(avro_sources(), other)
    assert [finding.path for finding in found] == ["yichuan.Gone", "yichuan.Tick"]


def test_a_changed_copy_is_linted_without_fingerprints() -> None:
    sources = _changed(_party_name(doc="名称 | The name"))
    assert lint(sources) == ()
    assert {finding.code for finding in lint(sources, fingerprints())} == {"fingerprint"}


def test_findings_come_in_order_of_their_paths() -> None:
    sources = _changed(_without("Violation", "cause", "doc"))
    _field(sources, "Contact", "phone").pop("confluent:tags")
    found = lint(sources)
    assert found[0] == Finding(
        "Contact.phone", "class.tags", "confluent:tags holds the class in upper case"
    )
    assert found == tuple(sorted(found))


def test_only_records_are_fingerprinted() -> None:
    assert set(fingerprints_of(avro_sources())) == set(fingerprints())
