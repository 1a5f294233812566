"""What the demo tells at its end."""

import json

import pytest

from schemas.parts import Flow
from services.cli.demo_faults import FAULTS
from services.cli.demo_outcomes import released
from services.cli.demo_play import Play
from services.cli.demo_report import Calls, Findings, report
from services.cli.demo_scenarios import FAULTY_REPLIES, REFUSALS
from services.cli.demo_stage import Part
from services.cli.demo_summary import summary
from services.cli.demo_transfers import transfer
from tests.unit.services.cli.county import Bus as County
from tests.unit.services.cli.county import performed
from tests.unit.services.cli.one_case import SETTING, Bus, filed_case, scenario

CALLS = Calls("yichuan", "make down YICHUAN_HOME=/second")
PARTS = (Part("exchange", ("python",), 19030),)


@pytest.fixture(scope="module")
def play() -> Play:
    """One whole run."""
    return performed(County())


@pytest.fixture(scope="module")
def found() -> Findings:
    """A journey, a late one, and what is owed in both."""
    filed, late, one = filed_case(), Bus(), scenario("overdue")
    late.send(transfer(one, SETTING), one.sender)
    late.tick(minutes=2)
    cases = [bus.case for bus in (filed, late) if bus.case is not None]
    duties = [(case.id, duty) for case in cases for duty in case.duties if not duty.closing]
    return Findings(filed.story(), late.story(), duties)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_tells_all_that_it_promises(
    play: Play, found: Findings, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("YICHUAN_LANG", language)
    text = "\n".join(report(play, found, PARTS, CALLS))
    promised = [
        found.journey["case"],  # the journey of one case
        *play.got,  # what each agency got
        *REFUSALS.values(),  # what was refused, and why
        *FAULTY_REPLIES.values(),
        *FAULTS,
        *(told.case_id or "" for told in released(play, "assign")),
        *(told.case_id or "" for told in released(play, "correct")),
        *(str(case_id) for case_id, _ in found.duties),  # what is owed
        "yichuan trace",  # how to look on
        "yichuan inbox liuzhi-swj",
        "http://127.0.0.1:19030/metrics",
        "make down YICHUAN_HOME=/second",  # how to stop
        {"zh": "黄牌", "en": "yellow card"}[language],
        {"zh": "仍在暂存", "en": "still held"}[language],
        *{"zh": ("抄送：", "案件移送："), "en": ("copies: ", "transfers: ")}[language],
        *{"zh": ("转办后放行", "19900008866"), "en": ("assigned by", "19900008866")}[language],
    ]
    assert [part for part in promised if part not in text] == []


def test_the_summary_says_whether_all_went_well(play: Play, found: Findings) -> None:
    told = summary(play, len(found.duties), 12.34)
    assert told["ok"] is True
    assert told["seconds"] == 12.3
    assert told["accepted"] >= 60
    assert {entry["code"] for entry in told["refused"]} == {
        *REFUSALS.values(),
        *FAULTY_REPLIES.values(),
        *FAULTS,
    }
    assert told["messages"] >= 200
    assert set(told["flows"]) == set(Flow)
    assert sum(flow["messages"] for flow in told["flows"].values()) == told["messages"]
    assert set(told["refused_by_code"]) == {entry["code"] for entry in told["refused"]}
    assert told["held_corrected"]
    assert told["held_assigned"]
    assert [side["relation"] for side in told["side_by_side"]] == ["handler", "forwarder"]
    assert json.loads(json.dumps(told)) == told


def test_a_run_that_did_not_end_is_not_ok(found: Findings) -> None:
    assert summary(Play(SETTING), len(found.duties), 0)["ok"] is False


def test_of_the_late_case_only_what_has_a_card_is_told(
    play: Play, found: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YICHUAN_LANG", "en")
    text = "\n".join(report(play, found, PARTS, CALLS))
    overdue = text.partition("the one that is overdue")[2].partition("look on")[0]
    assert "sign for it" in overdue
    assert "hand over" not in overdue
    assert "handover" in {duty["duty"] for duty in found.late["duties"]}
