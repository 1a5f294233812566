"""The secrecy gate at the agency's side: before anything of a document is kept (guidance 二(一)1).

The marks and the no-sharing list are those of the rulebook's copy in the home; where it has none,
the law's own marks stand. The gate is never open.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from schemas.errors import Refusal, UserError
from schemas.secrecy import Gate, NoSharing, marked_document, marked_name
from schemas.secrecy_list import FILE, read_no_sharing

_ESCAPE: Final = re.compile(rb"\\u([0-9A-Fa-f]{4})")
_ANY: Final = ("utf-8", "replace")


def load_gate(rulebook: Path) -> Gate:
    """Return the gate of a rulebook's folder.

    Raises UserError rules.invalid for a list that cannot be read: it may bar more than the law.
    """
    path = rulebook / FILE
    try:
        return Gate(read_no_sharing(path.read_bytes()))
    except FileNotFoundError:
        return Gate(NoSharing())
    except OSError as error:
        raise UserError("rules.invalid", where=str(path), detail=error.strerror) from None


def barred(
    names: Iterable[str | None], record: str | None, raw: bytes, gate: Gate
) -> Refusal | None:
    """Return why a document may not be taken, or None.

    `names` are the file's name, or what else the row is called by. Every member of the JSON counts,
    also one that stands twice or that no record has; of what is no JSON any place. Refusals, with a
    path and no word of the document: secrecy.may_not_travel, secrecy.marked, secrecy.listed.
    """
    for name in names:
        refusal = marked_name(name, gate) if name else None
        if refusal is not None:
            return refusal
    try:
        document = json.loads(raw, object_pairs_hook=_members)  # UTF-8, 16 or 32
    except (ValueError, RecursionError):
        is_marked = any(gate.in_bytes(reading) for reading in _readings(raw))
        return Refusal("secrecy.marked") if is_marked else None
    return marked_document(document, gate, record)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keep both of what stands twice: a reader may take either."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        members[f"{name} {len(members)}" if name in members else name] = value
    return members


def _readings(raw: bytes) -> Iterator[bytes]:
    """Yield the bytes, and what they may mean as GB 18030 and with JSON's escapes."""
    yield raw
    yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)).encode(*_ANY), raw)
    try:
        raw.decode()
    except UnicodeDecodeError:
        yield raw.decode("gb18030", "replace").encode()
