"""A case is decided by the law itself and told as `yichuan trace` tells it."""

import json

import pytest

from schemas.parts import Flow
from services.cli.demo_answers import correction
from services.cli.demo_scenarios import LATE_DEPARTMENT, scenarios
from services.cli.demo_transfers import transfer
from services.cli.trace_story import summary
from services.cli.trace_text import lines, one_line
from tests.unit.services.cli.one_case import SETTING, Bus, filed_case, scenario


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
    assert duties == {
        "sign_for": "met",
        "decide_filing": "met",
        "decide_case": None,
        "handover": None,
    }
    assert {duty["duty"] for duty in told["clock"]} == {"decide_case", "handover"}
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
        "承办机关",
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


def test_what_is_overdue_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus()
    one = scenario("overdue")
    bus.send(transfer(one, SETTING), one.sender)
    assert "已逾期" not in "\n".join(lines(bus.story()))
    bus.tick(minutes=2)
    assert "已逾期" in "\n".join(lines(bus.story()))
    monkeypatch.setenv("YICHUAN_LANG", "en")
    assert "overdue" in "\n".join(lines(bus.story()))


def test_a_case_among_several_takes_one_line() -> None:
    told = filed_case().story()
    cells = one_line(summary(told))
    assert told["case"] in cells
    assert told["document_number"] in cells


def test_flows_are_told_in_words() -> None:
    assert "违法线索" in next(iter(lines(filed_case().story())))
    assert Flow.LEADS in filed_case().story()["flow"]
