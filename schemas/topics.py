"""Which record lives where: the one table of flows, senders and inboxes (design D5).

Everything that needs to know where a record may be written reads it here: lint, registry
subjects, topics, ACLs, the exchange's check for misrouted messages, the docs.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from schemas.assistance import AssistanceReply, AssistanceRequest, AssistanceResult
from schemas.custody import CustodyCheck, CustodyHandover, CustodySettlement, EvidenceReview
from schemas.disputes import (
    CaseSplit,
    Designation,
    DesignationRequest,
    GuidanceYearOpened,
    LinkedEffect,
    NegotiationResult,
    Objection,
)
from schemas.joint import (
    Consultation,
    ConsultationMinutes,
    JointOutcome,
    JointPlan,
    JointPlanAnswer,
    JointPlanDecision,
)
from schemas.messages import (
    Accepted,
    Advice,
    CaseProgress,
    CaseSettled,
    CaseTransfer,
    Correction,
    Delivered,
    DutyNotice,
    FilingReply,
    Held,
    LeadTransfer,
    Message,
    OutcomeFeedback,
    Rejected,
    RoutingAssignment,
    RulebookActivated,
    SignedFor,
    Tick,
    Withdrawal,
    WithdrawalAnswer,
)
from schemas.oversight import (
    BreachAnnotation,
    ClockChange,
    FieldsOpened,
    OpeningAnswer,
    OpeningRequest,
    SupervisionLetter,
    SupervisionReply,
)
from schemas.parts import Flow
from schemas.sharing import (
    Circular,
    ComplainantInformed,
    ComplaintForward,
    Copy,
    GuidanceRecord,
    HandlingFeedback,
    InformationReply,
    InformationRequest,
    ViolationNotice,
)


@cache  # the gate asks for it with each message
def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Author(StrEnum):
    """Who may write a record."""

    ORGAN = "organ"
    BUS = "bus"  # the exchange, or an operator with the bus's key


@dataclass(frozen=True, slots=True)
class Record:
    """One record type: its class, who writes it, whether it opens a case and on which flow."""

    cls: type[Message]
    zh: str
    author: Author
    opens: Flow | None = None  # the flow whose case it opens; None: a message of an open case
    on_flows: bool = True  # False: only ever written to inboxes
    answers: bool = False  # may answer within an open case too: then in_reply_to is given
    also_on: tuple[Flow, ...] = ()  # flows of other cases within which it may answer

    @property
    def name(self) -> str:
        """The record's name, CamelCase, as in its .avsc."""
        return self.cls.__name__

    @property
    def full_name(self) -> str:
        """The Avro full name."""
        return f"yichuan.{self.name}"

    @property
    def snake(self) -> str:
        """The name as the command line and the documents write it."""
        return _snake(self.name)

    def begins(self, in_reply_to: str | None) -> bool:
        """Whether such a message opens a case, rather than belonging to an open one."""
        return self.opens is not None and not (self.answers and in_reply_to is not None)

    @property
    def flows(self) -> tuple[Flow, ...]:
        """The flows on which it may lie."""
        if not self.on_flows:
            return ()
        return (self.opens, *self.also_on) if self.opens else tuple(Flow)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Its subjects in the registry (TopicRecordName strategy)."""
        topics = self.flows or ("inbox",)
        return tuple(f"{topic}-{self.full_name}" for topic in topics)


_TABLE: Final = (
    Record(LeadTransfer, "违法线索移送函", Author.ORGAN, opens=Flow.LEADS, answers=True),
    Record(
        CaseTransfer,
        "行政案件移送函",
        Author.ORGAN,
        opens=Flow.TRANSFERS,
        answers=True,
        also_on=(Flow.LEADS,),  # a lead that was filed, by a handler without power
    ),
    Record(ComplaintForward, "投诉举报函送", Author.ORGAN, opens=Flow.LEADS, answers=True),
    Record(ViolationNotice, "告知", Author.ORGAN, opens=Flow.NOTIFICATIONS),
    Record(Copy, "抄送", Author.ORGAN, opens=Flow.COPIES, answers=True),
    Record(Circular, "通报", Author.ORGAN, opens=Flow.COPIES),
    Record(GuidanceRecord, "业务指导记录", Author.ORGAN, opens=Flow.COPIES),
    Record(InformationRequest, "信息需求", Author.ORGAN, opens=Flow.COPIES),
    Record(InformationReply, "信息需求答复", Author.ORGAN),
    Record(AssistanceRequest, "执法协助请求", Author.ORGAN, opens=Flow.REQUESTS),
    Record(AssistanceReply, "协助答复", Author.ORGAN),
    Record(AssistanceResult, "协助结果", Author.ORGAN),
    Record(JointPlan, "联合执法方案", Author.ORGAN, opens=Flow.REQUESTS),
    Record(JointPlanAnswer, "联合执法答复", Author.ORGAN),
    Record(JointPlanDecision, "联合执法决定", Author.ORGAN),
    Record(JointOutcome, "联合执法结果", Author.ORGAN),
    Record(Consultation, "联合执法协商", Author.ORGAN, opens=Flow.REQUESTS),
    Record(ConsultationMinutes, "协商纪要", Author.ORGAN),
    Record(CustodyHandover, "材料物品交接", Author.ORGAN),
    Record(CustodyCheck, "清点", Author.ORGAN),
    Record(CustodySettlement, "差异处理", Author.ORGAN),
    Record(EvidenceReview, "证据审查", Author.ORGAN),
    Record(Objection, "管辖异议", Author.ORGAN),
    Record(NegotiationResult, "协商结果", Author.ORGAN),
    Record(DesignationRequest, "报请指定管辖", Author.ORGAN),
    Record(Designation, "指定管辖决定", Author.ORGAN),
    Record(FilingReply, "复函", Author.ORGAN),
    Record(OutcomeFeedback, "办结反馈", Author.ORGAN),
    Record(CaseProgress, "办理进展", Author.ORGAN),
    Record(HandlingFeedback, "查处情况反馈", Author.ORGAN),
    Record(ComplainantInformed, "告知投诉举报人", Author.ORGAN),
    Record(Withdrawal, "撤回", Author.ORGAN),
    Record(WithdrawalAnswer, "撤回答复", Author.ORGAN),
    Record(Correction, "更正", Author.ORGAN),
    Record(RoutingAssignment, "转办", Author.ORGAN),
    Record(ClockChange, "期限变更", Author.ORGAN),
    Record(SupervisionLetter, "督办函", Author.ORGAN),
    Record(SupervisionReply, "督办回复", Author.ORGAN),
    Record(BreachAnnotation, "超期说明", Author.ORGAN),
    Record(OpeningRequest, "申请查看", Author.ORGAN),
    Record(OpeningAnswer, "查看答复", Author.ORGAN),
    Record(Delivered, "送达", Author.ORGAN),
    Record(SignedFor, "签收", Author.ORGAN),
    Record(Accepted, "受理回执", Author.BUS, on_flows=False),
    Record(Rejected, "退回", Author.BUS, on_flows=False),
    Record(Held, "暂存", Author.BUS, on_flows=False),
    Record(Advice, "提示", Author.BUS, on_flows=False),
    Record(DutyNotice, "提醒与督办", Author.BUS, on_flows=False),
    Record(FieldsOpened, "准予查看的内容", Author.BUS, on_flows=False),
    Record(Tick, "时钟", Author.BUS),
    Record(RulebookActivated, "规则库启用", Author.BUS),
    Record(CaseSettled, "冻结处理", Author.BUS),
    Record(CaseSplit, "分案", Author.BUS),
    Record(LinkedEffect, "关联影响", Author.BUS),
    Record(GuidanceYearOpened, "业务指导年度", Author.BUS, opens=Flow.COPIES),
)

RECORDS: Final = MappingProxyType({record.name: record for record in _TABLE})
BY_SNAKE: Final = MappingProxyType({record.snake: record for record in _TABLE})

JOURNAL: Final = "journal"
DEAD_LETTERS: Final = "dead-letters"
ORIGINALS: Final = "originals"  # what a flow lost with a secret that lay above it; locked
CASE_KEYS: Final = "case-keys"  # the keys of those, themselves locked; empty: erased

KEYS_CACHED: Final = 4_096  # of records, with their partitions: some 200 bytes each


def begins_case(message: Message) -> bool:
    """Whether the message opens its case. A Copy in answer, or a further letter, does not."""
    return RECORDS[type(message).__name__].begins(message.envelope.in_reply_to)


def inbox_of(alias: str) -> str:
    """Return the topic of an organ's inbox."""
    return f"inbox.{alias}"


def flow_partition(key: bytes, partitions: int) -> int:
    """Return the partition of a key: Kafka's own murmur2 partitioner, toPositive (design D5)."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


@lru_cache(maxsize=KEYS_CACHED)  # a message's copies and answers have its key
def _murmur2(data: bytes) -> int:
    """Kafka's murmur2 (org.apache.kafka.common.utils.Utils.murmur2), as an unsigned 32-bit int."""
    length = len(data)
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    hashed = (0x9747B28C ^ length) & mask
    for start in range(0, length - length % 4, 4):
        word = int.from_bytes(data[start : start + 4], "little") * multiplier & mask
        word = (word ^ (word >> 24)) * multiplier & mask
        hashed = (hashed * multiplier & mask) ^ word
    tail = data[length - length % 4 :]
    if tail:
        hashed = (hashed ^ int.from_bytes(tail, "little")) * multiplier & mask
    hashed = (hashed ^ (hashed >> 13)) * multiplier & mask
    return hashed ^ (hashed >> 15)
