"""Which characters a text may hold, what says nothing, where full-width forms are put right.

A clerk's input method writes full-width digits as readily as plain ones. In a code or a number
both mean the same and only one is found, so there the full-width forms of ASCII become ASCII before
the letter is sealed; likewise in dates, instants and amounts. Names, reasons and every other text
stay as they were written, to the character.
"""

import re
from types import MappingProxyType
from typing import Final

NARROWED: Final = MappingProxyType(
    {
        "Attachment": frozenset({"sha256"}),
        "Circular": frozenset({"matters"}),
        "Complainant": frozenset({"phone"}),
        "Contact": frozenset({"phone"}),
        "Copy": frozenset({"matters"}),
        "Envelope": frozenset({"addressees"}),
        "Evidence": frozenset({"sha256"}),
        "GuidanceRecord": frozenset({"matters", "place"}),
        "HandlingFeedback": frozenset({"competent"}),
        "Officer": frozenset({"organ", "certificate"}),
        "Party": frozenset({"phone", "id_number", "uscc"}),
        "Violation": frozenset({"matter", "place"}),
        "ViolationCorrection": frozenset({"matter", "place"}),
    }
)
"""Record → its fields that are codes or numbers written as text."""

_NARROW: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Controls but tab and line ends; what turns the direction of the letters after it, so that a text
# reads otherwise than it is; half surrogates; code points that are no characters.
_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17)
    )
    + "]"
)

# A letter or digit, or what is one of a name that not every system knows: radicals out of a PDF,
# characters of one's own (GB 18030), ideographs newer than our tables. Not Hangul's fillers.
_SAYING: Final = re.compile(
    "[^\\W_\u115f\u1160\u3164\uffa0]|[\u2e80-\u2fdf\ue000-\uf8ff\U00020000-\U0003ffff]"
)


def narrow(text: str) -> str:
    """Return the text with full-width forms of ASCII, and the ideographic blank, as ASCII."""
    return text.translate(_NARROW)


def is_blank(text: str | None) -> bool:
    """Whether a text says nothing: it is not given, or there is no letter and no digit in it.

    Blanks, dashes and what nobody sees are no reasons, no name and no number.
    """
    if text is None or "\u4e00" <= text[:1] <= "\u9fff":  # the usual case, without a search
        return text is None
    return _SAYING.search(text) is None


def unfit_character(text: str) -> str | None:
    """Return the first character that no text may hold, as `U+0000`; None: there is none."""
    found = _UNFIT.search(text)
    return f"U+{ord(found[0]):04X}" if found else None
