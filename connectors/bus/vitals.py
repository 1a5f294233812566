"""How a connector is, as its health pages tell it: pure but for the clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.health import Health
from connectors.bus.inbox_read import CODE as MISSED

STUCK_SECONDS_MAX: Final = 600.0  # a loop without a turn for so long: not live
SPOOLED_SECONDS_MAX: Final = 300.0  # something waits longer to be published: not ready
LOOPS: Final = ("take", "publish", "read")


def _now_each() -> dict[str, float]:
    return dict.fromkeys(LOOPS, monotonic())


@dataclass(slots=True)
class Vitals:
    """What the loops of one connector note, and what follows from it."""

    failing: dict[str, str] = field(default_factory=dict)  # what is away → its code
    kept: int = 0  # in the quarantine
    missed: int = 0  # of the inbox, gone before they were read
    unfit: int = 0  # attachments that could not be handed over
    silent: int = 0  # letters of which the bus has said nothing for long
    oldest_seconds: float = 0.0  # of what waits to be published
    unread: Callable[[], tuple[tuple[str, str], ...]] = tuple  # files of the home, half copied
    _turns: dict[str, float] = field(default_factory=_now_each)
    _is_open: bool = False

    def opened(self) -> None:
        """Broker, ledger and the agency's system are open; the loops begin."""
        self._turns = _now_each()
        self._is_open = True

    def turned(self, loop: str) -> None:
        """A loop begins its next turn."""
        self._turns[loop] = monotonic()

    def live(self) -> Health:
        """Whether every loop turns."""
        stuck = (name for name, at in self._turns.items() if monotonic() - at > STUCK_SECONDS_MAX)
        return Health(tuple(f"stuck: {name}" for name in stuck))

    def started(self) -> Health:
        """Whether everything has been opened."""
        return Health() if self._is_open else Health(("starting",))

    def ready(self) -> Health:
        """Whether everything reaches its place: nothing is away, kept back or waiting for long."""
        reasons = [*self.started().reasons]
        reasons += [f"{name}: {code}" for name, code in self.failing.items()]
        reasons += [f"unread: {name} {code}" for name, code in self.unread()]
        if self.kept:
            reasons.append(f"quarantine: {self.kept}")
        if self.missed:
            reasons.append(f"{MISSED}: {self.missed}")
        if self.unfit:
            reasons.append(f"attachments: {self.unfit}")
        if self.silent:
            reasons.append(f"unanswered: {self.silent}")
        if self.oldest_seconds > SPOOLED_SECONDS_MAX:
            reasons.append(f"spool: {self.oldest_seconds:.0f} s")
        return Health(tuple(reasons))
