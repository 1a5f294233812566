"""The default example of a record with changes, judged for its lawful form."""

import json
import re
from typing import Any

from schemas.checks import lawful_form
from schemas.document import read
from schemas.errors import Refusal, texts
from schemas.ids import BUS
from schemas.load import default_example
from schemas.topics import BY_SNAKE, Author
from tests.any_message import SENDER, envelope_defaults

Document = dict[str, Any]


def _set(document: Document, path: str, value: object) -> None:
    """Put a value at `violations[0].place`; `...` takes the key away."""
    holder: Any = document
    *steps, last = re.findall(r"[^.\[\]]+", path)
    for step in steps:
        holder = holder[int(step) if step.isdigit() else step]
    if value is ...:
        del holder[last]
    elif last == "+":
        holder.append(value)
    else:
        holder[int(last) if last.isdigit() else last] = value


def judged(snake: str, **changes: object) -> Refusal | None:
    """Judge the default example with changes, by path."""
    document = default_example(snake)
    by_bus = BY_SNAKE[snake].author is Author.BUS
    sender = (
        BUS if by_bus else (document["envelope"].get("officers") or [{"organ": SENDER}])[0]["organ"]
    )
    for path, value in changes.items():
        _set(document, path, value)
    answer = read(snake, json.dumps(document).encode(), envelope_defaults(snake, sender))
    assert not isinstance(answer, Refusal), answer
    return lawful_form(answer)


def assert_refused(refusal: Refusal | None, code: str, where: str) -> None:
    assert refusal is not None
    assert (refusal.code, refusal.where) == (code, where)
    assert code in texts()
