"""Which function decides which record: what opens a case, and what follows in one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.assistance import AssistanceReply, AssistanceRequest, AssistanceResult
from schemas.custody import CustodyCheck, CustodyHandover, CustodySettlement, EvidenceReview
from schemas.disputes import (
    Designation,
    DesignationRequest,
    NegotiationResult,
    Objection,
)
from schemas.errors import Refusal
from schemas.joint import (
    Consultation,
    ConsultationMinutes,
    JointOutcome,
    JointPlan,
    JointPlanAnswer,
    JointPlanDecision,
)
from schemas.messages import (
    CaseProgress,
    CaseTransfer,
    Correction,
    Delivered,
    FilingReply,
    LeadTransfer,
    OutcomeFeedback,
    RoutingAssignment,
    SignedFor,
    Withdrawal,
    WithdrawalAnswer,
)
from schemas.oversight import (
    BreachAnnotation,
    ClockChange,
    OpeningAnswer,
    OpeningRequest,
    SupervisionLetter,
    SupervisionReply,
)
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
from services.casework.assistance import assistance_result
from services.casework.case import Case
from services.casework.clock_changes import clock_change
from services.casework.consultation import consultation_minutes, open_consultation
from services.casework.copies import open_copy
from services.casework.designation import designation
from services.casework.handovers import (
    custody_check,
    custody_handover,
    custody_settlement,
    evidence_review,
)
from services.casework.holds import correction, routing_assignment
from services.casework.joint import (
    joint_outcome,
    joint_plan_answer,
    joint_plan_decision,
    open_plan,
)
from services.casework.letters import letter_on
from services.casework.notices import complainant_informed, handling_feedback
from services.casework.objections import negotiation_result, objection
from services.casework.openings import opening_answer, opening_request
from services.casework.receipts import delivered, signed_for
from services.casework.referral import designation_request
from services.casework.replies import case_progress, filing_reply, outcome_feedback
from services.casework.requests import (
    assistance_reply,
    copy_in_answer,
    information_reply,
    open_request,
)
from services.casework.steps import Outcome, Situation
from services.casework.supervision import (
    breach_annotation,
    supervision_letter,
    supervision_reply,
)
from services.casework.transfer import open_case
from services.casework.withdrawals import withdrawal, withdrawal_answer

OPENING: Final[Mapping[type, Callable[[Case | None, Any, Situation], Outcome | Refusal]]] = {
    LeadTransfer: open_case,
    CaseTransfer: open_case,
    ComplaintForward: open_case,
    ViolationNotice: open_case,
    Copy: open_copy,
    Circular: open_copy,
    GuidanceRecord: open_copy,
    InformationRequest: open_request,
    AssistanceRequest: open_request,
    JointPlan: open_plan,
    Consultation: open_consultation,
}
FOLLOWING: Final[Mapping[type, Callable[[Case, Any, Situation], Outcome | Refusal]]] = {
    FilingReply: filing_reply,
    LeadTransfer: letter_on,
    CaseTransfer: letter_on,
    ComplaintForward: letter_on,
    Objection: objection,
    NegotiationResult: negotiation_result,
    DesignationRequest: designation_request,
    Designation: designation,
    CaseProgress: case_progress,
    OutcomeFeedback: outcome_feedback,
    HandlingFeedback: handling_feedback,
    ComplainantInformed: complainant_informed,
    Copy: copy_in_answer,
    InformationReply: information_reply,
    AssistanceReply: assistance_reply,
    Withdrawal: withdrawal,
    WithdrawalAnswer: withdrawal_answer,
    Correction: correction,
    RoutingAssignment: routing_assignment,
    Delivered: delivered,
    SignedFor: signed_for,
    CustodyHandover: custody_handover,
    CustodyCheck: custody_check,
    CustodySettlement: custody_settlement,
    EvidenceReview: evidence_review,
    AssistanceResult: assistance_result,
    JointPlanAnswer: joint_plan_answer,
    JointPlanDecision: joint_plan_decision,
    JointOutcome: joint_outcome,
    ConsultationMinutes: consultation_minutes,
    ClockChange: clock_change,
    SupervisionLetter: supervision_letter,
    SupervisionReply: supervision_reply,
    BreachAnnotation: breach_annotation,
    OpeningRequest: opening_request,
    OpeningAnswer: opening_answer,
}
