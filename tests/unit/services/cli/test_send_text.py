"""The bus's answer, as a document and in words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.ids import BUS, Alias, CaseId, MessageId, OrganCode, RuleId, derive
from schemas.messages import Accepted, Held, HoldReason, Withdrawal
from schemas.parts import DueDate, Envelope, Flow, Recipient, Relation
from services.cli.send_text import receipt_document, receipt_lines
from services.rulebook.load import bundled, load

DIRECTORY = load(bundled("demo")).directory
HANDLER = OrganCode("11520203YC0002015P")
SENT = Envelope(
    bus="b",
    message_id=MessageId(derive("m")),
    case_id=CaseId(derive("c")),
    flow=Flow.LEADS,
    record="Withdrawal",
    sender=OrganCode("11520203YC0001047R"),
    sent_at=datetime(2026, 9, 28, 1, 30, tzinfo=UTC),
)
SAID = replace(SENT, sender=BUS, record="Accepted", in_reply_to=SENT.message_id)
ACCEPTED = Accepted(
    SAID,
    recipients=(Recipient(HANDLER, Alias("liuzhi-cgj"), Relation.HANDLER),),
    rule=RuleId("F-001"),
    basis="《城市市容和环境卫生管理条例》第三十六条",
    explanation="说明",
    rulebook="0" * 64,
    duties=(DueDate("sign_for", HANDLER, datetime(2026, 9, 29, 16, tzinfo=UTC)),),
)
HELD = Held(replace(SAID, record="Held"), HoldReason.GAP, "hold.gap", "暂存", "held", "更正或撤回")
KEYS = {
    "outcome", "message", "case", "flow", "record", "document_number", "at", "recipients", "rule",
    "basis", "rulebook", "explanation", "duties", "held",
}  # fmt: skip


@pytest.mark.parametrize("receipt", [ACCEPTED, HELD, None])
def test_every_key_is_there_whatever_the_answer(receipt: Accepted | Held | None) -> None:
    assert set(receipt_document(Withdrawal(SENT, "x"), receipt, DIRECTORY)) == KEYS


def test_accepted_tells_recipients_rule_basis_and_due_dates() -> None:
    document = receipt_document(Withdrawal(SENT, "x"), ACCEPTED, DIRECTORY)
    assert document["outcome"] == "accepted"
    assert document["recipients"][0]["name"] == "六枝特区综合行政执法局"
    text = "\n".join(receipt_lines(document))
    for expected in (
        "已受理",
        "六枝特区综合行政执法局（承办机关）",
        "F-001",
        "《",
        "签收",
        "2026-09-29 24:00",
    ):
        assert expected in text


def test_held_tells_why_and_who_can_release_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YICHUAN_LANG", "en")
    document = receipt_document(Withdrawal(SENT, "x"), HELD, DIRECTORY)
    assert document["outcome"] == "held"
    text = "\n".join(receipt_lines(document))
    assert "hold.gap" in text
    assert "更正或撤回" in text


def test_without_waiting_it_is_published_only() -> None:
    document = receipt_document(Withdrawal(SENT, "x"), None, DIRECTORY)
    assert document["outcome"] == "published"
    assert "未等待回执" in "\n".join(receipt_lines(document))
