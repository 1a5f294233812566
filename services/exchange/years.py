"""The years of guidance that a Tick opens in its partition (guidance 二(五)).

A year is opened in the partition where its case lies, so each is written once, whichever worker has
it. Looked at on a Tick of the flow `copies` when there is something new: the partition's first, the
first of a year, the first under another rulebook. So a devolution in mid-year is found by the
rulebook that brought it.
"""

from datetime import datetime

from schemas.parts import Flow
from schemas.topics import flow_partition
from services.casebook.rows import Position
from services.casebook.work import Work
from services.casework.guidance import case_id
from services.casework.steps import Facts
from services.exchange.office import Office
from services.rulebook.calendar import local_date


def guided_by(office: Office, place: Position, at: datetime) -> str | None:
    """Return what the partition's progress keeps: which year was opened by which rulebook."""
    if place.topic != Flow.COPIES:
        return None
    return f"{local_date(at).year} {office.rulebook.hash}"


def years_to_open(office: Office, work: Work, place: Position, at: datetime) -> Facts:
    """Return the pairs of the partition whose year has no case yet."""
    own = {
        case_id(pair): pair
        for pair in office.guidance(local_date(at).year)
        if flow_partition(case_id(pair).encode(), office.partitions) == place.partition
    }
    work.preload(own, (), ())
    return Facts(years=tuple(pair for case, pair in own.items() if work.case(case) is None))
