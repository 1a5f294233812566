"""The lawful form of requests for assistance and their answers (guidance 二(四), 二(二)4)."""

from schemas.assistance import (
    AssistanceAnswer,
    AssistanceGround,
    AssistanceRefusal,
    AssistanceReply,
    AssistanceRequest,
)
from schemas.errors import Refusal
from schemas.ids import is_uuid
from schemas.sharing_form import asked_of_one
from schemas.text_form import is_blank


def assistance_request_form(message: AssistanceRequest) -> Refusal | None:
    """Cooperation on a transfer names the transfer; nothing else does."""
    if (message.ground is AssistanceGround.TRANSFER_COOPERATION) != (message.transfer is not None):
        return Refusal("assistance.transfer_missing", where="transfer")
    if message.transfer is not None and not is_uuid(message.transfer):
        return Refusal("message.field_invalid", where="transfer")
    return asked_of_one(message)


def assistance_reply_form(message: AssistanceReply) -> Refusal | None:
    """Accepted with a date, or refused on a ground of the closed list, with reasons."""
    if message.answer is AssistanceAnswer.ACCEPTED:
        if message.agreed_on is None:
            return Refusal("message.field_missing", where="agreed_on")
        if message.ground is not None:
            return Refusal("assistance.contradictory", where="ground")
        return None
    if message.agreed_on is not None:
        return Refusal("assistance.contradictory", where="agreed_on")
    if message.ground is None:
        return Refusal("assistance.ground_missing", where="ground")
    if message.ground is AssistanceRefusal.OTHER:
        return Refusal("assistance.ground_not_allowed", where="ground")
    if message.ground is AssistanceRefusal.LAW_FORBIDS and is_blank(message.provision):
        return Refusal("assistance.provision_missing", where="provision")
    if is_blank(message.reasons):
        return Refusal("assistance.reasons_missing", where="reasons")
    return None
