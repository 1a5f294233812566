"""The forms in which texts are looked at, whatever stands between the signs of a name or number."""

import re
import unicodedata
from typing import Final

INVISIBLE: Final = re.compile(
    r"[\u00ad\u0300-\u036f\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0]"
)
# What people put between the parts of a name, and of a number.
_JOINTS: Final = r"\-_.*\u00b7\u2010-\u2015\u2022\u2027\u2212\u2219\u22c5\u2e31\u30fb"
_IN_A_NAME: Final = re.compile(rf"[{_JOINTS}]")
IN_A_NUMBER: Final = re.compile(rf"[{_JOINTS},()\[\]+/\u3001\u3002]")
CHINESE_DIGITS: Final = str.maketrans("〇零一幺二三四五六七八九", "001123456789")


def squeeze(text: str) -> str:
    """Return the text in one form, without blanks and invisible characters."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join((INVISIBLE.sub("", plain) if INVISIBLE.search(plain) else plain).split())


def name_form(text: str) -> str:
    """Return the text squeezed, in small letters, without what joins the parts of a name."""
    return _IN_A_NAME.sub("", squeeze(text).casefold())


def number_form(text: str) -> str:
    """Return the text squeezed, in small letters, with plain digits and no signs between."""
    return IN_A_NUMBER.sub("", squeeze(text).casefold().translate(CHINESE_DIGITS))
