"""文号 in one form: 代字, the year in six-cornered brackets, the number, 号 (GB/T 9704)."""

import re
from typing import Final

from schemas.stream_safe import nfkc

# Brackets by code point: they look alike. NFKC has made the full-width ones plain before.
_BRACKETS: Final = str.maketrans("([{\u3010\u3016)]}\u3011\u3017", "\u3014" * 5 + "\u3015" * 5)
# Raised, circled and bracketed digits are no digits of a number: NFKC would make 2号 of ②号.
_ODD_DIGITS: Final = re.compile(
    r"[\u00b2\u00b3\u00b9\u2070-\u209c\u2460-\u24ff\u2776-\u2793\u3220-\u33fe\U0001f100-\U0001f10c]"
)
_LOOSE: Final = re.compile(  # 代字: Chinese characters, seldom Latin letters
    r"([\u3400-\u9fffA-Za-z]{1,20})\u3014(\d{4})\u30150*([1-9]\d{0,5})号", re.ASCII
)


def normal_document_number(text: str) -> str | None:
    """Return the number in its one form; None when it is none.

    Brackets of any shape, full-width digits, blanks and leading zeros are put right, so that a
    look-up by number finds what a clerk typed.
    """
    if _ODD_DIGITS.search(text):
        return None
    plain = nfkc("".join(text.split()))
    found = _LOOSE.fullmatch(plain.translate(_BRACKETS))
    return f"{found[1]}\u3014{found[2]}\u3015{found[3]}号" if found else None
