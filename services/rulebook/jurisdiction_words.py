"""The words in which jurisdiction.py explains whose something is, in Chinese and English.

{…} are names, dates and rule ids of the rulebook; no value of a message but place, matter and
dates, which the sender gave for this very purpose.
"""

from types import MappingProxyType
from typing import Final

ZH: Final = MappingProxyType(
    {
        "question": "地点：{place}；事项：{matter}。",
        "wins": "规则{rule}（{area}，{organ}，{mode}）适用：{clause}为{on}，依据{basis}。",
        "no_organ": "规则{rule}（{area}）适用，但目录中没有对应机关（{competent}）。",
        "less_specific": "规则{rule}（{area}）也适用，但不如前者具体。",
        "not_yet": "规则{rule}（{area}）不适用：{clause}为{on}，该规则自{start}起适用。",
        "ended": "规则{rule}（{area}）不适用：{clause}为{on}，该规则适用至{end}为止。",
        "competent": "结论：由{organs}管辖。",
        "concurrent": "结论：{organs}均有管辖权，由最先立案的机关管辖，未立案的由移送机关选定。",
        "gap": "结论：没有任何机关有管辖权，该消息将暂存。",
        "act": "违法行为发生日",
        "act_first_day": "违法行为起始日",
        "act_unknown": "违法行为发生日（未载明，按发现日）",
        "found": "发现日",
        "filed": "立案日（未立案的按移送日）",
        "transfer": "移送日",
        "statutory": "法定",
        "devolved": "下放",
        "entrusted": "委托",
        "and": "、",
    }
)
EN: Final = MappingProxyType(
    {
        "question": "Place: {place}; matter: {matter}. ",
        "wins": "Rule {rule} ({area}, {organ}, {mode}) applies: {clause} is {on}, by {basis}. ",
        "no_organ": "Rule {rule} ({area}) applies, but the directory has no {competent}. ",
        "less_specific": "Rule {rule} ({area}) applies too, but is less specific. ",
        "not_yet": "Rule {rule} ({area}) does not apply: {clause} is {on}, it starts {start}. ",
        "ended": "Rule {rule} ({area}) does not apply: {clause} is {on}, it ended {end}. ",
        "competent": "Competent: {organs}.",
        "concurrent": "Competent: each of {organs}; the first to file, else as the sender says.",
        "gap": "Nobody is competent: the message would be held.",
        "act": "the day of the act",
        "act_first_day": "the first day of the act",
        "act_unknown": "the day of the act (not given: the day it was found)",
        "found": "the day it was found",
        "filed": "the day of filing (not filed: of transfer)",
        "transfer": "the day of transfer",
        "statutory": "statutory",
        "devolved": "devolved",
        "entrusted": "entrusted",
        "and": ", ",
    }
)
