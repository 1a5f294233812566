"""The forms in which texts are looked at, whatever stands between the signs of a name or number."""

import re
from typing import Final

from schemas.stream_safe import nfkc
from schemas.unseen import without_unseen
from services.confidentiality.look_alikes import DIGITS, SIMPLIFIED

# What people put between the parts of a name, and of a number.
_JOINTS: Final = r"\-_.*\u00b7\u2010-\u2015\u2022\u2027\u2212\u2219\u22c5\u2e31\u30fb"
_IN_A_NAME: Final = re.compile(rf"[{_JOINTS}]")
_SIGNS: Final = rf"{_JOINTS},()\[\]+/\u3001\u3002"
IN_A_NUMBER: Final = re.compile(rf"[{_SIGNS}]")
# ~ and | too, where the number is known: 13000~150000 is a sum.
_IN_A_KNOWN_NUMBER: Final = re.compile(rf"[{_SIGNS}~|\u223c\u301c]")
_UNLIKE: Final = re.compile("[" + "".join(map(chr, SIMPLIFIED)) + "]")


def squeeze(text: str) -> str:
    """Return the text in one form and simplified, without blanks and invisible characters."""
    plain = nfkc(text)
    if _UNLIKE.search(plain):  # few texts have any
        plain = plain.translate(SIMPLIFIED)
    return "".join(without_unseen(plain).split())


def name_form(text: str) -> str:
    """Return the text squeezed, in small letters, without what joins the parts of a name."""
    return _IN_A_NAME.sub("", squeeze(text).casefold())


def number_form(text: str) -> str:
    """Return the text squeezed, in small letters, with plain digits and no signs between."""
    return _IN_A_KNOWN_NUMBER.sub("", squeeze(text).casefold().translate(DIGITS))
