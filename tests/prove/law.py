"""The chapter of the law: what the core makes of every message, duty, clock and dispute."""

from typing import Final

from tests.prove import (
    law_china,
    law_guidance,
    law_journal,
    law_mutants,
    law_odd,
    law_scenarios,
    law_sim,
)
from tests.prove.chapter import Check

CHECKS: Final[tuple[Check, ...]] = (
    *law_china.CHECKS,
    *law_guidance.CHECKS,
    *law_journal.CHECKS,
    *law_mutants.CHECKS,
    *law_odd.CHECKS,
    *law_scenarios.CHECKS,
    *law_sim.CHECKS,
)
