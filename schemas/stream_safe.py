"""Unicode's compatibility form of a text (NFKC), at a cost that grows with its length. Pure.

Normalisation sorts each run of combining characters, which takes the square of the run's length and
holds the interpreter meanwhile: a few hundred kB of them would stop a process for minutes. No
script has long runs; UAX #15, Stream-Safe Text Format, stops at 30. What is further on in a run is
left out, so that it hides nothing that stands behind it.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain
from typing import Final

RUN_MAX: Final = 30  # combining characters one after the other; UAX #15, D4
# Between and above these lie ideographs, Hangul and tags, none of which combines.
_COMBINING_IN: Final = (range(0x300, 0x3400), range(0xA000, 0xAC00), range(0xF900, 0x1F000))
_ASTRAL: Final = 0x10000  # a character class looks these up one range after the other: slowly


def _combines(code: int) -> bool:
    """Whether it combines as it is or once it is taken apart, as U+0F73 and half-width U+FF9E."""
    character = chr(code)
    return bool(
        unicodedata.combining(character)
        or unicodedata.combining(unicodedata.normalize("NFKD", character)[0])  # noqa: TID251 - one
    )


def _class(codes: Iterable[int]) -> str:
    """Return the characters as the inside of a class of `re`."""
    ranges: list[tuple[int, int]] = []
    for code in codes:
        begins_at = ranges.pop()[0] if ranges and ranges[-1][1] == code - 1 else code
        ranges.append((begins_at, code))
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


_CODES: Final = tuple(filter(_combines, chain(*_COMBINING_IN)))
_COMBINING: Final = f"[{_class(_CODES)}]"
_LONG_RUN: Final = re.compile(rf"({_COMBINING}{{{RUN_MAX}}}){_COMBINING}+")
# A fast look, which nearly always finds nothing. A class that stands first alone is the fastest.
_PERHAPS: Final = f"[{_class(code for code in _CODES if code < _ASTRAL)}\U00010000-\U0010ffff]"
_PERHAPS_LONG: Final = re.compile(rf"{_PERHAPS}{_PERHAPS}{{{RUN_MAX}}}")


def nfkc(text: str) -> str:
    """Return the text in NFKC, of each run of combining characters the first RUN_MAX."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", short_runs(text))  # noqa: TID251 - no run is long


def short_runs(text: str) -> str:
    """Return the text with of each run of combining characters the first RUN_MAX."""
    return _LONG_RUN.sub(r"\1", text) if _PERHAPS_LONG.search(text) else text
