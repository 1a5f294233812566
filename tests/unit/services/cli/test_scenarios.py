"""The scenarios of domain.md section 9 that the law decides today: whom, what, when, each rung."""

from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from schemas.ids import DivisionCode, MatterCode
from services.rulebook.jurisdiction import Question, route
from services.rulebook.load import bundled
from tests.counted import miscounted
from tests.expected import expected, scenarios, told
from tests.history import demo
from tests.scenario import Played, alias, play


def test_1_a_notice_is_handled_in_ten_working_days_over_a_make_up_saturday() -> None:
    played = play("01")
    assert played.one("delivered", "notice")["to"] == "liuzhi-cgj"
    duties = played.told("duty_opened", "notice", "duty", "organ", "due")
    assert duties == [
        ("sign_for", "liuzhi-cgj", "2026-09-28 13:30"),
        ("handle", "liuzhi-cgj", "2026-10-24 00:00"),
    ]
    assert played.told("duty_closed", "notice", "duty", "outcome") == [
        ("sign_for", "met"),
        ("handle", "met"),
    ]
    assert played.told("rung", None, "rung", "at") == [("reminder", "2026-09-28 12:30")]
    assert played.told("state_changed", None, "state") == [("issued",), ("received",), ("handled",)]


def test_2_a_missing_page_is_settled_then_the_clock_runs_and_it_comes_back_concluded() -> None:
    played = play("02")
    assert played.one("delivered", "case")["to"] == "langdai"
    assert played.one("accepted", "case")["rule"] == "S-072"
    assert played.told("duty_opened", "case", "duty", "due", "provisional") == [
        ("sign_for", "2026-09-30 00:00", False),
        ("handover", "2026-10-09 00:00", False),
        ("decide_filing", "2026-10-28 00:00", False),  # the wait for custody is capped
        ("decide_case", "2027-01-08 00:00", False),
        ("outcome_feedback", "2027-02-18 00:00", True),
    ]
    assert played.told("duty_moved", "case", "duty", "due", "reason") == [
        ("decide_filing", "2026-10-17 00:00", "custody_settled"),
        ("decide_case", "2027-02-07 00:00", "extended"),
    ]
    assert played.told("duty_opened", None, "label", "duty", "organ")[3:5] == [
        ("handover", "custody_check", "langdai"),
        ("count", "settle_discrepancy", "liuzhi-cgj"),
    ]
    closed = played.told("duty_closed", None, "duty", "outcome")
    assert {outcome for _, outcome in closed} == {"met"}
    assert len(closed) == 7
    assert played.told("rung", None, "duty", "rung") == [("custody_check", "reminder")]
    assert played.of("state_changed")[-1]["state"] == "closed"


def test_3_each_transitional_clause_says_whose_the_case_is() -> None:
    played = play("03")
    found = {line["label"]: (line["to"], line["rule"]) for line in played.of("delivered")}
    assert found == {
        "by_act": ("yanjiao", "S-085"),
        "by_found": ("liuzhi-cgj", "F-008"),
        "by_filed": ("liuzhi-cgj", "F-003"),
        "by_transfer": ("liuzhi-cgj", "F-011"),
        "filed_before": ("yanjiao", "S-083"),
    }


def test_3_asked_again_in_2028_with_the_case_s_own_dates_the_answer_is_the_same() -> None:
    """The answer is a function of the case's dates: nothing here knows what day it is."""
    act, found, transfer = date(2026, 6, 25), date(2026, 7, 3), date(2026, 7, 5)
    organs = {}
    for matter in ("CG-007", "CG-008", "CG-003", "CG-011"):
        question = Question(
            DivisionCode("520203102000"), MatterCode(matter), act, found, None, transfer
        )
        (organ,) = route(demo(), question).organs
        organs[matter] = alias(organ)
    assert organs == {
        "CG-007": "yanjiao",
        "CG-008": "liuzhi-cgj",
        "CG-003": "liuzhi-cgj",
        "CG-011": "liuzhi-cgj",
    }


def test_4_a_place_conflict_is_held_until_the_sender_corrects_it() -> None:
    played = play("04")
    held = played.one("held", "lead")
    assert (held["reason"], held["to"]) == ("place_conflict", ["yanjiao", "liuzhi-sfj"])
    assert played.one("released", "lead")["at"] == "2026-09-30T18:00:00+08:00"
    # The release is when it was received: not a day of the hold counts.
    assert played.told("duty_opened", "lead", "duty", "due") == [("sign_for", "2026-10-09 00:00")]
    assert [line["to"] for line in played.of("delivered", "lead")] == ["liuzhi-cgj"]
    assert played.told("rung", "lead", "rung", "at") == [("yellow", "2026-10-09 09:00")]


