"""Bugs planted one at a time in the product, by patches of a process: each must be found.

What they break is one promise each; a simulation that passed over one of them would judge nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

from schemas.disputes import Designation
from services.casebook.work import Work
from services.casework import (
    clock,
    copies,
    decide,
    duties,
    handovers,
    objections,
    projection,
    spans,
    splitting,
    steps,
    transfer,
)
from services.casework.acts import FOLLOWING
from services.casework.effects import FireRung
from services.casework.steps import Outcome
from services.casework.transitions import Step
from services.cli import statistics_items
from services.confidentiality import masks
from services.exchange import batch
from tests.simulation.county import later
from tests.simulation.days import LATER_LENGTHS

Plant = Callable[[], AbstractContextManager[Any]]
_DROPPED_OF: Final = 13  # one of so many copies is lost


def _without(kind: str, *step: Step) -> Mapping[str, Any]:
    span = spans.DUTIES[kind]
    left = {each: how for each, how in span.closed_by.items() if each not in step}
    return MappingProxyType({**spans.DUTIES, kind: replace(span, closed_by=left)})


def ids_are_not_unique() -> AbstractContextManager[Any]:
    """No message is known to have come before."""
    return patch.object(Work, "message", lambda *_: None)


def progress_is_not_checked() -> AbstractContextManager[Any]:
    """What was decided is decided again when it is read again."""

    def all_of_them(work: Work, intakes: Any) -> Iterator[Any]:
        work.lock({(i.incoming.position.topic, i.incoming.position.partition) for i in intakes})
        yield from intakes

    return patch.object(batch, "_not_yet_done", all_of_them)


def a_signing_ends_another_s_duty() -> AbstractContextManager[Any]:
    """Whoever signs, all have signed."""
    right = duties._closing

    def wrong(duty: Any, turn: Any) -> Any:
        if turn.step is Step.SIGN and duty.kind == "sign_for":
            turn = replace(turn, by=duty.owner)
        return right(duty, turn)

    return patch.object(duties, "_closing", wrong)


def a_rung_fires_twice() -> AbstractContextManager[Any]:
    """That a card was shown is forgotten."""
    right = clock._rungs

    def wrong(case: Any, *rest: Any) -> Outcome:
        decision = right(case, *rest)
        fired = any(isinstance(effect, FireRung) for effect in decision.effects)
        return Outcome(case, decision.effects) if fired else decision

    return patch.object(clock, "_rungs", wrong)


def a_phone_is_shown() -> AbstractContextManager[Any]:
    """The mask of a phone number leaves all of it."""
    return patch.object(masks, "_phone", lambda plain: plain)


def an_objection_leaves_the_filing_owed() -> AbstractContextManager[Any]:
    """Who objects still owes the decision to file."""
    return patch.object(duties, "DUTIES", _without("decide_filing", Step.OBJECT))


def a_designation_leaves_the_handler() -> AbstractContextManager[Any]:
    """The designee is told, and the case stays with who had it."""
    right = FOLLOWING[Designation]

    def wrong(case: Any, message: Any, situation: Any) -> Any:
        outcome = right(case, message, situation)
        if not isinstance(outcome, steps.Outcome):
            return outcome
        return replace(outcome, case=replace(outcome.case, handler=case.handler))

    return patch.object(decide, "FOLLOWING", {**FOLLOWING, Designation: wrong})


def a_copy_is_dropped() -> AbstractContextManager[Any]:
    """A row of the outbox is not written."""
    right, seen = Work.add_outbox, [0]

    def wrong(self: Work, row: Any) -> None:
        if row.topic.startswith("inbox."):
            seen[0] += 1
        if not row.topic.startswith("inbox.") or seen[0] % _DROPPED_OF:
            right(self, row)

    return patch.object(Work, "add_outbox", wrong)


def a_split_loses_a_violation() -> AbstractContextManager[Any]:
    """One number is neither in the child case nor left in the other."""
    right = splitting.split

    def wrong(*of: Any) -> Any:
        outcome = right(*of)
        if not isinstance(outcome, steps.Outcome):
            return outcome
        left = outcome.case.charges[:-1]
        return replace(outcome, case=replace(outcome.case, charges=left))

    return patch.object(objections, "split", wrong)


def new_lengths_move_old_duties() -> AbstractContextManager[Any]:
    """A new rulebook's lengths are laid over what was owed before."""
    right = projection._moved
    lengths = {rule.kind: rule.length for rule in later().duties if rule.kind in LATER_LENGTHS}

    def wrong(duty: Any, term: Any, calendar: Any) -> Any:
        length = lengths.get(duty.kind)
        return right(duty, replace(term, length=length) if length else term, calendar)

    return patch.object(projection, "_moved", wrong)


def what_is_withdrawn_stays_owed() -> AbstractContextManager[Any]:
    """A letter is taken back, and is still to be signed for."""
    return patch.object(duties, "DUTIES", _without("sign_for", Step.WITHDRAW))


def nothing_waits() -> AbstractContextManager[Any]:
    """What comes behind a held message is decided at once."""
    return patch.object(decide, "must_wait", lambda *_: False)


def a_warning_is_dropped() -> AbstractContextManager[Any]:
    """A day comes near, and nobody hears of it."""
    return patch.object(clock, "warn", lambda case, *_: Outcome(replace(case, watches=())))


def guidance_is_forgotten() -> AbstractContextManager[Any]:
    """Guidance was given, and its year does not know."""
    return patch.object(copies, "for_its_year", lambda *_: ())


def a_shortfall_is_not_told() -> AbstractContextManager[Any]:
    """Less is handed over than the letter lists, in silence."""
    return patch.object(handovers, "shortfall", lambda *_: None)


def a_twin_is_not_told() -> AbstractContextManager[Any]:
    """A second letter about the same comes in, and its handler is not told of the first."""
    return patch.object(decide, "tell_alike", lambda _before, outcome, *_: outcome)


def what_was_declined_comes_again() -> AbstractContextManager[Any]:
    """What was declined is taken in a second time without anything new."""
    return patch.object(transfer, "declined_already", lambda *_: None)


def a_breach_is_no_figure() -> AbstractContextManager[Any]:
    """The supervisor's figures show nobody late."""
    return patch.object(statistics_items, "is_late", lambda *_: False)


def what_is_refused_counts_for_the_bus() -> AbstractContextManager[Any]:
    """Whose letters were refused is not told."""
    right = statistics_items._of_effect

    def wrong(effect: Any, *rest: Any) -> Iterator[Any]:
        yield from right({**effect, "to": "another"}, *rest)

    return patch.object(statistics_items, "_of_effect", wrong)


PLANTS: Final[Mapping[str, Plant]] = {
    plant.__name__: plant
    for plant in (
        ids_are_not_unique,
        progress_is_not_checked,
        a_signing_ends_another_s_duty,
        a_rung_fires_twice,
        a_phone_is_shown,
        an_objection_leaves_the_filing_owed,
        a_designation_leaves_the_handler,
        a_copy_is_dropped,
        a_split_loses_a_violation,
        new_lengths_move_old_duties,
        what_is_withdrawn_stays_owed,
        nothing_waits,
        a_warning_is_dropped,
        guidance_is_forgotten,
        a_shortfall_is_not_told,
        a_twin_is_not_told,
        what_was_declined_comes_again,
        a_breach_is_no_figure,
        what_is_refused_counts_for_the_bus,
    )
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Plant one bug; None: none."""
    if name is None:
        yield
        return
    with PLANTS[name]():
        yield
