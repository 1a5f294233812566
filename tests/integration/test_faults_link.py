"""The proxy of the faults carries every byte both ways, and closes what it is told to refuse."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.faults.link import LOOK_SECONDS, Mode, Place, linked

SENT = bytes(range(256)) * 300
SECONDS_MAX = 60.0  # of a machine that has much else to do


def opened(place: Place) -> socket.socket:
    found = socket.socket(socket.AF_UNIX if isinstance(place, Path) else socket.AF_INET)
    found.settimeout(SECONDS_MAX)
    return found


def address(place: Place) -> str | tuple[str, int]:
    return str(place) if isinstance(place, Path) else ("127.0.0.1", place)


@contextmanager
def echo(place: Place) -> Iterator[None]:
    """Give back to each client what it says, until it has nothing more to say."""
    over = Event()
    with closing(opened(place)) as server:
        server.bind(address(place))
        server.listen()
        server.settimeout(LOOK_SECONDS)

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    client, _ = server.accept()
                    client.settimeout(SECONDS_MAX)
                    with client:
                        while data := client.recv(4096):
                            client.sendall(data)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def places(kind: str, tmp_path: Path) -> tuple[Place, Place]:
    if kind == "socket":
        return tmp_path / "at", tmp_path / "target"
    return free_port(), free_port()


@pytest.mark.parametrize("kind", ["port", "socket"])
@pytest.mark.parametrize("mode", [Mode.PASS, Mode.DELAY])
def test_what_passes_comes_back_to_the_byte(kind: str, mode: Mode, tmp_path: Path) -> None:
    at, target = places(kind, tmp_path)
    with echo(target), linked(at, target) as link, closing(opened(at)) as client:
        link.mode, link.delay_seconds = mode, 0.01
        client.connect(address(at))
        sender = Thread(target=client.sendall, args=(SENT,))
        sender.start()
        got = b""
        while len(got) < len(SENT) and (piece := client.recv(65536)):
            got += piece
        sender.join()
        assert got == SENT
        assert link.passed >= 2 * len(SENT)


@pytest.mark.parametrize("kind", ["port", "socket"])
def test_what_is_refused_is_closed_also_where_it_is_open(kind: str, tmp_path: Path) -> None:
    at, target = places(kind, tmp_path)
    with echo(target), linked(at, target) as link, closing(opened(at)) as client:
        client.connect(address(at))
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        link.mode = Mode.REFUSE
        assert client.recv(1) == b""
        with closing(opened(at)) as another:
            another.connect(address(at))
            assert another.recv(1) == b""


@pytest.mark.parametrize("kind", ["port", "socket"])
def test_where_nobody_answers_behind_it_the_connection_is_closed_and_the_next_is_taken(
    kind: str, tmp_path: Path
) -> None:
    at, target = places(kind, tmp_path)
    with linked(at, target) as link:
        with closing(opened(at)) as client:
            client.connect(address(at))
            assert client.recv(1) == b""
        with echo(target), closing(opened(at)) as client:
            client.connect(address(at))
            client.sendall(SENT[:1])
            assert client.recv(1) == SENT[:1]
        assert link.passed > 0
