"""The clock of the shells: the one module that reads the host's. Rules get time as an argument."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

# Between the broker's clock and ours; beyond it nothing is decided.
SKEW_MAX: Final = timedelta(minutes=5)


def now() -> datetime:
    """Return the host's time, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that never go back, for measuring how long something took or may take."""
    return time.monotonic()
