"""`yichuan schemas lint | docs | plan | apply`: the contracts, and what a registry has of them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.bus.home import Home, home_at
from connectors.bus.logins import REGISTRY_ADMIN, REGISTRY_READER
from connectors.bus.registry import REQUESTS_AT_ONCE, Registry, SchemaIds, registry_of
from schemas.describe import describe
from schemas.errors import UserError
from schemas.inline import canonical_json, fingerprint, schema_from
from schemas.lint import fingerprints_of
from schemas.lint import lint as findings_of
from schemas.load import fingerprints
from schemas.rollout import LEVEL, Schema, Step, Verdict, step, wanted
from schemas.topics import BY_SNAKE, RECORDS
from services.cli.exit_codes import NO
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, say
from services.cli.schemas_print import (
    description_object,
    print_description,
    print_steps,
    refuse_lint,
    refuse_steps,
)

_SCHEMAS: Final = Path(__file__).parents[2] / "schemas"
_FINGERPRINTS: Final = _SCHEMAS / "fingerprints.json"
_AVRO: Final = _SCHEMAS / "avro"

AvroFolder = Annotated[
    Path | None,
    typer.Option("--avro", help="a changed copy of schemas/avro / schemas/avro 的改动副本"),
]
Sources = Mapping[str, Schema]


def lint(
    avro: AvroFolder = None,
    write: Annotated[
        bool, typer.Option("--write", help="write fingerprints.json / 更新指纹文件")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Check the schema files; with --write, renew the checked-in fingerprints first."""
    if write and avro is not None:
        raise UserError("command.usage", where="--write --avro")
    sources = sources_of(avro)
    if write and not (found := findings_of(sources)):
        listed = fingerprints_of(sources)
        _FINGERPRINTS.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    elif write:
        return refuse_lint(found, as_json=as_json)
    else:
        listed = fingerprints() if avro is None else {}
    found = findings_of(sources, listed if avro is None else None)
    if found:
        return refuse_lint(found, as_json=as_json)
    if as_json:
        emit_json({"types": len(sources), "findings": 0})
    else:
        say(f"{len(sources)} 个类型，没有问题", f"{len(sources)} types, no findings")
    return 0


