"""The lawful form of a transfer, of a lead or of a case (guidance 二(二)2, annexes 1 and 2)."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from schemas.errors import Refusal
from schemas.messages import CaseTransfer, Correction, Routed, Transfer
from schemas.parts import Envelope, Measure, Officer, Party, PartyKind, Violation
from schemas.stream_safe import nfkc
from schemas.text_form import is_blank

OFFICERS_MIN: Final = 2  # guidance 二(二)2: 指定2名以上行政执法人员
ADDRESSEES_MAX: Final = 1  # of a transfer: the bus resolves exactly one organ
DIVISION: Final = re.compile(r"\d{12}", re.ASCII)
SHA256: Final = re.compile(r"[0-9a-f]{64}")


def transfer_form(message: Transfer) -> Refusal | None:
    """Return why a transfer is unlawful by itself, or None."""
    return (
        two_officers(message.envelope)
        or one_addressee(message)
        or violations_form(message.violations or ())
        or _parties(message)
        or _evidence(message)
        or _items(message)
    )


def two_officers(envelope: Envelope) -> Refusal | None:
    """Guidance 二(二)2: at least two officers, of the sender, told apart by certificate number."""
    officers = envelope.officers or ()
    if len({_certificate(officer) for officer in officers}) < OFFICERS_MIN:
        return Refusal("transfer.officers_too_few", where="envelope.officers")
    for index, officer in enumerate(officers):
        if officer.organ != envelope.sender:
            where = f"envelope.officers[{index}].organ"
            return Refusal("transfer.officers_foreign", where=where)
    return None


def _certificate(officer: Officer) -> str:
    """The certificate number without what a keyboard adds: width, case and blanks."""
    folded = nfkc(officer.certificate or "").upper()
    return "".join(folded.split())


def one_addressee(message: Routed | Correction) -> Refusal | None:
    """More organs are no addressees of one transfer: they learn by copy (domain, section 2)."""
    if len(message.envelope.addressees) > ADDRESSEES_MAX:
        return Refusal("transfer.addressees_too_many", where="envelope.addressees")
    return None


def violations_form(violations: tuple[Violation, ...], one: str | None = None) -> Refusal | None:
    """Return what is wrong with the violations. `one`: the field's name where there is only one."""
    if not violations:
        return Refusal("transfer.no_violations", where=one or "violations")
    if not numbered(violation.number for violation in violations):
        return Refusal("transfer.violation_numbers", where=one or "violations")
    for index, violation in enumerate(violations):
        where = one or f"violations[{index}]"
        if is_blank(violation.matter):
            return Refusal("message.field_missing", where=f"{where}.matter")
        if not DIVISION.fullmatch(violation.place):
            return Refusal("message.field_invalid", where=f"{where}.place")
        if not in_order(violation.act_from, violation.act_to):
            return Refusal("transfer.violation_dates", where=f"{where}.act_to")
        if not in_order(violation.act_from, violation.found_on):
            return Refusal("transfer.violation_dates", where=f"{where}.found_on")
    return None


def _parties(message: Transfer) -> Refusal | None:
    """A party may be unknown on a lead, not on a case that was filed against somebody."""
    parties = message.parties or ()
    if isinstance(message, CaseTransfer) and not any(map(_is_known, parties)):
        return Refusal("transfer.party_unknown", where="parties")
    for index, party in enumerate(parties):
        if _is_known(party) and is_blank(party.name):
            return Refusal("message.field_missing", where=f"parties[{index}].name")
    return None


def _is_known(party: Party) -> bool:
    return party.kind is not PartyKind.UNKNOWN


def _evidence(message: Transfer) -> Refusal | None:
    evidence = message.evidence or ()
    if not numbered(piece.number for piece in evidence):
        return Refusal("transfer.evidence_numbers", where="evidence")
    for index, piece in enumerate(evidence):
        if piece.original is False and is_blank(piece.copy_reason):
            where = f"evidence[{index}].copy_reason"
            return Refusal("transfer.copy_reason_missing", where=where)
        if piece.sha256 is not None and not SHA256.fullmatch(piece.sha256):
            return Refusal("message.field_invalid", where=f"evidence[{index}].sha256")
    return None


def _items(message: Transfer) -> Refusal | None:
    """Guidance 二(二)2: 对涉案物品，应当如实列出清单, and what was disposed of before."""
    items = message.items or ()
    if not numbered(item.number for item in items):
        return Refusal("transfer.item_numbers", where="items")
    for index, item in enumerate(items):
        where = f"items[{index}]"
        if item.measure is not Measure.NONE and is_blank(item.measure_document):
            return Refusal("transfer.measure_document_missing", where=f"{where}.measure_document")
        if not in_order(item.measure_from, item.measure_until):
            return Refusal("message.field_invalid", where=f"{where}.measure_until")
    disposals = message.disposals or ()
    listed = {item.number for item in items}
    disposed = [disposal.item for disposal in disposals]
    for index, number in enumerate(disposed):
        if number not in listed or number in disposed[:index]:
            return Refusal("transfer.disposal_item", where=f"disposals[{index}].item")
    return None


def numbered(numbers: Iterable[int]) -> bool:
    """Whether the numbers are distinct and begin at 1 or later."""
    given = list(numbers)
    return len(set(given)) == len(given) and all(number > 0 for number in given)


def in_order(first: date | None, second: date | None) -> bool:
    """Whether the first day is not after the second, as far as both are given."""
    return first is None or second is None or first <= second
