"""The days on which organs or powers change, found once in each partition, whenever a Tick comes.

A partition's progress keeps which year, which rulebook and which of those days its last Tick has
looked at. Where that is another, as after days without a Tick, or under a rulebook that names an
end in the past, what may be another's now is listed, and the next Ticks go through the list: the
cases in which an organ owes something that has ended (domain, section 1), and those that are held
because nobody was competent, or nobody above both (section 5).
"""

from bisect import bisect_right
from datetime import datetime

from services.casebook.progress import Place
from services.casebook.work import Work
from services.casework.routing import HOLD_CODES
from services.casework.spans import DUTIES
from services.casework.succession import ended
from services.exchange.office import Office
from services.rulebook.calendar import local_date


def looked_at(office: Office, at: datetime) -> str:
    """Return what the partition's progress keeps of a Tick: year, rulebook and last turn."""
    on = local_date(at)
    days = office.turning_days()
    passed = bisect_right(days, on)
    return f"{on.year} {office.rulebook.hash} {days[passed - 1] if passed else None}"


def list_turned(work: Work, office: Office, place: Place, at: datetime) -> None:
    """List the partition's cases that may be another's now; what was decided is written first."""
    work.flush()
    gone = ended(office.rulebook.directory, local_date(at))
    if gone:
        work.recounts.add_owed_by(place, DUTIES, gone)
    work.recounts.add_stopped(place, HOLD_CODES)
    work.quiet.recounts(*place)
