"""Reading the flows as the exchange reads them: what it could not open is not opened here either.

By the exchange's own client, for librdkafka opens by other limits: a replay would then decide what
was never decided, or hold what no process can. Assigned by hand, no group joined.
"""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.home import Home, Settings
from connectors.bus.kafka import explain, start_consumer
from connectors.bus.logins import ADMIN
from services.casebook.progress import Place
from services.casebook.rows import Position
from services.exchange.incoming import Incoming
from services.exchange.reading import records_until
from services.exchange.record_batches import incoming_of, open_within_limits

_READ_MAX: Final = 500  # records held of a partition


class FlowReader:
    """A reader of partitions side by side, in a loop of its own that runs while one is read."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._login, self._settings = home.credentials(ADMIN), settings
        self._runner = asyncio.Runner()
        self._open: list[Any] = []

    def __enter__(self) -> Self:
        """Let the clients of this process open batches as the exchange's do."""
        open_within_limits()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop what was read."""
        for consumer in self._open:
            self._runner.run(consumer.stop())
        self._runner.close()

    def read(self, place: Place, begin: int, end: int) -> Iterator[Incoming]:
        """Yield a partition's records from one offset to before another.

        Raises Unavailable kafka.unreachable, UserError kafka.forbidden.
        """
        if begin >= end:
            return
        source = TopicPartition(*place)
        try:
            consumer = self._runner.run(self._started(source, begin))
            pages = records_until(consumer, source, end, _READ_MAX)
            while (page := self._runner.run(_next(pages))) is not None:
                for record in page:
                    if record.offset < end:
                        position = Position(*place, record.offset)
                        yield incoming_of(position, record, record.timestamp)
        except KafkaError as error:
            raise explain(error, where=place[0]) from error

    async def _started(self, source: TopicPartition, begin: int) -> Any:  # noqa: ANN401 - aiokafka ships no types
        consumer = await start_consumer(
            self._settings, self._login, (), group=None, client_id="admin-replay"
        )
        self._open.append(consumer)
        consumer.assign([source])
        consumer.seek(source, begin)
        return consumer


async def _next(pages: Any) -> list[Any] | None:  # noqa: ANN401 - as above
    found: list[Any] | None = await anext(pages, None)
    return found