def test_5_the_objector_is_designated_and_says_no_more() -> None:
    played = play("05")
    assert played.told("rejected", None, "label", "code") == [
        ("retransfer", "transfer.by_the_objector"),
        ("again", "objection.designated"),
    ]
    designee = played.of("delivered", "designation")[0]
    assert (designee["to"], designee["relation"]) == ("liuzhi-cgj", "designee")
    # Clocks anew: seven working days from its signing on 17 September, over the worked Sunday.
    assert played.told("duty_opened", "lead", "duty", "due")[-2:] == [
        ("decide_filing", "2026-09-29 00:00"),
        ("decide_case", "2026-12-28 00:00"),
    ]
    assert played.told("rung", None, "duty", "rung") == [("decide_filing", "reminder")]
    assert [line["state"] for line in played.of("state_changed")] == [
        "issued",
        "received",
        "disputed",
        "referred",
        "designated",
        "filed",
    ]


def test_6_of_five_copies_the_late_one_has_each_rung_once_over_the_holiday() -> None:
    played = play("06")
    recipients = ["jiulong", "yinhu", "tashan", "yanjiao", "mugang"]
    assert [line["to"] for line in played.of("delivered", "copy")] == recipients
    assert {line["due"] for line in played.of("duty_opened")} == {"2026-10-01T00:00:00+08:00"}
    closed = {line["organ"]: line["outcome"] for line in played.of("duty_closed")}
    assert closed == dict.fromkeys(recipients[:4], "met") | {"mugang": "late"}
    # Due on 30 September; 1 to 7 October are off; signed for on the make-up Saturday, before red.
    assert played.told("rung", None, "rung", "organ", "at") == [
        ("yellow", "mugang", "2026-10-08 09:00")
    ]


def test_7_not_filing_without_reasons_and_not_ours_reach_nobody() -> None:
    played = play("07")
    assert played.told("rejected", None, "label", "code") == [
        ("no_reasons", "filing.reasons_missing"),
        ("not_ours", "filing.use_objection"),
    ]
    assert {line["label"] for line in played.of("delivered")} == {"lead", None, "lawful"}
    assert played.told("state_changed", None, "state")[-1] == ("declined",)


def test_8_an_unknown_contact_is_an_exemption_on_the_books() -> None:
    played = play("08")
    assert played.told("duty_closed", "unknown", "duty", "outcome") == [
        ("inform_complainant", "waived"),
        ("sign_for", "met"),
        ("decide_filing", "met"),
        ("complainant_feedback", "waived"),
    ]


def test_8_a_complainant_who_is_named_in_a_reply_is_not_shown_to_its_reader() -> None:
    played = play("08")
    assert played.one("delivered", "known")["relation"] == "handler"
    assert played.one("delivered", "known")["withheld"] is None
    reply = played.one("delivered", "reply")
    assert (reply["to"], reply["relation"]) == ("yanjiao", "forwarder")
    assert reply["masked"] == ["answers[0].reasons"]
    assert played.of("delivered", "told") == []
    assert {line["outcome"] for line in played.of("duty_closed", "known")} == {"met"}


def test_9_what_is_marked_secret_is_refused_whole_and_the_next_is_not() -> None:
    played = play("09")
    assert {line["code"] for line in played.of("rejected")} == {"secrecy.may_not_travel"}
    assert {line["label"] for line in played.of("delivered")} == {"plain"}


def test_10_signed_for_after_the_yellow_card_is_done_late_and_contradicted_by_nobody() -> None:
    played = play("10")
    assert played.told("rung", None, "rung", "at") == [("yellow", "2026-09-30 09:00")]
    assert played.one("duty_closed", "lead", duty="sign_for")["outcome"] == "late"
    assert len(played.of("accepted", "same")) == 1
    assert played.of("delivered", "same") == []
    assert played.one("rejected", "other")["code"] == "receipt.contradicts"


def test_11_a_changed_calendar_moves_open_due_dates_and_erases_no_card() -> None:
    played = play("11")
    assert played.told("duty_moved", None, "label", "duty", "due", "reason") == [
        ("lead", "decide_filing", "2026-11-14 00:00", "calendar")
    ]
    advised = played.of("advised", "lead", code="advice.duty_moved")
    assert [line["to"] for line in advised] == ["liuzhi-cgj", "yanjiao"]
    assert played.one("duty_closed", "lead", duty="decide_filing")["outcome"] == "met"
    assert played.told("rung", "unsigned", "rung", "at") == [
        ("yellow", "2026-11-05 09:00"),
        ("red", "2026-11-12 09:00"),
        ("supervision", "2026-11-20 09:00"),
    ]


def test_12_documents_are_no_guidance_on_site_yellow_in_january_red_three_days_later() -> None:
    played = play("12")
    opened = played.told("duty_opened", None, "duty", "organ", "at", "due")
    years = [line for line in opened if line[0] == "yearly_guidance"]
    of_2025 = ("2025-03-03 09:00", "2026-01-01 00:00")
    of_2026 = ("2026-01-01 00:00", "2027-01-01 00:00")
    owners = ["liuzhi-cgj"] * 3 + ["liuzhi-nyj"]
    assert [line[1:] for line in years] == [
        *((owner, *of_2025) for owner in owners),
        *((owner, *of_2026) for owner in owners),
    ]
    cases = {township: case for case, (_, township) in yellow_of(played).items()}
    assert cases.keys() == {"yanjiao", "mugang", "yanjiao of liuzhi-nyj"}
    for township in ("yanjiao", "yanjiao of liuzhi-nyj"):  # documents only; and nothing at all
        rungs = [(each["rung"], each["at"]) for each in played.of("rung", case=cases[township])]
        assert rungs == [
            ("reminder", "2025-12-30T09:00:00+08:00"),
            ("yellow", "2026-01-04T09:00:00+08:00"),
            ("red", "2026-01-07T09:00:00+08:00"),
        ]
        assert played.of("duty_closed", case=cases[township]) == []
    red = played.of("rung", case=cases["yanjiao"], rung="red")[0]
    assert red["to"] == ["liuzhi-sfj", "liuzhi-gov"]


