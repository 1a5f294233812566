"""What others must not see is taken out of the texts that they may see.

Names, numbers and addresses that are masked or withheld in their own fields are found in texts
whatever blanks, full-width forms or invisible characters are between, with dashes or dots, in
capitals or small letters; numbers and addresses also with brackets and in Chinese digits. Telephone
and identity numbers are found by their form too, since a complainant's may be written in a reason
only.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from services.confidentiality.addresses import tails
from services.confidentiality.forms import name_form, number_form, squeeze
from services.confidentiality.kinds import Kind
from services.confidentiality.masks import masked
from services.confidentiality.places import NOWHERE
from services.confidentiality.told_numbers import (
    CHARACTERS_CACHED,
    HIDDEN,
    has_number,
    without_numbers,
)

# What is sought in one message's texts. With more of any of these, its texts are masked whole: a
# name may be as long as a letter, and what one message hides is sought in all of its case.
SECRETS_MAX: Final = 500  # values
NAMES_MAX: Final = 1_000  # values, and names that stand together in one
SOUGHT_CHARACTERS_MAX: Final = 50_000  # of all values
LOOKS_MAX: Final = 2_000_000  # values found, times the characters of the texts in any form

_SHORTEST: Final = {
    Kind.NAME: 2,
    Kind.PHONE: 5,
    Kind.IDENTITY: 5,
    Kind.CODE: 4,
    Kind.ADDRESS: 4,
    Kind.PLACE: 4,
}
# What is in brackets is no name, but what somebody is: it stands in other texts, too.
_OPENING: Final = r"(（\[【"
_CLOSING: Final = ")）\\]】"
_IN_BRACKETS: Final = re.compile(rf"[{_OPENING}][^{_CLOSING}]*[{_CLOSING}]")
_LAST_CLOSING: Final = re.compile(rf".*[{_CLOSING}]", re.DOTALL)
_SEPARATORS: Final = r"、，,；;/\n"
_BETWEEN_NAMES: Final = re.compile(rf"[{_SEPARATORS}]")
_MORE_THAN_A_NAME: Final = re.compile(rf"[{_SEPARATORS}{_OPENING}]")
_LOCAL_DIGITS: Final = 7  # at least: a landline's number without its area code
_CODE: Final = 5  # characters, signs left out
_DATE_DIGITS: Final = 8

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
    too_many: bool = False  # more than is sought: the texts are masked whole


NOTHING: Final = Search()
TOO_MANY: Final = Search(too_many=True)


def search_for(values: Iterable[Value], texts: Sequence[str], *, numbers: bool) -> Search:
    """Return what is to be taken out of the texts; one look at all of them, most often for nothing.

    `values` are those that are not shown where they stand. Too short ones give nobody away.
    """
    hidden = set(values)
    if len(hidden) > SECRETS_MAX or _characters(hidden) > SOUGHT_CHARACTERS_MAX:
        return TOO_MANY
    named = tuple(islice(_each_name(hidden), NAMES_MAX + 1))
    if len(named) > NAMES_MAX:
        return TOO_MANY
    whole = "\n".join(texts)
    has_numbers = numbers and has_number(whole)
    looked: dict[Form, str] = {}
    here: dict[tuple[Form, str], Secret] = {}
    for kind, value in named:
        for form, text in _sought(kind, value):
            if form not in looked:
                looked[form] = form(whole)
            if text not in looked[form]:
                break
            if len(text) >= _SHORTEST[kind]:
                shown = masked(kind, squeeze(value), NOWHERE) or HIDDEN
                here[form, text] = Secret(text, shown, form)
    if not here and not has_numbers:
        return NOTHING
    # One character may be fifteen in another form (U+FDFA): these are what is gone through.
    if len(here) * max([len(whole), *map(len, looked.values())]) > LOOKS_MAX:
        return TOO_MANY
    ordered = sorted(here.values(), key=lambda secret: (-len(secret.text), secret.text))
    return Search(tuple(ordered), numbers=has_numbers)


def scrubbed(text: str, search: Search, *, is_value: bool = False) -> str:
    """Return the text with every secret and number masked; the same object when there is none.

    `is_value`: it is a name, number or address of its own, so its form says nothing.
    """
    if search.too_many:
        return HIDDEN
    formed: dict[Form, str] = {}  # of the text as it is now
    for secret in search.secrets:
        if secret.form not in formed:
            formed[secret.form] = secret.form(text)
        if secret.text in formed[secret.form]:
            text = _replaced(text, secret)
            formed.clear()
    has_numbers = search.numbers and not is_value and has_number(text)
    return without_numbers(text) if has_numbers else text


def _characters(values: Iterable[Value]) -> int:
    return sum(len(value) for _, value in values)


def _each_name(values: Iterable[Value]) -> Iterator[Value]:
    """Yield the values, and the names that stand together in one: 张伟、李四, 张伟（女）."""
    for kind, value in values:
        yield kind, value
        if kind is Kind.NAME and _MORE_THAN_A_NAME.search(value):
            alone = _without_brackets(value)
            yield from ((kind, name) for name in _BETWEEN_NAMES.split(alone))


def _without_brackets(name: str) -> str:
    """Return the name without what is in brackets, each up to the first that closes."""
    # Behind the last that closes none is looked for: each that opens there would look to the end.
    end = found.end() if (found := _LAST_CLOSING.match(name)) else 0
    return _IN_BRACKETS.sub("", name[:end]) + name[end:]


def _sought(kind: Kind, value: str) -> Iterator[tuple[Form, str]]:
    """Yield in which form a value is looked for; each further one ends with the one before.

    A landline is known without its area code too, an address without the divisions before it.
    """
    if kind is Kind.NAME:
        yield name_form, name_form(value)
    elif kind in {Kind.PHONE, Kind.IDENTITY}:
        digits = number_form(value)
        area = 3 if digits.startswith(("010", "02")) else 4
        if kind is Kind.PHONE and digits.startswith("0") and len(digits) - area >= _LOCAL_DIGITS:
            yield number_form, digits[area:]
        yield number_form, digits
    elif kind is Kind.CODE and not _is_common(number_form(value)):
        yield number_form, number_form(value)
    elif kind in {Kind.ADDRESS, Kind.PLACE} and not number_form(value).isdecimal():
        plain = squeeze(value)
        for each in (*tails(plain), plain):
            yield number_form, number_form(each)
    else:
        yield squeeze, squeeze(value)


def _is_common(code: str) -> bool:
    """Whether a code without its signs is like a date or a sum: 2026-0817 like 2026-08-17."""
    return len(code) < _CODE or (code.isdecimal() and len(code) <= _DATE_DIGITS)


@lru_cache(CHARACTERS_CACHED)
def _formed(form: Form, character: str) -> str:
    return form(character)


def _replaced(text: str, secret: Secret) -> str:
    """Replace the secret wherever it stands, each time with all that is between its characters."""
    letters = [
        (letter, place) for place, each in enumerate(text) for letter in _formed(secret.form, each)
    ]
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
