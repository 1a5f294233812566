"""A connector's loops: take from the agency, publish, read the inbox, carry attachments.

What touches the agency's system or the ledger runs in one thread of its own (desk.py says in which
order, and why), so that a slow disk or database never delays the heartbeat to the broker. What
fails for a while is tried again within a limit; beyond it the process stops; nothing is lost.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Final

from connectors.bus import metrics
from connectors.bus.broker import Inbox, Publisher
from connectors.bus.carrier import Carrier
from connectors.bus.carrying import Carrying
from connectors.bus.clock import monotonic, now
from connectors.bus.desk import SOURCES_MAX, Desk
from connectors.bus.desk_thread import DeskThread
from connectors.bus.file_desk import FileDesk
from connectors.bus.later import PAUSE_SECONDS_MIN, Later, forget_but, pause_after
from connectors.bus.look_back import LookBack
from connectors.bus.spool import Spooled
from connectors.bus.unanswered import LiesAt
from connectors.bus.vitals import Vitals
from schemas.errors import Unavailable, YichuanError
from schemas.ids import Alias, CaseId, MessageId

CASES_MAX: Final = 200  # published at once, one message of each
PUBLISH_SECONDS_MAX: Final = 60.0  # one message, to its acknowledgement
HELD_BACK_SECONDS: Final = 0.2  # before letters that were over the allowance are looked at again
OUTAGE_SECONDS_MAX: Final = 1_800.0  # every try to publish failed for so long: the process stops
SILENT_SECONDS_MAX: Final = 30.0  # an inbox of which the broker says nothing is away by then
COMMIT_FAILURES_MAX: Final = 20  # in a row
STOP_SECONDS_MAX: Final = 10.0  # for what is in hand and in the spool; the rest: the next life

OpenCarrier = Callable[[FileDesk], Carrier]
LOG: Final = logging.getLogger("yichuan.connector")


class Connector:
    """One agency's connector. `run` works until `stop` is called."""

    def __init__(
        self,
        alias: Alias,
        open_desk: Callable[[], Desk],
        publisher: Publisher,
        inbox: Inbox,
        poll_seconds: float,
        open_carrier: OpenCarrier | None = None,
    ) -> None:
        self._alias, self._open_desk = alias, open_desk
        self._publisher, self._inbox = publisher, inbox
        self._open_carrier = open_carrier
        self._carrying: Carrying | None = None
        self._poll_seconds = poll_seconds
        self._stopping, self._something = asyncio.Event(), asyncio.Event()
        self._spool_is_last = False  # nothing is put into the spool any more
        self._later: dict[CaseId, Later] = {}  # whose message could not be published
        self.vitals = Vitals()
        worked = partial(self.vitals.failing.pop, "system", None)
        self._desk = DeskThread(self._stopping, partial(self._failed, "system"), worked)
        self._failing_since: float | None = None  # nothing was published since; None: all is well

    def stop(self) -> None:
        """Finish what is being done, publish what is in the spool, then let `run` return.

        What STOP_SECONDS_MAX do not suffice for stays in the spool for the next life.
        """
        self._stopping.set()
        self._something.set()
        if self._carrying is not None:
            self._carrying.stop()

    async def run(self) -> None:
        """Work until stopped. Raises YichuanError for what cannot go on."""
        desk = await self._desk.once(self._open_desk)
        try:
            await self._desk.patiently(desk.open)
            self.vitals.opened()
            turns = (self._take, self._read, self._carry, self._look_back)
            filling = [asyncio.create_task(loop(desk)) for loop in turns]
            loops = [*filling, asyncio.create_task(self._publish(desk))]
            stopped = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([*loops, stopped], return_when=asyncio.FIRST_COMPLETED)
            self.stop()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS_MAX):
                    await asyncio.wait(filling)
                    self._spool_is_last = True
                    self._something.set()
                    await asyncio.wait(loops)
            for task in (*loops, stopped):
                task.cancel()
            for ended in await asyncio.gather(*loops, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended
        finally:
            with suppress(TimeoutError):  # a system that hangs: the process ends without it
                async with asyncio.timeout(STOP_SECONDS_MAX):
                    await self._desk.once(desk.close)
            self._desk.close()

    async def _take(self, desk: Desk) -> None:
        """From the agency into the spool."""
        while not self._stopping.is_set():
            began = monotonic()
            taken = await self._desk.patiently(desk.take_out)
            look_seconds = monotonic() - began
            await self._look(desk)
            self.vitals.turned("take")
            if taken:
                self._something.set()
            if taken < SOURCES_MAX:
                seconds = self._poll_seconds if taken else pause_after(look_seconds)
                await self._pause(self._stopping, max(seconds, self._poll_seconds))

    async def _carry(self, desk: Desk) -> None:
        """Attachments, to the store and from it."""
        if self._open_carrier is None:
            await self._stopping.wait()
            return
        carrier = await self._desk.once(self._open_carrier, desk.files)
        worked = partial(self.vitals.failing.pop, "attachments", None)
        self._carrying = Carrying(desk.files, carrier, self._desk.patiently, self._failed, worked)
        await self._carrying.run(self._stopping, self._something, self._poll_seconds)

    async def _look_back(self, desk: Desk) -> None:
        """Into the spool what the log has lost unanswered."""
        look = LookBack(desk.lost, self._inbox.spans, self._desk, self._perhaps_failed)
        await look.run(self._stopping, self._something)

    async def _publish(self, desk: Desk) -> None:
        """From the spool to the flows; of each case the first, so that its order is kept."""
        while True:
            is_last = self._spool_is_last
            self.vitals.turned("publish")
            self._something.clear()
            at = monotonic()
            but = [case for case, later in self._later.items() if later.at > at]
            heads = await self._desk.once(desk.waiting, CASES_MAX, but)
            if len(heads) < CASES_MAX and not desk.spool.holds_back:
                self._forget_but({head.case_id for head in heads}, at)
            if not heads:
                if is_last and not desk.spool.holds_back:
                    return
                seconds = HELD_BACK_SECONDS if desk.spool.holds_back else self._poll_seconds
                await self._pause(self._something, min(seconds, self._poll_seconds))
                continue
            sends = [self._published(head) for head in heads]
            done = dict(each for each in await asyncio.gather(*sends) if each is not None)
            if done:
                self._failing_since = None
                if not self._later:
                    self.vitals.failing.pop("publish", None)
                await self._desk.patiently(desk.published, done)
            elif self._stopping.is_set():
                return  # the broker is away: the next life has it
            else:
                await self._renew()

    async def _published(self, head: Spooled) -> tuple[MessageId, LiesAt] | None:
        """Publish one; None when it could not be, and its case waits a while."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS_MAX):
                lies_at = await self._publisher.publish(*head.record)
        except (YichuanError, TimeoutError) as error:
            self._failed("publish", getattr(error, "code", "kafka.unreachable"))
            self._later[head.case_id] = Later.after(self._later.get(head.case_id), monotonic())
            return None
        self._later.pop(head.case_id, None)
        return head.message_id, lies_at

    def _forget_but(self, tried: Collection[CaseId], at: float) -> None:
        """Forget cases of which nothing waits any more: the bus had the message after all."""
        if forget_but(self._later, tried, at) and not self._later:
            self.vitals.failing.pop("publish", None)
            self._failing_since = None

    async def _renew(self) -> None:
        """Begin afresh. Raises Unavailable connector.outage when that has not helped for long."""
        if self._failing_since is None:  # time in which nothing was to be sent is no outage
            self._failing_since = monotonic()
        if monotonic() - self._failing_since > OUTAGE_SECONDS_MAX:
            raise Unavailable("connector.outage", detail=self.vitals.failing.get("publish"))
        try:
            async with asyncio.timeout(PUBLISH_SECONDS_MAX):
                await self._publisher.renew()
        except (YichuanError, TimeoutError) as error:
            self._failed("publish", getattr(error, "code", "kafka.unreachable"))
            await self._pause(self._stopping, PAUSE_SECONDS_MIN)

    async def _read(self, desk: Desk) -> None:
        """From the inbox to the agency; then the offset, and not before."""
        failures = 0
        await self._desk.patiently(desk.inbox.opened, self._inbox.span())
        while not self._stopping.is_set():
            self.vitals.turned("read")
            records = await self._inbox.fetch()
            metrics.CONNECTOR_LAG.labels(self._alias).set(self._inbox.lag())
            is_silent = self._inbox.silent_seconds() > SILENT_SECONDS_MAX
            self._perhaps_failed("inbox", "kafka.unreachable", is_so=is_silent)
            if not records:
                continue
            await self._desk.patiently(desk.inbox.came, records[0].offset)
            await self._desk.patiently(desk.take_in, records)
            await self._desk.patiently(desk.inbox.done, records[-1].offset + 1)
            self._something.set()
            try:
                await self._inbox.commit(records[-1].offset + 1)
            except YichuanError as error:  # what was read comes again, and is known by its ids
                failures += 1
                self._failed("commit", error.code)
                if failures > COMMIT_FAILURES_MAX:
                    raise
            else:
                failures = 0
                self.vitals.failing.pop("commit", None)

    async def _look(self, desk: Desk) -> None:
        size = await self._desk.once(desk.spool.size)
        self.vitals.kept = await self._desk.once(desk.kept)
        self.vitals.missed = await self._desk.once(desk.inbox.missed)
        self.vitals.oldest_seconds = (now() - size.oldest).total_seconds() if size.oldest else 0.0
        self.vitals.silent = await self._desk.once(desk.spool.silent, now())
        self.vitals.unfit = self._carrying.unfit if self._carrying else 0
        self._perhaps_failed("key", "key.not_in_force", is_so=desk.spool.is_shut)
        is_aside = bool(await self._desk.once(desk.files.aside))
        self._perhaps_failed("staging", "attachment.staging_failed", is_so=is_aside)
        metrics.CONNECTOR_SPOOLED.labels(self._alias).set(size.messages)
        metrics.CONNECTOR_SPOOL_AGE.labels(self._alias).set(self.vitals.oldest_seconds)

    def _failed(self, what: str, code: str) -> None:
        LOG.warning("%s failed: %s", what, code)
        self.vitals.failing[what] = code
        metrics.CONNECTOR_ERRORS.labels(self._alias, code).inc()

    def _perhaps_failed(self, what: str, code: str, *, is_so: bool) -> None:
        """Note whether it fails; once, as long as it does."""
        if not is_so:
            self.vitals.failing.pop(what, None)
        elif what not in self.vitals.failing:
            self._failed(what, code)

    async def _pause(self, event: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
