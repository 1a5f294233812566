"""The county chapter: every promise of it has its check here, from the modules by subject."""

from typing import Final

from tests.prove import (
    county_answers,
    county_copies,
    county_demo,
    county_disputes,
    county_doctor,
    county_holds,
    county_inputs,
    county_outbox_table,
    county_postgres,
    county_privacy,
    county_rulebook,
    county_secret,
    county_ten_thousand,
)

CHECKS: Final = (
    *county_answers.CHECKS,
    *county_copies.CHECKS,
    *county_demo.CHECKS,
    *county_disputes.CHECKS,
    *county_doctor.CHECKS,
    *county_holds.CHECKS,
    *county_inputs.CHECKS,
    *county_outbox_table.CHECKS,
    *county_postgres.CHECKS,
    *county_privacy.CHECKS,
    *county_rulebook.CHECKS,
    *county_secret.CHECKS,
    *county_ten_thousand.CHECKS,
)
