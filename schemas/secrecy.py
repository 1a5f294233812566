"""The secrecy gate: what carries a mark, or is on the no-sharing list, is refused whole. Pure.

Guidance 二(一)1, last sentence: what the law on secrets does not let a township have is not shared.
The gate stands at the connector, over the document as it came, before anything of it is kept; and
at the exchange, over the decoded message. A refusal names the path, never the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final

from schemas.errors import Refusal
from schemas.json_form import shown_name
from schemas.messages import Message
from schemas.parts import Secrecy
from schemas.secrecy_text import (
    Spelt,
    fold,
    folding,
    harmless_pattern,
    keyword_pattern,
    mark_pattern,
    raw_forms,
    title_pattern,
    without,
)
from schemas.topics import BY_SNAKE, RECORDS

# 《保守国家秘密法》第十四条: the three levels. A rulebook may add to them and leaves out none.
LEVELS: Final = ("绝密", "机密", "秘密")
TITLES: Final = frozenset({"title", "name", "file_name"})  # fields in which separators set apart

_OLD: Final = "機絕絶祕級長⻓為爲個兩啟啓業"
_MODERN: Final = "机绝绝秘级长长为为个两启启业"
PATH_MAX: Final = 200  # characters; of one that is longer its end
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_]{0,64}")


@dataclass(frozen=True, slots=True)
class Marks:
    """How a mark is written. Without a rulebook's own these stand: the gate is never open."""

    words: tuple[str, ...] = LEVELS
    suffixes: tuple[str, ...] = ("级", "件", "文件")  # 机密级
    labels: tuple[str, ...] = ("密级",)  # 密级：机密
    brackets: tuple[str, ...] = ("()", "[]", "【】", "〔〕", "〖〗", "{}")
    stars: str = "★☆⭐"
    harmless: tuple[str, ...] = ("商业秘密", "工作秘密")
    # The old forms of the characters above and of a term's (長期, 個月).
    variants: tuple[tuple[str, str], ...] = tuple(zip(_OLD, _MODERN, strict=True))


@dataclass(frozen=True, slots=True)
class Barred:
    """One entry of the no-sharing list. It bars what meets all that it names."""

    id: str
    what: str
    basis: str
    keywords: tuple[str, ...] = ()  # one of them is in a text
    categories: tuple[str, ...] = ()  # of a copy or circular (schemas/sharing.py ContentCategory)
    records: tuple[str, ...] = ()  # snake_case; none: of whatever record
    line: int = 0


@dataclass(frozen=True, slots=True)
class NoSharing:
    """no_sharing.toml of a rulebook."""

    marks: Marks = field(default_factory=Marks)
    barred: tuple[Barred, ...] = ()


class Gate:
    """The list, compiled. Make it once for a rulebook: that takes about 0.1 s."""

    __slots__ = ("_barred", "_harmless", "_hint", "_mark", "_spelt", "_table", "_title", "_word")

    def __init__(self, no_sharing: NoSharing) -> None:
        marks = no_sharing.marks
        self._table = folding(marks.variants)
        # As a rulebook may write them: 機密級 is looked for in folded texts.
        marked, suffixes, labels, harmless = (
            tuple(map(self._folded, each))
            for each in (marks.words, marks.suffixes, marks.labels, marks.harmless)
        )
        self._word = keyword_pattern(marked)
        self._mark = mark_pattern(marked, suffixes, labels, marks.brackets, marks.stars)
        self._title = title_pattern(marked, suffixes, marks.brackets)
        self._harmless = harmless_pattern(harmless)
        self._barred = tuple(
            (entry, keyword_pattern(self._folded(word) for word in entry.keywords))
            for entry in no_sharing.barred
        )
        listed = (word for each in no_sharing.barred for word in each.keywords)
        words = sorted({self._folded(word) for word in (*marks.words, *listed)})
        spelt = {each: sorted(raw_forms(each, marks.variants)) for word in words for each in word}
        lasts = sorted({form for word in words for form in spelt[word[-1]]})
        self._hint = re.compile("[" + "".join(map(re.escape, lasts)) + "]")
        self._spelt = Spelt(tuple(spelt[each] for each in reversed(word)) for word in words)

    def may_carry(self, raw: bytes) -> bool:
        """Whether UTF-8 bytes hold all characters of a mark or barred word; False is certain."""
        return self._spelt.may_be_in(raw)

    def in_bytes(self, raw: bytes) -> bool:
        """Whether a mark's word or a barred one stands anywhere in bytes that cannot be decoded.

        Where the parts of a message cannot be told apart, any place may be a line of its own.
        """
        if not self.may_carry(raw):
            return False
        folded = self._folded(raw.decode("utf-8", "replace"))
        return self._word.search(without(self._harmless, folded)) is not None or any(
            entry.keywords and pattern.search(folded) for entry, pattern in self._barred
        )

    def bars(self, record: str | None, category: str | None) -> str | None:
        """Return the id of the entry that bars the whole category, or None."""
        for entry, _ in self._barred:
            if entry.categories and not entry.keywords and _applies(entry, record, category):
                return entry.id
        return None

    def text(
        self, text: str, path: str, record: str | None = None, category: str | None = None
    ) -> Refusal | None:
        """Judge one text at its path."""
        if self._hint.search(text) is None:
            return None
        folded = self._folded(text)
        for entry, pattern in self._barred:
            found = entry.keywords and _applies(entry, record, category) and pattern.search(folded)
            if found:
                return Refusal("secrecy.listed", where=path, detail=entry.id)
        visible = without(self._harmless, folded)
        is_title = path.rpartition(".")[2] in TITLES
        if self._mark.search(visible) or (is_title and self._title.search(visible)):
            return Refusal("secrecy.marked", where=path)
        return None

    def _folded(self, text: str) -> str:
        return fold(text, self._table)


