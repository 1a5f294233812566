"""What the database counts as open and overdue is what the law's own definition says."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from schemas.ids import MessageId
from schemas.messages import HoldReason
from services.casebook.owed import open_duties, overdue_duties
from services.casebook.rows import (
    case_from_text,
    case_to_text,
    duty_from_text,
    duty_to_text,
    end_to_text,
    to_ms,
)
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DUTIES
from services.casework.case import Closing, Duty
from services.casework.owed import is_overdue, is_owed
from services.casework.stop import Stop
from services.casework.term import Suspension
from services.rulebook.model import Length, Unit
from tests.batches import of_one_partition
from tests.history import MONDAY
from tests.office import Log, rows, run

DAY = timedelta(days=1)
NOW = MONDAY + 30 * DAY
STILL = Suspension(MessageId("m"), NOW - 9 * DAY, NOW + DAY, Length(7, Unit.CALENDAR_DAYS))


@dataclass(frozen=True)
class Stands:
    """How one duty stands, and what is counted of it."""

    changes: dict[str, Any]
    owed: bool
    overdue: bool
    frozen_at: datetime | None = None


PAST, COMING = {"due": NOW - 5 * DAY}, {"due": NOW + DAY}
STANDINGS = (
    Stands(COMING, owed=True, overdue=False),
    Stands(PAST, owed=True, overdue=True),
    Stands({"due": NOW}, owed=True, overdue=True),
    Stands(PAST | {"provisional": True}, owed=True, overdue=False),
    Stands(PAST | {"suspension": STILL}, owed=True, overdue=False),
    Stands(PAST, owed=True, overdue=True, frozen_at=NOW - 4 * DAY),
    Stands(PAST, owed=True, overdue=False, frozen_at=NOW - 6 * DAY),
    Stands(COMING, owed=True, overdue=False, frozen_at=NOW - 6 * DAY),
    Stands(
        COMING | {"kind": "joint_outcome", "begins_at": NOW + DAY, "opened_at": NOW + DAY},
        owed=False,
        overdue=False,
    ),
    # Nobody is above both sides: it was to begin long ago, and nothing is owed still.
    Stands(
        PAST | {"kind": "request_designation", "begins_at": NOW + DAY}, owed=False, overdue=False
    ),
    Stands(PAST | {"kind": "request_designation"}, owed=True, overdue=True),
    Stands(PAST | {"closed_at": NOW - DAY, "closing": Closing.LATE}, owed=False, overdue=False),
)


def put(casebook: Casebook) -> list[Duty]:
    """A case for each standing, with one duty that stands so."""
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(len(STANDINGS))])
    duties = []
    opened, cases = rows(casebook, DUTIES), rows(casebook, CASES)
    with casebook.engine.begin() as connection:
        for row, stands in zip(opened, STANDINGS, strict=True):
            duty = replace(duty_from_text(row.body, row.ended), **stands.changes)
            duties.append(duty)
            values = {
                "kind": duty.kind,
                "due_ms": to_ms(duty.due),
                "open": duty.closing is None,
                "body": duty_to_text(duty),
                "ended": end_to_text(duty),
            }
            connection.execute(update(DUTIES).where(DUTIES.c.duty_id == row.duty_id).values(values))
        for row, stands in zip(cases, STANDINGS, strict=True):
            if stands.frozen_at is not None:
                stop = Stop(
                    MessageId("m"), duties[0].owner, HoldReason.FROZEN, "m", stands.frozen_at
                )
                case = replace(case_from_text(row.body, ()), stop=stop)
                values = {"stopped": HoldReason.FROZEN.value, "body": case_to_text(case)}
                connection.execute(update(CASES).where(CASES.c.seq == row.seq).values(values))
    return duties


def test_open_and_overdue_are_what_the_law_s_own_definition_says(casebook: Casebook) -> None:
    duties = put(casebook)
    with casebook.engine.connect() as connection:
        opened, late = open_duties(connection), overdue_duties(connection, NOW)
    told = list(zip(duties, STANDINGS, strict=True))
    assert [is_owed(duty, NOW) for duty, _ in told] == [each.owed for each in STANDINGS]
    assert [is_overdue(duty, NOW, each.frozen_at) for duty, each in told] == [
        each.overdue for each in STANDINGS
    ]
    assert opened == Counter((duty.kind, duty.owner) for duty, each in told if each.owed)
    assert late == Counter((duty.kind, duty.owner) for duty, each in told if each.overdue)
