"""Why nothing answers at a start, said at the first attempt: the last is minutes away."""

import logging
from collections.abc import Callable
from typing import Final

from tenacity import RetryCallState

from connectors.bus.home import Settings

LOG: Final = logging.getLogger("yichuan.kafka")


def telling(settings: Settings, seconds_max: float) -> Callable[[RetryCallState], None]:
    """Return what logs why the first attempt failed, and by which of the settings it was made."""

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if state.attempt_number == 1:
            kafka = settings.kafka
            how = f"[kafka] security = {kafka.security}, ca_file = {kafka.ca_file or '-'}"
            # An exchange has set up no log by then: Python shows what is a warning at least.
            LOG.warning("%s; %s; tried again for %.0f s", error, how, seconds_max)

    return tell
