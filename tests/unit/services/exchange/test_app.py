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
        tables: Any = shell._app(home, Settings(), 0).tables
        monkeypatch.setattr(tables, "_update_channels", AsyncMock())
        monkeypatch.setattr(tables.recovery, "start", AsyncMock())
        await tables.on_start()
        tables.recovery.start.assert_awaited_once()

    asyncio.run(started())


STOPPED: Final = """
import faust, os, signal
from services.exchange import app as exchange
exchange.STOP_SECONDS_MAX = 1.0
app = faust.App("test", broker="kafka://127.0.0.1:1", web_enabled=False)
worker = exchange.quiet_worker(app)
worker.loop.call_later(3, os.kill, os.getpid(), signal.SIGTERM)
print("begins", flush=True)
worker.execute_from_commandline()
"""


def test_told_to_stop_it_ends_in_time_also_while_the_broker_is_away() -> None:
    argv = [sys.executable, "-c", STOPPED]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=60, text=True)
    assert done.returncode == EXIT_STUCK
    assert "not stopped within 1 s" in done.stderr


def test_the_worker_makes_no_log_records_that_nobody_reads() -> None:
    """Aiokafka tells key and value of each record that it sends, to whom logs at DEBUG."""
    root = logging.getLogger("in the root's place")
    root.addHandler(logging.NullHandler())
    quiet_worker(faust.App("test")).on_setup_root_logger(root, logging.WARNING)
    assert not root.isEnabledFor(logging.INFO)
