"""What others must not see is taken out of the texts that they may see.

Names, numbers and addresses that are masked or withheld in their own fields are found in texts
whatever blanks, full-width forms or invisible characters are between; names and numbers also with
dashes, dots or brackets, in capitals or small letters, in Chinese digits. Telephone and identity
numbers are found by their form too, since a complainant's may be written in a reason only.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.confidentiality.kinds import Kind
from services.confidentiality.masks import masked
from services.confidentiality.places import NOWHERE

HIDDEN: Final = "****"
SECRETS_MAX: Final = (
    500  # values sought in one message's texts; with more, its texts are masked whole
)

CHARACTERS_CACHED: Final = 2**16  # of texts that are looked through for numbers
_SHORTEST: Final = {
    Kind.NAME: 2,
    Kind.PHONE: 5,
    Kind.IDENTITY: 5,
    Kind.CODE: 4,
    Kind.ADDRESS: 4,
    Kind.PLACE: 4,
}
_INVISIBLE: Final = re.compile(
    r"[\u00ad\u0300-\u036f\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
# What people put between the parts of a name, and of a number.
_JOINTS: Final = r"\-_.*\u00b7\u2010-\u2015\u2022\u2027\u2212\u2219\u22c5\u2e31\u30fb"
_IN_A_NAME: Final = re.compile(rf"[{_JOINTS}]")
_IN_A_NUMBER: Final = re.compile(rf"[{_JOINTS},()\[\]+/\u3001\u3002]")
_CHINESE_DIGITS: Final = str.maketrans("〇零一幺二三四五六七八九", "001123456789")
# Of a text with plain digits, in which whatever may stand between them is a blank.
_GAP: Final = r" {0,3}"
_ABROAD: Final = rf"(?:(?:\+|00)?{_GAP}86{_GAP})?"
_PHONE: Final = (
    rf"{_ABROAD}1{_GAP}[3-9](?:{_GAP}\d){{9}}"  # a mobile's
    rf"|{_ABROAD}0[1-9]\d{{1,2}}(?:{_GAP}\d){{7,8}}"  # a landline's, with its area code
    rf"|0(?: {{1,3}}\d){{9,11}}"  # the same, each digit for itself
)
_DAY: Final = rf"(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}(?:0{_GAP}[1-9]|[12]{_GAP}\d|3{_GAP}[01])"
_IDENTITY: Final = (
    rf"[1-9](?:{_GAP}\d){{16}}{_GAP}[\dx]"
    rf"|[1-9](?:{_GAP}\d){{7}}{_GAP}{_DAY}(?:{_GAP}\d){{3}}"  # of before 1999: 15 digits
)
_NUMBERS: Final = re.compile(rf"(?<!\d)(?:(?P<identity>{_IDENTITY})|(?P<phone>{_PHONE}))(?!\d)")
# Most texts have no number so long; the whole form takes its time.
_DIGIT: Final = r"\d\u2460-\u24ff\u3007零一幺二三四五六七八九"
_SOME_DIGITS: Final = re.compile(rf"(?:[{_DIGIT}][^{_DIGIT}]{{0,6}}){{10}}")
_LOCAL_DIGITS: Final = 7  # at least: a landline's number without its area code

Value = tuple[Kind, str]  # as it stands in its own field
Form = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Secret:
    """What is sought: a value in the form in which texts are looked at for it."""

    text: str
    shown: str  # what stands in its place
    form: Form


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
    found = {
        (form, text): (kind, value)
        for kind, value in set(values)
        for form, text in _sought(kind, value)
    }
    if len(found) > SECRETS_MAX:
        return TOO_MANY
    looked = {form: form(whole) for form, _ in found}
    here = [
        Secret(text, masked(kind, squeeze(value), NOWHERE) or HIDDEN, form)
        for (form, text), (kind, value) in found.items()
        if text in looked[form] and len(text) >= _SHORTEST[kind]
    ]
    if not here and not has_numbers:
        return NOTHING
    ordered = sorted(here, key=lambda secret: (-len(secret.text), secret.text))
    return Search(tuple(ordered), numbers=has_numbers)


def scrubbed(text: str, search: Search, *, is_value: bool = False) -> str:
    """Return the text with every secret and number masked; the same object when there is none.

    `is_value`: it is a name, number or address of its own, so its form says nothing.
    """
    if search.too_many:
        return HIDDEN
    for secret in search.secrets:
        if secret.text in secret.form(text):
            text = _replaced(text, secret)
    has_numbers = search.numbers and not is_value and _has_number(text)
    return _without_numbers(text) if has_numbers else text


def squeeze(text: str) -> str:
    """Return the text in one form, without blanks and invisible characters."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join((_INVISIBLE.sub("", plain) if _INVISIBLE.search(plain) else plain).split())


