"""What a receipt says: who got it, and what is owed now."""

from services.casework.effects import Accept
from tests.history import HANDLER, SENDER, History, all_of, ledger


def test_a_receipt_tells_of_no_duty_that_the_same_message_ended() -> None:
    history = History()
    history.send("lead_transfer", SENDER)
    effects = history.send("filing_reply", HANDLER)  # signs for it, and answers it
    assert ("decide_filing", "open") in ledger(effects)
    (receipt,) = all_of(Accept, effects)
    assert [duty.kind for duty in receipt.duties] == ["decide_case"]


def test_a_receipt_of_a_complaint_tells_of_no_duty_that_is_waived() -> None:
    history = History()
    unknown = {"contact_unknown": True, "complainant": None}
    effects = history.send("complaint_forward", SENDER, **unknown)
    assert ("inform_complainant", "waived") in ledger(effects)
    (receipt,) = all_of(Accept, effects)
    assert [duty.kind for duty in receipt.duties] == ["sign_for"]
