"""What others must not see is taken out of the texts that they may see.

Names, numbers and addresses that are masked or withheld in their own fields are found in texts as
they stand, whatever blanks, full-width forms or invisible characters are between; and telephone and
identity numbers by their form, since a complainant's may be written in a reason only.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.confidentiality.kinds import Kind
from services.confidentiality.masks import masked
from services.confidentiality.places import NOWHERE

HIDDEN: Final = "****"
SECRETS_MAX: Final = (
    500  # values sought in one message's texts; with more, its texts are masked whole
)

_SHORTEST: Final = {
    Kind.NAME: 2,
    Kind.PHONE: 5,
    Kind.IDENTITY: 5,
    Kind.CODE: 4,
    Kind.ADDRESS: 4,
    Kind.PLACE: 4,
}
_DIGIT: Final = r"[0-9\uff10-\uff19]"
_ALONE: Final = r"(?<![0-9A-Za-z\uff10-\uff19])"
_END: Final = r"(?![0-9A-Za-z\uff10-\uff19])"
_GAP: Final = r"[\s\-\u2010-\u2015\uff0d\u200b]{0,2}"
_PHONE: Final = (
    rf"(?:\+?86{_GAP})?[1\uff11][3-9\uff13-\uff19](?:{_GAP}{_DIGIT}){{9}}"
    rf"|[0\uff10]{_DIGIT}{{2,3}}{_GAP}{_DIGIT}{{7,8}}"
)
_IDENTITY: Final = (
    rf"[1-9\uff11-\uff19](?:{_GAP}{_DIGIT}){{16}}{_GAP}[0-9Xx\uff10-\uff19\uff38\uff58]"
)
_NUMBERS: Final = re.compile(rf"{_ALONE}(?:(?P<identity>{_IDENTITY})|(?P<phone>{_PHONE})){_END}")
_FIRST_DIGITS: Final = re.compile(rf"{_DIGIT}{_GAP}{_DIGIT}{_GAP}{_DIGIT}")
_INVISIBLE: Final = re.compile(
    r"[\u00ad\u0300-\u036f\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)

Value = tuple[Kind, str]  # as it stands in its own field
Secret = tuple[str, str]  # the value squeezed, and what stands in its place


@dataclass(frozen=True, slots=True)
class Search:
    """What one message's texts are searched for."""

    secrets: tuple[Secret, ...] = ()  # those that are in some text, the longest first
    numbers: bool = False  # whether there are telephone or identity numbers
    too_many: bool = False  # more than SECRETS_MAX: the texts are masked whole


NOTHING: Final = Search()
TOO_MANY: Final = Search(too_many=True)


def search_for(values: Iterable[Value], texts: Sequence[str], *, numbers: bool) -> Search:
    """Return what is to be taken out of the texts; one look at all of them, most often for nothing.

    `values` are those that are not shown where they stand. Too short ones give nobody away.
    """
    whole = "\n".join(texts)
    has_numbers = numbers and _has_number(whole)
    found = {squeeze(value): kind for kind, value in set(values)}
    if len(found) > SECRETS_MAX:
        return TOO_MANY
    squeezed = squeeze(whole) if found else ""
    here = {
        value: masked(kind, value, NOWHERE) or HIDDEN
        for value, kind in found.items()
        if value in squeezed and len(value) >= _SHORTEST[kind]
    }
    ordered = sorted(here.items(), key=lambda secret: (-len(secret[0]), secret[0]))
    return Search(tuple(ordered), numbers=has_numbers)


def scrubbed(text: str, search: Search) -> str:
    """Return the text with every secret and number masked; the same object when there is none."""
    if search.too_many:
        return HIDDEN
    for secret, shown in search.secrets:
        if secret in squeeze(text):
            text = _replaced(text, secret, shown)
    return _NUMBERS.sub(_number, text) if search.numbers and _has_number(text) else text


def _has_number(text: str) -> bool:
    """Digits are looked for first: most texts have none, and the whole form takes its time."""
    return _FIRST_DIGITS.search(text) is not None and _NUMBERS.search(text) is not None


def squeeze(text: str) -> str:
    """Return the text in one form, without blanks and invisible characters."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join((_INVISIBLE.sub("", plain) if _INVISIBLE.search(plain) else plain).split())


def _replaced(text: str, secret: str, shown: str) -> str:
    """Replace the secret wherever it stands, each time with all that is between its characters."""
    letters = [(letter, place) for place, each in enumerate(text) for letter in squeeze(each)]
    squeezed = "".join(letter for letter, _ in letters)
    parts: list[str] = []
    done = 0
    found = squeezed.find(secret)
    if found < 0:  # only the characters together make it: nothing of the text can be told apart
        return HIDDEN
    while found >= 0:
        end = found + len(secret)
        parts += (text[done : letters[found][1]], shown)
        done = letters[end - 1][1] + 1
        found = squeezed.find(secret, end)
    return "".join((*parts, text[done:]))


def _number(found: re.Match[str]) -> str:
    kind = Kind.IDENTITY if found["identity"] else Kind.PHONE
    return masked(kind, squeeze(found[0]), NOWHERE) or HIDDEN
