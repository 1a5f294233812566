"""The bus chapter: contracts that may not be registered, tried on the demo's own registry."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.prove.chapter import Check, Ground
from tests.prove.registry_http import ADMIN, basic, call
from tests.prove.stand import Stand, demo

CODE: Final = "schema.incompatible"
TYPE: Final = "Violation"  # a shared type: of LeadTransfer and CaseTransfer
FIELD: Final = "place"  # has no default
SUBJECT: Final = "leads-yichuan.LeadTransfer"
CLASSED: Final = ("Party", "phone", "personal", "public")  # type, field, its class, a lower one

Document = dict[str, Any]


def schema_dropped_field(ground: Ground) -> str:
    """Drop it in a copy of the contracts, and apply; then go to the registry past our command."""
    stand = demo(ground)
    reason = _refused_apply(stand, TYPE, lambda schema: _drop(schema, FIELD))
    assert reason["path"].endswith(f".{FIELD}"), f"the reason does not name the field: {reason}"
    login = basic(stand, ADMIN)
    status, latest = call(stand, "GET", f"/subjects/{SUBJECT}/versions/latest", login)
    assert status == 200, f"{SUBJECT}: {status}"
    changed = json.loads(latest["schema"])
    _drop(_type_in(changed, TYPE), FIELD)
    path = f"/subjects/{SUBJECT}/versions"
    status, answer = call(stand, "POST", path, login, {"schema": json.dumps(changed)})
    assert status == 409, f"the registry itself took it: {status}"
    assert "Incompatible" in answer["message"], answer["message"]
    return f"{_told(reason)}; the registry itself, asked by its admin: 409"


def schema_lowered_class(ground: Ground) -> str:
    """Lower a class in a copy of the contracts, and apply: the registry would not see it."""
    stand = demo(ground)
    type_, name, before, after = CLASSED

    def lower(schema: Document) -> None:
        field = next(field for field in schema["fields"] if field["name"] == name)
        assert field["confidentiality"] == before, f"{name} is {field['confidentiality']}"
        field["confidentiality"], field["confluent:tags"] = after, [after.upper()]

    reason = _refused_apply(stand, type_, lower)
    assert reason["path"].endswith(f".{name}"), f"the reason does not name the field: {reason}"
    for word in (before, after):
        assert word in reason["en"], f"the reason does not name the class {word}: {reason}"
    return _told(reason)


CHECKS: Final = (
    Check("schema_dropped_field", schema_dropped_field),
    Check("schema_lowered_class", schema_lowered_class),
)


def _refused_apply(stand: Stand, type_: str, change: Callable[[Document], None]) -> Document:
    """Apply a changed copy; return why, once nothing in registry and home has changed."""
    copy = stand.ground.scratch / f"avro-{type_}"
    shutil.copytree(stand.ground.repo / "schemas" / "avro", copy)
    path = copy / "shared" / f"{type_}.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")
    before = _registered(stand)
    (answer,) = stand.objects("schemas", "apply", "--avro", copy, exit_code=1)
    error: Document = answer["error"]
    assert error["code"] == CODE, f"{error['code']}, not {CODE}"
    assert all(error[key] for key in ("zh", "en", "remedy_zh", "remedy_en")), "a text is missing"
    reasons = {step["subject"]: step["reasons"] for step in answer["refused"]}
    assert SUBJECT in reasons, f"{SUBJECT} is not among those refused: {list(reasons)}"
    assert _registered(stand) == before, "registry or id map changed"
    reason: Document = reasons[SUBJECT][0]
    return reason


def _told(reason: Document) -> str:
    return f"{CODE}: {reason['path']}: {reason['zh']} / {reason['en']}; nothing was registered"


def _registered(stand: Stand) -> Document:
    """Return all that `apply` could change."""
    login = basic(stand, ADMIN)
    _, subjects = call(stand, "GET", "/subjects", login)
    found: Document = {"ids": _text(stand.home.schema_ids)}
    for subject in subjects:
        found[subject] = [
            call(stand, "GET", f"/subjects/{subject}/versions", login),
            call(stand, "GET", f"/config/{subject}", login),
        ]
    assert len(found) > 1, "no subjects"
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _drop(schema: Document, name: str) -> None:
    kept = [field for field in schema["fields"] if field["name"] != name]
    assert len(kept) + 1 == len(schema["fields"]), f"no field {name}"
    schema["fields"] = kept


def _type_in(schema: Any, name: str) -> Document:
    """Return the definition of a type inside an inlined schema."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if part.get("name") == name and "fields" in part:
                return part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    raise AssertionError(name)
