"""The county chapter: every promise of it has its check here, from the modules by subject."""

from typing import Final

from tests.prove import (
    county_doctor,
    county_inputs,
    county_outbox_table,
    county_ten_thousand,
)

CHECKS: Final = (
    *county_doctor.CHECKS,
    *county_outbox_table.CHECKS,
    *county_inputs.CHECKS,
    *county_ten_thousand.CHECKS,
)
