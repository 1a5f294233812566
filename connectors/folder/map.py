"""What names in the agency's folder mean, and how our files are called. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from itertools import product
from typing import Any, Final

from schemas.attachments import NOTE_SUFFIX
from schemas.errors import Refusal
from schemas.ids import MessageId
from schemas.json_text import DOCUMENT_MAX_BYTES
from schemas.topics import BY_SNAKE, RECORDS

NAME_MAX_BYTES: Final = 200  # leaves room for what is put behind it; a file system allows 255
OFFSET_DIGITS: Final = 12
REASON: Final = NOTE_SUFFIX
RECEIPT: Final = ".receipt.json"

_PARTIAL: Final = (".part", ".partial", ".tmp", ".temp", ".swp", ".crdownload", "~")
_SUFFIX: Final = ".json"
# How a document's name may end: .json, .JSON, .Json …
SPELLINGS: Final = tuple("." + "".join(each) for each in product("jJ", "sS", "oO", "nN"))
_TAG_CHARACTERS: Final = 8  # of an id or digest, in a name
# Controls and line ends, what turns the direction of the letters after it, bytes that are no text.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def is_partial(name: str) -> bool:
    """Whether a file is still being written, by its name: such a file is left alone."""
    return name.startswith(".") or name.lower().endswith(_PARTIAL)


def names_document(name: str) -> bool:
    """Whether a document may be called so; nothing else has attachments."""
    return _is_nameable(name) and name.endswith(SPELLINGS)


def unfitness(name: str, *, is_file: bool, size_bytes: int) -> Refusal | None:
    """Return why something in the outbox is no document, before it is read."""
    if not is_file:
        return Refusal("file.not_regular")
    if not names_document(name):
        return Refusal("file.name_invalid", detail=f"*{_SUFFIX}, ≤ {NAME_MAX_BYTES} bytes")
    if size_bytes > DOCUMENT_MAX_BYTES:
        return Refusal("message.too_large", detail=f"{size_bytes} > {DOCUMENT_MAX_BYTES} bytes")
    return None


def record_of(name: str, records: Mapping[str, str]) -> str | None:
    """Return the record that `<anything>.<record>.json` names; None: the document must name it.

    `records` has the agency's own names of records.
    """
    stem = name[: -len(_SUFFIX)]
    named = stem.rpartition(".")[2] if "." in stem else ""
    ours = records.get(named, named)
    return ours if ours in BY_SNAKE or ours in RECORDS else None


def digest_of(raw: bytes) -> str:
    """Return SHA-256, hex: a file of the same name and digest is the same message."""
    return hashlib.sha256(raw).hexdigest()


def other_name(name: str, tag: str, number: int = 1) -> str:
    """Return a name beside one that is taken: `a.lead_transfer.json` → `a~1b2c3d4e.lead_…`."""
    again = f"-{number}" if number > 1 else ""
    if not _is_nameable(name):
        return f"{_unnameable(name)}~{tag[:_TAG_CHARACTERS]}{again}"
    stem, dot, rest = name.partition(".")
    return f"{stem}~{tag[:_TAG_CHARACTERS]}{again}{dot}{rest}"


def beside(name: str, suffix: str) -> str:
    """Return the name of the notice that belongs to a file."""
    return (name if _is_nameable(name) else _unnameable(name)) + suffix


def told_file(reason: bytes) -> list[Any] | None:
    """Return of which file a reason says that it is; None where it says nothing of that."""
    try:
        found = json.loads(reason)["file"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, list) else None


def inbox_name(offset: int, record: str, message_id: MessageId) -> str:
    """Return `<received order>_<record>_<short id>.json`: by name is by arrival."""
    tag = message_id[:_TAG_CHARACTERS]
    return f"{offset:0{OFFSET_DIGITS}d}_{RECORDS[record].snake}_{tag}{_SUFFIX}"


def _is_nameable(name: str) -> bool:
    """Whether a name leaves room for what is put to it, and shows what it is."""
    raw = name.encode("utf-8", "surrogateescape")
    return len(raw) <= NAME_MAX_BYTES and _UNPRINTABLE.search(name) is None


def _unnameable(name: str) -> str:
    raw = name.encode("utf-8", "surrogateescape")
    return f"unnameable-{hashlib.sha256(raw).hexdigest()[:_TAG_CHARACTERS]}"
