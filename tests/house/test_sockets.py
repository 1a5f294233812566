"""Only the integration tests reach a socket, and they reach this machine alone."""

import asyncio
import socket

import pytest
from pytest_socket import SocketBlockedError

from tests import conftest


def test_a_test_that_opens_a_socket_fails() -> None:
    with pytest.raises((SocketBlockedError, UserWarning)):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def test_an_event_loop_still_runs() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 1

    assert asyncio.run(answer()) == 1


def test_an_integration_test_gets_this_machine_and_more_time(
    request: pytest.FixtureRequest,
) -> None:
    class Item:
        path = conftest.INTEGRATION / "test_broker.py"

        def __init__(self) -> None:
            self.marks: list[pytest.MarkDecorator] = []

        def add_marker(self, mark: pytest.MarkDecorator) -> None:
            self.marks.append(mark)

    item, here = Item(), request.node
    before = len(here.own_markers)
    conftest.pytest_collection_modifyitems([item, here])  # type: ignore[list-item] # a stand-in
    assert [(mark.name, mark.args) for mark in item.marks] == [
        ("allow_hosts", (["127.0.0.1"],)),
        ("timeout", (conftest.INTEGRATION_SECONDS_MAX,)),
    ]
    assert len(here.own_markers) == before
