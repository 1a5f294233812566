"""The documents of a scenario: the step's body over the record's example, the rest filled in.

What a scenario leaves out is filled as the sender's clerk would: its own officers, a document
number of its own that is free, its addressees without itself, what the message answers. A key
given as null is left out, so that a refusal can be provoked.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from schemas.avro_reader import CLASSES
from schemas.describe import describe
from schemas.document_number import normal_document_number
from schemas.ids import OrganCode
from schemas.load import default_example
from schemas.topics import Record
from services.rulebook.model import Directory, RegisteredOfficer

OFFICERS_FILLED: Final = 2  # hand over a transfer (guidance 二(二)2)
Resolve = Callable[[str, str], str]  # text of an organ, its path → its code


def document_of(record: Record, body: Mapping[str, Any], resolve: Resolve) -> dict[str, Any]:
    """Return the example with the body laid over it; organs by code, numbers as texts where due."""
    owed = frozenset(path.path for path in describe(record.name).paths if path.required)
    merged = _over(default_example(record.snake), fitted(record.cls, body, resolve), "", owed)
    document: dict[str, Any] = merged
    document.setdefault("envelope", {})
    return document


def fitted(kind: Any, value: Any, resolve: Resolve, where: str = "") -> Any:  # noqa: ANN401 - a type, plain values
    """Return plain values with organs named by their code and text fields as text."""
    kind = _bare(kind)
    if isinstance(value, dict):
        known = _fields(kind)
        return {
            key: fitted(known.get(key), each, resolve, f"{where}.{key}".lstrip("."))
            for key, each in value.items()
        }
    if isinstance(value, list):
        inner = get_args(kind)[0] if get_origin(kind) is tuple else None
        return [fitted(inner, each, resolve, f"{where}[{i}]") for i, each in enumerate(value)]
    if kind is OrganCode and isinstance(value, str):
        return resolve(value, where)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and kind is not int and kind is not None else value


def officers_of(
    directory: Directory, sender: OrganCode, on: date, named: Sequence[Any] | None
) -> list[Any]:
    """Return the sender's first officers whose certificate is valid, or those that are named.

    A name or a certificate number alone stands for the whole entry; what is an entry stays.
    """
    own = [each for each in directory.officers.values() if each.organ == sender]
    if named is None:
        valid = sorted((o for o in own if o.valid_to >= on), key=lambda each: each.certificate)
        return [_officer(each) for each in valid[:OFFICERS_FILLED]]
    by_text = {text: each for each in own for text in (each.name, each.certificate)}
    return [_officer(by_text[each]) if each in by_text else each for each in map(_key, named)]


def free_number(example: str, on: date, taken: frozenset[str]) -> str:
    """Return the example's number, of the year, or the next one that is free."""
    series, _, rest = example.partition("〔")
    _, _, tail = rest.partition("〕")
    count = int(tail.removesuffix("号"))
    while (number := f"{series}〔{on.year}〕{count}号") in taken:
        count += 1
    return number


def numbers_given(body: Mapping[str, Any]) -> str | None:
    """Return the document number that a body names, in its one form."""
    envelope = body.get("envelope")
    given = envelope.get("document_number") if isinstance(envelope, Mapping) else None
    return normal_document_number(given) if isinstance(given, str) else None


def _over(base: Any, changes: Any, path: str, owed: frozenset[str]) -> Any:  # noqa: ANN401 - plain values
    """Lay changes over the base: keys one by one, lists whole; null takes a key away."""
    if isinstance(changes, dict):
        result = dict(base) if isinstance(base, dict) else {}
        for key, value in changes.items():
            result[key] = _over(result.get(key), value, f"{path}.{key}".lstrip("."), owed)
        return {key: value for key, value in result.items() if value is not None}
    if isinstance(changes, list):
        examples = base if isinstance(base, list) else []
        return [_element(examples, i, each, f"{path}[]", owed) for i, each in enumerate(changes)]
    return changes


def _element(
    examples: list[Any],
    index: int,
    given: Any,  # noqa: ANN401 - plain values
    path: str,
    owed: frozenset[str],
) -> Any:  # noqa: ANN401 - plain values
    """Return an entry of a list; of what it leaves out, what a sender owes is the example's."""
    example = examples[min(index, len(examples) - 1)] if examples else None
    if not isinstance(given, dict) or not isinstance(example, dict):
        return given
    filled = {key: value for key, value in example.items() if f"{path}.{key}" in owed}
    if "number" in filled:
        filled["number"] = index + 1
    return _over(filled, given, path, owed)


def _officer(officer: RegisteredOfficer) -> dict[str, str]:
    return {
        "name": officer.name,
        "organ": officer.organ,
        "certificate": officer.certificate,
    }


def _key(given: Any) -> Any:  # noqa: ANN401 - plain values
    return str(given) if isinstance(given, int) else given


def _bare(kind: Any) -> Any:  # noqa: ANN401 - a type
    """Return T of `T | None`."""
    if get_origin(kind) in (Union, UnionType):
        return next(each for each in get_args(kind) if each is not type(None))
    return kind


@cache
def _fields(kind: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a type
    return get_type_hints(kind) if kind in CLASSES.values() else {}
