"""The county chapter: every promise of it has its check here, from the modules by subject."""

from typing import Final

from tests.prove import (
    county_copies,
    county_doctor,
    county_privacy,
)

CHECKS: Final = (
    *county_doctor.CHECKS,
    *county_privacy.CHECKS,
    *county_copies.CHECKS,
)