def yellow_of(played: Played) -> dict[str, tuple[str, str]]:
    """Case → (owner, township) of the yearly duties that got a yellow card."""
    found = {}
    for line in played.of("rung", duty="yearly_guidance", rung="yellow"):
        owner, township = line["to"]
        assert line["organ"] == owner
        suffix = "" if owner == "liuzhi-cgj" else f" of {owner}"
        found[line["case"]] = (owner, township + suffix)
    return found


def test_12_guidance_ends_the_duty_met_or_late_and_in_january_that_of_the_new_year() -> None:
    played = play("12")
    closed = played.told("duty_closed", None, "duty", "organ", "at", "outcome")
    assert [line[1:] for line in closed if line[0] == "yearly_guidance"] == [
        ("liuzhi-cgj", "2025-06-12 10:00", "met"),
        ("liuzhi-cgj", "2026-01-06 10:00", "late"),
        ("liuzhi-cgj", "2026-01-08 10:00", "met"),
    ]
    told_late, new_year = (line for line in played.of("duty_closed", duty="yearly_guidance")[1:])
    assert played.told("rung", None, "case", "rung").count((told_late["case"], "red")) == 0
    assert (new_year["case"], "yellow") not in played.told("rung", None, "case", "rung")
    assert {line["to"] for line in played.of("delivered", "on_site")} == {"langdai"}


def test_12_what_was_devolved_in_mid_october_is_waived(tmp_path: Path) -> None:
    copied = copytree(bundled("demo"), tmp_path / "october")
    rules = copied / "jurisdiction.csv"
    rows = rules.read_text(encoding="utf-8").splitlines()
    since = [row.replace("2021-10-01", "2025-10-15") for row in rows]
    assert since != rows
    rules.write_text("\n".join([*since, ""]), encoding="utf-8")
    played = play(
        "rulebook: october\nstart: 2025-01-02T09:00\nguidance: [[liuzhi-cgj, yanjiao]]\n"
        "steps: [{advance_to: 2026-02-01T09:00}]\n",
        tmp_path,
    )
    opened = played.told("duty_opened", None, "duty", "at", "due")
    assert opened[0] == ("yearly_guidance", "2025-01-02 09:00", "2026-01-01 00:00")
    waived = played.one("duty_closed")
    assert (waived["duty"], waived["outcome"]) == ("yearly_guidance", "waived")
    assert played.of("rung") == []


def test_without_guidance_in_a_scenario_no_year_is_told() -> None:
    assert all(line["duty"] != "yearly_guidance" for line in play("02").lines)


def test_13_assistance_is_refused_on_the_closed_list_alone() -> None:
    played = play("13")
    assert played.one("rejected", "other")["code"] == "assistance.ground_not_allowed"
    assert played.one("delivered", "outside")["to"] == "yanjiao"
    assert played.one("advised", "outside")["code"] == "advice.assistance_refused"


def test_14_what_is_objected_to_goes_on_in_a_child_and_the_other_two_are_filed() -> None:
    played = play("14")
    assert played.told("rejected", None, "label", "code") == [
        ("all", "filing.number_unknown"),
        ("one", "filing.number_unanswered"),
    ]
    lead, child = (
        played.one("delivered", "lead")["case"],
        played.of("delivered", None, record="case_split")[0]["case"],
    )
    assert lead != child
    states = [(line["case"], line["state"]) for line in played.of("state_changed")]
    assert states == [
        (lead, "issued"),
        (lead, "received"),
        (child, "disputed"),
        (lead, "filed"),
        (child, "referred"),
    ]
    split = played.of("delivered", None, record="case_split")
    assert [line["to"] for line in split] == ["yanjiao", "liuzhi-cgj"]


LATER_CALENDAR = {"11_calendar_changes_in_mid_year"}  # its last cards: test_11, by that calendar


@pytest.mark.parametrize("path", scenarios(), ids=lambda path: path.stem)
def test_each_does_in_order_what_is_written_beside_it(path: Path) -> None:
    assert told(Played(path).lines) == expected(path)


@pytest.mark.parametrize("path", scenarios(), ids=lambda path: path.stem)
def test_what_is_written_beside_it_is_counted_right(path: Path) -> None:
    wrong = list(miscounted(expected(path)))
    assert [line for line in wrong if path.stem not in LATER_CALENDAR] == []
    assert len(wrong) <= 2


def test_there_are_others_of_the_kind_than_the_county_s_own() -> None:
    assert len([path for path in scenarios() if path.parent.name == "variants"]) >= 15
