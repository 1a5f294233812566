"""The lawful form of objections, results of negotiations, requests to designate (二(二)3)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from schemas.disputes import Designation, DesignationRequest, NegotiationResult, Objection
from schemas.errors import Refusal
from schemas.transfer_form import numbered

SUPERIORS_MAX: Final = 1  # 共同的上一级行政机关: there is one


def objection_form(message: Objection) -> Refusal | None:
    """At least one violation, each once; and they are another organ's."""
    numbers = message.numbers or ()
    if not numbers or not numbered(numbers):
        return Refusal("objection.numbers", where="numbers")
    if message.competent == message.envelope.sender:
        return Refusal("objection.competent_self", where="competent")
    return None


def negotiation_form(message: NegotiationResult) -> Refusal | None:
    """Agreed: who handles it, and from when; failed: neither."""
    for name in ("handler", "handles_from"):
        given = getattr(message, name) is not None
        if message.agreed and not given:
            return Refusal("message.field_missing", where=name)
        if given and not message.agreed:
            return Refusal("negotiation.contradictory", where=name)
    return None


def one_superior(message: DesignationRequest) -> Refusal | None:
    """One superior decides; the bus finds it where it is left out."""
    if len(message.envelope.addressees) > SUPERIORS_MAX:
        return Refusal("designation.one_superior", where="envelope.addressees")
    return None


def designation_form(message: Designation) -> Refusal | None:
    """A superior designates another than itself: it decides who handles, and does not handle."""
    if message.designee == message.envelope.sender:
        return Refusal("designation.of_itself", where="designee")
    return None


DISPUTE_FORMS: Final[Mapping[type, Callable[[Any], Refusal | None]]] = MappingProxyType(
    {
        Objection: objection_form,
        NegotiationResult: negotiation_form,
        DesignationRequest: one_superior,
        Designation: designation_form,
    }
)
