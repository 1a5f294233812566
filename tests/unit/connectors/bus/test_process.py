"""A connector's process ends when it is told to, whatever of the agency's or the store's hangs."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors.bus import process
from connectors.bus.vitals import Vitals

_HANGS = """
import threading
from pathlib import Path
from connectors.bus import exits, process
from schemas.errors import Unavailable

exits.THREADS_SECONDS_MAX = 0.1

def run_file(config, home):
    if {hangs}:
        threading.Thread(target=threading.Event().wait).start()
    if {fails}:
        raise Unavailable("kafka.unreachable")

process.main("connectors.test", run_file)
"""


@pytest.mark.parametrize("hangs", [True, False])
@pytest.mark.parametrize(("fails", "status"), [(True, 75), (False, 0)])
def test_a_thread_that_hangs_keeps_no_process_alive_nor_changes_what_it_ends_with(
    *, hangs: bool, fails: bool, status: int
) -> None:
    program = _HANGS.format(hangs=hangs, fails=fails)
    done = subprocess.run(
        [sys.executable, "-c", program, "agency.toml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert ("kafka.unreachable" in done.stderr) is fails


class _End:
    """A publisher and an inbox, or a connector, that do nothing."""

    def __init__(self, *_: object) -> None:
        self.vitals = Vitals()

    async def open(self) -> None:
        """Nothing."""

    async def run(self) -> None:
        """As a connector that has opened everything."""
        self.vitals.opened()

    async def close(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


def test_the_health_page_tells_of_the_home_s_files_that_are_half_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages: list[Any] = []

    @asynccontextmanager
    async def serving(_port: int, **told: Any) -> AsyncIterator[int]:
        pages.append(told["ready"])
        yield 1

    for name in ("KafkaPublisher", "KafkaInbox", "Connector"):
        monkeypatch.setattr(process, name, _End)
    monkeypatch.setattr(process, "serving", serving)
    keyring = SimpleNamespace(unread=(("keys.csv", "file.unreadable"),))
    agency = cast("Any", SimpleNamespace(alias="mugang", keyring=keyring))
    asyncio.run(process._run(agency, cast("Any", None), 1.0, 0))
    (ready,) = pages
    assert ready().reasons == ("unread: keys.csv file.unreadable",)
