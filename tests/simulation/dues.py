"""What each record of the log must become, as the judge takes it down when it is sent."""

from dataclasses import dataclass
from datetime import datetime

from services.exchange.incoming import Incoming
from tests.simulation.affair import Affair

Place = tuple[str, int]
Sent = tuple[str, bytes | None, bytes | None]  # topic, key, value


@dataclass(slots=True)
class Due:
    """What a record must become. `outcome`: as the casebook's rows name it."""

    incoming: Incoming
    message_id: str
    sender: str
    record: str
    case: str
    outcome: str
    code: str | None
    rulebook: str
    move: str = ""
    must_get: frozenset[str] = frozenset()
    ruled: bool = False  # it is issued by a rule, which the decision must name
    advised: frozenset[tuple[str, str]] = frozenset()  # what is told with it, and to whom
    ends: str = ""  # what a message that waits is in the end


@dataclass(slots=True)
class Parted:
    """What was split off and is to become a case of its own."""

    affair: Affair
    objected: datetime
