"""The diagram of a case's lives, printed from the table of steps. Pure.

deploy/lifecycle.md holds what is printed here; a house test holds the two together.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from services.casework.case import Life, State
from services.casework.transitions import TRANSITIONS, Step

LIVES: Final[Mapping[Life, str]] = MappingProxyType(
    {
        Life.TRANSFER: "线索、案件、投诉举报的移送 | A lead, a case or a complaint",
        Life.NOTICE: "告知 | A notice",
        Life.COPY: "抄送、通报、业务指导记录 | Copies",
        Life.INFORMATION: "信息需求 | A request for information",
        Life.ASSISTANCE: "执法协助请求 | A request for assistance",
        Life.JOINT: "联合执法方案 | A joint plan",
        Life.CONSULTATION: "联合执法协商 | A consultation",
        Life.GUIDANCE_YEAR: "每年业务指导（部门—乡镇街道） | A year of guidance",
    }
)
STATES: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.NEW: "未处理",
        State.HELD: "暂存",
        State.ISSUED: "已发出",
        State.RECEIVED: "已签收",
        State.DISPUTED: "管辖争议",
        State.REFERRED: "报请指定",
        State.DESIGNATED: "已指定管辖",
        State.FILED: "已立案",
        State.DECLINED: "不予立案",
        State.CLOSED: "已办结",
        State.WITHDRAWN: "已撤回",
        State.HANDLED: "已查处",
        State.ANSWERED: "已答复",
        State.SENT: "已发送",
        State.OWED: "当年待指导",
        State.GUIDED: "当年已指导",
    }
)
STEPS: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.HOLD: "暂存",
        Step.ISSUE: "送达承办机关",
        Step.SEND: "送达收件机关",
        Step.SIGN: "签收",
        Step.FILE: "立案",
        Step.DECLINE: "不予立案",
        Step.DECIDE: "作出决定",
        Step.SERVE: "送达决定",
        Step.EXECUTE: "执行",
        Step.CONCLUDE: "办结",
        Step.FEED_BACK: "办结反馈",
        Step.SUPPLEMENT: "补充反馈",
        Step.INFORM: "告知投诉举报人",
        Step.EXEMPT: "联系方式不详",
        Step.HANDLE: "查处情况反馈",
        Step.ANSWER_REQUEST: "答复信息需求",
        Step.ANSWER_ASSISTANCE: "答复协助请求",
        Step.WITHDRAW: "撤回",
        Step.ASK_BACK: "请求撤回",
        Step.GIVE_BACK: "同意撤回",
        Step.KEEP: "不同意撤回",
        Step.OBJECT: "管辖异议",
        Step.SPLIT: "部分异议，分案",
        Step.SPLIT_OFF: "由分案产生",
        Step.NEGOTIATE: "报送协商结果",
        Step.AGREE_HOLDER: "商定由受移送机关办理",
        Step.AGREE_SENDER: "商定由移送机关办理",
        Step.AGREE_SENDER_FILED: "商定由已立案的移送机关办理",
        Step.AGREE_THIRD: "商定由第三机关办理",
        Step.REFER: "协商不成",
        Step.REISSUE: "重新移送",
        Step.REQUEST: "报请指定管辖",
        Step.DESIGNATE: "指定管辖",
        Step.TRANSFER_ON: "无管辖权，再移送",
        Step.HAND_OVER: "材料物品交接",
        Step.COUNT: "清点无误",
        Step.DIFFER: "清点有差异",
        Step.SETTLE: "差异处理",
        Step.REVIEW: "证据审查",
        Step.PROMISE: "约定协助日期",
        Step.ASSIST: "协助结果",
        Step.PLAN: "联合执法方案",
        Step.ASK_PLAN: "征求参与机关",
        Step.REQUEST_PLAN: "报请县级人民政府决定",
        Step.ANSWER_PLAN: "同意参加",
        Step.LEAVE_PLAN: "不参加",
        Step.APPROVE_PLAN: "决定开展",
        Step.REJECT_PLAN: "决定不开展",
        Step.REPORT: "联合执法结果",
        Step.MINUTE: "协商纪要",
        Step.BEGIN_YEAR: "年度开始",
        Step.GUIDE: "带领办案或者现场指导",
        Step.EXCUSE: "下放不足规定天数，免除",
        Step.SUPERVISE: "督办",
        Step.ANSWER_SUPERVISION: "督办回复",
    }
)


def lifecycle() -> str:
    """Return the page: for each life a Mermaid diagram, and its table of steps."""
    lines = [
        "# 案件的生命周期 · The life of a case",
        "",
        "由 `services/casework/transitions.py` 生成（`make lifecycle`），请勿手改。",
        "表中没有列出的步骤一律退回，不改变案件。",
        "",
        "Printed from `services/casework/transitions.py` by `make lifecycle`; do not edit.",
        "A step that is not listed is refused and changes nothing.",
    ]
    for life in TRANSITIONS:
        lines += ["", f"## {LIVES[life]}", "", *_diagram(life), "", *_table(life)]
    return "\n".join(lines) + "\n"


def _diagram(life: Life) -> Iterator[str]:
    """Yield the steps that move the case, as a Mermaid state diagram."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {State.NEW}"
    for state in TRANSITIONS[life]:
        yield f"    {state}: {STATES[state]} {state}"
    for state, row in TRANSITIONS[life].items():
        for step, target in row.items():
            if target is not state:
                yield f"    {state} --> {target}: {STEPS[step]}"
        if not any(target is not state for target in row.values()):
            yield f"    {state} --> [*]"
    yield "```"


def _table(life: Life) -> Iterator[str]:
    """Yield every step of every state, those that leave it as it is too."""
    yield "| 状态 state | 步骤 step | 之后 next |"
    yield "|---|---|---|"
    for state, row in TRANSITIONS[life].items():
        for step, target in row.items():
            yield f"| {STATES[state]} `{state}` | {STEPS[step]} `{step}` | `{target}` |"
