"""The records of 执法协助 (guidance 二(四)): what is asked of another organ, and its answer.

Frozen dataclasses as in schemas/messages.py, which joins them into `Message`.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.ids import MessageId
from schemas.parts import Envelope


class AssistanceGround(StrEnum):
    """Why assistance is asked: five grounds of a township, and two others."""

    ALONE_INSUFFICIENT = "alone_insufficient"  # 单独行使行政执法权不能实现行政管理目的
    MATERIAL_UNOBTAINABLE = "material_unobtainable"  # 通过自行调查不能取得所需案件材料
    MATERIAL_HELD_ELSEWHERE = "material_held_elsewhere"  # 为其他行政执法机关所掌握
    TECHNICAL_SUPPORT = "technical_support"  # 鉴定、检验、检测等技术支持
    OTHER_NEED = "other_need"  # 有需要请求行政执法协助的其他情形
    PENALTY_LAW_26 = "penalty_law_26"  # 行政处罚法 26: of everybody else
    TRANSFER_COOPERATION = "transfer_cooperation"  # 二(二)4: of the handler, to the sender
    UNKNOWN = "unknown"


class AssistanceAnswer(StrEnum):
    """The answer to a request for assistance."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class AssistanceRefusal(StrEnum):
    """A closed list: 法律、法规、规章等明确禁止, or 不属于本机关职权范围."""

    LAW_FORBIDS = "law_forbids"
    OUTSIDE_POWERS = "outside_powers"
    OTHER = "other"  # readable, so that it can be refused as assistance.ground_not_allowed
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AssistanceRequest:
    """执法协助请求. `transfer`: the letter whose sender is to cooperate (二(二)4)."""

    envelope: Envelope
    ground: AssistanceGround | None = None
    asked: str | None = None
    reason: str | None = None
    wanted_by: date | None = None
    transfer: MessageId | None = None


@dataclass(frozen=True, slots=True)
class AssistanceReply:
    """协助答复: accepted with a date, or refused on a ground of the list with reasons."""

    envelope: Envelope
    answer: AssistanceAnswer | None = None
    agreed_on: date | None = None
    ground: AssistanceRefusal | None = None
    provision: str | None = None
    reasons: str | None = None


@dataclass(frozen=True, slots=True)
class AssistanceResult:
    """协助结果: what was done of it. in_reply_to names the request."""

    envelope: Envelope
    completed_on: date | None = None
    result: str | None = None


AssistanceRecord = AssistanceRequest | AssistanceReply | AssistanceResult
