"""Bytes of an agency become a JSON object, or a refusal by the name of what is wrong with them.

UTF-8, with or without its byte order mark. A system that writes GBK says so in its connector's
configuration, and `in_utf8` rewrites its bytes: an encoding is never guessed, since bytes of one
often read as a wrong text of another.
"""

import codecs
import json
from collections import Counter
from enum import StrEnum
from typing import Any, Final

from schemas.errors import Refusal
from schemas.json_form import FormError, shown_name

DOCUMENT_MAX_BYTES: Final = 4_000_000  # look at a file's size before reading it

_BOM_GB18030: Final = "\ufeff".encode("gb18030")
_BLANK: Final = b" \t\r\n"


class Encoding(StrEnum):
    """How an agency's system writes and reads its files."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"  # GB 18030-2022, of which GBK and GB 2312 are parts


def parse(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a document. Raises FormError, with a place and no value."""
    if len(raw) > DOCUMENT_MAX_BYTES:
        raise FormError("message.too_large", "$")
    if is_utf16(raw):
        raise FormError("message.utf16", "$")
    plain = raw.removeprefix(codecs.BOM_UTF8)
    if not plain.strip(_BLANK):
        raise FormError("message.empty", "$")
    try:
        text = plain.decode()
    except UnicodeDecodeError as error:
        raise FormError("message.not_utf8", "$", detail=f"byte {error.start}") from None
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FormError("message.invalid_json", place) from None
    except ValueError:  # Python reads no integer of more than 4,300 digits
        raise FormError("message.number_invalid", "$", detail="> 4300 digits") from None
    except RecursionError:
        raise FormError("message.too_deep", "$") from None
    if not isinstance(document, dict):
        raise FormError("message.not_an_object", "$")
    return document


def in_utf8(raw: bytes, encoding: Encoding) -> bytes | Refusal:
    """Return a document in UTF-8, or why it is not in the encoding that the configuration names.

    What reads as UTF-8 too, and not as ASCII alone, is refused rather than guessed at: in GB 18030
    it would be other characters, and a letter of some length that is right in both does not occur.
    """
    if encoding is Encoding.UTF_8 or raw.isascii():
        return raw
    if is_utf16(raw):
        return Refusal("message.utf16", where="$")
    plain = raw.removeprefix(_BOM_GB18030)
    if _decodes(plain, Encoding.UTF_8):
        return Refusal("message.encoding_ambiguous", where="$")
    try:
        return plain.decode(Encoding.GB18030).encode()
    except UnicodeDecodeError as error:
        return Refusal("message.not_gb18030", where="$", detail=f"byte {error.start}")


def from_text(text: str, encoding: Encoding) -> bytes:
    """Return JSON text as the agency's system reads it.

    The few code points that GB 18030 has no bytes for are escaped, which in JSON is the same.
    """
    return text.encode(encoding, "backslashreplace")


def is_utf16(raw: bytes) -> bool:
    """Whether bytes are UTF-16 or UTF-32: by their mark, or since JSON begins with ASCII."""
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    return marked or (len(raw) > 1 and 0 in raw[:2] and any(raw[:2]))


def _decodes(raw: bytes, encoding: Encoding) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise FormError("message.key_twice", shown_name(twice))
    return members


def _no_constant(name: str) -> None:
    raise FormError("message.number_invalid", name)  # NaN, Infinity, -Infinity: no JSON
