"""How Faust is set up: what it would wait for, or do, that this bus has no use for."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from unittest.mock import AsyncMock

import faust
import pytest
from mode import Service

from connectors.bus.home import Home, Settings
from connectors.bus.private import write_private
from connectors.bus.watchdog import EXIT_STUCK
from services.exchange import app as shell
from services.exchange.app import quiet_worker


def test_a_start_does_not_wait_for_tables_to_be_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    write_private(home.credentials_file("exchange"), 'username = "exchange"\npassword = "x"\n')
    monkeypatch.setattr(Service, "sleep", AsyncMock(side_effect=AssertionError("it waits")))

    async def started() -> None:
        tables: Any = shell._app(home, Settings(), 0, "0" * 16).tables
        monkeypatch.setattr(tables, "_update_channels", AsyncMock())
        monkeypatch.setattr(tables.recovery, "start", AsyncMock())
        await tables.on_start()
        tables.recovery.start.assert_awaited_once()

    asyncio.run(started())


# Faust's own stop, as it waits for a broker that is away.
STOPPED: Final = """
import asyncio, faust
from services.exchange import app as exchange

async def for_ever(worker):
    await asyncio.sleep(3600)

faust.Worker.stop = for_ever
exchange.STOP_SECONDS_MAX = 0.2
worker = exchange.quiet_worker(faust.App("test"))
worker.loop.run_until_complete(worker.stop())
"""


def test_told_to_stop_it_ends_in_time_whatever_faust_waits_for() -> None:
    argv = [sys.executable, "-c", STOPPED]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=60, text=True)
    assert done.returncode == EXIT_STUCK
    assert "not stopped within 0.2 s" in done.stderr


def test_the_worker_makes_no_log_records_that_nobody_reads() -> None:
    """Aiokafka tells key and value of each record that it sends, to whom logs at DEBUG."""
    root = logging.getLogger("in the root's place")
    root.addHandler(logging.NullHandler())
    quiet_worker(faust.App("test")).on_setup_root_logger(root, logging.WARNING)
    assert not root.isEnabledFor(logging.INFO)
