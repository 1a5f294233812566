"""One document as two recipients hold it, side by side: who sees what, by its relation. Pure.

It is the supervisor's assignment of a held message. It tells of somebody who telephoned: the
handler sees the number; the sender of the case, who has no need of it, does not (guidance 二(一)3;
rulebook, clearances.csv).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.cli.demo_letter_words import CALLER
from services.cli.demo_scenarios import FOLDER_DEPARTMENT
from services.cli.demo_setting import Document

SHOWN: Final = "RoutingAssignment"
_KEPT, _WITHHELD, _MASKED = "kept", "withheld", "masked"
_OF_THE_COPY: Final = ("envelope.delivery", "envelope.seal")  # each copy has its own


@dataclass(frozen=True, slots=True)
class Held:
    """One recipient's copy: what it may see of each path."""

    alias: str
    relation: str
    withheld: tuple[str, ...]
    masked: tuple[str, ...]
    leaves: Mapping[str, str]

    def mark(self, path: str) -> str:
        """Whether the path is kept, masked or withheld; what is withheld has paths below it."""
        if any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in self.withheld):
            return _WITHHELD
        return _MASKED if path in self.masked else _KEPT


@dataclass(slots=True)
class Sides:
    """The copies of messages that several agencies of the demo got."""

    copies: dict[str, dict[str, Document]]  # message id → alias → its copy

    def arrived(self, alias: str, document: Document) -> None:
        """Note a copy of the record that is shown."""
        envelope = document["envelope"]
        if envelope["record"] == SHOWN:
            self.copies.setdefault(envelope["message_id"], {})[alias] = document

    def pair(self) -> tuple[Held, Held] | None:
        """Return the handler's copy and another's of the first message that two hold."""
        for holders in self.copies.values():
            others = [alias for alias in holders if alias != FOLDER_DEPARTMENT]
            if FOLDER_DEPARTMENT in holders and others:
                of_handler, of_other = holders[FOLDER_DEPARTMENT], holders[others[0]]
                return _held(FOLDER_DEPARTMENT, of_handler), _held(others[0], of_other)
        return None


def paths(left: Held, right: Held) -> Iterator[str]:
    """Yield every path that one of the two has, or that was withheld from one, in order."""
    known = (*left.leaves, *right.leaves, *left.withheld, *right.withheld)
    yield from dict.fromkeys(known)


def wrong_sides(pair: tuple[Held, Held] | None) -> str:
    """Return what is wrong with the two copies; "" when all is right."""
    if pair is None:
        return f"no {SHOWN} reached two recipients"
    handler, other = pair
    if handler.withheld or handler.masked or CALLER not in handler.leaves.get("reason", ""):
        return f"{handler.alias} handles the case and does not see all of it"
    shown = [path for path, value in other.leaves.items() if CALLER in value]
    if shown:
        return f"{other.alias} ({other.relation}) sees the caller's number in {shown[0]}"
    if "reason" not in (*other.masked, *other.withheld):
        return f"{other.alias} ({other.relation}) is not told that the reason was changed"
    return ""


def _held(alias: str, document: Document) -> Held:
    delivery = document["envelope"]["delivery"]
    return Held(
        alias=alias,
        relation=delivery["relation"],
        withheld=tuple(delivery["withheld"]),
        masked=tuple(delivery["masked"]),
        leaves=dict(_leaves(document, "")),
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    if path in _OF_THE_COPY or value is None:
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _leaves(each, f"{path}[{at}]")
    else:
        yield path, str(value)
