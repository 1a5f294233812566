"""What a mark of secrecy looks like in a text, compiled from the rulebook's words. Pure.

A mark is the word alone on its line, in brackets, after 密级：, or with ★ and a term; in a title or
a file name also the word between separators. 商业秘密 and 保密 are none. A text is folded first:
full-width forms, old characters and invisible ones, wherever they stand, do not hide a mark, nor
do blanks or other signs between its characters (机 密, 機密).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Final

from schemas.stream_safe import nfkc
from schemas.unseen import BRAILLE_BLANK, UNSEEN

# Line ends of every kind, so that `^` and `$` see them.
_BREAKS: Final = dict.fromkeys(map(ord, "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), "\n")
_BETWEEN: Final = r"[\W_]{0,8}"  # between the characters of a word; no more hide it
_BLANKS: Final = r"[^\S\n]{0,8}"
_SIGNS: Final = r"(?:[^\w\n]|_)"
_SEPARATORS: Final = r"\s_\-—–·.,:;、|+=~#&/@"
_TERM: Final = r"(?:长期|[0-9\u3007零一二两三四五六七八九十百]{1,5}(?:个月|年|月|日|天)|启[用封]前)"
_INERT: Final = "物"  # stands for a harmless word: neither a mark nor a separator
# What folds at all lies here: above are ideographs, of which the last named range is compatible.
_FOLDING: Final = (range(0x3400), range(0xA000, 0xAC00), range(0xF900, 0x20000))
_COMPATIBILITY: Final = range(0x2F800, 0x2FA20)


def folding(variants: Iterable[tuple[str, str]]) -> Mapping[int, str | None]:
    """Return what `fold` changes, in one table: each pass costs as much as all the rest."""
    return {**_plain(), **{ord(old): new for old, new in variants}}


def fold(text: str, table: Mapping[int, str | None]) -> str:
    """Return the text in one form: NFKC, one kind of line end, modern characters, small letters.

    What nobody sees is gone.
    """
    return nfkc(text).translate(table).lower()


def raw_forms(character: str, variants: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """Return every character whose folded form holds the (folded) character."""
    olds = {old for old, new in variants if new == character}
    forms = {character, character.upper(), *olds}
    for form in tuple(forms):
        forms |= _foldings().get(form, frozenset())
    return frozenset(forms)


def keyword_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds any of the words in a folded text."""
    return re.compile("|".join(_spelt(word, _BETWEEN) for word in words))


def harmless_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the words that only look like marks; never across a line end."""
    return re.compile("|".join(_spelt(word, _BLANKS) for word in words) or r"(?!)")


def without(harmless: re.Pattern[str], folded: str) -> str:
    """Return a folded text with the harmless words put out of sight."""
    return harmless.sub(_INERT, folded)


def mark_pattern(
    words: Iterable[str],
    suffixes: Iterable[str],
    labels: Iterable[str],
    brackets: Iterable[str],
    stars: str,
) -> re.Pattern[str]:
    """Return what finds a mark in any text, folded and without harmless words."""
    word = _word(words, suffixes)
    label = "|".join(_spelt(each, _BLANKS) for each in labels)
    opens = "".join(re.escape(pair[0]) for pair in brackets)
    closes = "".join(re.escape(pair[1]) for pair in brackets)
    star = f"[{re.escape(stars)}]"
    forms = (
        rf"^{_SIGNS}*+{word}(?:{_SIGNS}*+{_TERM})?+{_SIGNS}*+$",
        rf"[{opens}]{_SIGNS}{{0,8}}{word}(?:{_SIGNS}{{0,8}}{_TERM})?{_SIGNS}{{0,8}}[{closes}]",
        rf"{word}(?:{star}|{_BLANKS}(?:{star}|\*){_BLANKS}{_TERM})",
        rf"(?:{label})(?:{_BLANKS}[:为是]{_BLANKS}|[^\S\n]{{1,8}}){word}",
    )
    return re.compile("|".join(forms), re.MULTILINE)


def title_pattern(
    words: Iterable[str], suffixes: Iterable[str], brackets: Iterable[str]
) -> re.Pattern[str]:
    """Return what finds a mark between the separators of a title or a file name.

    Brackets separate, whichever way they open: a second download is 机密(1).pdf.
    """
    word = _word(words, suffixes)
    apart = f"[{_SEPARATORS}{re.escape(''.join(brackets))}]"
    return re.compile(rf"(?:^|{apart}){word}(?:{apart}{{0,4}}{_TERM})?(?:{apart}|$)")


def _word(words: Iterable[str], suffixes: Iterable[str]) -> str:
    spelt = "|".join(_spelt(word, _BETWEEN) for word in words)
    endings = "|".join(_spelt(suffix, _BLANKS) for suffix in suffixes)
    return rf"(?:{spelt})(?:{_BLANKS}(?:{endings}))?"


def _spelt(word: str, between: str) -> str:
    return between.join(re.escape(character) for character in word)


@cache
def _plain() -> Mapping[int, str | None]:
    """Return what folds without a rulebook: line ends and blanks to one kind, unseen to nothing."""
    return {**dict.fromkeys(UNSEEN), **_BREAKS, BRAILLE_BLANK: " "}


@cache
def _foldings() -> Mapping[str, frozenset[str]]:
    """Return folded character → the characters that NFKC or small letters make it of."""
    found: dict[str, set[str]] = {}
    for code in chain(*_FOLDING, _COMPATIBILITY):
        raw = chr(code)
        if unicodedata.decomposition(raw) or raw != raw.lower():
            for character in fold(raw, _plain()):
                found.setdefault(character, set()).add(raw)
    return {character: frozenset(raws) for character, raws in found.items()}


class Spelt:
    """Words, of each every character in all the forms that it may have; the rarest first.

    A look without a generator a character: every message is looked through, as bytes.
    """

    __slots__ = ("_is_wide", "_words")

    def __init__(self, words: Iterable[Sequence[Sequence[str]]]) -> None:
        self._words = tuple(
            tuple(tuple(form.encode() for form in forms) for forms in word) for word in words
        )
        # Whether each word has a character that no ASCII spells: ids and digests need no look.
        self._is_wide = all(
            any(not any(map(bytes.isascii, forms)) for forms in word) for word in self._words
        )

    def may_be_in(self, raw: bytes) -> bool:
        """Whether all characters of one of the words stand somewhere in UTF-8 bytes."""
        if self._is_wide and raw.isascii():
            return False
        for word in self._words:
            for forms in word:
                for form in forms:
                    if form in raw:
                        break
                else:
                    break  # this character is not there
            else:
                return True
        return False
