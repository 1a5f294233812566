"""`yichuan statistics`: each figure is counted here a second time, by hand."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from schemas.errors import UserError
from schemas.ids import CaseId, DutyId, MessageId
from services.casebook.store import Casebook
from services.casebook.tables import ORIGINALS
from services.casework.case import Case, Closing, Duty, Life, State
from services.casework.effects import Effect, Hold
from services.casework.term import Suspension
from services.cli.main import main
from services.cli.statistics import period_of
from services.cli.statistics_figures import FIGURES, figures
from services.cli.statistics_items import Item, Period, of_duty, of_entry, of_notice
from services.exchange import clerk
from services.exchange.journal import effect_text
from services.rulebook.calendar import ZONE
from services.rulebook.load import bundled
from services.rulebook.model import Length, Unit
from tests.batches import failing
from tests.empty_casebook import empty_casebook
from tests.history import (
    FAILED,
    HANDLER,
    MONDAY,
    NOBODYS,
    PARTICIPANT,
    SENDER,
    STRANGER,
    SUPERIOR,
    History,
    demo,
    in_state,
    is_refused,
    message,
    organ,
    the,
    violation,
)
from tests.office import Log, run, sent

OCTOBER = datetime(2026, 10, 1, tzinfo=ZONE)  # the midnight that ends September
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 9, 30), OCTOBER)
NEXT = Period(date(2026, 10, 1), date(2026, 10, 31), OCTOBER + timedelta(days=31))
CASE = CaseId("a case")
SIGNED = ("signed_for", HANDLER)
DUTY = Duty(
    id=DutyId("a duty"),
    kind="sign_for",
    message=MessageId("a message"),
    owner=organ(HANDLER),
    counterpart=organ(SENDER),
    opened_at=OCTOBER - timedelta(days=2),
    due=OCTOBER,
    provisional=False,
    basis="",
)


def shown(period: Period, frozen_at: datetime | None = None, **changes: Any) -> list[str]:
    duty = replace(DUTY, **changes)
    return [item.figure for item in of_duty(CASE, duty, period, frozen_at)]


def test_what_is_due_at_24_00_is_the_ending_month_s_and_what_happens_then_the_next_one_s() -> None:
    assert SEPTEMBER.has_due(OCTOBER)
    assert not NEXT.has_due(OCTOBER)
    assert not SEPTEMBER.has(OCTOBER)
    assert NEXT.has(OCTOBER)


def test_a_period_is_of_beijing_and_ends_now_while_it_lasts() -> None:
    last_of_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # 00:30 of the new year in Beijing
    assert period_of(None, last_of_year).first == date(2027, 1, 1)
    assert period_of("2026", last_of_year).until == datetime(2027, 1, 1, tzinfo=ZONE)
    assert period_of("2027", last_of_year).until == last_of_year
    assert period_of("2024-02", last_of_year).last == date(2024, 2, 29)
    # The last has not begun; month 00 was the whole year, day 00 the whole month.
    for wrong in ("2026-13", "2026-00", "2026-09-00", "2026-02-30", "26", "2027-02"):
        with pytest.raises(UserError, match=r"command\.usage"):
            period_of(wrong, last_of_year)


@pytest.mark.parametrize(
    ("changes", "figures_shown"),
    [
        ({}, ["open", "overdue", "breached"]),
        ({"due": OCTOBER + timedelta(seconds=1)}, ["open"]),
        ({"closed_at": OCTOBER, "closing": Closing.MET}, ["open", "kept"]),
        (
            {"closed_at": OCTOBER - timedelta(days=1), "closing": Closing.MET},
            ["kept", "time_to_sign"],
        ),
        ({"provisional": True}, ["open"]),
        ({"begins_at": OCTOBER}, []),
        ({"opened_at": OCTOBER, "due": OCTOBER + timedelta(days=1)}, []),
        ({"closed_at": OCTOBER - timedelta(days=1), "closing": Closing.WITHDRAWN}, []),
        ({"closed_at": OCTOBER - timedelta(days=1), "closing": Closing.SUPERSEDED}, []),
    ],
)
def test_a_duty_shows_in_september_s_figures_as_it_stood_when_september_ended(
    changes: dict[str, Any], figures_shown: list[str]
) -> None:
    assert shown(SEPTEMBER, **changes) == figures_shown


@pytest.mark.parametrize(
    ("closing", "in_the_month", "in_a_year"),
    [
        (Closing.MET, ["kept"], ["guidance_done"]),
        (Closing.WAIVED, [], ["guidance_waived"]),
    ],
)
def test_what_was_done_before_it_was_to_begin_was_done_in_time(
    closing: Closing, in_the_month: list[str], in_a_year: list[str]
) -> None:
    begins, due = OCTOBER + timedelta(days=1), OCTOBER + timedelta(days=9)
    early: dict[str, Any] = {"begins_at": begins, "opened_at": begins, "due": due}
    early |= {"closed_at": OCTOBER - timedelta(days=1), "closing": closing}
    assert shown(NEXT, kind="joint_outcome", **early) == in_the_month
    assert shown(SEPTEMBER, kind="joint_outcome", **early) == []
    assert shown(NEXT, kind="yearly_guidance", **early) == in_a_year


def test_a_joint_action_s_outcome_that_came_before_the_plan_s_end_was_given_in_time() -> None:
    history = in_state(State.SENT, Life.JOINT)
    history.send("joint_outcome", PARTICIPANT)
    year = Period(date(2026, 1, 1), date(2026, 12, 31), datetime(2027, 1, 1, tzinfo=ZONE))
    case = history.opened
    told = [item for duty in case.duties for item in of_duty(case.id, duty, year, None)]
    outcomes = [(each.figure, each.organ) for each in told if each.detail == "joint_outcome"]
    assert outcomes == [("kept", organ(PARTICIPANT))]


def test_where_the_clock_stands_still_nothing_is_overdue() -> None:
    assert shown(SEPTEMBER, OCTOBER - timedelta(days=1)) == ["open"]
    since, ends = OCTOBER - timedelta(days=1), OCTOBER + timedelta(days=9)
    stopped = Suspension(MessageId("m"), since, ends, Length(7, Unit.CALENDAR_DAYS))
    assert shown(SEPTEMBER, suspension=stopped) == ["open"]


def test_what_was_overdue_when_its_case_froze_stays_so() -> None:
    assert shown(SEPTEMBER, OCTOBER) == ["open", "overdue", "breached"]
    assert shown(NEXT, OCTOBER + timedelta(days=3)) == ["open", "overdue"]


def test_what_was_done_behind_a_provisional_day_was_neither_kept_nor_breached() -> None:
    late: dict[str, Any] = {"closed_at": OCTOBER + timedelta(days=3), "closing": Closing.LATE}
    assert shown(SEPTEMBER, provisional=True, **late) == ["open"]


def test_a_breach_stays_in_its_month_whatever_is_done_later() -> None:
    late: dict[str, Any] = {"closed_at": OCTOBER + timedelta(days=3), "closing": Closing.LATE}
    assert shown(SEPTEMBER, **late) == shown(SEPTEMBER)
    assert shown(NEXT, **late) == ["time_to_sign"]
    given_up = {**late, "closing": Closing.SUPERSEDED}
    assert shown(SEPTEMBER, **given_up) == shown(SEPTEMBER)
    assert shown(NEXT, **given_up) == []


def test_a_year_of_guidance_is_given_missing_or_waived_and_no_open_duty_of_a_month() -> None:
    year: dict[str, Any] = {"kind": "yearly_guidance", "due": datetime(2027, 1, 1, tzinfo=ZONE)}
    assert shown(SEPTEMBER, **year) == ["guidance_missing"]
    given = {**year, "closed_at": OCTOBER + timedelta(days=5), "closing": Closing.MET}
    assert shown(SEPTEMBER, **given) == ["guidance_missing"]  # as it was then
    assert shown(NEXT, **given) == ["guidance_done"]
    assert shown(NEXT, **{**given, "closing": Closing.WAIVED}) == ["guidance_waived"]


def item(figure: str, owner: str = "a", **changes: Any) -> Item:
    return Item(figure, owner, "sign_for", CASE, "m", OCTOBER, **changes)


def test_shares_have_no_value_where_nothing_was_due_and_are_0_where_nothing_was_kept() -> None:
    told = {(f.figure, f.organ, f.detail): f for f in figures([])}
    assert set(told) == {(name, None, None) for name in FIGURES}
    assert {f.number for f in told.values()} == {0}
    assert {f.share for f in told.values()} == {None}
    some = [item("kept"), item("kept"), item("breached"), item("breached", "b")]
    told = {(f.figure, f.organ, f.detail): f for f in figures(some)}
    assert told["kept", None, None].share == 0.5
    assert told["kept", "a", "sign_for"].share == pytest.approx(2 / 3)
    assert (told["kept", "b", None].number, told["kept", "b", None].share) == (0, 0.0)


def test_times_are_told_by_their_median_and_the_longest() -> None:
    took = [item("time_to_sign", seconds=each) for each in (5.0, 1.0, 900.0)]
    (told,) = (
        f for f in figures(took) if (f.figure, f.organ) == ("time_to_sign", None) and not f.detail
    )
    assert (told.number, told.median_seconds, told.longest_seconds) == (3, 5.0, 900.0)


def test_a_notice_of_what_was_found_after_it_had_come_counts_and_has_no_time() -> None:
    history = History()
    history.send("violation_notice", SENDER)
    notice = replace(history.opened, opened_at=MONDAY)
    later = replace(notice, found_at=MONDAY + timedelta(minutes=1))
    before = replace(notice, found_at=MONDAY - timedelta(minutes=3))
    found = [item for each in (later, before) for item in of_notice(each, SEPTEMBER)]
    assert [item.seconds for item in found] == [None, 180.0]
    told = next(f for f in figures(found) if (f.figure, f.organ) == ("notify_delay", None))
    assert (told.number, told.median_seconds, told.longest_seconds) == (2, 180.0, 180.0)


def entry(case: str, *effects: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": OCTOBER.isoformat(),
        "case": case,
        "effects": [{"message": "m", **e} for e in effects],
    }


def test_what_was_split_off_took_the_time_since_the_whole_letter_came() -> None:
    history = History()
    history.send("lead_transfer", SENDER)
    whole = replace(history.opened, id=CaseId("whole"), opened_at=OCTOBER - timedelta(days=9))
    part = replace(whole, id=CaseId("part"), parent=whole.id, opened_at=OCTOBER - timedelta(days=1))
    known: dict[CaseId, Case] = {each.id: each for each in (whole, part)}
    closed = {"effect": "state_changed", "before": "filed", "after": "closed"}
    for case_id in known:
        (found,) = of_entry(entry(case_id, closed), known.get)
        assert found.seconds == timedelta(days=9).total_seconds()


def told_of(history: History, effects: tuple[Effect, ...]) -> list[Item]:
    """The items of one decision of a history, by the journal's own words."""
    line = entry(history.opened.id)
    line["effects"] = [json.loads(effect_text(each)) for each in effects]
    return [*of_entry(line, lambda _: history.case)]


