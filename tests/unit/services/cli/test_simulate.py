"""yichuan simulate: the surface that others' tests hold on to, and what it refuses to play."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from services.cli.main import main
from services.cli.scenario_yaml import NODES_MAX, SCENARIO_MAX_BYTES
from services.cli.simulation_lines import KEYS
from services.exchange import ticking
from services.rulebook.load import bundled
from tests.history import organ
from tests.scenario import FOLDER, play

HEAD = "rulebook: demo\nstart: 2026-09-28T09:00:00+08:00\nsteps:\n"
LEAD = "  - {at: 2026-09-28T09:30:00+08:00, from: yanjiao, send: lead_transfer, label: lead}\n"


def simulated(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[dict[str, Any]]]:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    code = main(["simulate", str(path), "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_line_has_every_key_in_order_and_null_where_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = simulated(HEAD + LEAD, tmp_path, capsys)
    assert code == 0
    assert [line["effect"] for line in lines] == [
        "state_changed",
        "duty_opened",
        "delivered",
        "accepted",
    ]
    assert all(tuple(line) == KEYS for line in lines)
    delivered = lines[2]
    assert delivered | {"case": "", "message": ""} == dict.fromkeys(KEYS) | {
        "at": "2026-09-28T09:30:00+08:00",
        "effect": "delivered",
        "case": "",
        "label": "lead",
        "message": "",
        "record": "lead_transfer",
        "from": organ("yanjiao"),
        "to": organ("liuzhi-cgj"),
        "relation": "handler",
        "rule": "F-001",
    }


def test_the_same_scenario_gives_the_same_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (simulated(HEAD + LEAD, tmp_path, capsys) for _ in range(2))
    assert first == second


def test_a_refused_message_is_an_answer_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step = "  - {at: 2026-09-28T10:00:00+08:00, from: yanjiao, send: lead_transfer, body: BODY}\n"
    no_reason = step.replace("BODY", "{reason: null}")
    no_such_key = step.replace("BODY", "{reasons: x}")
    one_officer = step.replace("BODY", "{envelope: {officers: [周怀瑾]}}")
    code, lines = simulated(HEAD + no_reason + no_such_key + one_officer, tmp_path, capsys)
    assert code == 0
    assert [(line["effect"], line["code"], line["reason"]) for line in lines] == [
        ("rejected", "message.field_missing", "reason"),
        ("rejected", "message.field_unknown", "reasons"),
        ("rejected", "transfer.officers_too_few", "envelope.officers"),
    ]


def test_the_journal_for_people_names_organs_duties_and_cards(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(FOLDER / "11_calendar_changes_in_mid_year.yaml")
    assert main(["simulate", path]) == 0
    told = capsys.readouterr().out
    assert "【红牌】六枝特区综合行政执法局：签收；通知六枝特区司法局、六枝特区人民政府" in told
    assert "改期，2026-11-13 24:00到期" in told
    monkeypatch.setenv("YICHUAN_LANG", "en")
    for name in ("04_place_conflict", "08_complaints", "10_signed_after_the_yellow_card"):
        assert main(["simulate", str(FOLDER / f"{name}.yaml")]) == 0
    told = capsys.readouterr().out
    assert "held, text and code of the place disagree" in told
    assert "not all of it: answers[0].reasons" in told
    assert "refused receipt.contradicts" in told


WRONG = {
    "an unknown organ": (
        LEAD.replace("yanjiao", "nobody"),
        "organ.unknown",
        "step 1: from",
    ),
    "an unknown addressee": (
        (
            "  - {at: 2026-09-28T09:30, from: liuzhi-cgj, send: copy,"
            " body: {envelope: {addressees: [no]}}}"
        ),
        "organ.unknown",
        "step 1: envelope.addressees[0]",
    ),
    "an unknown record": (
        LEAD.replace("lead_transfer", "leed_transfer"),
        "message.unknown_record",
        "step 1: send",
    ),
    "a record of the bus": (
        LEAD.replace("lead_transfer", "tick"),
        "message.bus_only",
        "step 1: send",
    ),
    "an unknown label": (
        LEAD + "  - {at: 2026-09-29T09:30, from: liuzhi-cgj, send: signed_for, of: leed}",
        "scenario.label_unknown",
        "step 2: of",
    ),
    "a label used twice": (LEAD + LEAD, "scenario.label_taken", "step 2: label"),
    "a reply that answers nothing": (
        "  - {at: 2026-09-29T09:30, from: liuzhi-cgj, send: signed_for}",
        "scenario.of_missing",
        "step 1: of",
    ),
    "times out of order": (
        LEAD + "  - {advance_to: 2026-09-28T09:29:59+08:00}",
        "scenario.time_backwards",
        "step 2",
    ),
    "a step before the start": (
        "  - {advance_to: 2026-09-28T08:59:59+08:00}",
        "scenario.time_backwards",
        "step 1",
    ),
    "a key that no step has": (
        LEAD.replace("label", "lable"),
        "scenario.key_unknown",
        "step 1",
    ),
    "a step of two kinds": (
        "  - {advance_to: 2026-09-29T08:00, send: copy}",
        "scenario.value_invalid",
        "step 1",
    ),
    "a step without its time": (
        "  - {from: yanjiao, send: lead_transfer}",
        "scenario.value_invalid",
        "step 1: at",
    ),
    "a time that is none": (
        "  - {advance_to: tomorrow}",
        "scenario.value_invalid",
        "step 1: advance_to",
    ),
    "a year that no calendar has": (
        "  - {advance_to: 9999-12-31T23:00:00+08:00}",
        "scenario.value_invalid",
        "step 1: advance_to",
    ),
    "a day of such a year": (
        "  - {at: 2026-09-29T09:30, activate: demo, calendar: {9999-12-31: off}}",
        "scenario.value_invalid",
        "step 1: calendar",
    ),
    "a body that is no mapping": (
        "  - {at: 2026-09-29T09:30, from: yanjiao, send: copy, body: [1]}",
        "scenario.value_invalid",
        "step 1: body",
    ),
    "a day of no kind": (
        "  - {at: 2026-09-29T09:30, activate: demo, calendar: {2026-10-10: half}}",
        "scenario.value_invalid",
        "step 1: calendar",
    ),
    "a day that is none": (
        "  - {at: 2026-09-29T09:30, activate: demo, calendar: {10-10: off}}",
        "scenario.value_invalid",
        "step 1: calendar",
    ),
    "a key twice": (
        LEAD.replace("label: lead", "label: lead, label: other"),
        "scenario.not_yaml",
        "scenario.yaml:4:5",
    ),
    "what is no YAML": ("  - {at: [", "scenario.not_yaml", "scenario.yaml:4:11"),
    "an object of Python's": (
        "  - !!python/object/apply:os.getcwd []",
        "scenario.not_yaml",
        "scenario.yaml:4:5",
    ),
    "steps that are no list": ("  a: b", "scenario.value_invalid", "steps"),
}


@pytest.mark.parametrize(("steps", "code", "where"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_scenario_is_said_with_its_step(
    steps: str, code: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, lines = simulated(HEAD + steps, tmp_path, capsys)
    assert ended == 2
    assert (lines[-1]["error"]["code"], lines[-1]["error"]["where"]) == (code, where)


def test_a_file_that_is_not_there_and_a_rulebook_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(tmp_path / "none.yaml")]) == 3
    code, lines = simulated(HEAD.replace("demo", "nowhere") + LEAD, tmp_path, capsys)
    assert (code, lines[-1]["error"]["code"]) == (3, "rules.not_found")


def test_size_is_bounded_also_where_aliases_multiply_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = simulated("#" * (SCENARIO_MAX_BYTES + 1), tmp_path, capsys)
    assert (code, lines[-1]["error"]["code"]) == (2, "scenario.too_large")
    lol = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lol += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    assert NODES_MAX < 10**7
    code, lines = simulated("\n".join(lol), tmp_path, capsys)
    assert (code, lines[-1]["error"]["code"]) == (2, "scenario.too_large")


def test_a_place_code_may_be_written_without_quotes_and_an_organ_by_any_name(
    tmp_path: Path,
) -> None:
    step = (
        "  - {at: 2026-09-28T09:30, from: 六枝特区岩脚镇人民政府, send: lead_transfer, label: l,"
        " body: {envelope: {addressees: [liuzhi-cgj]}, violations: [{place: 520203102000}]}}\n"
    )
    assert play(HEAD + step, tmp_path).one("delivered", "l")["to"] == "liuzhi-cgj"


def test_numbers_left_out_are_the_sender_s_next_free_ones(tmp_path: Path) -> None:
    step = "  - {{at: 2026-09-28T1{n}:00, from: yanjiao, send: lead_transfer, label: l{n}{body}}}\n"
    given = ", body: {envelope: {document_number: 案移〔2026〕13号}}"
    steps = [step.format(n=n, body=given if n == 2 else "") for n in range(4)]
    played = play(HEAD + "".join(steps), tmp_path)
    assert len(played.of("accepted")) == 4
    twice = [step.format(n=n, body=given) for n in range(2)]
    assert play(HEAD + "".join(twice), tmp_path).one("rejected")["code"] == "document_number.used"


def test_officers_left_out_are_the_sender_s_own(tmp_path: Path) -> None:
    step = (
        "  - {at: 2026-09-28T10:00, from: liuzhi-swj, send: lead_transfer, label: l,"
        " body: {violations: [{matter: CG-002, place_text: 岩脚镇示例街1号}]}}\n"
    )
    assert play(HEAD + step, tmp_path).one("delivered", "l")["to"] == "yanjiao"


def test_a_repeat_gets_the_first_answer_and_no_second_delivery(tmp_path: Path) -> None:
    twice = LEAD.replace("}", ", body: {envelope: {message_id: ID}}}").replace(
        "ID", "7c0f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11, document_number: 案移〔2026〕1号"
    )
    played = play(HEAD + twice + twice.replace(", label: lead", ""), tmp_path)
    assert [line["reason"] for line in played.of("accepted")][-1] == "repeated"
    assert len(played.of("accepted")) == 2
    assert len(played.of("delivered")) == 1


def test_messages_behind_a_hold_wait_and_are_decided_at_their_own_times(tmp_path: Path) -> None:
    held = LEAD.replace(
        "label: lead", "label: lead, body: {violations: [{matter: CG-013, place_text: 岩脚镇1号}]}"
    )
    later = (
        "  - {at: 2026-09-28T10:00, from: yanjiao, send: case_progress, of: lead, label: early}\n"
        "  - {at: 2026-09-30T10:00, from: liuzhi-sfj, send: routing_assignment, of: lead}\n"
    )
    played = play(HEAD + held + later, tmp_path)
    assert played.one("held", "lead")["reason"] == "gap"
    assert played.one("held", "early")["reason"] == "waiting"
    decided = played.one("rejected", "early")
    assert (decided["at"], decided["code"]) == ("2026-09-28T10:00:00+08:00", "reply.not_asked")
    assert played.one("delivered", "lead")["to"] == "liuzhi-cgj"


def test_what_a_message_is_about_goes_into_the_field_that_its_record_has(tmp_path: Path) -> None:
    steps = """
  - {at: 2026-09-28T10:00, from: yanjiao, send: violation_notice, label: notice}
  - {at: 2026-09-28T11:00, from: yanjiao, send: lead_transfer, of: notice, label: lead}
  - {at: 2026-09-28T12:00, from: liuzhi-cgj, send: signed_for, of: lead}
  - at: 2026-09-28T13:00
    from: liuzhi-cgj
    send: assistance_request
    of: lead
    label: help
    body: {envelope: {addressees: [yanjiao]}}
  - {at: 2026-09-28T14:00, from: liuzhi-cgj, send: information_request, label: ask}
  - at: 2026-09-28T15:00
    from: yanjiao
    send: copy
    of: ask
    label: given
    body: {envelope: {addressees: [liuzhi-cgj]}}
