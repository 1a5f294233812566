import re
from importlib.metadata import version

import pytest
from prometheus_client import generate_latest

from connectors.bus import clock, metrics
from connectors.bus.build import code
from connectors.bus.metrics import Outcome, Progress, Stage
from tests.told_metrics import ROWS, Row

UNITS = {"messages", "seconds", "bytes", "duties", "cases", "ticks", "errors", "files", "reasons"}
LABELS = {"flow", "record", "outcome", "stage", "duty", "organ", "code", "partition", "way"} | {
    "probe",
    "reason",
}


def exposed() -> str:
    return generate_latest(metrics.REGISTRY).decode()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_name_is_yichuan_thing_unit(row: Row) -> None:
    assert re.fullmatch(r"yichuan(_[a-z]+)+", row.name)
    if row.kind == "info":
        assert row.name == "yichuan_build_info"
        return
    assert row.name.endswith("_total") == (row.kind == "counter")
    thing, unit = row.name.removeprefix("yichuan_").removesuffix("_total").rsplit("_", 1)
    assert thing
    assert unit in UNITS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_labels_are_of_the_bounded_kinds_and_every_metric_says_what_it_is(row: Row) -> None:
    assert set(row.labels) <= LABELS
    assert row.help


def test_the_list_is_whole_and_names_nothing_twice() -> None:
    names = [row.name for row in ROWS]
    ours = {family.name for family in metrics.REGISTRY.collect() if "yichuan" in family.name}
    listed = {name.removesuffix("_total").removesuffix("_info") for name in names}
    assert len(names) == len(set(names))
    assert {name.removesuffix("_info") for name in ours} == listed


def test_bound_children_are_the_same_object_each_time() -> None:
    once = metrics.messages("a flow of this test", "LeadTransfer", Outcome.ACCEPTED)
    assert metrics.messages("a flow of this test", "LeadTransfer", Outcome.ACCEPTED) is once
    assert metrics.stage(Stage.STORE) is metrics.stage(Stage.STORE)
    once.inc()
    assert 'flow="a flow of this test",outcome="accepted",record="LeadTransfer"} 1.0' in exposed()


def test_both_ages_of_a_partition_grow_until_there_is_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = 100.0
    monkeypatch.setattr(clock, "monotonic", lambda: seconds)
    progress = Progress("leads", 3)
    seconds = 142.5
    series = 'yichuan_progress_age_seconds{flow="leads",partition="3"}'
    lag = 'yichuan_lag_seconds{flow="leads",partition="3"}'
    assert f"{series} 42.5" in exposed()
    assert lag not in exposed()  # nothing was decided: nobody knows
    progress.made(behind_seconds=2.0)
    assert f"{series} 0.0" in exposed()
    assert f"{lag} 2.0" in exposed()
    seconds = 742.5  # the exchange hangs, and nobody tells it anything
    assert f"{lag} 602.0" in exposed()
    metrics.forget_partition("leads", 3)
    assert series not in exposed()
    metrics.forget_partition("leads", 3)  # a second time is harmless


def test_series_that_are_over_are_dropped_and_the_others_never_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gauge = metrics.OVERDUE_DUTIES
    metrics.tell_all(gauge, {("sign_for", "a"): 1, ("sign_for", "b"): 2})
    removed: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        type(gauge), "clear", lambda _self: pytest.fail("nobody sees any for a moment")
    )
    monkeypatch.setattr(type(gauge), "remove", lambda _self, *labels: removed.append(labels))
    metrics.tell_all(gauge, {("sign_for", "a"): 3})
    assert removed == [("sign_for", "b")]
    assert 'yichuan_overdue_duties{duty="sign_for",organ="a"} 3.0' in exposed()


def test_the_build_and_the_process_are_shown_and_no_created_series() -> None:
    metrics.tell_build("exchange", rulebook="abc")
    shown = exposed()
    what = f'code="{code()}",part="exchange",rulebook="abc",version="{version("yichuan")}"'
    assert f"yichuan_build_info{{{what}}} 1.0" in shown
    assert "process_resident_memory_bytes" in shown
    assert "_created" not in shown
