"""What a connector learns from a real broker that deleted letters before it came for them."""

from typing import Any, Final

from aiokafka import TopicPartition

from connectors.bus.broker import KafkaInbox
from connectors.bus.clock import now
from connectors.bus.inbox_read import Span
from connectors.bus.kafka import start_producer
from connectors.bus.logins import ADMIN
from connectors.bus.truncate import delete_below
from schemas.topics import inbox_of
from services.cli.main import main
from tests.agency_home import County
from tests.integration.loops import within

ALIAS: Final = "xinhua"
LETTERS: Final = 3


def test_the_inbox_s_beginning_and_the_group_s_offset_are_known_when_it_is_opened(
    stack: Any,
) -> None:
    for noun in ("topics", "schemas"):
        assert main([noun, "apply", "--home", str(stack.home.path)]) == 0
    agency = County(stack.home, now()).agency(ALIAS)
    login = stack.home.credentials(ADMIN)
    topic = inbox_of(ALIAS)

    async def write() -> None:
        producer = await start_producer(stack.settings, login, client_id="test")
        for _ in range(LETTERS):
            await producer.send_and_wait(topic, b"a letter")
        await producer.stop()

    async def life(*, reads: bool) -> tuple[Span, list[int]]:
        inbox, came = KafkaInbox(agency), list[int]()
        await inbox.open()
        try:
            while reads and not came:
                came = [record.offset for record in await inbox.fetch()]
                if came:
                    await inbox.commit(came[-1] + 1)
        finally:
            await inbox.close()
        return inbox.span(), came

    async def run() -> None:
        await write()
        assert await life(reads=False) == (Span(0, LETTERS, None), [])
        await delete_below(stack.settings, login, TopicPartition(topic, 0), 1)
        assert await life(reads=True) == (Span(1, LETTERS, None), [1, 2])
        await write()
        await delete_below(stack.settings, login, TopicPartition(topic, 0), 5)
        assert await life(reads=True) == (Span(5, 2 * LETTERS, LETTERS), [5])

    within(run())
