"""What kind of value a string holds: how it is masked, and whether it gives somebody away.

A string that is not listed here is a text: kept as a whole or withheld as a whole, and where it is
kept, what others must not see is taken out of it (free_text.py). So a new field is safe before
anybody has thought of it; listing it makes its mask better.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """The kinds of strings."""

    NAME = "name"  # of a person or a firm
    PHONE = "phone"
    IDENTITY = "identity"  # number of an identity document
    CODE = "code"  # a number by which a person, firm or officer is found
    ADDRESS = "address"
    PLACE = "place"  # words for the place whose code stands beside them
    TEXT = "text"
    REFERENCE = "reference"  # codes, ids and numbers of documents: nothing of a person in them


# By Type.field of the contracts.
KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "Party.name": Kind.NAME,
        "Party.legal_representative": Kind.NAME,
        "Party.id_number": Kind.IDENTITY,
        "Party.uscc": Kind.CODE,
        "Party.address": Kind.ADDRESS,
        "Party.phone": Kind.PHONE,
        "Contact.name": Kind.NAME,
        "Contact.phone": Kind.PHONE,
        "Contact.address": Kind.ADDRESS,
        "Officer.name": Kind.NAME,
        "Officer.organ": Kind.REFERENCE,
        "Officer.certificate": Kind.CODE,
        "Source.register_number": Kind.CODE,
        "Violation.matter": Kind.REFERENCE,
        "Violation.place": Kind.REFERENCE,
        "Violation.place_text": Kind.PLACE,
        "ViolationCorrection.matter": Kind.REFERENCE,
        "ViolationCorrection.place": Kind.REFERENCE,
        "ViolationCorrection.place_text": Kind.PLACE,
        "Complainant.name": Kind.NAME,
        "Complainant.phone": Kind.PHONE,
        "Complainant.address": Kind.ADDRESS,
        "ComplaintForward.register_number": Kind.CODE,
        "ComplainantInformed.method": Kind.TEXT,
        "Attempt.method": Kind.TEXT,
        "Party.sex": Kind.TEXT,
        "Party.id_type": Kind.TEXT,
        "Evidence.obtained_by": Kind.NAME,
        "Evidence.obtained_from": Kind.NAME,
        "Evidence.sha256": Kind.REFERENCE,
        "Item.keeper": Kind.NAME,
        "Item.kept_at": Kind.ADDRESS,
        "Attachment.media_type": Kind.REFERENCE,
        "Attachment.sha256": Kind.REFERENCE,
        "Attachment.blob": Kind.REFERENCE,
        "Attachment.key": Kind.REFERENCE,
        "Envelope.bus": Kind.REFERENCE,
        "Envelope.message_id": Kind.REFERENCE,
        "Envelope.case_id": Kind.REFERENCE,
        "Envelope.record": Kind.REFERENCE,
        "Envelope.sender": Kind.REFERENCE,
        "Envelope.addressees": Kind.REFERENCE,
        "Envelope.in_reply_to": Kind.REFERENCE,
        "Envelope.document_number": Kind.REFERENCE,
        "Copy.matters": Kind.REFERENCE,
        "Circular.matters": Kind.REFERENCE,
        "GuidanceRecord.matters": Kind.REFERENCE,
        "GuidanceRecord.place": Kind.REFERENCE,
        "AssistanceRequest.transfer": Kind.REFERENCE,
        "LeadTransfer.from_notice": Kind.REFERENCE,
        "CaseTransfer.from_notice": Kind.REFERENCE,
        "ViolationAnswer.linked_case": Kind.REFERENCE,
        "SignedFor.signed_by": Kind.NAME,
        "CustodyHandover.receiver": Kind.NAME,
        "Objection.competent": Kind.REFERENCE,
        "NegotiationResult.handler": Kind.REFERENCE,
        "DesignationRequest.proposed": Kind.REFERENCE,
        "Designation.designee": Kind.REFERENCE,
        "CaseSplit.parent": Kind.REFERENCE,
        "CaseSplit.transfer": Kind.REFERENCE,
        "CaseSplit.transfer_record": Kind.REFERENCE,
        "CaseSplit.sender_organ": Kind.REFERENCE,
        "CaseSplit.receiver_organ": Kind.REFERENCE,
        "CaseSplit.complainant": Kind.REFERENCE,
        "SplitCharge.matter": Kind.REFERENCE,
        "SplitCharge.place": Kind.REFERENCE,
        "LinkedEffect.cause": Kind.REFERENCE,
        "LinkedEffect.cause_case": Kind.REFERENCE,
        "LinkedEffect.organ": Kind.REFERENCE,
        "GuidanceYearOpened.department": Kind.REFERENCE,
        "GuidanceYearOpened.township": Kind.REFERENCE,
        "GuidanceYearOpened.place": Kind.REFERENCE,
        "JointTask.organ": Kind.REFERENCE,
        "JointCase.matter": Kind.REFERENCE,
        "ConsultationMinutes.participants": Kind.REFERENCE,
        "ClockChange.duty": Kind.REFERENCE,
        "SupervisionLetter.duty": Kind.REFERENCE,
        "BreachAnnotation.duty": Kind.REFERENCE,
        "BreachAnnotation.owner": Kind.REFERENCE,
        "OpeningRequest.paths": Kind.REFERENCE,
        "OpeningAnswer.opened": Kind.REFERENCE,
        "FieldsOpened.message": Kind.REFERENCE,
        "FieldsOpened.message_record": Kind.REFERENCE,
        "FieldsOpened.author": Kind.REFERENCE,
        "FieldsOpened.message_case": Kind.REFERENCE,
        "FieldsOpened.answer": Kind.REFERENCE,
        "FieldsOpened.opened_by": Kind.REFERENCE,
        "OpenedField.path": Kind.REFERENCE,
        "OpenedField.value": Kind.TEXT,
        "OpenedField.salt": Kind.TEXT,
        "SealedPart.path": Kind.REFERENCE,
    }
)
# Where such a value is not shown, it must not stand in a text that is shown either.
IDENTIFYING: Final = frozenset(Kind) - {Kind.TEXT, Kind.REFERENCE}


def kind_of(type_name: str, field: str) -> Kind:
    """Return the kind of a string field."""
    return KINDS.get(f"{type_name}.{field}", Kind.TEXT)
