"""What a move is: who says what next in a case, what must come of it, and where it may be said.

A move that is lawful carries what it does to the judge's own books; an unlawful one carries the
code that it must be refused with. A new row of the table of steps, or a new code, is covered by
adding a move: until then the report names it as not taken.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Final, Protocol

from tests.simulation.affair import Affair, When, step

Then = Callable[[Affair, When], None]
ANY: Final = "any"


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter to be sent. `code`: what it is refused with; None: it stands."""

    record: str
    sender: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    reply: str | None = None
    then: Then | None = None
    code: str | None = None
    outcome: str = ""  # of the message: accepted or rejected, where nothing is said
    keep: tuple[str, ...] = ()  # texts that must stay as they are
    insist: str | None = None
    officers: tuple[Any, ...] | None = None
    number: str | None = None
    message_id: str | None = None
    raw: Any = None  # a message whose form is wrong, as it is
    where: Mapping[str, Any] = field(default_factory=dict)  # another topic, partition or key
    by: str | None = None  # who seals it, if not the sender
    value: bytes | None = None  # bytes that are no message
    defect: bool = False  # the law is made to fail at it
    advised: frozenset[tuple[str, str]] = frozenset()  # what is told with it, and to whom
    copies_to: frozenset[str] | None = None  # who must get a copy; None: not said


class Scene(Protocol):
    """What a move may look at besides its case."""

    rng: Random
    now: datetime

    def paper(self, affair: Affair, organ: str, *, mine: bool = False) -> tuple[str, str] | None:
        """Return (message, author) of a letter that the organ has got, of an organ's."""

    def new_number(self, sender: str) -> str:
        """Return a number that the organ has not used."""

    def new_party(self) -> int:
        """Return the number of a party that nobody knows yet."""

    def used_number(self, sender: str) -> str | None:
        """Return a number of the organ that stands on a decided message."""

    def is_later(self, partition: int, flow: str) -> bool:
        """Whether the second rulebook is in force there."""

    def is_due(self, affair: Affair, duty: Any) -> bool:
        """Whether the duty's day, by the judge's own calendar, is over."""

    def plan(self, affair: Affair, duty: Any) -> Any:
        """Return the duty's days by that calendar; None: they are not judged."""

    def decided_by(self, affair: Affair, duty: Any) -> datetime:
        """Return when the duty to decide the case falls due."""


Make = Callable[[Affair, Scene], Draft | None]


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that can be said in some states of some lives."""

    name: str
    lives: frozenset[str]
    states: frozenset[str]
    make: Make
    weight: int = 4

    def fits(self, affair: Affair) -> bool:
        """Whether it can be said where the case stands."""
        return (ANY in self.lives or affair.life in self.lives) and (
            (ANY in self.states and affair.state not in ("new", "held"))
            or affair.state in self.states
        )


MOVES: Final[list[Move]] = []


def move(lives: str, states: str, weight: int = 4) -> Callable[[Make], Make]:
    """Note a function as a move of these lives in these states, by names with blanks between."""

    def noted(make: Make) -> Make:
        name = make.__name__
        MOVES.append(Move(name, frozenset(lives.split()), frozenset(states.split()), make, weight))
        return make

    return noted


def steps(*names: str, state: str | None = None, **more: Any) -> Then:
    """Return what takes these steps one after another; the last leads into the state."""

    def then(affair: Affair, when: When) -> None:
        for name in names[:-1]:
            step(affair, name, when)
        step(affair, names[-1], when, state=state, **more)

    return then


def sign_first(affair: Affair, when: When) -> None:
    """A reply before the signing counts as the signing."""
    about = affair.current
    if affair.dispute is not None and affair.dispute.designation:
        about = affair.dispute.designation
    if affair.state == "issued":
        step(affair, "sign", when, about=about, state="received")
    elif affair.life in ("joint", "consultation"):
        if affair.open("sign_for", when.by, affair.opening):
            step(affair, "sign", when, about=affair.opening)
    elif affair.state == "designated" and affair.open("sign_for", affair.handler, about):
        step(affair, "sign", when, about=about)


def replying(*names: str, state: str | None = None, **more: Any) -> Then:
    """Return the same as `steps`, signed for first."""

    def then(affair: Affair, when: When) -> None:
        sign_first(affair, when)
        steps(*names, state=state, **more)(affair, when)

    return then


def other_than(scene: Scene, organs: Iterable[str], *but: str | None) -> str:
    """Return one of the organs, of which there must be one, that is none of those."""
    return scene.rng.choice([organ for organ in organs if organ not in but])
