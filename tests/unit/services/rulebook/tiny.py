"""A rulebook small enough to read at a glance, as files and as parsed."""

from datetime import date, datetime, time
from types import MappingProxyType

from schemas.classes import FieldClass
from schemas.parts import Relation
from services.rulebook.calendar import ZONE
from services.rulebook.model import Calendar, Ladder, Length, Rulebook, RungDays, Unit
from services.rulebook.parse import parse

PROVINCE, CITY, COUNTY = "520000000000", "520200000000", "520203000000"
YANJIAO_PLACE, LANGDAI_PLACE = "520203102000", "520203110000"
YANJIAO, LANGDAI = "11520203YC0001047R", "11520203YC0001063F"
CGJ, SCJG, GOV, SFJ = (
    "11520203YC0002015P",
    "11520203YC0002023J",
    "11520203YC0004010N",
    "11520203YC0004029K",
)
LPS_GOV, LPS_SCJG = "11520200YC0005013U", "11520200YC0005021N"

# The public arrangement for 2026: 春节 and 国庆 with the Saturdays and Sundays made workdays.
CALENDAR = Calendar(
    days_off=frozenset(
        date(2026, month, day)
        for month, days in {
            1: (1, 2),
            2: (16, 17, 18, 19, 20, 23),
            4: (6,),
            5: (1, 4, 5),
            6: (19,),
            9: (25,),
            10: (1, 2, 5, 6, 7),
        }.items()
        for day in days
    ),
    workdays=frozenset(
        date(2026, month, day)
        for month, day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))
    ),
    known_until=date(2026, 12, 31),
)

STANDARD = Ladder(
    name="standard",
    hour=time(9),
    reminder_lead=Length(1, Unit.WORKING_DAYS),
    reminder_lead_hours=Length(1, Unit.HOURS),
    yellow_after=Length(0, Unit.WORKING_DAYS),
    red_after=Length(3, Unit.WORKING_DAYS),
    supervision_after=Length(10, Unit.WORKING_DAYS),
    rung_days=RungDays.WORKING,
)

# A clearance table in which everybody sees all but the complainant.
CLEARANCES = "relation,class,path,treatment,basis\n" + "".join(
    f"{relation},{field_class},,{'withhold' if hidden else 'keep'},意见二(一)1\n"
    for relation in Relation
    if relation is not Relation.UNKNOWN
    for field_class in FieldClass
    for hidden in [field_class is FieldClass.COMPLAINANT and relation is not Relation.HANDLER]
)

