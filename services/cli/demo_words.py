"""What the demo writes about: invented people and firms, and a few sentences for each matter.

Everything here is made up. Names of firms say so (示例, 样例, 虚构); identity numbers and
credit codes are of 520299, a division that does not exist.
"""

from dataclasses import dataclass
from typing import Final

from schemas.ids import MatterCode


@dataclass(frozen=True, slots=True)
class Thing:
    """An item involved in a case. `value` in CNY."""

    name: str
    unit: str
    quantity: str
    value: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found: {party} and {place} are filled in; `photo` names the first evidence."""

    text: str
    photo: str
    item: Thing | None = None
    penalty: str = "罚款"
    amount: str = "500.00"


FACTS: Final = {
    MatterCode(code): facts
    for code, facts in {
        "CG-001": Facts(
            "{party}在{place}主干道临街楼顶设置一块长8米、宽3米的户外广告牌，未办理设置审批手续。",
            "户外广告牌现场照片",
        ),
        "CG-002": Facts(
            "{party}在{place}街道一侧人行道上堆放砂石、水泥等建筑材料约5立方米，影响行人通行。",
            "堆放物料现场照片",
            Thing("袋装水泥", "袋", "40.0000", "960.00", "P·O 42.5"),
            amount="300.00",
        ),
        "CG-003": Facts(
            "{party}在{place}农贸市场外道路上摆设摊位三处，占用车行道约12平方米，经劝导后仍返回。",
            "占道摊位现场照片",
            amount="200.00",
        ),
        "CG-004": Facts(
            "{party}在{place}居民楼道和电线杆上张贴小广告60余张，经比对电话号码确认为其所为。",
            "张贴广告现场照片",
            amount="100.00",
        ),
        "CG-005": Facts(
            "{party}的自卸货车运输渣土途经{place}时未密闭，沿途遗撒约300米。",
            "遗撒路段照片及行车轨迹",
            amount="2000.00",
        ),
        "CG-006": Facts(
            "{party}为接驳管线在{place}擅自开挖城市道路，长6米、宽0.8米，未设警示标志。",
            "道路开挖现场照片",
            amount="5000.00",
        ),
        "CG-007": Facts(
            "{party}将约两车生活垃圾倾倒于{place}路边空地并点燃，现场有明显焚烧痕迹。",
            "垃圾堆放点照片",
            amount="500.00",
        ),
        "CG-008": Facts(
            "{party}将拆除旧房产生的建筑垃圾约15立方米倾倒在{place}一处闲置地块。",
            "建筑垃圾堆放现场照片",
            amount="8000.00",
        ),
        "CG-009": Facts(
            "{party}在{place}经营餐饮，厨房油烟直排，未安装油烟净化设施，周边居民多次反映。",
            "排烟口现场照片",
            amount="5000.00",
        ),
        "CG-010": Facts(
            "{party}在{place}禁止区域内露天烧烤，现场炭火、烟气明显。",
            "烧烤摊点现场照片",
            Thing("木炭烧烤炉", "台", "1.0000", "380.00", "1.2米"),
            amount="500.00",
        ),
        "CG-011": Facts(
            "{party}在{place}自家承包地露天焚烧秸秆约2亩，烟雾飘散至公路。",
            "秸秆焚烧点照片",
            amount="500.00",
        ),
        "CG-012": Facts(
            "{party}在{place}的在建工地于23时以后仍使用切割机作业，经检测噪声超过限值。",
            "噪声检测记录",
            amount="10000.00",
        ),
        "CG-013": Facts(
            "{party}在{place}门店外连续使用高音广播喇叭招揽顾客，附近居民多次反映。",
            "扩音设备现场照片",
            amount="300.00",
        ),
        "CG-014": Facts(
            "{party}在{place}一处出租屋内存放并销售瓶装液化石油气，不能出示燃气经营许可证。",
            "气瓶存放现场照片",
            Thing("液化石油气钢瓶", "只", "12.0000", "1440.00", "YSP35.5"),
            amount="20000.00",
        ),
        "CG-015": Facts(
            "{party}在{place}的厨房内将燃气热水器安装于不通风处，并擅自改接燃气软管。",
            "燃气用具安装情况照片",
            amount="300.00",
        ),
        "GH-002": Facts(
            "{party}在{place}的村民组内未取得乡村建设规划许可证，修建砖混结构房屋一层，面积约96平方米。",
            "在建房屋现场照片",
            penalty="限期拆除",
            amount="0.00",
        ),
        "SC-001": Facts(
            "{party}在{place}租用民房加工豆制品并向学校周边销售，不能出示食品生产许可证。",
            "加工场所现场照片",
            Thing("豆腐干", "千克", "38.5000", "616.00"),
            amount="50000.00",
        ),
        "SC-002": Facts(
            "{party}在{place}经营的货架上摆放有超过保质期的糕点17袋，最长过期42天。",
            "过期食品及标签照片",
            Thing("袋装蛋糕", "袋", "17.0000", "136.00", "200克"),
            penalty="罚款、没收违法所得",
            amount="5000.00",
        ),
        "SC-003": Facts(
            "{party}在{place}从事汽车维修，开业两月有余，未办理营业执照。",
            "经营场所现场照片",
            amount="1000.00",
        ),
        "SC-004": Facts(
            "{party}在{place}经营的水果摊未标明价格，结账时按高于口头报价收费。",
            "摊位及收费凭证照片",
            amount="800.00",
        ),
        "SC-005": Facts(
            "{party}在{place}使用的一台叉车未经检验合格，检验有效期已过7个月。",
            "叉车铭牌及检验标志照片",
            Thing("内燃平衡重式叉车", "台", "1.0000", "42000.00", "CPCD30"),
            amount="30000.00",
        ),
        "SC-006": Facts(
            "{party}在{place}散发宣传单，称其普通食品可以治疗高血压、糖尿病。",
            "宣传单原件",
            amount="20000.00",
        ),
        "SW-002": Facts(
            "{party}在{place}河道滩地堆放弃渣约80立方米，占用行洪断面。",
            "河道堆渣现场照片",
            amount="10000.00",
        ),
        "ZR-002": Facts(
            "{party}在{place}耕地上建坟一座，占用耕地约20平方米。",
            "占地现场照片",
            amount="2000.00",
        ),
        "ZR-004": Facts(
            "{party}未经批准在{place}村民组占用集体土地扩建住宅一间，面积约35平方米。",
            "占地建房现场照片",
            penalty="限期拆除、退还土地",
            amount="0.00",
        ),
    }.items()
}

PERSONS: Final = (
    "赵样例", "钱示范", "孙虚构", "李某示", "周例明", "吴假名", "郑演示", "王试样",
    "冯例安", "陈虚怀", "褚示禾", "卫样舟", "蒋演和", "沈例澄", "韩示川", "杨虚谷",
)  # fmt: skip
FIRMS: Final = (
    "六枝特区示例食品加工坊", "六枝特区样例餐饮店", "六枝特区虚构建材经营部", "六枝特区示例汽修厂",
    "六枝特区样例水果店", "六枝特区示例燃气用品店", "六枝特区虚构超市", "六枝特区样例物流部",
)  # fmt: skip
COMPANIES: Final = (
    "贵州示例建设工程有限公司", "贵州样例商贸有限公司", "贵州虚构广告有限公司",
    "六盘水示例运输有限公司", "六盘水样例农业开发有限公司", "贵州演示物业服务有限公司",
)  # fmt: skip

DECLINED: Final = {
    "no_facts": "经现场核查和走访周边住户，未发现移送函所述情形，现有证据不能证明违法事实存在。",
    "minor_corrected": "违法行为轻微，当事人已在责令期限内改正并恢复原状，未造成危害后果。",
    "already_handled": "同一违法行为已由本机关于上月立案，正在办理，不再重复立案。",
    "out_of_time": "经查，违法行为终了已逾二年，其间未被发现，依法不再给予行政处罚。",
}
