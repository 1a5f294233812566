"""The county chapter: every promise of it has its check here, from the modules by subject."""

from typing import Final

from tests.prove import (
    county_disputes,
    county_doctor,
)

CHECKS: Final = (*county_doctor.CHECKS, *county_disputes.CHECKS)