FILES = MappingProxyType(
    {
        "rulebook.toml": f"""
name = "tiny"
bus = "tiny-bus"
county = "{COUNTY}"
notes_zh = "测试用"
notes_en = "for tests"
""",
        "organs.csv": f"""# 机关
code,alias,name,type,kind,division,contact,phone,address,valid_from,valid_to,successor
{YANJIAO},yanjiao,岩脚镇人民政府,township,,{YANJIAO_PLACE},,,,2019-01-01,,
{LANGDAI},langdai,郎岱镇人民政府,township,,{LANGDAI_PLACE},,,,2019-01-01,,
{CGJ},cgj,综合行政执法局,department,urban_management,{COUNTY},,,,2019-01-01,,
{SCJG},scjg,市场监督管理局,department,market_supervision,{COUNTY},,,,2019-01-01,,
{GOV},gov,六枝特区人民政府,county_government,,{COUNTY},,,,2019-01-01,,
{SFJ},sfj,六枝特区司法局,supervisor,,{COUNTY},,,,2019-01-01,,
{LPS_GOV},lps-gov,六盘水市人民政府,city_government,,{CITY},,,,2019-01-01,,
{LPS_SCJG},lps-scjg,六盘水市市场监督管理局,city_department,market_supervision,{CITY},,,,2019-01-01,,
""",
        "superiors.csv": """organ,superior,line,valid_from,valid_to
yanjiao,gov,government,2019-01-01,
langdai,gov,government,2019-01-01,
cgj,gov,government,2019-01-01,
scjg,lps-scjg,professional,2019-01-01,
scjg,gov,government,2019-01-01,
sfj,gov,government,2019-01-01,
gov,lps-gov,government,2019-01-01,
lps-scjg,lps-gov,government,2019-01-01,
""",
        "officers.csv": """organ,name,certificate,valid_to
yanjiao,王一,Y1,2029-12-31
yanjiao,李二,Y2,2029-12-31
langdai,张三,L1,2029-12-31
langdai,刘四,L2,2029-12-31
cgj,陈五,C1,2029-12-31
cgj,杨六,C2,2029-12-31
scjg,赵七,S1,2029-12-31
scjg,黄八,S2,2029-12-31
""",
        "divisions.csv": f"""code,name,level,parent
{PROVINCE},贵州省,province,
{CITY},六盘水市,prefecture,{PROVINCE}
{COUNTY},六枝特区,county,{CITY}
{YANJIAO_PLACE},岩脚镇,township,{COUNTY}
{LANGDAI_PLACE},郎岱镇,township,{COUNTY}
""",
        "matters.csv": """code,name,group
CG-1,占道经营,city
CG-2,乱扔垃圾,city
SC-1,无照经营,market
""",
        "jurisdiction.csv": f"""# 规则
id,matter,group,area,competent,mode,basis,basis_in_force,publication,published_on,valid_from,valid_to,deciding_date,concurrent
R1,,city,{COUNTY},kind:urban_management,statutory,《城市道路管理条例》第四十二条,1996-10-01,清单,2019-12-01,2020-01-01,,act,
R2,CG-1,,{YANJIAO_PLACE},township,devolved,《中华人民共和国行政处罚法》第二十四条,2021-07-15,决定,2021-09-01,2021-10-01,2026-06-30,filed,
R3,SC-1,,{COUNTY},organ:scjg,statutory,《无证无照经营查处办法》第十三条,2017-10-01,清单,2019-12-01,2020-01-01,,act,
""",
        "duties.toml": """
[ladder.standard]
hour = 09:00:00
reminder_lead = "1 working day"
reminder_lead_hours = "1 hour"
yellow_after = "0 working days"
red_after = "3 working days"
supervision_after = "10 working days"
rung_days = "working"

[[duty]]
kind = "sign_for"
length = "1 working day"
ladder = "standard"
basis = "示例"
valid_from = 2021-01-01

[[duty]] # 立案
kind = "decide_filing"
length = "7 working days"
ladder = "standard"
basis = "示例"
valid_from = 2021-01-01

[[duty]]
kind = "decide_case"
length = "90 calendar days"
ladder = "standard"
basis = "示例"
valid_from = 2021-01-01
roll = false

[[duty]]
kind = "outcome_feedback"
length = "5 working days"
ladder = "standard"
basis = "示例"
valid_from = 2021-01-01
"""
        + "".join(
            f"""
[[duty]]
kind = "{kind}"
length = "5 working days"
ladder = "standard"
basis = "示例"
valid_from = 2021-01-01
"""
            for kind in (
                "inform_complainant",
                "complainant_feedback",
                "handle",
                "answer_request",
                "answer_assistance",
                "answer_withdrawal",
                "handover",
                "return_custody",
                "custody_check",
                "settle_discrepancy",
                "assist",
                "answer_joint_plan",
                "decide_joint_plan",
                "joint_outcome",
                "answer_supervision",
                "negotiate",
                "reissue",
                "request_designation",
                "designate",
            )
        ),
        "calendar.csv": """date,kind,note
2026-12-30,off,测试
""",
        "clearances.csv": CLEARANCES,
    }
)
KEYS_HEAD = "kid,organ,algorithm,x,y,valid_from,valid_to\n"


def files(**changes: str) -> dict[str, bytes]:
    """Return the files; a change is file_csv="…" or file_toml="…" and replaces the whole file."""
    contents = {name: text.encode() for name, text in FILES.items()}
    for name, text in changes.items():
        stem, _, suffix = name.rpartition("_")
        contents[f"{stem}.{suffix}"] = text.encode()
    return contents


def edited(file: str, old: str, new: str) -> dict[str, bytes]:
    """Return the files with one text replaced in one of them. The old text must be there."""
    if old not in FILES[file]:
        raise AssertionError(old)
    return files() | {file: FILES[file].replace(old, new).encode()}


def added(file: str, *lines: str) -> dict[str, bytes]:
    """Return the files with lines appended to one of them."""
    return files() | {file: (FILES[file] + "\n".join(lines) + "\n").encode()}


def rulebook(contents: dict[str, bytes] | None = None) -> Rulebook:
    """Return the rulebook, or that of other files."""
    return parse(files() if contents is None else contents, CALENDAR)


def china(text: str) -> datetime:
    """Return an instant in China from `2026-09-28 09:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)
