"""A Tick fires what is due: each rung exactly once, in order (domain, section 4, Ladder).

A Tick lies in the partition of the case, so it comes after every message that was there before it:
a backlog makes no false overdue. Nothing fires in a case with waiting messages; on release these
are decided first, at their own received times.
"""

from dataclasses import replace
from datetime import datetime

from schemas.ids import MessageId, OrganCode
from schemas.messages import Rung, Tick
from services.casework.awaken import awaken
from services.casework.case import Case, Duty
from services.casework.effects import Decision, Effect, FireRung
from services.casework.referral import begin_request, refer
from services.casework.steps import Facts, Outcome, Situation
from services.casework.watches import warn
from services.rulebook.calendar import local_date
from services.rulebook.directory import county_government_of, superiors_of, supervisor_of
from services.rulebook.model import Directory, Rulebook


def fire(case: Case, tick: Tick, rulebook: Rulebook, at: datetime) -> Decision:
    """Fire what has become due: each rung, each warning, then what happens when time runs out.

    A rung and a running out of one instant: the rung first, since it was owed by the duty that
    ends with it.
    """
    if not case.moves:
        return Decision(case, ())
    cause = tick.envelope.message_id
    woken = awaken(case, cause, rulebook.calendar, at)
    begun = begin_request(woken, cause, Situation(rulebook, Facts(), at))
    fired = _rungs(begun.case, cause, rulebook, at)
    warned = warn(fired.case, cause, at)
    done = Outcome(warned.case, (*begun.effects, *fired.effects, *warned.effects))
    ended = next((duty for duty in case.duties if duty.runs_out and _is_over(duty, at)), None)
    if ended is not None:
        done = refer(done, tick, Situation(rulebook, Facts(), at))
    return Decision(done.case, done.effects)


def _is_held(duty: Duty, at: datetime) -> bool:
    """Whether its owner has gone without a successor: then a rung would go to nobody."""
    return duty.held_until is not None and duty.held_until > at


def _is_over(duty: Duty, at: datetime) -> bool:
    return duty.closing is None and duty.due <= at


def _rungs(case: Case, tick: MessageId, rulebook: Rulebook, at: datetime) -> Outcome:
    effects: list[Effect] = []
    duties = list(case.duties)
    owed = sorted(
        (rung.nominal_at, position, step)
        for position, duty in enumerate(duties)
        if duty.next_rung is not None and not _is_held(duty, at)
        for step, rung in enumerate(duty.ladder)
        if rung.fired_at is None and rung.nominal_at <= at
    )
    for nominal_at, position, step in owed:
        duty = duties[position]
        rung = duty.ladder[step]
        ladder = (*duty.ladder[:step], replace(rung, fired_at=at), *duty.ladder[step + 1 :])
        duties[position] = replace(duty, ladder=ladder)
        told = _told(duty, rung.rung, rulebook.directory, at)
        effects.append(FireRung(tick, duties[position], rung.rung, nominal_at, told))
    return Outcome(replace(case, duties=tuple(duties)), tuple(effects))


def _told(duty: Duty, rung: Rung, directory: Directory, at: datetime) -> tuple[OrganCode, ...]:
    """Who hears of a rung: reminder the owner; yellow both; red and the last those above them."""
    on = local_date(at)
    supervisor = supervisor_of(directory, duty.owner, on)
    match rung:
        case Rung.REMINDER:
            return (duty.owner,)
        case Rung.YELLOW:
            return tuple(dict.fromkeys((duty.owner, duty.counterpart)))  # it may answer itself
        case Rung.RED:
            above = (supervisor, *superiors_of(directory, duty.owner, on))
        case _:
            above = (county_government_of(directory, duty.owner, on), supervisor)
    return tuple(dict.fromkeys(organ.code for organ in above if organ is not None))
