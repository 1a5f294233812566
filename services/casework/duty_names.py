"""What officials call the kinds of duties (domain, section 4), in Chinese and in English."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DUTY_NAMES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "sign_for": ("签收", "sign for it"),
        "decide_filing": ("作出立案决定", "decide on filing"),
        "decide_case": ("作出处理决定", "decide the case"),
        "outcome_feedback": ("办结反馈", "feed back the outcome"),
        "handle": ("查处并反馈", "handle it and say what came of it"),
        "inform_complainant": ("告知投诉举报人移送情况", "tell the complainant of the forwarding"),
        "complainant_feedback": ("反馈投诉举报人处理结果", "tell the complainant the outcome"),
        "answer_request": ("答复信息需求", "answer the request for information"),
        "answer_assistance": ("答复协助请求", "answer the request for assistance"),
        "negotiate": ("协商并报送结果", "negotiate and say what came of it"),
        "reissue": ("向商定的机关重新移送", "send a new letter to the organ agreed on"),
        "request_designation": ("报请指定管辖", "ask the common superior to designate"),
        "designate": ("指定管辖", "designate who handles it"),
        "handover": ("移交材料物品", "hand over the materials and items"),
        "return_custody": ("退还材料物品", "give back the materials and items"),
        "custody_check": ("清点材料物品", "count what was handed over"),
        "settle_discrepancy": ("处理清点差异", "settle what differs from the list"),
        "assist": ("按约定日期协助", "assist by the day agreed on"),
        "answer_joint_plan": ("答复联合执法方案", "answer the joint plan"),
        "decide_joint_plan": ("决定是否开展联合执法", "decide on the joint plan"),
        "joint_outcome": ("报送联合执法结果", "say what came of the joint action"),
        "answer_supervision": ("答复督办", "answer the supervision letter"),
        "yearly_guidance": ("当年现场业务指导", "give guidance on site within the year"),
        "answer_withdrawal": ("答复撤回", "answer the withdrawal"),
    }
)
