"""The chapter of the law: what the core makes of every message, duty, clock and dispute."""

from typing import Final

from tests.prove import law_odd, law_scenarios

CHECKS: Final = (
    *law_odd.CHECKS,
    *law_scenarios.CHECKS,
)
