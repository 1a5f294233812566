"""The one module of schemas that reads files: those inside the package, which are constants."""

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_ROOT = files("schemas")


@cache
def error_tables() -> dict[str, dict[str, dict[str, str]]]:
    """Return errors.toml as noun → reason → texts."""
    return tomllib.loads(_ROOT.joinpath("errors.toml").read_text(encoding="utf-8"))


@cache
def avro_sources() -> dict[str, dict[str, Any]]:
    """Return every .avsc of the package by the type's full name, shared types included."""
    folder = _ROOT.joinpath("avro")
    entries = [*folder.iterdir(), *folder.joinpath("shared").iterdir()]
    parsed = [
        json.loads(entry.read_text(encoding="utf-8"))
        for entry in entries
        if entry.name.endswith(".avsc")
    ]
    return {f"{source['namespace']}.{source['name']}": source for source in parsed}


@cache
def fingerprints() -> dict[str, str]:
    """Return the checked-in fingerprints: full name → SHA-256 of the schema's canonical JSON."""
    entries: dict[str, str] = json.loads(
        _ROOT.joinpath("fingerprints.json").read_text(encoding="utf-8")
    )
    return entries


def default_example(snake: str) -> dict[str, Any]:
    """Return examples/<record>/good/default.json, which scenarios and the demo build on."""
    path = _ROOT.joinpath("examples", snake, "good", "default.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
