"""The judge of duties: each fired once when it was due, none that had been met. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.faults.agencies import Got

NOTICE: Final = "duty_notice"
MEETS: Final = {  # duty → the record by which it is met
    "sign_for": "signed_for",
    "decide_filing": "filing_reply",
    "outcome_feedback": "outcome_feedback",
}
# What is owed when nobody signs within the minute; then nothing for half an hour. (The reminder
# would fall into the opening, and is none.)
OWED: Final = ("yellow",)


def wrong_duties(
    held: Mapping[str, Sequence[Got]], owner: str, overdue: Mapping[str, str]
) -> Iterator[str]:
    """Say what is wrong. `overdue`: case → 文号 of what its `owner` has not signed in time."""
    notices = [(holder, got) for holder, things in held.items() for got in things if _is(got)]
    fired = Counter((holder, got.case_id, got.duty, got.rung) for holder, got in notices)
    for (holder, case, duty, rung), count in fired.items():
        if count > 1:
            yield f"{holder}: {duty} {rung} of {case}, {count} times"
    for case, number in overdue.items():
        for rung in OWED:
            if not fired[owner, case, "sign_for", rung]:
                yield f"{owner}: no {rung} of {number}, which nobody signed"
    met = {(got.case_id, got.record): got.at for things in held.values() for got in things}
    for holder, got in notices:
        at = met.get((got.case_id, MEETS.get(got.duty, "")))
        if at and got.nominal_at >= at:
            yield f"{holder}: {got.duty} {got.rung} of {got.case_id}, met before it was due"


def _is(got: Got) -> bool:
    return got.record == NOTICE
