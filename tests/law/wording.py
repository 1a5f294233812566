"""Chinese for what the code itself has none: settings of a duty, functions, audiences."""

from collections.abc import Mapping
from typing import Final

# Notes: what of a sentence is not carried, and why.
PRINTED: Final = "按原格式打印的函件（DOCX、PDF）待后续版本"
STATISTICS: Final = "监督统计见 `yichuan statistics`"
OURS: Final = f"其余是对机关负责人的要求，总线只把逾期告知他们；{STATISTICS}"
NOT_OURS: Final = f"责任追究由有权机关依法决定，总线只留存逾期的事实和说明；{STATISTICS}"

AUDIENCES: Final[Mapping[str, str]] = {
    "township": "对所列事项有管辖权的各乡镇（街道）",
    "type": "区域内该类全部机关",
    "kind": "本县该类部门",
    "organ": "指定机关",
}
# key of duties.toml → (what it says, what is lost without)
SETTINGS: Final[Mapping[str, tuple[str, str]]] = {
    "waived_if_contact_unknown": (
        "投诉举报人联系方式不详的免除，仍记入台账",
        "联系方式不详的也要告知，无法办到的职责逾期挂账。",
    ),
    "extensions": ("可以延长几次、每次多久、由谁批准", "不能依法延长办案期限。"),
    "suspend_for": ("可以中止计算的法定事由", "听证、鉴定等法定事由不能中止期限。"),
}
# module:function → (what it rules, what is lost without)
FUNCTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "services.rulebook.guidance:counts_for": (
        "本年在该乡镇（街道）带领办案或者现场指导的，才计入每年一次",
        "任何业务指导都不再计入，做了也算没做。",
    ),
    "services.rulebook.guidance:guidance_years": (
        "向哪些乡镇（街道）下放了事项的部门，当年对其负有现场指导职责",
        "没有部门再负有每年一次的指导职责。",
    ),
    "services.casework.guidance:guidance_ended": (
        "总线收到当年的现场指导记录，当年职责即告完成；超过年底收到的，记为逾期完成",
        "当年的指导职责永远不能完成。",
    ),
    "services.rulebook.directory:superiors_of": (
        "机关的上级：所在地人民政府，以及本系统的上级部门",
        "红牌不再告知市级主管部门和人民政府。",
    ),
    "services.rulebook.directory:common_superior": (
        "共同的上一级行政机关由机关名录的隶属关系得出",
        "找不到共同的上一级行政机关，争议无处报请。",
    ),
}
