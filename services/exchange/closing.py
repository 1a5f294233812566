"""What was deleted from a flow leaves the broker's disk: the segment that has it is closed.

Kafka takes away whole segments only, and never the one that is written to. A flow's are a day long,
so that there are few of them (connectors/bus/layout.py). So after a deletion they are ten minutes
long for a while: the next Tick, which comes within seconds, closes those that are older; then they
are a day long again. The list is in the casebook, and each step may be done twice: whoever is
killed, the next one begins the time anew, since no Tick may have come meanwhile. And it is asked
for again each minute: who applies the topics, as doctor says then, makes the segments long.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.home import Credentials, Settings
from connectors.bus.layout import CLOSING_SEGMENT_MS, FLOW_SEGMENT_MS
from schemas.errors import Broken, YichuanError
from services.casebook import secrets
from services.casebook.retry import patiently
from services.casebook.rows import from_ms, to_ms
from services.casebook.secrets import Closing
from services.casebook.store import Casebook

# A segment that was begun just before is as old as it has to be, and its last Tick was written.
CLOSED_WITHIN: Final = timedelta(milliseconds=CLOSING_SEGMENT_MS) + timedelta(minutes=2)
PAUSE_SECONDS: Final = 60.0  # after a failure; and between two times of asking for the same

SetSegmentMs = Callable[[str, int], None]  # of a topic; blocks, raises YichuanError
LOG: Final = logging.getLogger("yichuan.exchange")


class Closer:
    """Closes the segments of flows from which something was deleted."""

    def __init__(self, casebook: Casebook, set_segment_ms: SetSegmentMs) -> None:
        self._casebook, self._set_segment_ms = casebook, set_segment_ms
        self._again = 0.0  # when it is tried next, in monotonic seconds
        self._asked: dict[str, float] = {}  # a topic → when it is asked again, likewise
        self._since: datetime | None = None  # our first Tick

    async def at_tick(self, at: datetime) -> None:
        """Go on. Raises Unavailable casebook.unavailable.

        A broker that is away, or does not allow it, is no reason to stop: it stays on the list.
        """
        self._since = self._since or from_ms(to_ms(at))  # as the casebook has it
        if monotonic() < self._again:
            return
        for closing in patiently(self._listed):
            try:
                await self._go_on(closing, at, self._since)
            except YichuanError as error:
                if isinstance(error, Broken):
                    raise
                LOG.warning("secret.on_disk %s: %s", closing.topic, error.code)
                self._again = monotonic() + PAUSE_SECONDS
                return  # each attempt may take long, and no Tick comes meanwhile

    async def _go_on(self, closing: Closing, at: datetime, since: datetime) -> None:
        topic, until = closing.topic, closing.until
        if until is None or until < since + CLOSED_WITHIN:
            await self._make_short(topic)
            patiently(self._begun, closing, at + CLOSED_WITHIN)
        elif until <= at:
            await asyncio.to_thread(self._set_segment_ms, topic, FLOW_SEGMENT_MS)
            patiently(self._done, closing)
        elif self._asked.get(topic, 0.0) <= monotonic():
            await self._make_short(topic)

    async def _make_short(self, topic: str) -> None:
        await asyncio.to_thread(self._set_segment_ms, topic, CLOSING_SEGMENT_MS)
        self._asked[topic] = monotonic() + PAUSE_SECONDS

    def _listed(self) -> tuple[Closing, ...]:
        with self._casebook.engine.connect() as connection:
            return secrets.to_close(connection)

    def _begun(self, closing: Closing, until: datetime) -> None:
        with self._casebook.engine.begin() as transaction:
            secrets.note_closing(transaction, closing, until)

    def _done(self, closing: Closing) -> None:
        with self._casebook.engine.begin() as transaction:
            secrets.note_closed(transaction, closing)


def closer_of(settings: Settings, login: Credentials, casebook: Casebook) -> Closer:
    """Return the closer of an exchange; its client is loaded when there is something to close."""

    def set_segment_ms(topic: str, ms: int) -> None:
        # It takes some 10 MB, and most exchanges never see a secret.
        from connectors.bus import segments  # noqa: PLC0415 - says why

        segments.set_segment_ms(settings, login, topic, ms)

    return Closer(casebook, set_segment_ms)
