"""文号 in one form: 代字, the year in six-cornered brackets, the number, 号 (GB/T 9704)."""

import re
from typing import Final

from schemas.stream_safe import nfkc

# Brackets by code point: they look alike. NFKC has made the full-width ones plain before.
_BRACKETS: Final = str.maketrans("([{\u3010\u3016)]}\u3011\u3017", "\u3014" * 5 + "\u3015" * 5)
_LOOSE: Final = re.compile(  # 代字: Chinese characters, seldom Latin letters
    r"([\u3400-\u9fffA-Za-z]{1,20})\u3014(\d{4})\u30150*([1-9]\d{0,5})号", re.ASCII
)


def normal_document_number(text: str) -> str | None:
    """Return the number in its one form; None when it is none.

    Brackets of any shape, full-width digits, blanks and leading zeros are put right, so that a
    look-up by number finds what a clerk typed.
    """
    plain = nfkc("".join(text.split()))
    found = _LOOSE.fullmatch(plain.translate(_BRACKETS))
    return f"{found[1]}\u3014{found[2]}\u3015{found[3]}号" if found else None
