"""What somebody asks to be shown of a message: does its copy hide it, by which row, of what class.

Pure. What is opened is the sealed value itself, of which nothing can be taken out. So a text that
tells who complained counts as of that class too, whatever its own is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.classes import FieldClass
from schemas.parts import Relation
from services.confidentiality.places import NOWHERE
from services.confidentiality.redact import Redacted, Redaction, Redactor
from services.rulebook.model import Clearance, Clearances, Treatment

_FILE: Final = "clearances.csv"
_POSITION: Final = re.compile(r"\[\d+\]")
_BOUNDARY: Final = (".", "[")
_PART_BEGINS: Final = re.compile(r"[.\[]")
ANYBODY: Final = Relation.HANDLER  # whom TELLING speaks of, and of nobody else
# By this table everything is kept but who complained: what it hides is what tells that.
TELLING: Final = Redaction(
    Clearances(
        tuple(
            Clearance(
                ANYBODY,
                each,
                None,
                Treatment.WITHHOLD if each is FieldClass.COMPLAINANT else Treatment.KEEP,
                "",
            )
            for each in FieldClass
        )
    ),
    NOWHERE,
)


@dataclass(frozen=True, slots=True)
class Classed:
    """A field of the contract, and its class."""

    path: str  # without positions: `parties[].phone`
    field_class: FieldClass | None  # None: no row of the clearances speaks of it


@dataclass(frozen=True, slots=True)
class Asked:
    """One path that is asked for."""

    path: str  # empty where it is not hidden: what is no path of the message is not repeated
    withheld_by: str | None = None  # the row that hides it, `clearances.csv:41`; None: none does
    withheld_basis: str | None = None
    classes: tuple[Classed, ...] = ()  # of all that would be opened

    @property
    def is_hidden(self) -> bool:
        """Whether it is there, and the copy does not show it."""
        return self.withheld_by is not None


@dataclass(frozen=True, slots=True)
class Asking:
    """What is known of the paths of a request, or of an answer to one."""

    fields: tuple[Asked, ...] = ()
    is_erased: bool = False  # the original opens no more
    is_too_large: bool = False  # for one message


@dataclass(frozen=True, slots=True)
class Held:
    """What the asker holds: the copy by its relation of then, and what of it tells too much."""

    redactor: Redactor
    copy: Redacted[Any]
    telling: Redacted[Any]  # by TELLING
    searched: Clearance | None  # the row by which the texts of that relation are searched


def asked(paths: Sequence[str], leaves: Iterable[str], held: Held) -> tuple[Asked, ...]:
    """Return what is to be known of each path.

    `leaves` are those of the original that lie at and below the paths.
    """
    within: dict[str, list[str]] = {path: [] for path in paths}
    for leaf in leaves:
        for whole in _wholes(leaf):
            if whole in within:
                within[whole].append(leaf)
    telling = _Places(_listed(held.telling))
    return tuple(_asked(path, within[path], held, telling) for path in paths)


def contract_path(path: str) -> str:
    """Return a path as contracts write it, without positions."""
    return _POSITION.sub("[]", path)


def is_within(path: str, whole: str) -> bool:
    """Whether the path is the whole, or a part of it."""
    return path == whole or path.startswith(tuple(whole + sign for sign in _BOUNDARY))


def _asked(path: str, opened: Sequence[str], held: Held, telling: "_Places") -> Asked:
    hiding = next((each for each in _listed(held.copy) if _touches(path, each)), None)
    if not opened or hiding is None:
        return Asked("")
    row = held.redactor.rules.get(contract_path(hiding))
    if row is not None and row.treatment is Treatment.KEEP:  # a text of which something is hidden
        row = held.searched
    classes = dict.fromkeys(each for leaf in opened for each in _classes(leaf, held, telling))
    return Asked(
        path,
        withheld_by=f"{_FILE}:{row.line}" if row else _FILE,
        withheld_basis=row.basis if row else None,
        classes=tuple(classes),
    )


def _classes(leaf: str, held: Held, telling: "_Places") -> Iterator[Classed]:
    """Yield the classes of a leaf and of whatever it lies in."""
    names = contract_path(leaf).split(".")
    for end in range(1, len(names) + 1):
        path = ".".join(names[:end]).removesuffix("[]")
        if path in held.redactor.rules:  # what is not there is public, and shown to everybody
            row = held.redactor.rules[path]
            yield Classed(path, row.field_class if row else None)
    if telling.touch(leaf):
        yield Classed(contract_path(leaf), FieldClass.COMPLAINANT)


class _Places:
    """Paths, and whether another touches one of them: a letter may have thousands of both."""

    __slots__ = ("_above", "_paths")

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._above = frozenset(whole for path in self._paths for whole in _wholes(path))

    def touch(self, path: str) -> bool:
        """Whether one of them is the path, leads to it, or is a part of it."""
        return path in self._above or any(whole in self._paths for whole in _wholes(path))


def _wholes(path: str) -> Iterator[str]:
    """Yield the path, and all that it is a part of (`is_within`)."""
    yield path
    yield from (path[: found.start()] for found in _PART_BEGINS.finditer(path))


def _listed(copy: Redacted[Any]) -> tuple[str, ...]:
    return (*copy.withheld, *copy.masked)


def _touches(path: str, other: str) -> bool:
    """Whether one of the paths is the other, or leads to it."""
    return is_within(path, other) or is_within(other, path)
