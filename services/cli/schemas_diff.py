"""`yichuan schemas diff`: the files against the registry, or against another folder, in words."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors.bus.home import Home, home_at
from connectors.bus.logins import REGISTRY_READER
from connectors.bus.registry import REQUESTS_AT_ONCE, registry_of
from schemas.inline import schema_from
from schemas.rollout import Schema, wanted
from schemas.topics import RECORDS
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, say
from services.cli.schema_changes import changes
from services.cli.schemas import AvroFolder, sources_of

Document = dict[str, Any]


def diff(
    home: HomeFolder = None,
    avro: AvroFolder = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="a folder instead of the registry / 另一目录")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the files change of what is registered, or of another folder's schemas."""
    new = wanted(sources_of(avro))
    if against is not None:
        old: Mapping[str, Schema] = wanted(sources_of(against))
    else:
        old = asyncio.run(_registered(home_at(home), tuple(new)))
    found = [
        document
        for record, subjects in _by_record(new).items()
        for document in _differences(record, subjects, old, new)
    ]
    if as_json:
        for document in found:
            emit_json(document)
        return
    for document in found:
        where = " ".join(part for part in (document["record"], document["path"]) if part)
        print(f"{where}：" if in_language("zh", "en") == "zh" else f"{where}: ", end="")
        print(in_language(document["zh"], document["en"]))
    if found:
        say(f"共 {len(found)} 处", f"{len(found)} differences")
    else:
        say("没有差别", "no differences")


def _by_record(schemas: Mapping[str, Schema]) -> dict[str, list[str]]:
    """Return record → its subjects: a record on five flows is told once."""
    found: dict[str, list[str]] = {}
    for subject, schema in schemas.items():
        found.setdefault(str(schema["name"]), []).append(subject)
    return found


def _differences(
    record: str, subjects: list[str], old: Mapping[str, Schema], new: Mapping[str, Schema]
) -> list[Document]:
    """Return each difference once, with the subjects that have it."""
    found: dict[tuple[Any, ...], Document] = {}
    for subject in subjects:
        if subject not in old:
            told = [_document(record, "missing", None, "尚未登记", "not registered")]
        else:
            told = [
                _document(record, **{**asdict(change), "what": change.kind})
                for change in changes(old[subject], new[subject])
            ]
        for document in told:
            key = tuple(document[name] for name in ("what", "path", "zh"))
            found.setdefault(key, document)["subjects"].append(subject)
    return list(found.values())


def _document(
    record: str,
    what: str,
    path: str | None,
    zh: str,
    en: str,
    before: str | None = None,
    after: str | None = None,
    **_: object,
) -> Document:
    return {
        "record": RECORDS[record].snake,
        "path": path,
        "what": what,
        "before": before,
        "after": after,
        "zh": zh,
        "en": en,
        "subjects": [],
    }


async def _registered(home: Home, subjects: tuple[str, ...]) -> dict[str, Schema]:
    """Return the latest registered version of each subject that has one."""
    limit = asyncio.Semaphore(REQUESTS_AT_ONCE)
    login = home.credentials(REGISTRY_READER)
    async with registry_of(home.settings(), login) as registry:

        async def latest(subject: str) -> Schema | None:
            async with limit:
                numbers = await registry.versions(subject)
                if not numbers:
                    return None
                return schema_from((await registry.version(subject, max(numbers))).text)

        found = await asyncio.gather(*(latest(subject) for subject in subjects))
    return {
        subject: schema
        for subject, schema in zip(subjects, found, strict=True)
        if schema is not None
    }
