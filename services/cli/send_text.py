"""The bus's answer to a message, as a document and as lines that an official reads. Pure."""

from collections.abc import Iterator
from typing import Any

from schemas.messages import Accepted, Held, Message, Rejected
from services.cli.output import in_language
from services.cli.words import DUTIES, HOLDS, RELATIONS, due_time, organ_word, record_word, word
from services.rulebook.model import Directory

Document = dict[str, Any]


def receipt_document(
    message: Message, receipt: Accepted | Rejected | Held | None, directory: Directory
) -> Document:
    """Return the stable form: every key present, null where the answer has no such thing."""
    envelope = message.envelope
    accepted = receipt if isinstance(receipt, Accepted) else None
    held = receipt if isinstance(receipt, Held) else None
    return {
        "outcome": type(receipt).__name__.lower() if receipt else "published",
        "message": envelope.message_id,
        "case": envelope.case_id,
        "flow": envelope.flow,
        "record": envelope.record,
        "document_number": envelope.document_number,
        "at": receipt.envelope.sent_at if receipt else None,
        "recipients": [
            {
                "organ": recipient.organ,
                "alias": recipient.alias,
                "name": organ_word(directory, recipient.organ),
                "relation": recipient.relation,
            }
            for recipient in (accepted.recipients or () if accepted else ())
        ],
        "rule": accepted.rule if accepted else None,
        "basis": accepted.basis if accepted else None,
        "rulebook": accepted.rulebook if accepted else None,
        "explanation": receipt.explanation if receipt else None,
        "duties": [
            {
                "duty": duty.duty,
                "organ": duty.organ,
                "name": organ_word(directory, duty.organ),
                "due": duty.due,
                "provisional": duty.provisional,
            }
            for duty in (accepted.duties or () if accepted else ())
        ],
        "held": _held_document(held) if held else None,
    }


def receipt_lines(document: Document) -> Iterator[str]:
    """Return the answer in words."""
    number = document["document_number"] or ""
    heads = {
        "accepted": ("已受理", "accepted"),
        "held": ("已暂存", "held"),
        "published": ("已发出（未等待回执）", "published; no answer waited for"),
    }
    head = in_language(*heads[document["outcome"]])
    yield f"{head}: {record_word(document['record'])} {number}".rstrip()
    yield in_language(
        f"  消息 {document['message']}　案件 {document['case']}",
        f"  message {document['message']}, case {document['case']}",
    )
    for recipient in document["recipients"]:
        relation = word(RELATIONS, recipient["relation"])
        yield in_language(
            f"  送：{recipient['name']}（{relation}）", f"  to: {recipient['name']} ({relation})"
        )
    if document["rule"] or document["basis"]:
        rule, basis = document["rule"] or "—", document["basis"] or "—"
        yield in_language(f"  规则 {rule}，依据{basis}", f"  rule {rule}, basis {basis}")
    if document["explanation"]:
        yield f"  {document['explanation']}"
    for duty in document["duties"]:
        what, due = word(DUTIES, duty["duty"]), due_time(duty["due"])
        mark = in_language("（暂定）", " (provisional)") if duty["provisional"] else ""
        yield in_language(
            f"  职责：{duty['name']} {what}，{due} 到期{mark}",
            f"  duty: {duty['name']}, {what}, due {due}{mark}",
        )
    if document["held"]:
        yield from _held(document["held"])


def _held_document(held: Held) -> Document:
    return {
        "reason": held.hold,
        "code": held.code,
        "zh": held.zh,
        "en": held.en,
        "released_by": held.released_by,
    }


def _held(held: Document) -> Iterator[str]:
    why = word(HOLDS, held["reason"])
    yield in_language(
        f"  原因：{why}（{held['code']}）；解除：{held['released_by']}",
        f"  why: {why} ({held['code']}); released by: {held['released_by']}",
    )
