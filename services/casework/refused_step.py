"""What an agency is told of a step that its case does not take: where the case stands, and the way.

The agency has no command to look at the case with: the refusal itself says what it needs.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.errors import Refusal
from services.casework.case import Case, State
from services.casework.diagram import STATES, STEPS
from services.casework.transitions import TRANSITIONS, Step

# What follows from another step, or from what both sides said: no message of its own brings it.
_FOLLOWS: Final = frozenset(
    {
        Step.HOLD,
        Step.ISSUE,
        Step.SEND,
        Step.SPLIT_OFF,
        Step.AGREE_HOLDER,
        Step.AGREE_SENDER,
        Step.AGREE_SENDER_FILED,
        Step.AGREE_THIRD,
        Step.REFER,
        Step.PROMISE,
        Step.PLAN,
        Step.ASK_PLAN,
        Step.REQUEST_PLAN,
        Step.BEGIN_YEAR,
        Step.GUIDE,
        Step.EXCUSE,
        # In every case that was sent, whatever its state.
        Step.SUPERVISE,
        Step.ANSWER_SUPERVISION,
    }
)


def not_allowed(case: Case, step: Step) -> Refusal:
    """Return the refusal of a step: the state, the step, and what each may do there, in Chinese."""
    row = TRANSITIONS[case.life][case.state]
    possible = "、".join(STEPS[each] for each in _offered(case, row)) or "无"
    told = f"案件状态：{STATES[case.state]}；不能办理：{STEPS[step]}；此时可以办理：{possible}"
    return Refusal("step.not_allowed", detail=told)


def _offered(case: Case, row: Iterable[Step]) -> Iterator[Step]:
    for step in row:
        if step is Step.REFER and case.state is State.FILED:  # the request itself takes it there
            yield Step.REQUEST
        elif step not in _FOLLOWS:
            yield step
