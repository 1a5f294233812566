"""Which duties count as open and which as overdue: metrics and statistics count by this. Pure."""

from datetime import datetime
from typing import Final

from services.casework.case import Duty

# The only kinds that may lie on the books before anything is owed: an outcome after its action, a
# request while nobody is above both sides, guidance of a later devolution.
BEGIN_LATER: Final = frozenset({"joint_outcome", "request_designation", "yearly_guidance"})


def is_owed(duty: Duty, at: datetime) -> bool:
    """Whether it has begun, and was not ended before that time."""
    if duty.begins_at is not None:
        return False
    return duty.opened_at < at and (duty.closed_at is None or duty.closed_at >= at)


def is_overdue(duty: Duty, at: datetime, frozen_at: datetime | None) -> bool:
    """Whether it is owed at that time and late. `frozen_at`: since when its case stands still."""
    return is_owed(duty, at) and duty.due <= at and is_late(duty, at, frozen_at)


def is_late(duty: Duty, at: datetime, frozen_at: datetime | None) -> bool:
    """Whether it ended, or will have ended, after its due time: as it stood at that time.

    Where the calendar is not known or the clock stands still, nothing becomes overdue.
    """
    if duty.provisional or (duty.closed_at is not None and duty.closed_at <= duty.due):
        return False
    was_frozen = frozen_at is not None and frozen_at < duty.due
    return not (is_owed(duty, at) and (was_frozen or duty.suspension is not None))
