"""The health pages on a real port of this host."""

import pytest
from aiohttp import ClientSession

from connectors.bus.health import LOOPBACK, Health, serving
from schemas.errors import UserError
from tests.integration.loops import within


def test_pages_are_served_on_this_host_and_end_with_the_block() -> None:
    async def run() -> None:
        ready = [Health()]
        async with ClientSession() as session:
            async with serving(0, live=Health, ready=lambda: ready[0]) as port:
                page = f"http://{LOOPBACK}:{port}/healthz"
                async with session.get(page) as answer:
                    assert answer.status == 200
                ready[0] = Health(("kafka.unreachable",))
                async with session.get(page) as answer:
                    assert answer.status == 503
                    assert (await answer.json())["ready"]["reasons"] == ["kafka.unreachable"]
                async with session.get(f"http://{LOOPBACK}:{port}/metrics") as answer:
                    assert "yichuan_lag_seconds" in await answer.text()
            with pytest.raises(OSError, match="Connect"):
                await session.get(page)

    within(run())


def test_a_port_that_is_taken_is_named() -> None:
    async def run() -> None:
        async with serving(0, live=Health, ready=Health) as port:
            with pytest.raises(UserError, match=rf"port\.in_use {LOOPBACK}:{port}"):
                async with serving(port, live=Health, ready=Health):
                    pass

    within(run())
