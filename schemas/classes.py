"""What every field of every .avsc says about itself besides its type: class and intake."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class FieldClass(StrEnum):
    """The confidentiality classes (domain, section 6, item 2)."""

    PUBLIC = "public"  # 公开
    INTERNAL = "internal"  # 内部
    PERSONAL = "personal"  # 个人信息
    BUSINESS = "business"  # 商业秘密
    COMPLAINANT = "complainant"  # 投诉举报人
    INVESTIGATIVE = "investigative"  # 办案信息


class Intake(StrEnum):
    """What a sealed original owes in a field; without the mark it may be left out."""

    REQUIRED = "required"  # the sender must give it; an empty list counts as given
    FILLED = "filled"  # filled on the way: a document leaves it out


# Least to most guarded. Of two classes of one rank neither implies the other.
RANK: Final = MappingProxyType(
    {
        FieldClass.PUBLIC: 0,
        FieldClass.INTERNAL: 1,
        FieldClass.PERSONAL: 2,
        FieldClass.BUSINESS: 2,
        FieldClass.INVESTIGATIVE: 2,
        FieldClass.COMPLAINANT: 3,
    }
)


def is_lowered(old: FieldClass, new: FieldClass) -> bool:
    """Tell whether a change of class shows a field to somebody who was not cleared for it."""
    return old != new and RANK[new] <= RANK[old]
