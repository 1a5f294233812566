"""What the load's figures are made of: slope of a lag, bisection, quantiles, files of letters."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bench import drain, idle, latency, processors, rates, stamps
from tests.bench.sealed import read, write
from tests.prove import load
from tests.prove.chapter import REPO, Ground

RATE = 1_000.0


def _looks(slope: float, seconds: int = 60, noise: float = 0.0) -> list[rates.Look]:
    return [(float(at), 1_000 + slope * at + noise * (-1) ** at) for at in range(seconds)]


def test_a_lag_that_stays_holds_whatever_the_noise_of_batches() -> None:
    found = rates.judged(_looks(0.0, noise=300.0), RATE)
    assert found["holds"]
    assert abs(found["slope"]) <= found["slope_error"]


def test_a_lag_that_grows_by_more_than_a_transaction_does_not_hold() -> None:
    growing = rates.judged(_looks(10.0), RATE)
    assert (growing["slope"], growing["growth"], growing["holds"]) == (10.0, 590, False)
    assert rates.judged(_looks(8.0), RATE)["holds"]


def test_a_short_time_does_not_hold_by_itself() -> None:
    assert not rates.judged(_looks(20.0, 10), RATE)["holds"]


def test_a_small_slope_over_ten_minutes_does_not_hold() -> None:
    assert not rates.judged(_looks(1.0, 600), RATE)["holds"]


def test_a_shrinking_lag_holds() -> None:
    assert rates.judged(_looks(-10.0), RATE)["holds"]


@pytest.mark.parametrize("truth", [510.0, 777.0, 1_090.0])
def test_bisection_closes_in_on_the_highest_rate_that_holds(truth: float) -> None:
    lines = list(
        rates.bisected(
            500.0,
            1_100.0,
            8,
            lambda rate: {"what": "rate", "offered": rate, "holds": rate <= truth},
        )
    )
    (figure,) = rates.figures(lines)
    assert figure["highest"] <= truth < figure["highest"] + 5
    assert figure["least_that_grew"] is None or figure["least_that_grew"] > truth


def test_where_no_rate_held_the_figure_says_none() -> None:
    (figure,) = rates.figures([{"what": "rate", "offered": 500.0, "holds": False}])
    assert (figure["highest"], figure["at_it"]) == (None, None)
    assert figure["least_that_grew"] == 500.0


def test_letters_come_back_from_their_file_as_they_went_in(tmp_path: Path) -> None:
    pairs = [(b"case-1", b"\0" * 70_000), (b"case-2", b"")]
    path = tmp_path / "part.leads"
    with path.open("wb") as file:
        write(file, pairs)
    assert list(read(path)) == pairs


def test_an_input_without_output_is_no_figure() -> None:
    assert stamps.taken({b"a": 5, b"b": 7}, {b"a": 9, b"b": 7, b"c": 1}) == [4, 0]
    with pytest.raises(AssertionError, match="1 of 2 have no output"):
        stamps.taken({b"a": 5, b"b": 7}, {b"a": 9})


def test_what_came_while_a_turn_warmed_up_is_not_counted() -> None:
    assert stamps.after({b"a": 1_000, b"b": 5_999, b"c": 6_000}, 5.0) == {b"c": 6_000}


def test_quantiles_are_of_all_times() -> None:
    assert stamps.quantiles(range(101)) == {"p50_ms": 50, "p99_ms": 99}


def test_processor_time_is_told_by_process_and_the_rest_is_others() -> None:
    before = processors.Moment(10.0, {"exchange": 1.0, "kafka": 5.0}, busy=100.0, all=200.0)
    after = processors.Moment(20.0, {"exchange": 9.0, "kafka": 8.0}, busy=119.0, all=220.0)
    assert processors.between(before, after) == {
        "seconds": 10.0,
        "cpu_seconds": {"exchange": 8.0, "kafka": 3.0, "others": 8.0},
        "busy": 0.95,
    }


def test_two_workers_are_held_against_one_of_the_same_turn() -> None:
    def line(turn: int, workers: int, rate: float) -> dict[str, Any]:
        spent = {"seconds": 10.0, "busy": 0.9, "cpu_seconds": {"exchange": 9.0}}
        return {"turn": turn, "workers": workers, "per_second": rate, **spent}

    lines = [line(0, 1, 100.0), line(0, 2, 180.0), line(1, 2, 100.0), line(1, 1, 50.0)]
    _one, two = drain.figures(lines)
    assert two["to_one"] == {"least": 1.8, "median": 1.9, "greatest": 2.0}
    assert two["cores"] == {"exchange": {"least": 0.9, "median": 0.9, "greatest": 0.9}}


@pytest.mark.parametrize(
    ("to_one", "busy", "others", "shown"),
    [
        (1.7, 0.5, 0.0, True),
        (1.69, 0.95, 0.1, True),
        (1.69, 0.94, 0.0, False),
        (1.69, 1.0, 0.2, False),  # full, but of strangers
    ],
)
def test_the_second_worker_may_wait_for_our_own_processes_only(
    to_one: float, busy: float, others: float, *, shown: bool
) -> None:
    line: dict[str, Any] = {
        "to_one": {"median": to_one},
        "busy": {"median": busy},
        "cores": {"others": {"median": others}},
    }
    assert (load._scales(line) or load._is_full(line)) is shown


def test_latency_is_held_against_the_pass_through_of_the_same_turn() -> None:
    def line(name: str, turn: int, p99: float) -> dict[str, Any]:
        return {
            "name": name,
            "turn": turn,
            "offered": 500.0,
            "busy": 0.5,
            "p50_ms": 10.0,
            "p99_ms": p99,
        }

    lines = [
        line("exchange", 0, 80.0),
        line("pass-through", 0, 20.0),
        line("pass-through", 1, 10.0),
        line("exchange", 1, 60.0),
    ]
    _bare, ours = latency.figures(lines)
    assert ours["p99_to_pass_through"] == {"least": 4.0, "median": 5.0, "greatest": 6.0}


def test_the_first_message_is_held_against_the_warm_ones_of_its_round() -> None:
    lines = [
        {
            "idle_seconds": 300.0,
            "first_ms": first,
            "first_of_partition_ms": [first],
            "warm_ms": {"median": warm},
        }
        for first, warm in ((80, 40.0), (60, 60.0), (90, 60.0))
    ]
    (figure,) = idle.figures(lines)
    assert figure["first_to_warm"] == {"least": 1.0, "median": 1.5, "greatest": 2.0}


@dataclass(frozen=True, slots=True, eq=False)
class _Printed(Ground):
    """A ground on which every run prints the same figures."""

    figures: tuple[dict[str, Any], ...] = ()

    def command(self, *argv: str | Path, **_: Any) -> str:
        what = argv[argv.index("--what") + 1]
        told = (line for line in self.figures if line["what"] == what)
        return "".join(f"{json.dumps({'figure': line})}\n" for line in told)


def _ground(tmp_path: Path, *figures: dict[str, Any]) -> Ground:
    return _Printed(REPO, tmp_path, ExitStack(), figures=figures)


def _tried(what: str, rate: float, looks: list[rates.Look]) -> dict[str, Any]:
    told = {"seconds": 60.0, "cpu_seconds": {"exchange": 50.0}, "busy": 0.9}
    return {"what": what, "offered": rate, **rates.judged(looks, rate), **told}


def _times(what: str, name: str, p99: float) -> dict[str, Any]:
    quantiles = {"p50_ms": p99, "p99_ms": p99}
    return {"what": what, "name": name, "turn": 0, "offered": 600.0, "busy": 0.5, **quantiles}


def _beside(p99: float) -> list[dict[str, Any]]:
    return [_times("latency", "exchange", p99), _times("latency", "pass-through", 10.0)]


def test_half_load_is_half_of_the_highest_rate_and_at_most_five_times(tmp_path: Path) -> None:
    (highest,) = rates.figures([_tried("rate", 1_200.0, _looks(0.0))])
    good = _ground(tmp_path, highest, *latency.figures(_beside(50.0)))
    assert load.latency_half_load(good).startswith("600/s, half of 1200/s: p50 ")
    with pytest.raises(AssertionError, match=r"'median': 5\.1"):
        load.latency_half_load(_ground(tmp_path, highest, *latency.figures(_beside(51.0))))
    (none,) = rates.figures([_tried("rate", 1_200.0, _looks(90.0))])
    with pytest.raises(AssertionError, match="no rate held"):
        load.latency_half_load(_ground(tmp_path, none))
    with pytest.raises(AssertionError, match=r"^None/s holds, 1200.0/s does not"):
        load.highest_rate(_ground(tmp_path, none))
    assert load.highest_rate(good).startswith("1200.0/s holds, None/s does not: slope")


def test_a_sustained_rate_whose_lag_grows_fails(tmp_path: Path) -> None:
    held, grew = (_tried("sustained", 1_200.0, _looks(slope, 600)) for slope in (0.0, 1.0))
    assert load.sustained(_ground(tmp_path, held)).startswith("1200/s for 60 s: slope of the lag ")
    with pytest.raises(AssertionError, match="in all 599; lag"):
        load.sustained(_ground(tmp_path, grew))


def test_a_first_message_that_takes_more_than_twice_as_long_fails(tmp_path: Path) -> None:
    def figure(first: float) -> dict[str, Any]:
        told = {"idle_seconds": 300.0, "first_of_partition_ms": [50.0]}
        (found,) = idle.figures([{**told, "first_ms": first, "warm_ms": {"median": 50.0}}])
        return found

    assert "after 300 s: first" in load.after_idle(_ground(tmp_path, figure(100.0)))
    with pytest.raises(AssertionError, match="first to warm"):
        load.after_idle(_ground(tmp_path, figure(101.0)))


def test_two_workers_no_faster_fail_where_the_processors_were_not_full(tmp_path: Path) -> None:
    def ground(busy: float) -> Ground:
        spent = {"exchange": 9.0, "others": 0.5}
        line = {"turn": 0, "per_second": 600.0, "seconds": 10.0, "cpu_seconds": spent}
        lines = [{**line, "workers": number, "busy": busy} for number in (1, 2)]
        return _ground(tmp_path, *drain.figures(lines))

    assert "1.0} times; processors" in load.two_workers(ground(0.95))
    with pytest.raises(AssertionError, match=r"0\.94"):
        load.two_workers(ground(0.94))
    assert load.drain(ground(0.9)).startswith("20000 messages: {'least': 600.0")
