"""What kind of life a case has, by the record that opens it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.casework.case import Life, State

LIFE_OF: Final[Mapping[str, Life]] = MappingProxyType(
    {
        "LeadTransfer": Life.TRANSFER,
        "CaseTransfer": Life.TRANSFER,
        "ComplaintForward": Life.TRANSFER,
        "ViolationNotice": Life.NOTICE,
        "Copy": Life.COPY,
        "Circular": Life.COPY,
        "GuidanceRecord": Life.COPY,
        "InformationRequest": Life.INFORMATION,
        "AssistanceRequest": Life.ASSISTANCE,
        "JointPlan": Life.JOINT,
        "Consultation": Life.CONSULTATION,
        "GuidanceYearOpened": Life.GUIDANCE_YEAR,
    }
)
# Of a transfer: from here on only what closes an open duty, receipts and supervision.
ENDED: Final = frozenset({State.DECLINED, State.CLOSED, State.WITHDRAWN})