def test_a_letter_counts_as_held_when_it_comes_and_not_when_it_is_held_for_another_reason() -> None:
    history = History()
    effects = history.send("lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    assert [(each.figure, each.organ) for each in told_of(history, effects)] == [
        ("held", organ(SENDER))
    ]
    the_hold = the(Hold, effects)
    assert told_of(history, (replace(the_hold, again=True, code="superior.none"),)) == []
    history.freeze(history.next("withdrawal", SENDER))
    assert told_of(history, history.send("withdrawal", SENDER)) == []


def test_what_the_bus_itself_tells_a_case_in_vain_is_no_letter_that_was_refused() -> None:
    history = in_state(State.HANDLED, Life.NOTICE)
    effects = history.send("linked_effect", HANDLER)  # its handler makes a transfer of it, late
    assert is_refused(effects)
    assert told_of(history, effects) == []
    again = history.send("handling_feedback", STRANGER)
    assert [(each.figure, each.organ) for each in told_of(history, again)] == [
        ("refused", organ(STRANGER))
    ]


def test_a_referral_stays_with_who_owed_the_request_when_both_agree_later() -> None:
    history = in_state(State.DISPUTED)
    referred = history.send("negotiation_result", HANDLER, **FAILED)
    for side in (SENDER, HANDLER):
        agreed = {"handler": organ(HANDLER), "handles_from": "2026-10-12"}
        history.send("negotiation_result", side, **agreed)
    assert history.opened.dispute is None
    (found,) = told_of(history, referred)
    assert (found.figure, found.organ) == ("referred", organ(HANDLER))