"""
    played = play(HEAD + steps, tmp_path)
    assert played.of("rejected") == []
    assert played.one("delivered", "help")["to"] == "yanjiao"
    assert played.one("delivered", "given")["to"] == "liuzhi-cgj"


def test_a_calendar_that_comes_moves_every_case_that_owes_something_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticking, "TICK_CASES_MAX", 1)
    monkeypatch.setattr(ticking, "TICK_ANEW_MAX", 1)
    leads = "".join(LEAD.replace("label: lead", f"label: l{n}") for n in range(3))
    known = (
        "  - {at: 2026-09-28T12:00, activate: demo, calendar: {2026-09-29: off}}\n"
        "  - {at: 2026-09-28T13:00, activate: demo}\n"
        "  - {at: 2026-09-28T14:00, activate: demo}\n"
    )
    played = play(HEAD + leads + known, tmp_path)
    moved = played.told("duty_moved", None, "at", "due")
    assert (
        sorted(moved)
        == [("2026-09-28 12:00", "2026-10-01 00:00")] * 3
        + [("2026-09-28 13:00", "2026-09-30 00:00")] * 3
    )


def test_past_the_known_calendar_a_date_is_provisional_until_the_calendar_comes(
    tmp_path: Path,
) -> None:
    steps = """
  - {at: 2026-12-31T10:00, from: yanjiao, send: lead_transfer, label: lead}
  - {at: 2027-01-05T09:00, activate: demo, calendar: {2027-01-01: off, known_until: 2027-12-31}}
  - {advance_to: 2027-01-31T10:00}
