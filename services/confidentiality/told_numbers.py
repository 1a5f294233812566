"""Telephone and identity numbers that no field holds: their form alone tells of them.

A text is looked at twice. 一 and ① are digits of a number (一三八…), but most often they are words
(无人接听一次) or count what follows (①138…), and then they neither belong to a number nor make it
longer. So numbers of Arabic digits are sought with these as words, and all numbers with them as
digits.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.stream_safe import nfkc
from schemas.unseen import UNSEEN, may_hold_unseen, without_unseen
from services.confidentiality.forms import IN_A_NUMBER, number_form
from services.confidentiality.kinds import Kind
from services.confidentiality.look_alikes import DECIMALS, DIGITS
from services.confidentiality.masks import masked
from services.confidentiality.places import NOWHERE

HIDDEN: Final = "****"
CHARACTERS_CACHED: Final = 2**16  # of texts that are looked through for numbers
# Of a text with plain digits, in which whatever may stand between them is a blank.
_GAP: Final = r" {0,3}"
_ABROAD: Final = rf"(?:(?:(?:\+|00){_GAP})?86{_GAP})?"
_WAVE: Final = " ?[~|] ?"  # only where it parts a number as people do: 13000~150000 is a sum
PHONE: Final = (
    rf"{_ABROAD}1{_GAP}[3-9](?:{_GAP}\d){{9}}"  # a mobile's
    rf"|{_ABROAD}0[1-9]\d{{1,2}}(?:{_GAP}\d){{7,8}}"  # a landline's, with its area code
    rf"|0 {{1,3}}[1-9](?: {{1,3}}\d){{8,10}}"  # the same, each digit for itself
    rf"|1[3-9]\d{_WAVE}\d{{4}}{_WAVE}\d{{4}}|0[1-9]\d{{1,2}}{_WAVE}\d{{7,8}}"
)
_DAY: Final = rf"(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}(?:0{_GAP}[1-9]|[12]{_GAP}\d|3{_GAP}[01])"
IDENTITY: Final = (
    rf"[1-9](?:{_GAP}\d){{16}}{_GAP}[\dx]"
    rf"|[1-9](?:{_GAP}\d){{7}}{_GAP}{_DAY}(?:{_GAP}\d){{3}}"  # of before 1999: 15 digits
)
NUMBERS: Final = re.compile(  # the first look is for speed
    rf"(?=[\d+])(?<!\d)(?:(?P<identity>{IDENTITY})|(?P<phone>{PHONE}))(?!\d)"
)
# Digits that may be words: raised, circled and bracketed ones, and Chinese ones.
_ROUND: Final = r"\u25cb\u25ef"
_WORDS: Final = (
    r"\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
    r"\u3007\u3220-\u3229\u3280-\u3289" + "".join(sorted(map(chr, DIGITS.keys() - DECIMALS.keys())))
)
_AS_WORDS: Final = re.compile(rf"[{_WORDS}]")
# Most texts have no ten digits with nothing but signs between; the whole form takes its time.
_SOME_DIGITS: Final = re.compile(rf"(?:[\d{_WORDS}](?:[^\w{_ROUND}]|_){{0,6}}){{10}}")


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a number stands in a text."""

    begin: int
    end: int
    kind: Kind
    shown: str  # what stands in its place


def has_number(text: str) -> bool:
    """Whether a telephone or identity number is in the text."""
    if _SOME_DIGITS.search(without_unseen(text)) is None:
        return False
    if NUMBERS.search(text.translate(_ARABIC)):  # as `_spaced` has it, but fast
        return True
    return bool(_AS_WORDS.search(text) and NUMBERS.search(text.translate(_PLAIN)))


def without_numbers(text: str) -> str:
    """Return the text with each such number masked."""
    arabic = _found(text, _ARABIC)
    phones = {span.begin for span in arabic if span.kind is Kind.PHONE}
    # The same number with the next word's digit as its own: 0858-5321234一直.
    plain = (
        span
        for span in _found(text, _PLAIN)
        if span.kind is not Kind.PHONE or span.begin not in phones
    )
    parts: list[str] = []
    done = 0
    for span in _joined((*arabic, *plain)):
        parts += (text[done : span.begin], span.shown)
        done = span.end
    return "".join((*parts, text[done:]))


class _Letters(dict[int, str]):
    """What stands for a character when numbers are looked for, by its code; empty: not seen."""

    def __init__(self, *, words: bool) -> None:
        """`words`: what may be a word is no digit."""
        super().__init__()
        self._words = words

    def __missing__(self, code: int) -> str:
        """Find it, and remember it."""
        found = _letters(chr(code), words=self._words)
        if len(self) < CHARACTERS_CACHED:
            self[code] = found
        return found


_ARABIC: Final = _Letters(words=True)
_PLAIN: Final = _Letters(words=False)


def _letters(character: str, *, words: bool) -> str:
    if ord(character) in UNSEEN:  # as it stands: some are letters once they are small
        return ""
    if words and unicodedata.category(character) in {"No", "Nl"}:  # ①, ⑴, ²
        return character
    plain = nfkc(character).casefold()
    return "".join(
        " " if letter.isspace() or (letter != "+" and IN_A_NUMBER.match(letter)) else letter
        for letter in (plain.translate(DECIMALS) if words else plain.translate(DIGITS))
        if ord(letter) not in UNSEEN
    )


def _found(text: str, letters: _Letters) -> list[_Span]:
    spaced, places = _spaced(text, letters)
    return [
        _Span(places[found.start()], places[found.end() - 1] + 1, *_number(found))
        for found in NUMBERS.finditer(spaced)
    ]


def _spaced(text: str, letters: _Letters) -> tuple[str, Sequence[int]]:
    """Return the text with plain digits and a blank for each sign between, and where each was."""
    plainly = text.translate(letters)
    if len(plainly) == len(text) and not may_hold_unseen(text):  # nothing lost, nothing longer
        return plainly, range(len(text))
    spaced: list[str] = []
    places: list[int] = []
    for place, each in enumerate(text):
        plain = letters[ord(each)]
        spaced.append(plain)
        places += [place] * len(plain)
    return "".join(spaced), places


def _number(found: re.Match[str]) -> tuple[Kind, str]:
    kind = Kind.IDENTITY if found["identity"] else Kind.PHONE
    return kind, masked(kind, number_form(found[0]).upper(), NOWHERE) or HIDDEN


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Return the spans in order; of those that overlap the longer, or both as one."""
    joined: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.begin, -span.end)):
        last = joined[-1] if joined else None
        if last is None or span.begin >= last.end:
            joined.append(span)
        elif span.end > last.end:
            joined[-1] = _Span(last.begin, span.end, last.kind, HIDDEN)
    return joined
