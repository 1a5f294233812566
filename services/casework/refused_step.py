"""What an agency is told of a step that its case does not take: where the case stands, and the way.

The agency has no command to look at the case with: the refusal itself says what it needs.
"""

from typing import Final

from schemas.errors import Refusal
from services.casework.case import Case
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
    possible = "、".join(STEPS[each] for each in row if each not in _FOLLOWS) or "无"
    told = f"案件状态：{STATES[case.state]}；不能办理：{STEPS[step]}；此时可以办理：{possible}"
    return Refusal("step.not_allowed", detail=told)
