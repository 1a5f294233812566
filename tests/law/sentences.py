"""The sentences of the guidance that this product answers for, each under its own number.

guidance.txt keeps the text, 二(一) to 三(三) and the three annexes, as it was issued; guidance.toml
divides it. `二(二)2·1` is the first sentence of paragraph 2 of 二(二), `二(二)2` its heading.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TEXT: Final = Path(__file__).with_name("guidance.txt")
DIVIDED: Final = Path(__file__).with_name("guidance.toml")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, one item of a list, or one line of an annex."""

    id: str
    text: str


def sentences() -> tuple[Sentence, ...]:
    """Return all of them in the order of the text."""
    table = tomllib.loads(DIVIDED.read_text(encoding="utf-8"))
    return tuple(Sentence(entry["id"], entry["text"]) for entry in table["sentence"])


def left_out(divided: Iterable[Sentence], text: str) -> str:
    """Return the text from where the sentences part from it; empty when they are all of it."""
    joined = "".join(sentence.text for sentence in divided)
    whole = text.replace("\n", "")
    if joined == whole:
        return ""
    pairs = zip(joined, whole, strict=False)
    same = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(joined), len(whole)))
    return whole[same:] or joined[same:]
