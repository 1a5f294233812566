"""What every test gets: no network, but for the integration tests, which may talk to 127.0.0.1.

And none of the caller's settings: `make test PORT_BASE=…` is for the parts that it starts. Nor does
a test meet what another has set for its process.
"""

import gc
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis  # its plugin imports it at the end, too deep in the stack for 3.11
import pytest

# How slow the machine is decides no test: an example may take its time.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=(hypothesis.HealthCheck.too_slow,)
)
hypothesis.settings.load_profile("house")

INTEGRATION = Path(__file__).parent / "integration"
INTEGRATION_SECONDS_MAX = 600  # each test, the start of the real broker by its fixture included


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open 127.0.0.1, and more time, for the tests that run real parts."""
    for item in items:
        if INTEGRATION in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))
            item.add_marker(pytest.mark.timeout(INTEGRATION_SECONDS_MAX))


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside() -> Iterator[None]:
    """Take YICHUAN_… of the caller away, but for the cache: a test says what it needs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):
            if name.startswith("YICHUAN_") and name != "YICHUAN_CACHE":
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def nothing_set_for_the_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back what `exchange run` and `connector run` set for their whole process.

    Called in a test they left their log records, and no garbage collection, to all tests after it.
    """
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    make_record, collects, thresholds = (
        logging.getLogRecordFactory(),
        gc.isenabled(),
        gc.get_threshold(),
    )
    yield
    logging.setLogRecordFactory(make_record)
    gc.set_threshold(*thresholds)
    if collects:
        gc.enable()
