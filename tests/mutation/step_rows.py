"""The mutants of the two tables of the law that are code: steps, and what opens and ends a duty."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from tests.mutation.mutant import Change, Group, Mutant, Names

STEPS: Final = "services/casework/transitions.py"
SPANS: Final = "services/casework/spans.py"
_NEVER_TO: Final = frozenset({"new", "held"})  # no step leads back to before the beginning
_CLOSINGS: Final = {
    "met": "superseded",
    "superseded": "met",
    "withdrawn": "superseded",
    "waived": "met",
}


def step_mutants() -> list[Mutant]:
    """Return every (life, state, step) taken out, and leading somewhere else. For a child."""
    from services.casework.transitions import TRANSITIONS  # noqa: PLC0415 - a child's import

    return [
        _step(str(life), str(state), str(step), str(target), now)
        for life, rows in TRANSITIONS.items()
        for state, row in rows.items()
        for step, target in row.items()
        for now in ("", _elsewhere([str(each) for each in rows], str(target)))
    ]


def _elsewhere(states: list[str], target: str) -> str:
    """Return the state after it in the table's order."""
    after = states[states.index(target) + 1 :] + states[: states.index(target)]
    others = [state for state in after if state not in _NEVER_TO]
    return others[0] if others else "new"  # of a copy: there is but one state to be in


def _step(life: str, state: str, step: str, target: str, now: str) -> Mutant:
    return Mutant(
        Group.TRANSITIONS,
        STEPS,
        f"{life} {state} {step}",
        target,
        now,
        Change("services.casework.transitions", patch=partial(_other_step, life, state, step, now)),
        (("step", life, state, step),),
    )


def _other_step(life: str, state: str, step: str, now: str, names: Names) -> None:
    table = {each: dict(rows) for each, rows in names["TRANSITIONS"].items()}
    row = dict(table[life][state])
    if now:
        row[names["Step"](step)] = names["State"](now)
    else:
        del row[step]
    table[life][state] = row
    names["TRANSITIONS"] = MappingProxyType(table)


def span_mutants() -> list[Mutant]:
    """Return every way in which an entry of the table of spans is not as it was. For a child."""
    from services.casework.spans import DUTIES  # noqa: PLC0415 - a child's import

    return [mutant for kind, span in DUTIES.items() for mutant in _of_span(kind, span)]


def _of_span(kind: str, span: Any) -> Iterator[Mutant]:
    for step in sorted(map(str, span.opened_by)):
        yield _span(kind, f"opened by {step}", "", partial(_not_opened, step), "opens", step)
    # Words, not the product's enums: the parent, which is told of them, imports none of it.
    for step, closing in ((str(step), str(how)) for step, how in span.closed_by.items()):
        yield _span(kind, f"ended by {step}", "", partial(_not_ended, step), "ends", step)
        other, how = _CLOSINGS[closing], partial(_otherwise_ended, step, _CLOSINGS[closing])
        yield _span(kind, f"ended by {step}: {closing}", other, how, "ends", step)
    if not span.opened_by:
        return  # the rest is asked where a step opens it; this one is opened by the year
    owners = [str(each) for each in span.owner.__class__]
    owner = owners[(owners.index(str(span.owner)) + 1) % len(owners)]
    yield _span(kind, f"owner {span.owner}", owner, partial(_owned, owner), "span")
    if span.runs_out:
        yield _span(kind, "runs out", "", partial(_with, runs_out=False), "span")
    if span.complainants is not None:
        yield _span(kind, "complainants", "", partial(_with, complainants=None), "span")
    if len(span.lives) < len(next(iter(span.lives)).__class__):
        yield _span(kind, "lives", "every", _in_every_life, "span")


def _span(
    kind: str, was: str, now: str, how: Callable[[Names, Any], Any], reached: str, *step: Any
) -> Mutant:
    return Mutant(
        Group.SPANS,
        SPANS,
        kind,
        was,
        now,
        Change("services.casework.spans", patch=partial(_other_span, kind, how)),
        ((reached, kind, *map(str, step)),),
    )


def _other_span(kind: str, how: Callable[[Names, Any], Any], names: Names) -> None:
    names["DUTIES"] = MappingProxyType({**names["DUTIES"], kind: how(names, names["DUTIES"][kind])})


def _not_opened(step: str, _: Names, span: Any) -> Any:
    return replace(span, opened_by=span.opened_by - {step})


def _not_ended(step: str, _: Names, span: Any) -> Any:
    closed_by = {each: closing for each, closing in span.closed_by.items() if each != step}
    return replace(span, closed_by=MappingProxyType(closed_by))


def _otherwise_ended(step: str, closing: str, names: Names, span: Any) -> Any:
    other = {names["Step"](step): names["Closing"](closing)}
    return replace(span, closed_by=MappingProxyType({**span.closed_by, **other}))


def _owned(owner: str, names: Names, span: Any) -> Any:
    return replace(span, owner=names["Owner"](owner))


def _with(_: Names, span: Any, **values: Any) -> Any:
    return replace(span, **values)


def _in_every_life(names: Names, span: Any) -> Any:
    return replace(span, lives=frozenset(names["Life"]))