"""
    played = play(HEAD + steps, tmp_path)
    assert played.one("duty_opened", "lead")["provisional"] is True
    moved = played.one("duty_moved", "lead")
    assert (moved["due"], moved["provisional"]) == ("2027-01-05T00:00:00+08:00", False)
    # Owed since 09:00 of that day, and fired by the first Tick that knows the calendar.
    assert played.told("rung", "lead", "rung", "at")[-3:] == [
        ("yellow", "2027-01-05 09:00"),
        ("red", "2027-01-08 09:00"),
        ("supervision", "2027-01-19 09:00"),
    ]


LATER = "  - {at: 2026-09-28T12:00, activate: later}\n"


def changed(folder: Path, table: str, old: str, new: str) -> None:
    """Copy the demo's rulebook beside the scenario, one row of it changed."""
    copytree(bundled("demo"), folder / "later")
    path = folder / "later" / table
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_organ_that_ends_is_followed_by_its_heir_on_the_day_after_its_last(
    tmp_path: Path,
) -> None:
    row = "六枝特区示例大道21号,2019-03-01,"
    changed(tmp_path, "organs.csv", f"{row},", f"{row}2026-10-31,{organ('liuzhi-jtj')}")
    steps = f"{LATER}  - {{advance_to: 2026-12-01}}\n"
    played = play(HEAD + LEAD + steps, tmp_path)
    assert played.told("duty_passed", "lead", "at", "organ") == [("2026-11-01 00:00", "liuzhi-jtj")]


