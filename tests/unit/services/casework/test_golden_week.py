"""Scenarios 1 and 6 in their real calendar: 国庆 2026, with Saturday 10 October made a workday."""

from datetime import datetime, timedelta

from schemas.messages import Rung
from services.casework.case import Closing, Duty
from services.casework.effects import FireRung
from tests.history import HANDLER, SENDER, SHANGHAI, History, all_of, duties, organ

WORKDAYS = ((10, 8), (10, 9), (10, 10), (10, 12), (10, 13), (10, 14), (10, 15), (10, 16))
FIVE = ("langdai", "mugang", "liuzhi-scjg", HANDLER, "jiulong")
DOWN = "liuzhi-scjg"  # whose connector is


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def closed(history: History, kind: str) -> list[Duty]:
    return [duty for duty in history.opened.duties if duty.kind == kind and duty.closing]


def test_scenario_1_handled_in_ten_working_days_across_the_holiday() -> None:
    history = History(at=at(9, 28, 9) - timedelta(minutes=1))
    history.send("violation_notice", SENDER)
    owed = duties(history.opened)["sign_for", organ(HANDLER)]
    assert owed.due == at(9, 28, 13)  # four hours, whatever the day
    history.at = at(9, 28, 12) - timedelta(minutes=1)
    history.send("signed_for", HANDLER)
    assert [duty.closing for duty in closed(history, "sign_for")] == [Closing.MET]
    handle = duties(history.opened)["handle", organ(HANDLER)]
    # Two days of September, eight of October with its Saturday, and five more.
    assert (handle.due, handle.provisional) == (at(10, 24), False)
    for month, day in WORKDAYS:
        assert history.tick(at(month, day, 8)) == ()
    history.at = at(10, 16, 17)  # the tenth working day
    history.send("handling_feedback", HANDLER)
    assert [duty.closing for duty in closed(history, "handle")] == [Closing.MET]
    assert history.tick(at(12, 1)) == ()


def test_scenario_6_one_of_five_is_down_for_three_working_days() -> None:
    history = History(at=at(9, 30, 10))
    addressees = [organ(alias) for alias in FIVE]
    history.send("copy", SENDER, envelope={"addressees": addressees})
    for alias in FIVE:
        if alias != DOWN:
            history.send("signed_for", alias)
    assert [duty.closing for duty in closed(history, "sign_for")] == [Closing.MET] * 4
    (late,) = duties(history.opened).values()
    assert (late.owner, late.due) == (organ(DOWN), at(10, 9))  # 24:00 of 8 October
    fired = []
    for day in range(1, 14):  # a Tick each day, and twice at the hour of the card
        for hour in (9, 9, 18):
            if day == 10 and hour == 18:  # the third working day: it is there again, and signs
                history.at = at(10, 10, 18)
                history.send("signed_for", DOWN)
            fired += all_of(FireRung, history.tick(at(10, day, hour)))
    assert [(rung.rung, rung.nominal_at) for rung in fired] == [(Rung.YELLOW, at(10, 9, 9))]
    assert fired[0].to == (organ(DOWN), organ(SENDER))
    assert history.opened.duties[FIVE.index(DOWN)].closing is Closing.LATE


def test_scenario_6_had_it_been_down_longer_each_rung_comes_once_and_in_order() -> None:
    history = History(at=at(9, 30, 10))
    history.send("copy", SENDER, envelope={"addressees": [organ(DOWN)]})
    fired = [
        rung
        for day in range(60)
        for rung in all_of(FireRung, history.tick(at(10, 1, 9) + timedelta(days=day)))
    ]
    assert [(rung.rung, rung.nominal_at) for rung in fired] == [
        (Rung.YELLOW, at(10, 9, 9)),
        (Rung.RED, at(10, 13, 9)),  # three working days on: Saturday 10, Monday 12, Tuesday 13
        (Rung.SUPERVISION, at(10, 22, 9)),
    ]
