"""Characters of a text that nobody sees: between those of a word or number they hide it. Pure.

Formats, marks put on the character before, controls that are no blanks; Hangul fillers, the blank
of Braille, and what Unicode keeps free for more of the kind.
"""

import re
import unicodedata
from itertools import chain
from typing import Final

_CATEGORIES: Final = frozenset({"Cf", "Mn", "Me", "Cc"})
# All of them lie here and among the others below: between are ideographs and Hangul syllables.
_THERE: Final = (range(0x3400), range(0xA000, 0xAC00), range(0xF900, 0x20000))
BRAILLE_BLANK: Final = 0x2800
_OTHERS: Final = (
    *(0x115F, 0x1160, 0x3164, 0xFFA0),  # fillers
    *(0xFF9E, 0xFF9F),  # NFKC puts these on the character before
    *(BRAILLE_BLANK, 0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)),
)
_ASTRAL: Final = 0x10000  # a character class looks these up one range after the other: slowly


def _is_unseen(code: int) -> bool:
    character = chr(code)
    return unicodedata.category(character) in _CATEGORIES and not character.isspace()


UNSEEN: Final = frozenset((*filter(_is_unseen, chain(*_THERE)), *_OTHERS))
_NOTHING: Final = dict.fromkeys(UNSEEN)
# Most texts have none; of characters beyond the first plane a closer look is taken.
_PERHAPS: Final = re.compile(
    "[" + re.escape("".join(chr(code) for code in sorted(UNSEEN) if code < _ASTRAL))
    + "\U00010000-\U0010ffff]"
)  # fmt: skip


def may_hold_unseen(text: str) -> bool:
    """Whether one may be in the text; False is certain."""
    return _PERHAPS.search(text) is not None


def without_unseen(text: str) -> str:
    """Return the text without what nobody sees; the same object where there is none."""
    return text.translate(_NOTHING) if may_hold_unseen(text) else text
