"""What was taken: each row of the law's table of steps, each code; and what there is to take.

The lists are made from the code: a new row or a new code is not covered until a move takes it.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from services.casework import standstill
from services.casework import steps as product_steps
from services.casework.case import Life, State
from services.casework.decide import decide
from services.casework.effects import Accept, Reject
from services.casework.transitions import TRANSITIONS, Step, after
from services.exchange import clerk

_ROOT: Final = Path(__file__).parents[2]
_REFUSING: Final = (
    "schemas/checks.py",
    "schemas/intake.py",
    "schemas/seal.py",
    "schemas/secrecy.py",
    "schemas/codec.py",
    "schemas/*_form.py",
    "services/casework/*.py",
    "services/exchange/clerk.py",
    "services/exchange/desk.py",
    "services/exchange/intake.py",
)
# No refusal of a record of a flow: why each.
NOT_REFUSALS: Final = {
    "advice.": "what the bus tells, no refusal",
    "hold.": "a message that waits",
    "case.defect": "counted as a dead letter",
    "case.no_dispute": "a defect of ours, which freezes the case",
    "case.no_handler": "a defect of ours, which freezes the case",
    "rules.duty_missing": "a defect of the rulebook; lint finds it, the demo has none",
    "record.not_supported_yet": "every record has its function",
    "message.delivery_filled": "what has a delivery has no valid seal: seal.invalid comes first",
    "message.unencodable": "raised where we write, never where we read",
    "message.unstorable": "a value that the database refuses; tests/unit/…/test_batch_storage.py",
    "settle.retry_impossible": "follows message.unstorable; the same tests",
    "message.too_large": "a value over the broker's own limit is not taken by it",
    "message.character_unfit": "of a document's text, at the connector",
    "message.field_unknown": "of a document's key, at the connector",
    "clock_change.not_allowed": "a duty from before terms were kept; no rulebook makes one",
    "case.already_open": "a case's id holds its sender; tests/unit/…/test_decide.py",
    "case.too_many_letters": "hundreds of one record; tests/unit/…/casework/test_said_before.py",
    "case.erased": "years after a case is over; tests/unit/…/test_expiring.py",
    "seal.not_vouched": "of an inbox's value, at the connector",
    "opening.original_erased": "of a parent's letter; tests/unit/…/test_fields_opened.py",
    "seal.key_unknown": "the same way as seal.invalid; tests/unit/schemas/test_seal.py",
}


@cache
def transitions() -> tuple[tuple[str, str, str, str], ...]:
    """Return every row of the table: life, state, step, the state after it."""
    return tuple(
        (life.value, state.value, step.value, target.value)
        for life, rows in TRANSITIONS.items()
        for state, row in rows.items()
        for step, target in row.items()
    )


@cache
def codes() -> tuple[str, ...]:
    """Return every code with which a record of a flow can be refused."""
    known = tomllib.loads((_ROOT / "schemas/errors.toml").read_text(encoding="utf-8"))
    names = {
        f"{noun}.{reason}"
        for noun, rest in known.items()
        if isinstance(rest, dict)
        for reason in rest
    }
    names |= set(known)
    found: set[str] = set()
    for pattern in _REFUSING:
        for path in sorted(_ROOT.glob(pattern)):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    left_out = tuple(NOT_REFUSALS)
    return tuple(
        sorted(code for code in found & names if "." in code and not code.startswith(left_out))
    )


WAITING_MAX: Final = 2  # messages behind one case: the product's own limit, made small
Counts = Counter[tuple[str, ...]]


@contextmanager
def counted(counts: Counts, defects: set[str], *, once: bool = False) -> Iterator[None]:
    """Count steps of decisions that stand; make the law fail at the messages named.

    `once`: at each of them the first time only, as a mended law would on a replay.
    """
    taken: list[tuple[str, ...]] = []

    def noting(life: Life, state: State, step: Step) -> State | None:
        target = after(life, state, step)
        if target is not None:
            taken.append(("step", life.value, state.value, step.value, target.value))
        return target

    def deciding(case: Any, message: Any, *rest: Any) -> Any:
        taken.clear()
        if message.envelope.message_id in defects:
            if once:
                defects.discard(message.envelope.message_id)
            raise PlantedDefect
        decision = decide(case, message, *rest)
        own = message.envelope.message_id
        refused = any(isinstance(each, Reject) and each.message == own for each in decision.effects)
        accepted = any(isinstance(each, Accept) for each in decision.effects)
        if accepted or not refused:
            counts.update(taken)
        return decision

    with (
        patch.object(product_steps, "after", noting),
        patch.object(clerk, "decide", deciding),
        patch.object(standstill, "WAITING_MAX", WAITING_MAX),
    ):
        yield


class PlantedDefect(Exception):
    """A defect of the law that the simulation makes."""
