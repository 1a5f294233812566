"""What the exchange counts, and how it answers when asked whether it lives."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from connectors.bus import metrics
from connectors.bus.clock import monotonic
from connectors.bus.health import Health, serving
from connectors.bus.home import Settings
from connectors.bus.metrics import Outcome, Progress, Stage
from connectors.bus.watchdog import watched
from schemas.errors import Broken
from services.casebook.progress import Place
from services.casebook.retry import passes
from services.casebook.store import Casebook
from services.exchange.gauges import OutboxAge, look, tell_rulebooks
from services.exchange.incoming import Incoming
from services.exchange.shelf import Shelf
from services.exchange.tally import Tally
from services.exchange.workers import name_of, port_of

STUCK_TICKS: Final = 6  # a partition without progress for so many ticks is stuck
_STUCK_SECONDS_MIN: Final = 60.0
_ROUND_SECONDS_MAX: Final = 60.0  # of one round of Ticks while broker and casebook are away
_TURNS_MAX: Final = 10  # so many times as long may one wait while others move: a backlog has turns
LOOK_PAUSE_TIMES: Final = 100  # what a look at the casebook took, until the next one

_OUTCOMES: Final = {
    "accepted": Outcome.ACCEPTED,
    "rejected": Outcome.REJECTED,
    "held": Outcome.HELD,
    "waiting": Outcome.WAITING,
    "dead": Outcome.DEAD_LETTERED,
    "repeated": Outcome.DUPLICATE,
}


class Measures:
    """The numbers of one exchange."""

    def __init__(self, settings: Settings, shelf: Shelf, casebook: Casebook, worker: int) -> None:
        self._name = name_of(worker)
        self._port = port_of(settings, worker)
        self._stuck_after = max(_STUCK_SECONDS_MIN, STUCK_TICKS * settings.exchange.tick_seconds)
        self._shelf = shelf
        # Not the engine that writes: on SQLite its transactions keep every other one waiting.
        self._engine = casebook.readers or casebook.engine
        self._look_again = 0.0  # monotonic seconds
        self._progress: dict[Place, Progress] = {}
        self._next_offset: dict[Place, int] = {}
        self._stored: dict[Place, int] = {}  # the same, as the last look at the casebook found it
        self._looked_at = monotonic()
        self._outbox = OutboxAge()
        self._failing: tuple[str, ...] = ()
        self._readable: set[Place] = set()
        self._ticks_failed = 0
        self._ticking_since = monotonic()  # since when what waits can be waited for
        self._ticked_at = self._ticking_since  # the last round, whether the broker took it or not
        self._has_started = False
        self._store_is_away = False
        self._casebook_is_away = False
        self._open = AsyncExitStack()

    async def serve(self) -> None:
        """Open /metrics and /healthz on this host, and watch. Raises UserError port.in_use."""
        await self._open.enter_async_context(
            serving(self._port, live=self.live, ready=self._ready, started=self.started)
        )
        self._open.enter_context(watched(self.live))
        tell_rulebooks(self._name, [self._shelf.first])
        metrics.OUTBOX_AGE.set_function(self._outbox.age_seconds)
        metrics.CASEBOOK_AGE.set_function(lambda: monotonic() - self._looked_at)

    async def close(self) -> None:
        """Close the port."""
        await self._open.aclose()

    def batch(self, seconds: Mapping[Stage, float], tally: Tally) -> None:
        """Count what a committed and published batch did."""
        for stage, took in seconds.items():
            metrics.stage(stage).observe(took)
        metrics.BATCH_SECONDS.observe(sum(seconds.values()))
        for (flow, record, outcome), number in Counter(tally.messages).items():
            metrics.messages(flow, record, _OUTCOMES[outcome]).inc(number)
        for code in tally.dead:
            metrics.DEAD_LETTERS.labels(code).inc()

    def progressed(self, records: Iterable[Incoming], at: datetime) -> None:
        """Note that the partitions moved on."""
        last = {each.position.place: each for each in records}
        for place, record in last.items():
            if place not in self._progress:
                self._progress[place] = Progress(*place)
            since = record.stamped_at if record.is_stamped else at  # how long it lay is not known
            self._progress[place].made(max((at - since).total_seconds(), 0.0))
            self._next_offset[place] = record.position.offset + 1

    def publishing(self, failing: tuple[str, ...]) -> None:
        """Note all destinations that do not take their messages, of whichever partition."""
        self._failing = failing

    def erasing(self, looked: Iterable[Place], readable: Iterable[Place]) -> None:
        """Note in which of the partitions a secret can be read still."""
        self._readable = (self._readable - set(looked)) | set(readable)

    def shedding(self, *, done: bool) -> None:
        """Note whether the store deleted the attachments that it was to delete."""
        self._store_is_away = not done

    def ticked(self, ends: Mapping[Place, int | None], *, sent: bool) -> None:
        """Note a round of ticks, which partitions are ours now, and where their logs end."""
        if sent and self._ticks_failed:  # the broker is back: progress is due from now on
            self._ticking_since = monotonic()
        self._ticked_at = monotonic()
        self._ticks_failed = 0 if sent else self._ticks_failed + 1
        self._has_started = self._has_started or bool(ends)
        for place in set(self._progress) - set(ends):
            del self._progress[place]
            self._next_offset.pop(place, None)
            self._readable.discard(place)
            metrics.forget_partition(*place)
        for place, end in ends.items():
            if place not in self._progress:
                self._progress[place] = Progress(*place)
            if sent:
                metrics.TICKS.labels(place[0], str(place[1])).inc()
            decided = self._next_offset.get(place, self._stored.get(place))
            if end is not None and decided is not None:  # else nobody knows: 0 would be a lie
                metrics.LAG_MESSAGES.labels(place[0], str(place[1])).set(max(end - decided, 0))

    async def look(self, at: datetime) -> None:
        """Read the gauges that only the casebook knows.

        While the casebook is away they keep what they had, and `ready` says so: the next batch
        decides how long that may last. Counting takes a second for each million of duties: it is
        done as often as takes a hundredth of the time. Raises Broken casebook.refuses.
        """
        began = monotonic()
        if began < self._look_again:
            return
        try:
            self._stored = await asyncio.to_thread(
                look, self._name, self._engine, self._shelf, at, self._outbox
            )
        except SQLAlchemyError as error:
            if not passes(error):
                raise Broken("casebook.refuses", detail=type(error).__name__) from error
            self._casebook_is_away = True
        else:
            self._casebook_is_away = False
            self._looked_at = ended = monotonic()
            self._look_again = ended + (ended - began) * LOOK_PAUSE_TIMES

    def live(self) -> Health:
        """Whether every partition of ours moves on, as far as that lies with this process.

        While Ticks cannot be written there is nothing to move on by: a broker that is away makes
        nobody start this process again. But it must go on trying: who hangs before the first
        partition has moved is known by that alone. Called from the watchdog's thread, too.
        """
        if monotonic() - self._ticked_at > self._stuck_after + _ROUND_SECONDS_MAX:
            return Health(("progress.stuck ticker",))
        if self._ticks_failed:
            return Health()
        waiting = monotonic() - self._ticking_since
        ages = {
            place: min(progress.age_seconds(), waiting)
            for place, progress in tuple(self._progress.items())
        }
        moves = min(ages.values(), default=0.0) <= self._stuck_after
        age_max = self._stuck_after * (_TURNS_MAX if moves else 1)
        stuck = (f"{flow}/{number}" for (flow, number), age in ages.items() if age > age_max)
        return Health(tuple(f"progress.stuck {place}" for place in stuck))

    def started(self) -> Health:
        """Whether it has been given partitions since it was started."""
        return Health() if self._has_started else Health(("partitions.none",))

    def _ready(self) -> Health:
        reasons = [f"publish.failing {topic}" for topic in self._failing]
        reasons += [
            f"secret.readable {flow}/{partition}" for flow, partition in sorted(self._readable)
        ]
        if not self._progress:
            reasons.append("partitions.none")
        if self._ticks_failed:
            reasons.append("ticks.failing")
        if self._store_is_away:
            reasons.append("attachment.store_unavailable")
        if self._casebook_is_away:
            reasons.append("casebook.unavailable")
        return Health(tuple(reasons))