def test_what_is_held_for_a_gap_goes_on_when_a_rulebook_that_fills_it_comes_into_force(
    tmp_path: Path,
) -> None:
    ends = "2022-06-05,2026-03-31,found"
    changed(tmp_path, "jurisdiction.csv", ends, "2022-06-05,,found")
    violation = "{matter: CG-013, place: 520203102000, place_text: 岩脚镇示例街1号}"
    lead = LEAD.replace("label: lead", f"label: lead, body: {{violations: [{violation}]}}")
    played = play(HEAD + lead + LATER, tmp_path)
    assert played.one("released", "lead")["at"] == "2026-09-28T12:00:00+08:00"
    assert played.one("accepted", "lead")["rule"] == "Z-053"
    assert played.one("advised", "lead", code="advice.hold_ended")["to"] == "liuzhi-sfj"


def test_that_the_calendar_ends_is_told_on_its_day_or_at_once_where_that_is_past(
    tmp_path: Path,
) -> None:
    steps = "  - {advance_to: 2026-12-31}\n"
    for start, told in (("2026-09-28", "2026-12-11 00:00"), ("2026-12-21", "2026-12-21 09:00")):
        played = play(HEAD.replace("2026-09-28", start) + steps, tmp_path)
        assert played.told("advised", None, "at", "code") == [(told, "advice.calendar_ends")]