def name_form(text: str) -> str:
    """Return the text squeezed, in small letters, without what joins the parts of a name."""
    return _IN_A_NAME.sub("", squeeze(text).casefold())


def number_form(text: str) -> str:
    """Return the text squeezed, in small letters, with plain digits and no signs between."""
    return _IN_A_NUMBER.sub("", squeeze(text).casefold().translate(_CHINESE_DIGITS))


def _sought(kind: Kind, value: str) -> Iterator[tuple[Form, str]]:
    """Yield in which form a value is looked for. A landline is known without its area code too."""
    if kind is Kind.NAME:
        yield name_form, name_form(value)
    elif kind in {Kind.PHONE, Kind.IDENTITY}:
        digits = number_form(value)
        yield number_form, digits
        area = 3 if digits.startswith(("010", "02")) else 4
        if kind is Kind.PHONE and digits.startswith("0") and len(digits) - area >= _LOCAL_DIGITS:
            yield number_form, digits[area:]
    else:
        yield squeeze, squeeze(value)


def _has_number(text: str) -> bool:
    seen = _INVISIBLE.sub("", text)
    if _SOME_DIGITS.search(seen) is None:
        return False
    return _NUMBERS.search(text.translate(_PLAIN)) is not None  # as `_spaced` has it, but fast


def _replaced(text: str, secret: Secret) -> str:
    """Replace the secret wherever it stands, each time with all that is between its characters."""
    letters = [(letter, place) for place, each in enumerate(text) for letter in secret.form(each)]
    squeezed = "".join(letter for letter, _ in letters)
    parts: list[str] = []
    done = 0
    found = squeezed.find(secret.text)
    if found < 0:  # only the characters together make it: nothing of the text can be told apart
        return HIDDEN
    while found >= 0:
        end = found + len(secret.text)
        parts += (text[done : letters[found][1]], secret.shown)
        done = letters[end - 1][1] + 1
        found = squeezed.find(secret.text, end)
    return "".join((*parts, text[done:]))


def _spaced(text: str) -> tuple[str, list[int]]:
    """Return the text with plain digits and a blank for each sign between, and where each was."""
    letters: list[str] = []
    places: list[int] = []
    for place, each in enumerate(text):
        plain = _PLAIN[ord(each)]
        letters.append(plain)
        places += [place] * len(plain)
    return "".join(letters), places


class _Plain(dict[int, str]):
    """What stands for a character when numbers are looked for, by its code; empty: not seen."""

    def __missing__(self, code: int) -> str:
        """Find it, and remember it."""
        found = _plain(chr(code))
        if len(self) < CHARACTERS_CACHED:
            self[code] = found
        return found


_PLAIN: Final = _Plain()


def _plain(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).casefold().translate(_CHINESE_DIGITS)
    return "".join(
        " " if letter.isspace() or (letter != "+" and _IN_A_NUMBER.match(letter)) else letter
        for letter in plain
        if not _INVISIBLE.match(letter)
    )


def _without_numbers(text: str) -> str:
    spaced, places = _spaced(text)
    parts: list[str] = []
    done = 0
    for found in _NUMBERS.finditer(spaced):
        begin, end = places[found.start()], places[found.end() - 1] + 1
        parts += (text[done:begin], _number(found))
        done = end
    return "".join((*parts, text[done:]))


def _number(found: re.Match[str]) -> str:
    kind = Kind.IDENTITY if found["identity"] else Kind.PHONE
    return masked(kind, number_form(found[0]).upper(), NOWHERE) or HIDDEN
