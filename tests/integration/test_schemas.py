"""`yichuan schemas plan | apply` against the real registry."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.bus.registry import Registry, SchemaIds, registry_of
from schemas.errors import Unavailable, UserError
from schemas.inline import canonical_json, fingerprint, fingerprint_of, schema_from, schema_of
from schemas.topics import RECORDS
from services.cli.main import main
from tests.integration.conftest import Stack

AVRO = Path(__file__).parents[2] / "schemas" / "avro"
SUBJECT = "leads-yichuan.LeadTransfer"
SUBJECTS = {subject for entry in RECORDS.values() for subject in entry.subjects}

Source = dict[str, Any]


class Command:
    """The command line of the stack's home, whose answers are JSON lines."""

    def __init__(self, stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
        self._stack, self._capsys = stack, capsys

    def __call__(self, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        """Return the exit code and the answer."""
        home = str(self._stack.home.path)
        exit_code = main(["schemas", *arguments, "--home", home, "--json"])
        return exit_code, [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def yichuan(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return the command, with the checked-in schemas applied."""
    command = Command(stack, capsys)
    assert command("apply")[0] == 0
    return command


def _changed(folder: Path, source: str, change: Callable[[Source], object]) -> str:
    """Return a copy of schemas/avro with one source changed."""
    shutil.copytree(AVRO, folder)
    path = folder / f"{source}.avsc"
    parsed = json.loads(path.read_text(encoding="utf-8"))
    change(parsed)
    path.write_text(json.dumps(parsed), encoding="utf-8")
    return str(folder)


def _field(source: Source, name: str) -> Source:
    found: Source = next(field for field in source["fields"] if field["name"] == name)
    return found


def _drop_place(source: Source) -> None:
    source["fields"].remove(_field(source, "place"))


def _lower_name(source: Source) -> None:
    lowered = {"confidentiality": "public", "confluent:tags": ["PUBLIC"]}
    _field(source, "name").update(lowered)


def test_apply_registers_every_subject_and_a_second_time_nothing(
    yichuan: Command, stack: Stack
) -> None:
    exit_code, steps = yichuan("apply")
    assert exit_code == 0
    assert {entry["subject"]: entry["step"] for entry in steps} == dict.fromkeys(
        SUBJECTS, "unchanged"
    )
    ids = SchemaIds.load(stack.home.schema_ids)
    assert ids.by_subject.keys() == SUBJECTS
    assert set(ids.by_id.values()) == {fingerprint_of(record) for record in RECORDS}
    assert {fingerprint(schema_from(text)) for text in ids.texts.values()} == set(ids.texts)
    assert ids.texts.keys() == set(ids.by_id.values())


def test_the_registry_gives_back_the_schema_that_was_registered(
    yichuan: Command, stack: Stack
) -> None:
    assert yichuan("plan")[0] == 0
    held = asyncio.run(_held(stack))
    assert [schema_from(text) for text in held["texts"]] == [schema_of("LeadTransfer")]
    assert held["level"] == "FULL_TRANSITIVE"


async def _held(stack: Stack) -> dict[str, Any]:
    login = stack.home.credentials("registry-reader")
    async with registry_of(stack.settings, login) as registry:
        numbers = await registry.versions(SUBJECT)
        versions = [await registry.version(SUBJECT, number) for number in numbers]
        level = await registry.compatibility(SUBJECT)
    return {"texts": [version.text for version in versions], "level": level}


class Change(NamedTuple):
    """A change of one source, and the reason it is refused for."""

    source: str
    change: Callable[[Source], object]
    code: str
    path: str


@pytest.mark.parametrize(
    "case",
    [
        Change("shared/Violation", _drop_place, "field.dropped", "violations[].place"),
        Change("shared/Party", _lower_name, "class.lowered", "parties[].name"),
    ],
    ids=lambda case: case.code,
)
@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_breaking_change_is_refused_with_its_reason_and_changes_nothing(
    yichuan: Command, stack: Stack, tmp_path: Path, verb: str, case: Change
) -> None:
    before = asyncio.run(_held(stack)), stack.home.schema_ids.read_bytes()
    exit_code, lines = yichuan(
        verb, "--avro", _changed(tmp_path / "avro", case.source, case.change)
    )
    assert exit_code == 1
    assert [line["error"]["code"] for line in lines] == ["schema.incompatible"]
    reasons = {entry["subject"]: entry["reasons"] for entry in lines[0]["refused"]}
    assert [(one["code"], one["path"]) for one in reasons[SUBJECT]] == [(case.code, case.path)]
    assert (asyncio.run(_held(stack)), stack.home.schema_ids.read_bytes()) == before


def _add_remark(source: Source) -> None:
    names = {"name": "remark", "type": ["null", "string"], "default": None}
    marks = {"doc": "备注 | Remark", "confidentiality": "public", "confluent:tags": ["PUBLIC"]}
    source["fields"].insert(0, {**names, **marks})


def test_what_the_registry_itself_would_refuse_is_found_before_any_is_registered(
    yichuan: Command, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def would_take(_registry: Registry, subject: str, _schema: str) -> bool:
        return subject != max(SUBJECTS)

    monkeypatch.setattr(Registry, "would_take", would_take)
    before = asyncio.run(_held(stack)), stack.home.schema_ids.read_bytes()
    copy = _changed(tmp_path / "avro", "shared/Envelope", _add_remark)
    exit_code, lines = yichuan("apply", "--avro", copy)
    assert (exit_code, lines[0]["error"]["code"]) == (1, "registry.incompatible")
    assert lines[0]["error"]["where"] == max(SUBJECTS)
    assert (asyncio.run(_held(stack)), stack.home.schema_ids.read_bytes()) == before


def test_where_the_registry_stays_away_half_way_the_map_has_what_was_registered(
    yichuan: Command, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.home.schema_ids.unlink()
    register, done = Registry.register, list[str]()

    async def stays_away(registry: Registry, subject: str, schema: str) -> int:
        if len(done) == 3:
            raise Unavailable("registry.unreachable", where="planted")
        done.append(subject)
        return await register(registry, subject, schema)

    with monkeypatch.context() as planted:
        planted.setattr(Registry, "register", stays_away)
        assert yichuan("apply")[0] != 0
    assert set(SchemaIds.load(stack.home.schema_ids).by_subject) == set(done)
    assert yichuan("apply")[0] == 0
    assert set(SchemaIds.load(stack.home.schema_ids).by_subject) == SUBJECTS


def test_what_breaks_another_rule_of_the_lint_is_not_registered(
    yichuan: Command, stack: Stack, tmp_path: Path
) -> None:
    before = asyncio.run(_held(stack))
    copy = _changed(tmp_path / "avro", "LeadTransfer", lambda source: source.update(doc="Lead"))
    exit_code, lines = yichuan("apply", "--avro", copy)
    assert exit_code == 1
    assert lines[0]["error"]["code"] == "schema.lint_failed"
    assert asyncio.run(_held(stack)) == before


def test_the_registry_itself_refuses_a_dropped_field_even_from_its_admin(
    yichuan: Command, stack: Stack
) -> None:
    assert yichuan("plan")[0] == 0
    broken = json.loads(canonical_json(schema_of("LeadTransfer")))
    violation = _field(broken, "violations")["type"][1]["items"]
    violation["fields"].remove(_field(violation, "place"))

    async def register() -> None:
        login = stack.home.credentials("registry-admin")
        async with registry_of(stack.settings, login) as registry:
            await registry.register(SUBJECT, canonical_json(broken))

    with pytest.raises(UserError, match=r"registry\.incompatible"):
        asyncio.run(register())
