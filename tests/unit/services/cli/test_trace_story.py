"""A case is decided by the law itself and told as `yichuan trace` tells it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import MessageId, derive
from schemas.messages import Message, Tick, Transfer
from schemas.parts import Envelope, Flow
from services.casebook.rows import DecisionRow, Position
from services.casework.decide import decide
from services.casework.steps import Facts, Waiter
from services.cli.demo_documents import (
    Setting,
    correction,
    filing_reply,
    signed_for,
    transfer,
)
from services.cli.demo_scenarios import LATE_DEPARTMENT, Scenario, scenarios
from services.cli.trace_story import Document, story, summary
from services.cli.trace_text import lines, one_line
from services.exchange.intake import Incoming
from services.exchange.notes import Decided, decision_rows
from services.rulebook.load import bundled, load

if TYPE_CHECKING:
    from services.casework.case import Case

START = datetime(2026, 9, 28, 1, 30, tzinfo=UTC)
SETTING = Setting(load(bundled("demo")), run=1, today=date(2026, 9, 28))
DIRECTORY = SETTING.rulebook.directory


class Bus:
    """The exchange without a bus: one case, decided message after message."""

    def __init__(self) -> None:
        self.case: Case | None = None
        self.rows: list[DecisionRow] = []
        self.opening: Message | None = None
        self.at = START

    def send(self, document: dict[str, object], alias: str, minutes: int = 1) -> Message:
        """Decide a document so many minutes after the last."""
        message = self._message(document, alias)
        self.opening = self.opening or message
        self._decide(message, minutes)
        return message

    def tick(self, minutes: int) -> None:
        """Let time pass."""
        envelope = replace(self._first.envelope, message_id=MessageId(derive("tick", str(minutes))))
        tick = Tick(replace(envelope, record="Tick"), topic="leads", partition=0)
        self._decide(tick, minutes)

    @property
    def _first(self) -> Message:
        assert self.opening is not None
        return self.opening

    def _message(self, document: dict[str, object], alias: str) -> Message:
        def targets(_: str) -> tuple[Target, ...]:
            envelope: Envelope = self._first.envelope
            return (Target(envelope.message_id, envelope.case_id, envelope.flow),)

        raw = json.dumps(document).encode()
        message = read(
            None,
            raw,
            EnvelopeDefaults(
                bus=SETTING.rulebook.bus,
                sender=SETTING.organ(alias).code,
                message_id=MessageId(derive("test", alias, raw.decode())),
                sent_at=START,
                targets=targets,
            ),
        )
        assert not isinstance(message, Refusal), message
        return message

    def _decide(self, message: Message, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        held = self.case is not None and self.case.stop is not None
        first = self.opening
        waiter = Waiter(first, START) if held and isinstance(first, Transfer) else None
        facts = Facts(held=waiter)
        decision = decide(self.case, message, facts, SETTING.rulebook, self.at)
        position = Position("leads", 0, len(self.rows))
        decided = Decided(
            incoming=Incoming(position, None, None, self.at),
            message=message,
            digest="0" * 64,
            case_id=message.envelope.case_id,
            facts=facts,
            effects=decision.effects,
            at=self.at,
        )
        self.case = decision.case
        self.rows.append(decision_rows(decided, SETTING.rulebook.hash)[0])

    def story(self) -> Document:
        """Tell the case."""
        return story(self.case, self.rows, DIRECTORY)


def scenario(twist: str = "", plan: str = "filed") -> Scenario:
    return next(
        one
        for one in scenarios()
        if one.twist == twist and (twist or one.plan == plan) and one.record == "lead_transfer"
    )


def filed_case() -> Bus:
    one, bus = scenario(), Bus()
    opening = bus.send(transfer(one, SETTING), one.sender)
    target = opening.envelope.message_id
    bus.send(signed_for(one, SETTING, target, START), one.receiver)
    bus.send(filing_reply(one, SETTING, target, filed=True), one.receiver)
    return bus


def test_a_filed_case_is_told_with_rule_basis_recipients_and_duties() -> None:
    told = filed_case().story()
    one = scenario()
    assert told["state"] == "filed"
    assert told["sender"]["alias"] == one.sender
    assert told["handler"]["alias"] == one.receiver
    assert [step["record"] for step in told["steps"]] == [
        "LeadTransfer",
        "SignedFor",
        "FilingReply",
    ]
    accepted = next(e for e in told["steps"][0]["effects"] if e["effect"] == "accepted")
    assert accepted["rule"] == told["rule"]
    assert "《" in accepted["basis"]
    assert accepted["recipients"][0]["organ"]["alias"] == one.receiver
    duties = {duty["duty"]: duty["closing"] for duty in told["duties"]}
    assert duties == {"sign_for": "met", "decide_filing": "met", "decide_case": None}
    assert [duty["duty"] for duty in told["clock"]] == ["decide_case"]
    delivered = next(e for e in told["steps"][0]["effects"] if e["effect"] == "delivered")
    assert delivered["signed_at"] is not None


def test_the_text_names_everything_in_chinese_and_in_english(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = filed_case().story()
    chinese = "\n".join(lines(told))
    for expected in (
        "违法线索移送函",
        "受理",
        "依据《",
        "办理机关",
        "签收",
        "作出处理决定",
        "现在：由",
    ):
        assert expected in chinese
    monkeypatch.setenv("YICHUAN_LANG", "en")
    english = "\n".join(lines(told))
    for expected in ("LeadTransfer", "accepted", "basis", "due", "Now: "):
        assert expected in english


def test_no_content_of_a_message_is_told() -> None:
    bus = filed_case()
    party = transfer(scenario(), SETTING)["parties"][0]
    text = json.dumps(bus.story(), default=str, ensure_ascii=False) + "\n".join(lines(bus.story()))
    for secret in (party["name"], party["phone"], party["address"], "审查"):
        assert secret not in text


def test_a_held_case_says_why_and_after_the_correction_who_got_it() -> None:
    one = next(s for s in scenarios() if s.twist == "held_then_corrected")
    bus = Bus()
    opening = bus.send(transfer(one, SETTING), one.sender)
    held = bus.story()
    assert held["stop"]["reason"] == "gap"
    assert "暂存" in "\n".join(lines(held))
    bus.send(correction(one, SETTING, opening.envelope.message_id), one.sender)
    told = bus.story()
    assert told["stop"] is None
    assert told["handler"]["alias"] == one.receiver
    assert "解除暂存" in "\n".join(lines(told))


def test_a_refused_opening_is_told_though_no_case_came_of_it() -> None:
    one = next(s for s in scenarios() if s.twist == "own_matter")
    bus = Bus()
    bus.send(transfer(one, SETTING), one.sender)
    told = bus.story()
    assert bus.case is None
    assert told["state"] == "refused"
    assert told["steps"][0]["code"] == "transfer.own_matter"
    assert "退回理由" in "\n".join(lines(told))


def test_a_duty_that_is_overdue_shows_its_cards() -> None:
    one = scenario("overdue")
    assert one.receiver == LATE_DEPARTMENT
    bus = Bus()
    bus.send(transfer(one, SETTING), one.sender)
    bus.tick(minutes=2)
    told = bus.story()
    fired = [rung["rung"] for rung in told["duties"][0]["rungs"] if rung["fired_at"]]
    assert fired == ["yellow"]
    text = "\n".join(lines(told))
    assert "黄牌" in text
    assert "现在：由" in text


def test_a_case_among_several_takes_one_line() -> None:
    told = filed_case().story()
    cells = one_line(summary(told))
    assert told["case"] in cells
    assert told["document_number"] in cells


def test_flows_are_told_in_words() -> None:
    assert "违法线索" in next(iter(lines(filed_case().story())))
    assert Flow.LEADS in filed_case().story()["flow"]
