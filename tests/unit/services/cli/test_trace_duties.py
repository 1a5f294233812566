"""What `yichuan trace` tells of duties that move, stand still, pass to another or begin later."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from connectors.bus.home import Home
from schemas.ids import CaseId
from schemas.topics import flow_partition
from services.casebook.rows import DecisionRow
from services.casebook.store import Casebook, open_in_memory
from services.casebook.tables import CASES, OUTBOX
from services.casework.effects import Effect, MoveDuty, PassDuty
from services.cli.casebook_view import case_of, decisions_of
from services.cli.trace import told_case
from services.cli.trace_effects import effect_lines
from services.cli.trace_story import story
from services.cli.trace_text import lines
from services.exchange.journal import effect_text
from tests.history import HANDLER, SENDER, SHANGHAI, History, demo, duties, organ
from tests.office import PARTITIONS, Log, run, sent

HEIR = "liuzhi-jtj"


def told_of(casebook: Casebook, case: CaseId, effects: Iterable[Effect] = ()) -> dict[str, Any]:
    """The story of a case, to the last decision of which more effects are added."""
    with casebook.engine.connect() as connection:
        found, rows = case_of(connection, case), list(decisions_of(connection, case))
    entry = json.loads(rows[-1].entry)
    entry["effects"] += [json.loads(effect_text(effect)) for effect in effects]
    rows[-1] = with_entry(rows[-1], entry)
    return story(found, rows, demo().directory)


def with_entry(row: DecisionRow, entry: dict[str, Any]) -> DecisionRow:
    return replace(row, entry=json.dumps(entry))


def effects_of(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["effect"]: each for step in told["steps"] for each in step["effects"]}


@pytest.fixture
def book() -> Any:
    opened = open_in_memory()
    yield opened
    opened.close()


def test_a_duty_that_stands_still_says_until_when_and_is_not_called_late(book: Casebook) -> None:
    history, log = History(), Log()
    letters = [("lead_transfer", SENDER), ("filing_reply", HANDLER)]
    for record, by in letters:
        run(book, [log.put(sent(history, record, by), history.at)])
    change = sent(history, "clock_change", HANDLER, planned_end="2026-10-21")
    run(book, [log.put(change, history.at)])
    told = told_of(book, history.opened.id)
    effect = effects_of(told)["duty_suspended"]
    assert (effect["duty"], effect["organ"]["alias"]) == ("decide_case", HANDLER)
    assert effect["reason"]
    (clock,) = (duty for duty in told["clock"] if duty["duty"] == "decide_case")
    assert clock["suspended_until"] == datetime(2026, 10, 21, tzinfo=SHANGHAI)
    text = "\n".join(lines(told))
    assert "职责中止：" in text
    assert "中止至 2026-10-21" in text
    assert "（中止计算）" in text
    case = history.opened.id
    partition = flow_partition(case.encode(), PARTITIONS)
    run(book, [log.tick(datetime(2026, 10, 21, tzinfo=SHANGHAI), partition)])
    told = told_of(book, case)
    assert effects_of(told)["duty_resumed"]["organ"]["alias"] == HANDLER
    assert "职责恢复计算：" in "\n".join(lines(told))
    assert not any(duty["suspended_until"] for duty in told["clock"])


def test_a_duty_that_is_moved_or_passed_says_from_when_and_from_whom(book: Casebook) -> None:
    history, log = History(), Log()
    run(book, [log.put(sent(history, "lead_transfer", SENDER), history.at)])
    duty = duties(history.opened)["sign_for", organ(HANDLER)]
    moved = replace(duty, due=duty.due + timedelta(days=1))
    passed = replace(duty, owner=organ(HEIR))
    told = told_of(
        book,
        history.opened.id,
        [
            MoveDuty(duty.message, moved, duty.due, "calendar"),
            PassDuty(duty.message, passed, duty.owner),
        ],
    )
    by_name = effects_of(told)
    assert datetime.fromisoformat(by_name["duty_moved"]["was"]) == duty.due
    assert by_name["duty_moved"]["reason"] == "calendar"
    assert by_name["duty_passed"]["before"]["alias"] == HANDLER
    assert by_name["duty_passed"]["organ"]["alias"] == HEIR
    text = "\n".join(lines(told))
    assert "职责改期：" in text
    assert "职责承继：" in text


def test_what_has_not_begun_is_listed_and_holds_nobody_s_clock(book: Casebook) -> None:
    history, log = History(), Log()
    run(book, [log.put(sent(history, "joint_plan", SENDER), history.at)])
    told = told_of(book, history.opened.id)
    later = [duty for duty in told["duties"] if duty["begins_at"] is not None]
    assert {duty["duty"] for duty in later} == {"joint_outcome"}
    assert "joint_outcome" not in {duty["duty"] for duty in told["clock"]}
    text = list(lines(told))
    assert sum("尚未开始" in line for line in text) == len(later)
    assert not any("现在：" in line and "联合执法结果" in line for line in text)


@pytest.mark.parametrize(
    ("code", "explanation", "line"),
    [
        ("advice.duty_moved", "2026-10-09", "未完成职责的到期时间随之重算；"),
        ("advice.duty_moved", "2026-10-09", "advice.duty_moved: 2026-10-09"),
        ("advice.duty_moved", None, "advice.duty_moved\n"),
        ("advice.of_a_later_version", None, "提示 advice.of_a_later_version\n"),
    ],
)
def test_an_advice_is_told_in_words(code: str, explanation: str | None, line: str) -> None:
    effect = {"effect": "advised", "code": code, "explanation": explanation}
    assert line in "\n".join(effect_lines(effect)) + "\n"


def at_night(book: Casebook, at: datetime) -> str:
    """How a lead that nobody has signed for is told of, once its partition has decided up to then.

    Due on Tuesday the 22nd; the yellow card comes on Wednesday at nine.
    """
    history, log = History(), Log()
    lead = log.put(sent(history, "lead_transfer", SENDER), history.at)
    run(book, [lead, log.tick(at, lead.position.partition)])
    with book.engine.begin() as connection:
        connection.execute(delete(OUTBOX))  # all of it is sent
        told = told_case(connection, history.opened.id, demo().directory, Home(Path()))
    return "\n".join(lines(told))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 9, 22, 23, 59, tzinfo=SHANGHAI), 0),
        (datetime(2026, 9, 23, 0, 1, tzinfo=SHANGHAI), 1),  # and no card yet
    ],
)
def test_what_is_due_is_late_from_24_00_on_before_any_card(
    book: Casebook, at: datetime, said: int
) -> None:
    text = at_night(book, at)
    assert "黄牌" not in text
    assert text.count("已逾期") == said


def test_what_was_carded_and_is_due_later_now_by_another_calendar_is_not_late_any_more(
    book: Casebook,
) -> None:
    assert "已逾期" in at_night(book, datetime(2026, 9, 23, 9, 1, tzinfo=SHANGHAI))
    with book.engine.connect() as connection:
        (case_id,) = connection.scalars(select(CASES.c.case_id)).all()
        case, rows = case_of(connection, CaseId(case_id)), decisions_of(connection, CaseId(case_id))
    assert case is not None
    moved = tuple(replace(each, due=each.due + timedelta(days=1)) for each in case.duties)
    told = story(replace(case, duties=moved), rows, demo().directory)
    assert any(rung["fired_at"] for duty in told["duties"] for rung in duty["rungs"])
    assert "已逾期" not in "\n".join(lines(told))


def test_what_was_superseded_once_it_was_due_says_that_it_was_overdue_as_the_figures_do(
    book: Casebook,
) -> None:
    history, log = History(), Log()
    lead, signed = sent(history, "lead_transfer", SENDER), sent(history, "signed_for", HANDLER)
    run(book, [log.put(each, history.at) for each in (lead, signed)])
    objection, late = history.next("objection", HANDLER), history.at + timedelta(days=40)
    run(book, [log.put(objection, late)])
    told = told_of(book, history.opened.id)
    (filing,) = (each for each in told["duties"] if each["duty"] == "decide_filing")
    assert (filing["closing"], filing["breached"], filing["overdue"]) == ("superseded", True, False)
    assert f"已被取代 {late:%Y-%m-%d %H:%M:%S}，此前已逾期" in "\n".join(lines(told))
    (signing,) = (each for each in told["duties"] if each["duty"] == "sign_for")
    assert (signing["closing"], signing["breached"]) == ("met", False)