def docs(
    record: Annotated[
        str | None, typer.Argument(help="e.g. lead_transfer; else all / 消息类型，缺省为全部")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every record with its paths: type, class, and what the sender must give."""
    if record is not None and record not in BY_SNAKE:
        raise UserError("message.unknown_record", where=record)
    names = [BY_SNAKE[record].name] if record else list(RECORDS)
    for description in map(describe, names):
        if as_json:
            emit_json(description_object(description))
        else:
            print_description(description)


def plan(home: HomeFolder = None, avro: AvroFolder = None, as_json: AsJson = False) -> int:
    """Show what apply would do, subject by subject; changes nothing."""
    return _answer(asyncio.run(_plan(home_at(home), sources_of(avro))), as_json=as_json)


def apply(home: HomeFolder = None, avro: AvroFolder = None, as_json: AsJson = False) -> int:
    """Register the schemas and write the map of ids; nothing at all when one is refused.

    By us or by the registry, which is asked for all beforehand. Where it stays away half-way, the
    map has what was registered, and apply once more does the rest.
    """
    return _answer(asyncio.run(_apply(home_at(home), sources_of(avro))), as_json=as_json)


def _answer(steps: Sequence[Step], *, as_json: bool) -> int:
    if _is_refused(steps):
        return refuse_steps(steps, as_json=as_json)
    print_steps(steps, as_json=as_json)
    return 0


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the registry holds, and what is to be done about it."""

    steps: tuple[Step, ...]
    ids: Mapping[int, Schema]  # registry id → schema, of every version of our subjects


async def _plan(place: Home, sources: Sources) -> tuple[Step, ...]:
    login = place.credentials(REGISTRY_READER)
    async with registry_of(place.settings(), login) as registry:
        return (await _prepare(registry, sources)).steps


async def _apply(place: Home, sources: Sources) -> tuple[Step, ...]:
    login = place.credentials(REGISTRY_ADMIN)
    async with registry_of(place.settings(), login) as registry:
        prepared = await _prepare(registry, sources)
        if _is_refused(prepared.steps):
            return prepared.steps
        schemas = wanted(sources)
        for subject, schema in schemas.items():
            if await registry.compatibility(subject) != LEVEL:
                await registry.set_compatibility(subject, LEVEL)
            if not await registry.would_take(subject, canonical_json(schema)):
                raise UserError("registry.incompatible", where=subject, exit_code=NO)
        ids, by_subject = dict(prepared.ids), _kept(place.schema_ids)
        try:
            # One at a time: the same schema under a second subject then gets the same id.
            for subject, schema in schemas.items():
                by_subject[subject] = await registry.register(subject, canonical_json(schema))
                ids[by_subject[subject]] = schema
        finally:
            _save(place.schema_ids, ids, by_subject)
    return prepared.steps


def _kept(path: Path) -> dict[str, int]:
    """Return the ids to write with, as far as they are of subjects that we still have."""
    try:
        return {
            subject: number
            for subject, number in SchemaIds.load(path).by_subject.items()
            if any(subject in entry.subjects for entry in RECORDS.values())
        }
    except UserError:  # there is none yet, or it is what is to be mended
        return {}


def _save(path: Path, ids: Mapping[int, Schema], by_subject: Mapping[str, int]) -> None:
    by_id = {number: fingerprint(schema) for number, schema in ids.items()}
    texts = {by_id[number]: canonical_json(schema) for number, schema in ids.items()}
    SchemaIds(by_id, by_subject, texts).save(path)


async def _prepare(registry: Registry, sources: Sources) -> _Prepared:
    """Compare with every version of every subject. Raises UserError schema.lint_failed."""
    _refuse_findings(sources, only_broken=True)
    schemas = wanted(sources)
    limit = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def versions_of(subject: str) -> dict[int, tuple[int, Schema]]:
        async with limit:
            numbers = await registry.versions(subject)
            found = {number: await registry.version(subject, number) for number in numbers}
        return {number: (one.id, schema_from(one.text)) for number, one in found.items()}

    registered = await asyncio.gather(*(versions_of(subject) for subject in schemas))
    prepared = _Prepared(
        steps=tuple(
            step(subject, schema, {number: version for number, (_, version) in held.items()})
            for (subject, schema), held in zip(schemas.items(), registered, strict=True)
        ),
        ids={schema_id: version for held in registered for schema_id, version in held.values()},
    )
    if not _is_refused(prepared.steps):
        _refuse_findings(sources, only_broken=False)
    return prepared


def sources_of(avro: Path | None) -> Sources:
    """Return the package's .avsc, or those of a folder laid out like schemas/avro.

    Raises UserError schema.unreadable, for who has just written one of them too.
    """
    folder, sources = avro or _AVRO, {}
    for path in sorted((*folder.glob("*.avsc"), *folder.glob("shared/*.avsc"))):
        try:
            source = json.loads(path.read_text(encoding="utf-8"))
            sources[f"{source['namespace']}.{source['name']}"] = source
        except (ValueError, KeyError, TypeError) as error:
            raise UserError("schema.unreadable", str(path), str(error)) from None
    missing = sorted({entry.full_name for entry in RECORDS.values()} - sources.keys())
    if missing:
        raise UserError("schema.unreadable", where=str(folder), detail=", ".join(missing))
    return sources


def _refuse_findings(sources: Sources, *, only_broken: bool) -> None:
    """Refuse what the lint finds.

    `only_broken`: only what keeps a schema from being written out. The rest waits until versions
    are compared, which has a better reason to refuse a lost class for.
    """
    found = [
        entry
        for entry in findings_of(sources)
        if not only_broken or entry.code in {"type", "namespace"}
    ]
    if found:
        raise UserError(
            "schema.lint_failed", where=found[0].path, detail=found[0].message, exit_code=NO
        )


def _is_refused(steps: Sequence[Step]) -> bool:
    return any(entry.verdict is Verdict.REFUSED for entry in steps)
