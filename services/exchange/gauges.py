"""The gauges that only the casebook knows: of the whole county, whichever exchange is asked."""

from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from connectors.bus import metrics
from connectors.bus.clock import monotonic
from schemas.ids import OrganCode
from services.casebook.backed_up import last_backup
from services.casebook.migrate import head
from services.casebook.owed import Owed, open_duties, overdue_duties
from services.casebook.progress import Place, rulebooks_in_force
from services.casebook.rows import to_ms
from services.casebook.tables import CASES, DEAD, MESSAGES, OUTBOX, PROGRESS
from services.casework.routing import HOLD_CODES
from services.exchange.office import Office
from services.exchange.shelf import Shelf

LOOKS_MAX: Final = 1_000  # at the outbox, remembered: every second one is forgotten beyond


class OutboxAge:
    """Since when the outbox's oldest row waits, as far as this process has seen.

    A row has no time of its own, only its number: it was there when a number as high as its own
    was seen first. After a start nothing was seen yet, so the age begins anew.
    """

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()  # when, the highest number then

    def look(self, oldest: int | None, newest: int | None, at: float) -> None:
        """Note the lowest and the highest number in the outbox; None: it is empty."""
        if oldest is None or newest is None:
            self._looks.clear()
            return
        if not self._looks or newest > self._looks[-1][1]:
            self._looks.append((at, newest))
        while self._looks[0][1] < oldest:
            self._looks.popleft()
        if len(self._looks) > LOOKS_MAX:
            # The first stays: it is the age.
            self._looks = deque(each for turn, each in enumerate(self._looks) if turn % 2 == 0)

    def age_seconds(self) -> float:
        """Return how long it has waited by now; 0 when the outbox was empty."""
        return monotonic() - self._looks[0][0] if self._looks else 0.0


def look(
    name: str, engine: Engine, shelf: Shelf, at: datetime, outbox: OutboxAge
) -> dict[Place, int]:
    """Set them all; return how far each partition is decided, by whichever exchange."""
    with engine.connect() as connection:
        in_force = set(rulebooks_in_force(connection).values())
        found = [office for rulebook in in_force if (office := shelf.find(rulebook))]
        offices = found or [shelf.first]
        tell_rulebooks(name, offices)
        _tell_duties(connection, offices, at)
        _tell_stopped(connection, at)
        lowest, highest, number = connection.execute(
            select(func.min(OUTBOX.c.seq), func.max(OUTBOX.c.seq), func.count())
        ).one()
        dead = connection.execute(select(DEAD.c.code, func.count()).group_by(DEAD.c.code)).all()
        backup = last_backup(connection)
        decided = connection.execute(select(PROGRESS)).all()
    metrics.OUTBOX_MESSAGES.set(number)
    metrics.LAST_BACKUP.set(backup.timestamp() if backup else 0.0)
    outbox.look(lowest, highest, monotonic())
    metrics.tell_all(metrics.DEAD_LETTERS_KEPT, {(code,): counted for code, counted in dead})
    return {(row.topic, row.partition): row.next_offset for row in decided}


def tell_rulebooks(name: str, offices: Iterable[Office]) -> None:
    """Several hashes, with commas: a rulebook is coming into force, partition by partition."""
    hashes = sorted({office.rulebook.hash for office in offices})
    metrics.tell_build(name, rulebook=",".join(hashes), casebook=head())


def _tell_duties(connection: Connection, offices: Iterable[Office], at: datetime) -> None:
    owed = _by_alias(offices, open_duties(connection))
    late = _by_alias(offices, overdue_duties(connection, at))
    metrics.tell_all(metrics.OPEN_DUTIES, owed)
    metrics.tell_all(metrics.OVERDUE_DUTIES, {labels: late[labels] for labels in owed})


def _tell_stopped(connection: Connection, at: datetime) -> None:
    stopped = connection.execute(
        select(CASES.c.stopped, func.count().label("number"))
        .where(CASES.c.stopped.is_not(None))
        .group_by(CASES.c.stopped)
    ).all()
    since = connection.execute(
        select(CASES.c.stopped, func.min(MESSAGES.c.received_ms).label("since_ms"))
        .join(MESSAGES, MESSAGES.c.case_id == CASES.c.case_id)
        .where(CASES.c.stopped.is_not(None), MESSAGES.c.outcome == "held")
        .group_by(CASES.c.stopped)
    ).all()
    counts = {row.stopped: row.number for row in stopped}
    oldest = {row.stopped: row.since_ms for row in since}
    for reason, code in HOLD_CODES.items():
        metrics.HELD_MESSAGES.labels(code).set(counts.get(reason, 0))
        waited_ms = to_ms(at) - oldest[reason] if reason in oldest else 0
        metrics.HELD_AGE.labels(code).set(max(waited_ms, 0) / 1000)
    metrics.FROZEN_CASES.set(counts.get("frozen", 0))


def _alias(offices: Iterable[Office], owner: str) -> str:
    found = (office.alias(OrganCode(owner)) for office in offices)
    return next((alias for alias in found if alias is not None), metrics.UNKNOWN)


def _by_alias(offices: Iterable[Office], counted: Owed) -> Counter[tuple[str, str]]:
    """Sum by kind and label: all owners that no rulebook knows have one."""
    found: Counter[tuple[str, str]] = Counter()
    for (kind, owner), number in counted.items():
        found[kind, _alias(offices, owner)] += number
    return found
