"""Our symbols in words, in the language of YICHUAN_LANG: states, duties, rungs, relations."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from schemas.errors import texts
from schemas.render import in_china
from schemas.topics import RECORDS
from services.casework.duty_names import DUTY_NAMES
from services.cli.output import in_language, language
from services.rulebook.calendar import ZONE
from services.rulebook.guidance import KIND as YEARLY
from services.rulebook.model import Directory

Words = Mapping[str, tuple[str, str]]  # symbol → (zh, en)

STATES: Final[Words] = {
    "new": ("未处理", "not decided"),
    "refused": ("未成案：首发消息被退回", "no case: the opening message was refused"),
    "held": ("暂存", "held"),
    "issued": ("已发出，待签收", "issued, to be signed for"),
    "received": ("已签收，待立案决定", "received, filing to be decided"),
    "disputed": ("管辖有异议，协商中", "disputed, being negotiated"),
    "referred": ("待指定管辖", "referred to the common superior"),
    "designated": ("已指定管辖，待立案决定", "designated, filing to be decided"),
    "filed": ("已立案，办理中", "filed, being handled"),
    "declined": ("不予立案", "not filed"),
    "closed": ("已办结并反馈", "closed, outcome fed back"),
    "withdrawn": ("已撤回", "withdrawn"),
    "handled": ("已查处并反馈", "handled"),
    "answered": ("已答复", "answered"),
    "sent": ("已发送各收件机关", "sent to its recipients"),
    "owed": ("当年业务指导尚未作出", "guidance of the year still to be given"),
    "guided": ("当年业务指导已作出", "guidance of the year given"),
    "sending": ("发送中：尚有收件机关未送达收件箱", "being sent: not yet in every inbox"),
}
LIVES: Final[Words] = {
    "transfer": ("移送", "transfer"),
    "notice": ("告知", "notification"),
    "copy": ("抄送", "copies"),
    "information": ("信息需求", "request for information"),
    "assistance": ("执法协助", "assistance"),
    "joint": ("联合执法", "joint action"),
    "consultation": ("联合执法协商", "consultation on a joint action"),
    "guidance_year": ("年度业务指导", "guidance of a year"),
}
ARRIVALS: Final[Words] = {
    "pending": ("待写入收件箱（仍在发件箱）", "pending: still in the outbox"),
    "written": ("已写入收件箱", "in its inbox"),
    "delivered": ("已进入业务系统", "in its own system"),
    "signed": ("已签收", "signed for"),
}
DUTIES: Final[Words] = DUTY_NAMES
RUNGS: Final[Words] = {
    "reminder": ("提醒", "reminder"),
    "yellow": ("黄牌", "yellow card"),
    "red": ("红牌", "red card"),
    "supervision": ("督办提示", "supervision notice"),
}
RELATIONS: Final[Words] = {
    "handler": ("承办机关", "handler"),
    "designee": ("被指定机关", "designee"),
    "sender": ("移送机关", "sender"),
    "forwarder": ("投诉举报函送机关", "forwarder of the complaint"),
    "counterpart": ("协商相对方", "counterpart"),
    "former_holder": ("原持有机关", "former holder"),
    "participant": ("联合执法参与机关", "participant"),
    "copy_recipient": ("抄送机关", "copy recipient"),
    "other_department": ("其他有关部门", "other department"),
    "superior": ("上级机关", "superior"),
    "supervisor": ("司法行政部门", "supervisor"),
}
CLOSINGS: Final[Words] = {
    "met": ("按期完成", "met"),
    "late": ("逾期完成", "done late"),
    "superseded": ("已被取代", "superseded"),
    "waived": ("免除", "waived"),
    "withdrawn": ("随撤回终止", "ended by withdrawal"),
}
OUTCOMES: Final[Words] = {
    "accepted": ("受理", "accepted"),
    "rejected": ("退回", "rejected"),
    "held": ("暂存", "held"),
    "waiting": ("排队等待", "waits its turn"),
    "repeated": ("重复", "repeated"),
    "dead": ("死信", "dead-lettered"),
    "fired": ("到时", "time has come"),
}
STAGES: Final[Words] = {
    "decided": ("已作决定", "decided"),
    "served": ("已送达", "served"),
    "executed": ("已执行", "executed"),
    "concluded": ("已办结", "concluded"),
}
ENDS: Final[Words] = {  # what came of a case
    "penalty": ("给予行政处罚", "penalty"),
    "no_penalty": ("不予行政处罚", "no penalty"),
    "not_established": ("违法事实不成立", "violation not established"),
    "referred": ("移送司法机关", "referred to the judicial organs"),
    "revoked": ("撤销案件", "revoked"),
}
HOLDS: Final[Words] = {
    "gap": ("规则库中没有有管辖权的机关", "nobody is competent by the rulebook"),
    "place_conflict": ("地点文字与区划代码不一致", "text and code of the place disagree"),
    "waiting": ("前一件尚未处理", "an earlier message is not settled"),
    "no_superior": ("双方没有共同的上一级机关", "sender and handler have no common superior"),
    "frozen": ("程序缺陷，等待运维处理", "a defect of ours; operators settle it"),
}
FLOWS: Final[Words] = {
    "copies": ("抄送", "copies"),
    "notifications": ("告知", "notifications"),
    "leads": ("违法线索", "leads"),
    "transfers": ("案件移送", "transfers"),
    "requests": ("协助与联合", "requests"),
}


def duty_words(kind: str, counterpart: str) -> str:
    """Return what is owed; of a year of guidance also to whom, for no letter says it."""
    what = word(DUTIES, kind)
    return f"{what} ({counterpart})" if kind == YEARLY else what


def word(words: Words, symbol: str) -> str:
    """Return the symbol in words; a symbol that a later version wrote stands as it is."""
    zh, en = words.get(symbol, (symbol, symbol))
    return en if language() == "en" else zh


def record_word(record: str) -> str:
    """Return a record's name: Chinese, or as the schema calls it."""
    known = RECORDS.get(record)
    return record if known is None or language() == "en" else known.zh


def organ_word(directory: Directory, code: str) -> str:
    """Return an organ's name; the bus and unknown codes stand for themselves."""
    if code == "BUS":
        return "the bus" if language() == "en" else "总线"
    known = {str(organ.code): organ for organ in directory.by_text.get(code, ())}.get(code)
    return code if known is None else known.name


def clock_time(at: datetime) -> str:
    """Return an instant as people in China read it, to the second."""
    return in_china(at).strftime("%Y-%m-%d %H:%M:%S")


def due_time(at: datetime) -> str:
    """Return when something falls due: the midnight that ends a day is that day's 24:00."""
    local = at.astimezone(ZONE)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return clock_time(at)


def code_words(code: str) -> str:
    """Return what a code means, and the code; of one that a later version wrote, the code alone."""
    known = texts().get(code)
    return code if known is None else f"{known.in_language(language())[0]} {code}"


def refusal_words(effect: Mapping[str, Any]) -> str:
    """Return what is wrong with a message that was refused, where, and how to mend it."""
    known = texts().get(effect["code"])
    wrong, remedy = known.in_language(language()) if known else (effect["code"], "")
    place = " · ".join(part for part in (effect["where"], effect["explanation"]) if part)
    told = f"{wrong}" + (f"（{place}）" if place else "")
    return in_language(f"退回理由：{told}；{remedy}", f"refused: {told}; {remedy}")
