"""The chapter of the law: what the core makes of every message, duty, clock and dispute."""

from typing import Final

from tests.prove import law_sim
from tests.prove.chapter import Check

CHECKS: Final[tuple[Check, ...]] = (*law_sim.CHECKS,)
