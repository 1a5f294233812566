"""How a lawful document of the demo is spoilt, so that it comes back with the code. Data, pure.

A spoiling lies over the document: None takes a key away, a mapping with numbers changes items of a
list. `@alias` stands for an organ's code, `@officers/alias` for two of its officers.
"""

from collections.abc import Mapping
from typing import Any, Final

from services.cli.demo_setting import Document, Setting, officers_of

_NOBODY: Final = {"name": "无此人", "certificate": "520203990000"}
_EXPIRED: Final = {"name": "蒋旧证", "certificate": "520203991044"}
_DISPOSAL: Final = {
    "item": 9,
    "basis": "易腐，经负责人批准先行处置",
    "disposed_on": "2026-09-20",
    "method": "依法变卖",
    "evidence_kept": "留存照片",
    "proceeds": "10.00",
    "voucher": "示例票据0009",
}
_ONE_ANSWER: Final = {
    "number": 1,
    "filed": False,
    "ground": "no_facts",
    "reasons": "经核查不成立。",
}
_NO_LETTER: Final = "00000000-0000-5000-8000-000000000000"

FAULTS: Final[Mapping[str, Mapping[Any, Any]]] = {
    "message.unknown_record": {"record": "friendly_letter"},
    "message.field_missing": {"reason": None},
    "message.field_unknown": {"remark": "请尽快办理"},
    "message.field_invalid": {"violations": {0: {"place": "520203102"}}},
    "secrecy.may_not_travel": {"envelope": {"secrecy": "secret"}},
    "document_number.malformed": {"envelope": {"document_number": "岩移二〇二六年第十二号"}},
    "organ.unknown": {"envelope": {"addressees": ["11520203YC00099998"]}},
    "officer.unknown": {"envelope": {"officers": {1: _NOBODY}}},
    "officer.expired": {"envelope": {"officers": {1: _EXPIRED}}},
    "place.unknown": {"violations": {0: {"place": "520203999000"}}},
    "matter.unknown": {"violations": {0: {"matter": "CG-999"}}},
    "transfer.officers_foreign": {"envelope": {"officers": "@officers/liuzhi-cgj"}},
    "transfer.addressees_too_many": {
        "envelope": {"addressees": ["@liuzhi-cgj", "@liuzhi-scjg"]},
    },
    "transfer.no_violations": {"violations": []},
    "transfer.violation_numbers": {"violations": {0: {"number": 0}}},
    "transfer.violation_dates": {"violations": {0: {"act_to": "2020-01-01"}}},
    "transfer.party_unknown": {"parties": []},
    "transfer.evidence_numbers": {"evidence": {0: {"number": 2}}},
    "transfer.copy_reason_missing": {"evidence": {0: {"copy_reason": None}}},
    "transfer.item_numbers": {"items": {0: {"number": 0}}},
    "transfer.measure_document_missing": {
        "items": {0: {"measure": "registered", "measure_document": None}},
    },
    "transfer.disposal_item": {"disposals": [_DISPOSAL]},
    "transfer.to_itself": {"envelope": {"addressees": ["@yanjiao"]}},
    "transfer.addressee_cannot_handle": {
        "envelope": {"addressees": ["@liuzhi-gov"], "insist_reason": "请县级人民政府直接办理。"},
    },
    "copy.no_recipient": {"envelope": {"addressees": []}},
    "message.to_itself": {"envelope": {"addressees": ["@langdai"]}},
    "request.one_addressee": {"envelope": {"addressees": ["@yanjiao", "@langdai"]}},
    "information.not_requestable": {"category": "legal_texts"},
    "guidance.not_a_department": {},
    "guidance.not_a_township": {},
    "guidance.place_missing": {"place": None},
    "notice.dissuasion_missing": {"dissuasion": None, "dissuasion_account": None},
    "notice.dissuasion_reason_missing": {"dissuasion_account": None},
    "complaint.contact_contradiction": {"contact_unknown": True},
    "complaint.contact_missing": {"complainant": None},
    "assistance.transfer_missing": {"ground": "transfer_cooperation"},
    "assistance.ground_not_for_sender": {},
    "assistance.not_the_handler": {"ground": "transfer_cooperation", "transfer": _NO_LETTER},
    "handling.competent_missing": {"competent": None},
    "handling.contradictory": {"competent": "@liuzhi-jtj"},
    "information.reason_missing": {"reason": None},
    "copy.reply_elsewhere": {"envelope": {"addressees": ["@liuzhi-scjg"]}},
    "complaint.leg_not_open": {},
    "complaint.attempts_missing": {"attempts": []},
    "complaint.telling_contradiction": {"informed_on": "2026-09-22"},
    "complaint.leg_closed": {"method": "再次电话告知"},
    "assistance.contradictory": {"ground": "outside_powers"},
    "assistance.ground_missing": {"ground": None},
    "assistance.ground_not_allowed": {"ground": "other", "reasons": "人手不足，暂时不能安排。"},
    "assistance.provision_missing": {"provision": None},
    "assistance.reasons_missing": {"reasons": None},
    "reply.target_unknown": {},
    "withdrawal.pending": {"reason": "请一并考虑另附的说明。"},
    "withdrawal.reasons_missing": {"reason": None},
    "correction.still_gap": {
        "corrections": {0: {"place": "520203002000", "place_text": "银壶街道示例路9号"}}
    },
    "correction.empty": {"corrections": []},
    "correction.nothing_held": {},
    "correction.still_conflict": {"corrections": {0: {"place_text": "塔山街道示例路9号"}}},
    "assignment.not_the_supervisor": {},
    "assignment.cannot_handle": {"envelope": {"addressees": ["@liuzhi-gov"]}},
    "assignment.one_organ": {"envelope": {"addressees": ["@liuzhi-cgj", "@liuzhi-scjg"]}},
    "assignment.nothing_held": {},
    "step.not_allowed": {},
    "filing.number_unknown": {"answers": {0: {"number": 7}}},
    "filing.answers_empty": {"answers": []},
    "filing.answer_numbers": {"answers": {0: {"number": 0}}},
    "filing.case_number_missing": {"answers": {0: {"case_number": None}}},
    "filing.filed_on_missing": {"answers": {0: {"filed_on": None}}},
    "filing.contradictory": {"answers": {0: {"ground": "no_facts"}}},
    "filing.ground_missing": {"answers": {0: {"ground": None}}},
    "reply.in_reply_to_missing": {"envelope": {"in_reply_to": None}},
    "reply.not_asked": {},
    "filing.number_unanswered": {"answers": [_ONE_ANSWER]},
    "case.unknown": {
        "envelope": {"in_reply_to": _NO_LETTER, "case_id": _NO_LETTER, "flow": "leads"},
    },
    "message.bus_only": {"record": "tick"},
    "progress.repeated": {},
    "progress.out_of_order": {},
    "outcome.penalties_missing": {"penalties": []},
    "receipt.nothing_delivered": {},
    "receipt.of_receipt": {},
    "receipt.contradicts": {"signed_by": "另一人"},
}


def spoilt(document: Document, fault: str, setting: Setting) -> Document:
    """Return the document with what the code is about; as it is where the case makes it wrong."""
    result: Document = _laid_over(document, FAULTS[fault], setting)
    return result


def _laid_over(base: Any, change: Any, setting: Setting) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(change, str) and change.startswith("@"):
        kind, _, alias = change[1:].rpartition("/")
        return officers_of(alias, setting) if kind else setting.organ(alias).code
    if isinstance(change, list):
        return [_laid_over(None, each, setting) for each in change]
    if not isinstance(change, Mapping):
        return change
    if isinstance(base, list):
        items = enumerate(base)
        return [_laid_over(each, change.get(at, each), setting) for at, each in items]
    result = dict(base or {})
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _laid_over(result.get(key), value, setting)
    return result
