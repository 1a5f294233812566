"""The chapter of the law: what the core makes of every message, duty, clock and dispute."""

from typing import Final

from tests.prove import law_mutants
from tests.prove.chapter import Check

CHECKS: Final[tuple[Check, ...]] = (*law_mutants.CHECKS,)
