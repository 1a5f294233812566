"""The years of guidance that a Tick opens in its partition (guidance 二(五)).

A year is opened in the partition where its case lies, so each is written once, whichever worker has
it. Looked at on a Tick of the flow `copies` when there is something new (turned.py): the first of
the partition, of a year, of another rulebook. So a devolution in mid-year is found by the rulebook
that brought it.
"""

from datetime import datetime
from typing import Final

from schemas.topics import flow_partition
from services.casebook.rows import Position
from services.casebook.work import Work
from services.casework.case import Life
from services.casework.guidance import case_id, is_no_longer_owed
from services.casework.steps import Facts
from services.exchange.office import Office
from services.rulebook.calendar import local_date

_YEAR: Final = Life.GUIDANCE_YEAR


def years_to_open(office: Office, work: Work, place: Position, at: datetime) -> Facts:
    """Return the pairs of the partition whose year has no case yet, or need have none any more.

    What lies under a year's id and is none is no reason to be silent: its opening is refused, and
    that is in the journal.
    """
    own = {
        case_id(pair): pair
        for pair in office.guidance(local_date(at).year)
        if flow_partition(case_id(pair).encode(), office.partitions) == place.partition
    }
    work.preload(own, (), ())
    found = {case: work.case(case) for case in own}
    known = {case: each for case, each in found.items() if each and each.life is _YEAR}
    return Facts(
        years=tuple(pair for case, pair in own.items() if case not in known),
        shortened=tuple(
            own[case]
            for case, each in known.items()
            if is_no_longer_owed(each, own[case], office.rulebook)
        ),
    )
