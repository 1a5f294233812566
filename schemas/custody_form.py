"""The lawful form of handovers, counts and reviews of evidence (guidance 二(二)2 and 4)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from schemas.custody import (
    CustodyCheck,
    CustodyHandover,
    DiscrepancyKind,
    EvidenceReview,
)
from schemas.errors import Refusal
from schemas.text_form import is_blank
from schemas.transfer_form import numbered, two_officers


def handover_form(message: CustodyHandover) -> Refusal | None:
    """Two officers hand it to one organ, each item once."""
    refusal = two_officers(message.envelope)
    if refusal is not None:
        return refusal
    if len(message.envelope.addressees) != 1:
        return Refusal("custody.one_receiver", where="envelope.addressees")
    return _items(message)


def check_form(message: CustodyCheck) -> Refusal | None:
    """Each item once; a discrepancy about an item says which."""
    refusal = _items(message)
    if refusal is not None:
        return refusal
    for index, discrepancy in enumerate(message.discrepancies or ()):
        if (discrepancy.kind is DiscrepancyKind.ITEM) != (discrepancy.item is not None):
            return Refusal("custody.discrepancy_item", where=f"discrepancies[{index}].item")
    return None


def review_form(message: EvidenceReview) -> Refusal | None:
    """Each piece once; of what cannot be used it is said why."""
    findings = message.findings or ()
    if not findings:
        return Refusal("message.field_missing", where="findings")
    if not numbered(finding.number for finding in findings):
        return Refusal("transfer.evidence_numbers", where="findings")
    for index, finding in enumerate(findings):
        if not finding.usable and is_blank(finding.reasons):
            return Refusal("evidence.reasons_missing", where=f"findings[{index}].reasons")
    return None


def _items(message: CustodyHandover | CustodyCheck) -> Refusal | None:
    if not numbered(item.number for item in message.items or ()):
        return Refusal("transfer.item_numbers", where="items")
    return None


CUSTODY_FORMS: Final[Mapping[type, Callable[[Any], Refusal | None]]] = MappingProxyType(
    {
        CustodyHandover: handover_form,
        CustodyCheck: check_form,
        EvidenceReview: review_form,
    }
)
