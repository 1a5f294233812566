"""Looking back at what was published: what the log has lost before the bus answered goes out again.

The broker deletes the records of a flow when their time is over, decided or not. A connector sees
that for itself: it asks where the logs begin in which letters of its agency lie unanswered. So they
come again also while the exchange is away still, and nobody has to name them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol

from connectors.bus import metrics
from connectors.bus.agency import Agency
from connectors.bus.clock import now
from connectors.bus.desk_thread import DeskThread
from connectors.bus.ledger import Ledger
from connectors.bus.reseal import reseal
from connectors.bus.unanswered import Place, Spans
from schemas.errors import YichuanError

LOOK_SECONDS: Final = 60.0  # between two looks; without an unanswered letter nobody is asked
LOG: Final = logging.getLogger("yichuan.connector")

AskSpans = Callable[[Sequence[Place]], Awaitable[Spans]]


class Told(Protocol):
    """Notes whether something fails now."""

    def __call__(self, what: str, code: str, *, is_so: bool) -> None:
        """Note it."""


class LostDesk:
    """What of it touches the ledger."""

    def __init__(self, agency: Agency, ledger: Ledger) -> None:
        self._agency, self._ledger = agency, ledger

    def places(self) -> tuple[Place, ...]:
        """Return the partitions to ask about."""
        at = now()
        with self._ledger.transaction():
            self._ledger.unanswered.not_later_than(at)
        return self._ledger.unanswered.places(at)

    def send_again(self, spans: Spans, asked_at: datetime) -> int:
        """Put what the log has lost back into the spool; return how many letters.

        `asked_at`: what was published after the spans were asked for lies behind them, and is
        not lost. A letter is back and sealed by the present key, or neither.
        """
        with self._ledger.transaction():
            again = self._ledger.unanswered.into_spool(spans, asked_at)
            if again:
                reseal(self._ledger, self._agency)  # its key may have been replaced since
        if again:
            LOG.warning("lost by the log unanswered, sent again: %d", again)
            metrics.CONNECTOR_RESENT.labels(self._agency.alias).inc(again)
        return again


class LookBack:
    """The loop. `told` notes whether the broker could be asked."""

    def __init__(self, desk: LostDesk, ask: AskSpans, thread: DeskThread, told: Told) -> None:
        self._desk, self._ask, self._thread, self._told = desk, ask, thread, told

    async def run(self, stopping: asyncio.Event, something: asyncio.Event) -> None:
        """Look from time to time; tell when there is something to publish."""
        while not stopping.is_set():
            if await self.look():
                something.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)

    async def look(self) -> bool:
        """Look once; whether something goes out again."""
        asked_at = now()  # the desk may be busy for long, before and after
        places = await self._thread.patiently(self._desk.places)
        if not places:
            return False
        try:
            spans = await self._ask(places)
        except YichuanError as error:  # the next look is soon
            self._told("look_back", error.code, is_so=True)
            return False
        self._told("look_back", "", is_so=False)
        return bool(await self._thread.patiently(self._desk.send_again, spans, asked_at))
