"""The harness of the faults says what is wrong, of whatever kind, and nothing where nothing is."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from connectors.bus.home import Home, Settings
from tests.bench.letters import leads
from tests.faults import kills, stops
from tests.faults.agencies import Got
from tests.faults.build import Event, PlantedCounty
from tests.faults.duties import wrong_duties
from tests.faults.files import Files, wrong_files
from tests.faults.judge import Expected, Verdict, judge
from tests.faults.kills import chance_of, kill_all, landings, percentile, plan
from tests.faults.page import PAGE, page
from tests.faults.points import CONNECTOR, EXCHANGE, POINTS, Act, Part, Strike, parse
from tests.faults.stream import parties
from tests.faults.table import FAULTS

ORDER = ("lead_transfer", "signed_for")
LEAD = Got(1, "lead_transfer", "m1", "c1", None, "S", "案移〔2026〕1号")
SIGNED = Got(2, "signed_for", "m2", "c1", "m1", "D", None, at="2026-09-28T10:00:00+08:00")
NOTICE = Got(
    3, "duty_notice", "n1", "c1", "m1", "BUS", None, duty="sign_for", rung="yellow",
    nominal_at="2026-09-28T09:00:00+08:00",
)  # fmt: skip
REFUSAL = replace(LEAD, record="rejected", sender="BUS")
PLAN = (
    Expected("d", "S", "lead_transfer", "案移〔2026〕1号"),
    Expected("s", "D", "signed_for", "m1"),
)
HELD = {"d": [LEAD], "s": [SIGNED]}
FATES = {"s": {"one": "accepted"}}


def judged(held: dict[str, list[Got]] = HELD, fates: dict[str, dict[str, str]] = FATES) -> Verdict:
    return judge(PLAN, held, ORDER, FATES, fates, "v")


def test_what_came_as_it_was_to_come_is_clean() -> None:
    assert judged().clean


@pytest.mark.parametrize(
    ("held", "wrong"),
    [
        ({"d": [LEAD], "s": []}, "missing"),
        ({"d": [LEAD, LEAD], "s": [SIGNED]}, "doubled"),
        ({"d": [LEAD, replace(LEAD, message_id="m9")], "s": [SIGNED]}, "unexpected"),
        ({"d": [LEAD], "s": [SIGNED, REFUSAL]}, "unexpected"),
        ({"d": [replace(SIGNED, sender="S"), LEAD], "s": [SIGNED]}, "out_of_order"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_what_they_hold_is_found(
    held: dict[str, list[Got]], wrong: str
) -> None:
    assert getattr(judged(held), wrong)
    assert not judged(held).clean


@pytest.mark.parametrize("fates", [{}, {"s": {"one": "sent"}}, {"s": {"one": "filing.reasons"}}])
def test_an_end_that_its_sender_was_not_to_be_told_is_found(
    fates: dict[str, dict[str, str]],
) -> None:
    assert judged(fates=fates).wrong_ends


def test_the_supervisor_hears_of_what_is_held_elsewhere() -> None:
    told = replace(LEAD, record="held", sender="BUS", message_id="n9")
    assert judged({**HELD, "v": [told]}).clean


def test_a_duty_that_fired_once_when_it_was_due_is_right() -> None:
    reminder = replace(NOTICE, rung="reminder", message_id="n0")
    assert list(wrong_duties({"d": [reminder, NOTICE]}, "d", {"c1": "1号"})) == []


def test_a_duty_that_fired_twice_or_not_at_all_is_found() -> None:
    twice = [NOTICE, replace(NOTICE, message_id="n2")]
    assert [*wrong_duties({"d": twice}, "d", {})] == ["d: sign_for yellow of c1, 2 times"]
    assert len([*wrong_duties({"d": []}, "d", {"c1": "1号"})]) == 1


def test_a_duty_that_fired_although_it_was_met_is_found() -> None:
    late = replace(SIGNED, at="2026-09-28T09:30:00+08:00")
    in_time = replace(SIGNED, at="2026-09-28T08:30:00+08:00")
    assert list(wrong_duties({"d": [NOTICE], "s": [late]}, "d", {})) == []
    assert len([*wrong_duties({"d": [NOTICE], "s": [in_time]}, "d", {})]) == 1


def test_the_files_of_a_lead_are_there_once_as_they_were_sent_and_nowhere_else() -> None:
    wanted = {"1号": {"a.bin": "x", "b.bin": "y"}}
    assert list(wrong_files(wanted, "d", {"d": wanted, "s": {}})) == []
    wrong: tuple[dict[str, Files], ...] = (
        {"d": {}, "s": {}},
        {"d": {"1号": {"a.bin": "x"}}, "s": {}},
        {"d": {"1号": {"a.bin": "x", "b.bin": "another"}}, "s": {}},
        {"d": {"1号": {**wanted["1号"], "b.bin.reason.json": "z"}}, "s": {}},
        {"d": {**wanted, "2号": {"a.bin": "x"}}, "s": {}},
        {"d": wanted, "s": wanted},
    )
    for held in wrong:
        assert list(wrong_files(wanted, "d", held)), held


def test_a_strike_is_told_to_a_process_and_read_by_it() -> None:
    for point in (*EXCHANGE, *CONNECTOR):
        strike = Strike(point.name, 3, Act.STOP)
        assert parse(str(strike)) == strike


def test_of_three_hundred_strikes_there_are_fifty_where_it_matters_most() -> None:
    exchange, connector = plan(330, chance_of(1))
    assert len(exchange) + len(connector) == 330
    parts = [POINTS[strike.point].part for strike in exchange]
    assert parts.count(Part.INSIDE) > 60
    assert parts.count(Part.BETWEEN) > 50
    assert {strike.point for strike in exchange} >= {point.name for point in EXCHANGE}
    assert {strike.point for strike in connector} >= {point.name for point in CONNECTOR}


def test_a_recovery_lasts_from_the_kill_to_the_first_message() -> None:
    events = (
        Event("landed", "exchange", 10.0, "written", "kill"),
        Event("landed", "yanjiao", 11.0, "sent", "kill"),
        Event("processed", "yanjiao", 11.5),
        Event("processed", "exchange", 12.5),
        Event("landed", "exchange", 20.0, "random (after written)", "kill"),
    )
    found = landings(events, ("exchange",))
    assert found.recoveries == [2.5]
    assert found.by_part() == {Part.INSIDE: 1, Part.OUT: 1, Part.ANYWHERE: 1}
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0


def test_the_page_is_what_the_tables_print() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make faults-page"


def test_no_two_faults_or_points_have_one_name() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len(POINTS) == len(EXCHANGE) + len(CONNECTOR) + 1


class _QuickCounty:
    """A county whose struck process has ended, and runs again, before anybody looks."""

    exchanges = ("exchange",)

    def __init__(self) -> None:
        self.strikes: dict[str, Strike] = {}
        self.statuses: dict[int, int] = {}
        self.events: list[str] = []
        self.running = 1

    def terminate(self, _name: str) -> None:
        self.running += 1

    def pid(self, _name: str) -> int:
        return self.running

    def landed(self) -> list[str]:
        return self.events

    def turned(self) -> None:
        if self.strikes.pop("exchange", None) is not None:
            self.events.append("landed")
            self.statuses[self.running] = stops.EXIT_BROKEN
            self.running += 1

    def log(self, _name: str) -> str:
        return ""


class _QuickCampaign:
    """Works until something is so, but not for ever."""

    def __init__(self) -> None:
        self.county = _QuickCounty()

    def work_until(self, fact: Callable[[], bool], what: str, _seconds_max: float) -> float:
        for _ in range(3):
            if fact():
                return 0.0
            self.county.turned()
        pytest.fail(what)

    def work(self, _cases: int) -> None:
        pass

    def judged(self) -> str:
        return "judged"


def test_a_process_that_ended_before_its_strike_was_seen_is_not_waited_for_again() -> None:
    assert "status 70" in stops.raise_inside(_QuickCampaign())  # type: ignore[arg-type] # a stand-in


def test_who_gets_a_lead_of_the_stream_is_told_by_the_day_it_is_sent() -> None:
    """A power that was handed back meanwhile: by the day of the act the township had it."""
    handlers = {parties(letter)[1] for letter in islice(leads(0, matter="CG-011"), 100)}
    assert handlers == {"liuzhi-cgj"}


class _SlowCounty:
    """Its process ends by its own strike in the moment in which the time is over."""

    exchanges = ("exchange",)
    commands = ("exchange",)

    def __init__(self) -> None:
        self.strikes: dict[str, Strike] = {}
        self.kills = 0

    def read_events(self) -> list[Event]:
        return []

    def ended(self) -> list[str]:
        return ["exchange"] if self.kills == 1 else []

    def begin(self, name: str) -> None:
        self.strikes.pop(name, None)

    def kill_now(self, _name: str) -> bool:
        self.kills += 1
        return self.kills == 1

    def log(self, _name: str) -> str:
        return ""


class _SlowCampaign:
    """Whose turn takes longer than all the time there is."""

    chance = chance_of(1)

    def __init__(self, clock: list[float]) -> None:
        self.county, self.clock, self.supervised = _SlowCounty(), clock, 0

    def turn(self) -> None:
        self.clock[0] += 60.0

    def supervise(self) -> None:
        self.supervised += 1


def test_a_strike_that_lands_as_the_time_ends_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(kills, "monotonic", lambda: clock[0])
    campaign = _SlowCampaign(clock)
    assert not kill_all(campaign, 30, 50.0, connectors=False).events  # type: ignore[arg-type] # a stand-in
    assert (campaign.county.kills, campaign.supervised) == (2, 1)


def test_who_has_ended_already_is_not_killed(tmp_path: Path) -> None:
    county = PlantedCounty(Home(tmp_path), Settings(), [])
    assert not county.kill_now("exchange")
    assert not county.events.exists()
