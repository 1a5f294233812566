"""Why a server does not answer: in words, from what the client raises."""

import socket
from unittest.mock import Mock

import pytest
from aiohttp import ClientConnectorError, ServerDisconnectedError, ServerTimeoutError

from connectors.bus.away import why_away


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ClientConnectorError(Mock(), ConnectionRefusedError(111, "x")),
            "refused: nobody listens there",
        ),
        (ServerTimeoutError(), "no answer in time"),
        (TimeoutError(), "no answer in time"),
        (socket.gaierror(), "the host's name is not known"),
        (ConnectionResetError(), "the connection was cut"),
        (ServerDisconnectedError(), "the connection was cut"),
        (OSError(), "it gave no answer"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_every_reason_has_its_words(error: Exception, words: str) -> None:
    assert why_away(error).split(" | ")[1] == words
