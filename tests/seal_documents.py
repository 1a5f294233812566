"""A message's bytes as the JSON that schemas/SEAL.md, 3, speaks of; and the peer in Node."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.avro_values import read_long
from schemas.seal_leaf import leaf_reader

PEER = Path(__file__).parent / "peers" / "seal.mjs"
_SECONDS_MAX = 60


def ask_node(*jobs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Let the second implementation do the jobs. Without Node it fails."""
    node = shutil.which("node")
    assert node is not None, "node is missing: the second implementation of the seal needs it"
    done = subprocess.run(
        [node, str(PEER)],
        input=json.dumps(jobs).encode(),
        capture_output=True,
        check=False,
        timeout=_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def sealed_document(schema: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Return what is sealed of a body, nulls included, its keys in the schema's order."""
    document, _ = _record(schema, body, 0, {}, "")
    document["envelope"] |= {"delivery": None, "seal": None}
    return document


def _record(
    schema: Mapping[str, Any], data: bytes, at: int, named: dict[str, Any], path: str
) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    for field in schema["fields"]:
        if path == "envelope" and field["name"] in {"delivery", "seal"}:
            break
        kind, value = field["type"], None
        place = field["name"] if not path else f"{path}.{field['name']}"
        if isinstance(kind, list):
            kind, at = kind[1], at + 1
            if data[at - 1]:
                value, at = _value(kind, data, at, named, place)
            else:
                _learn(kind, named)
        else:
            value, at = _value(kind, data, at, named, place)
        found[field["name"]] = value
    return found, at


def _learn(kind: Any, named: dict[str, Any]) -> None:
    """Note the types that are written out where nothing is given."""
    if isinstance(kind, dict) and kind["type"] == "array":
        _learn(kind["items"], named)
    elif isinstance(kind, dict) and "name" in kind:
        named[f"yichuan.{kind['name']}"] = kind
        for field in kind.get("fields", ()):
            of = field["type"]
            _learn(of[1] if isinstance(of, list) else of, named)


def _value(kind: Any, data: bytes, at: int, named: dict[str, Any], path: str) -> tuple[Any, int]:
    kind = named.get(kind, kind) if isinstance(kind, str) else kind
    _learn(kind, named)
    if isinstance(kind, dict) and kind["type"] == "record":
        return _record(kind, data, at, named, path)
    if isinstance(kind, dict) and kind["type"] == "array":
        count, at = read_long(data, at)
        values = []
        for _ in range(count):
            value, at = _value(kind["items"], data, at, named, f"{path}[]")
            values.append(value)
        return values, at + bool(count)
    text, at = leaf_reader(kind)(data, at)
    return json.loads(text), at
