"""What the demo's copies, requests and answers say. All of it is invented."""

from typing import Final, NamedTuple


class Shared(NamedTuple):
    """One of the nine categories of guidance 二(一)1, with a title and what it is about."""

    title: str
    summary: str


SHARED: Final = {
    "legal_texts": Shared(
        "关于新修订市容管理规定（示例）施行的抄送",
        "新修订的规定自下月1日起施行，重点条款及与旧规定的对照见附表，请组织学习。",
    ),
    "administrative_decisions": Shared(
        "关于临时占用道路许可情况（示例）的抄送",
        "本机关上月批准临时占道经营点位两处，期限三个月，请在巡查中核对，逾期的及时告知。",
    ),
    "inspections": Shared(
        "关于集镇食品经营户监督检查结果（示例）的抄送",
        "上月检查经营户46户次，责令改正5户，均已复查合格；下月抽查安排见附表。",
    ),
    "penalty_decisions": Shared(
        "关于上月行政处罚决定（示例）的反馈",
        "上月作出行政处罚决定4件，均已送达并履行；决定书编号和案由见附表。",
    ),
    "statistics": Shared(
        "综合行政执法季度统计数据（示例）",
        "本季度立案12件、处罚9件、罚款合计4600元，无行政复议和行政诉讼。",
    ),
    "discretion_and_procedures": Shared(
        "行政处罚裁量基准和办案程序规定（示例）",
        "修订后的裁量基准自下月1日起适用，首违不罚、轻微不罚事项共11项，请对照办理。",
    ),
    "dynamics": Shared(
        "综合行政执法工作动态（示例）",
        "近期开展集镇占道经营集中整治，劝导38户次，经验做法和存在问题供参考。",
    ),
    "complaints": Shared(
        "关于近期群众集中反映事项（示例）的抄送",
        "近一月收到油烟扰民反映9件，集中在农贸市场周边，请在检查中一并关注。",
    ),
    "other": Shared(
        "关于联络人员变更（示例）的抄送",
        "本机关执法协作联络员已调整，值班安排见附表，请更新联系方式。",
    ),
}
WANTED_DATA: Final = {
    "statistics": (
        "上季度综合行政执法立案数、处罚数、罚没金额、行政复议数",
        "编制全区行政执法统计季报",
    ),
    "penalty_decisions": (
        "上季度作出的行政处罚决定书编号、案由和履行情况",
        "核对移送案件的办理结果",
    ),
}
GUIDED: Final = {
    "on_site": "到现场指导占道经营案件检查笔录制作和证据固定，当场讲评案卷两宗。",
    "leading_case": "带领乡镇执法人员办理一件案件，从现场检查到决定送达全程参与。",
    "document": "印发常见案件办案要点和文书样式，供执法人员对照使用。",
    "seminar": "召开季度案件研讨会，就管辖争议和证据标准统一认识。",
    "training": "举办行政处罚法和文书制作培训半天，参训后书面测试。",
    "case_experience": "推送典型案例三则，说明取证思路和裁量理由。",
}
DISSUADED: Final = {
    "done": "当场要求停止，当事人已停止并承诺整改。",
    "not_possible": "到场时当事人已离开，现场无人，无法联系当事人。",
}
HANDLED: Final = {
    "filed": "经现场核查，违法事实初步成立，已立案调查。",
    "settled_on_spot": "当场责令改正，当事人已改正，情节轻微，予以批评教育。",
    "no_violation": "经核查，该点位已取得批准，未发现违法行为。",
    "not_ours": "所涉路段为公路用地，属交通运输部门管辖。",
}
ASKED: Final = {
    "alone_insufficient": (
        "请派执法人员共同到场检查一处油烟扰民的餐饮店。",
        "仅靠本机关力量不能完成现场检查。",
    ),
    "material_unobtainable": (
        "请提供该经营户近两年的许可和检查记录复印件。",
        "本机关自行调查不能取得上述材料。",
    ),
    "material_held_elsewhere": (
        "请提供广告设施设置审批档案及勘查记录复印件。",
        "审批档案由贵机关掌握。",
    ),
    "technical_support": (
        "请对送检样品作检验检测并出具意见。",
        "认定违法行为需要检验检测意见。",
    ),
    "other_need": (
        "请协助通知相邻区域的当事人到场接受询问。",
        "当事人经常居住地在贵机关辖区。",
    ),
    "penalty_law_26": (
        "请协助送达行政处罚决定书并反馈送达情况。",
        "因实施行政处罚的需要（行政处罚法第二十六条）。",
    ),
}
SHORT_REFUSALS: Final = {
    "information": "所需数据为调查对象的原始资料，尚未汇总审核，本季度不能提供。",
    "outside_powers": "所请求事项不在本机关职权范围，可向区相关主管部门提出。",
    "law_forbids": "所需资料为统计调查对象的身份资料，依法不得提供。",
}
# Somebody else told the supervisor by telephone: the handler is to hear of it, the sender is not.
CALLER: Final = "19900008866"  # invented
ASSIGNED: Final = (
    "规则库就该事项暂无规定，按现场情况由综合行政执法局先行办理；"
    f"另有群众来电（{CALLER}）反映同一情况，请一并核实。"
)