def test_where_nobody_is_above_both_the_referral_is_the_holder_s_too() -> None:
    history = in_state(State.DISPUTED)
    organs = {k: v for k, v in demo().directory.organs.items() if k != organ(SUPERIOR)}
    history.rulebook = replace(demo(), directory=replace(demo().directory, organs=organs))
    (found,) = told_of(history, history.send("negotiation_result", HANDLER, **FAILED))
    assert (found.figure, found.organ) == ("referred", organ(HANDLER))


def test_a_card_is_told_by_the_letter_that_it_is_about() -> None:
    history = History()
    history.send("lead_transfer", SENDER)
    (card,) = told_of(history, history.tick(MONDAY + timedelta(days=5)))
    assert (card.detail, card.message) == ("yellow", history.opened.opening)


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[Casebook]:
    shutil.copytree(bundled("demo"), tmp_path / "rulebook")
    opened = empty_casebook(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()


def told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> dict[tuple[str, str | None, str | None], dict[str, Any]]:
    period = f"{MONDAY:%Y-%m}"
    words = ["statistics", "--home", str(tmp_path), "--json", "--period", period, *options]
    assert main(words) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {(each["figure"], each["organ"], each["detail"]): each for each in lines}


@pytest.fixture
def lived(casebook: Casebook) -> Casebook:
    """A lead signed for after two hours, a refused one, a notice that was held and then freed."""
    history, log = History(), Log()
    lead = sent(history, "lead_transfer", SENDER)
    signed = sent(history, "signed_for", HANDLER)
    notices = History()
    found_at = (MONDAY - timedelta(hours=5)).isoformat()
    gap = violation(matter=NOBODYS)
    notice = sent(notices, "violation_notice", SENDER, violation=gap, found_at=found_at)
    refused = message("violation_notice", SENDER, "refused", dissuasion=None)
    later = MONDAY + timedelta(hours=2)
    run(casebook, [log.put(each, MONDAY) for each in (lead, notice, refused)])
    run(casebook, [log.put(signed, later)])
    return casebook


def test_figures_of_a_casebook_down_to_the_message_and_the_same_when_the_content_is_gone(
    lived: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = told(tmp_path, capsys)
    assert before["time_to_sign", None, None]["median_seconds"] == 7_200.0
    assert before["time_to_sign", organ(HANDLER), "sign_for"]["number"] == 1
    assert before["refused", organ(SENDER), "notice.dissuasion_missing"]["number"] == 1
    assert before["held", None, "hold.gap"]["number"] == 1
    assert before["notify_delay", organ(SENDER), None]["median_seconds"] == 5 * 3_600
    with lived.engine.begin() as connection:
        connection.execute(delete(ORIGINALS))
    assert told(tmp_path, capsys) == before
    home = ["--home", str(tmp_path), "--period", f"{MONDAY:%Y-%m}"]
    assert main(["statistics", *home, "--list", "notify_delay", "--json"]) == 0
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found["seconds"] == 5 * 3_600
    assert main(["statistics", *home]) == 0
    printed = capsys.readouterr()
    assert "发现到告知用时" in printed.out
    assert "notify_delay 发现到告知用时" in printed.err  # who reads the one has to give the other


def test_what_was_overdue_before_its_case_froze_is_told_of_a_frozen_case(
    casebook: Casebook,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history, log = History(), Log()
    lead, signed = (sent(history, *each) for each in (("lead_transfer", SENDER), SIGNED))
    run(casebook, [log.put(lead, MONDAY)])
    fails = failing(lambda _, message: message.envelope.record == "SignedFor")
    monkeypatch.setattr(clerk, "decide", fails)
    assert run(casebook, [log.put(signed, MONDAY + timedelta(days=4))]).dead == ["case.defect"]
    figures_told = told(tmp_path, capsys)
    assert figures_told["overdue", organ(HANDLER), "sign_for"]["number"] == 1
    assert figures_told["breached", organ(HANDLER), "sign_for"]["number"] == 1


@pytest.mark.usefixtures("lived")
def test_one_organ_s_figures_are_its_own_and_a_line_s_are_of_those_it_leads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = told(tmp_path, capsys, "--organ", SENDER)
    assert {whose for _, whose, _ in own} == {None, organ(SENDER)}
    assert own["time_to_sign", None, None]["number"] == 0
    led = told(tmp_path, capsys, "--line", "lps-scjg")
    assert {whose for _, whose, _ in led} <= {None, organ("liuzhi-scjg")}


@pytest.mark.usefixtures("lived")
def test_an_organ_that_left_a_line_within_the_period_is_its_until_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "rulebook" / "superiors.csv").open("a", encoding="utf-8") as file:
        file.write(f"{HANDLER},lps-scjg,professional,2019-03-01,{MONDAY:%Y-%m-%d}\n")
    led = told(tmp_path, capsys, "--line", "lps-scjg")
    assert led["time_to_sign", organ(HANDLER), None]["number"] == 1  # on its last day
    assert ("open", organ(HANDLER), None) not in led  # when the month ended


@pytest.mark.usefixtures("lived")
def test_an_organ_that_ended_within_the_period_is_found_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = told(tmp_path, capsys, "--organ", HANDLER)
    organs = tmp_path / "rulebook" / "organs.csv"
    text = organs.read_text(encoding="utf-8")
    (row,) = (each for each in text.splitlines() if f",{HANDLER}," in each)
    ended = f"{row.removesuffix(',,')},{MONDAY:%Y-%m-%d},"
    organs.write_text(text.replace(row, ended), encoding="utf-8")
    for name in (HANDLER, demo().directory.organs[organ(HANDLER)].name):
        assert told(tmp_path, capsys, "--organ", name) == before