def marked(message: Message, gate: Gate, body: bytes | None = None) -> Refusal | None:
    """Return why a decoded message may not travel, or None.

    `body`, the bytes that it was decoded from, only makes it faster. Refusals:
    secrecy.may_not_travel, secrecy.listed, secrecy.marked.
    """
    if message.envelope.secrecy is not Secrecy.NONE:
        return Refusal("secrecy.may_not_travel", where="envelope.secrecy")
    record = RECORDS[type(message).__name__].snake
    category = getattr(message, "category", None)
    entry = gate.bars(record, category)
    if entry is not None:
        return Refusal("secrecy.listed", where="category", detail=entry)
    if body is not None and not gate.may_carry(body):
        return None
    return _texts(message, gate, record, category)


def marked_document(document: object, gate: Gate, record: str | None = None) -> Refusal | None:
    """Return why parsed JSON may not travel, whatever else is wrong with it, or None.

    `record` is the snake_case name where the caller knows it; else the document may say it.
    """
    members = document if isinstance(document, dict) else {}
    envelope = members.get("envelope")
    inner = envelope if isinstance(envelope, dict) else {}
    for path, level in (
        ("envelope.secrecy", inner.get("secrecy")),
        ("secrecy", members.get("secrecy")),
    ):
        if level not in (None, Secrecy.NONE.value):
            return Refusal("secrecy.may_not_travel", where=path)
    named = (record, members.get("record"), inner.get("record"))
    known = next((snake for name in named if (snake := _snake(name)) is not None), None)
    category = members.get("category")
    category = category if isinstance(category, str) else None
    entry = gate.bars(known, category)
    if entry is not None:
        return Refusal("secrecy.listed", where="category", detail=entry)
    return _texts(document, gate, known, category)


def marked_name(name: str, gate: Gate) -> Refusal | None:
    """Return why a file of that name may not travel, or None. The place is not named again."""
    refusal = gate.text(name, "file_name")
    return None if refusal is None else Refusal(refusal.code, detail=refusal.detail)


def _texts(value: object, gate: Gate, record: str | None, category: str | None) -> Refusal | None:
    for path, text in _strings(value):
        refusal = gate.text(text, path, record, category)
        if refusal is not None:
            return refusal
    return None


def _applies(entry: Barred, record: str | None, category: str | None) -> bool:
    """An entry that is limited to records applies where nobody knows the record: withhold."""
    return (not entry.records or record is None or record in entry.records) and (
        not entry.categories or category in entry.categories
    )


def _snake(name: object) -> str | None:
    if not isinstance(name, str):
        return None
    found = RECORDS.get(name) or BY_SNAKE.get(name)
    return found.snake if found else None


def _strings(value: object) -> Iterator[tuple[str, str]]:
    """Yield every text of a message or of JSON with its path, in order; no depth is too deep."""
    stack = [iter([("", value)])]  # of what is open, what is still to come: no path before its turn
    while stack:
        for path, part in stack[-1]:
            if isinstance(part, Enum):
                continue
            if isinstance(part, str):
                yield path or "$", part
            elif isinstance(part, tuple | list | dict) or is_dataclass(part):
                stack.append(_parts(path, part))
                break
        else:
            stack.pop()


def _parts(path: str, whole: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - what holds others
    """Yield the parts of a list, an object or a record, and what an object's keys may tell."""
    path = path[-PATH_MAX:]
    prefix = f"{path}." if path else ""
    if isinstance(whole, tuple | list):
        yield from ((f"{path}[{index}]", part) for index, part in enumerate(whole))
    elif isinstance(whole, dict):
        yield from ((f"{prefix}?", key) for key in whole if not _PLAIN_KEY.fullmatch(key))
        yield from ((prefix + shown_name(key), part) for key, part in whole.items())
    else:
        yield from ((prefix + name, getattr(whole, name)) for name in _names(whole.__class__))


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls))
