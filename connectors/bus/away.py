"""Why a server does not answer, in words for the person who has to mend it: no name of a class."""

import socket
import ssl
from typing import Final

from aiohttp import ServerDisconnectedError

_OTHER: Final = "没有应答 | it gave no answer"
# The first that it is: some are kinds of others.
_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (socket.gaierror, "查不到这个主机名 | the host's name is not known"),
    (ssl.SSLError, "TLS 握手失败 | the TLS handshake failed"),
    (ConnectionRefusedError, "连接被拒绝，该处无人监听 | refused: nobody listens there"),
    (ServerDisconnectedError, "连接中断 | the connection was cut"),
    (ConnectionError, "连接中断 | the connection was cut"),
    (TimeoutError, "没有按时应答 | no answer in time"),
)


def why_away(error: BaseException) -> str:
    """Return why in Chinese and English; a client's error has the system's own in it."""
    cause = getattr(error, "os_error", None) or error
    for kind, words in _WORDS:
        if isinstance(cause, kind):
            return words
    return _OTHER
