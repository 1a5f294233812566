"""The shipped alert rules ask for metrics that exist, and each has its words, runbook and case.

What they do with numbers is tested by Prometheus itself: `make alerts`.
"""

import re
from typing import Any, Final

import pytest
import yaml

from tests.house.test_runbook import headings
from tests.house.tree import REPO
from tests.told_metrics import ROWS

FOLDER: Final = REPO / "deploy" / "prometheus"
SEVERITIES: Final = {"info", "warning", "critical"}
# What Prometheus itself puts to each series, and what it counts: no metrics of ours.
OF_PROMETHEUS: Final = {"up", "instance", "job"}
# Each exchange tells the whole county's: added up, two exchanges would make twice as much.
OF_THE_CASEBOOK: Final = {
    "yichuan_open_duties",
    "yichuan_overdue_duties",
    "yichuan_held_messages",
    "yichuan_held_age_seconds",
    "yichuan_frozen_cases",
    "yichuan_dead_letters_kept_messages",
    "yichuan_outbox_messages",
    "yichuan_outbox_age_seconds",
    "yichuan_last_backup_timestamp_seconds",
}
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


def read(name: str) -> Any:
    """One of the files."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


RULES: Final = [rule for group in read("alerts.yml")["groups"] for rule in group["rules"]]
KNOWN: Final = {row.name: row for row in ROWS}
each_rule: Final = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def asked(expression: str) -> set[str]:
    """The metrics of an expression."""
    return set(re.findall(r"\byichuan_\w+|\bprocess_\w+|\bup\b", expression))


@each_rule
def test_it_asks_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    expression = rule["expr"]
    names = asked(expression) - OF_PROMETHEUS
    assert names <= KNOWN.keys()
    labels = {label for name in names for label in KNOWN[name].labels} | OF_PROMETHEUS
    if "yichuan_build_info" in names:
        labels |= {"part", "version", "rulebook"}
    told = " ".join(rule["annotations"].values())
    used = set(re.findall(r"[{,](\w+)(?:=|!)", expression))
    used |= {
        label for found in re.findall(r"by \(([^)]*)\)", expression) for label in found.split(", ")
    }
    used |= set(re.findall(r"\$labels\.(\w+)", told))
    assert used <= labels


@each_rule
def test_what_every_exchange_tells_of_the_whole_county_is_never_added_up(
    rule: dict[str, Any],
) -> None:
    assert not re.search(r"\bsum\b", rule["expr"])
    for name in asked(rule["expr"]) & OF_THE_CASEBOOK:
        at = [found.start() for found in re.finditer(name, rule["expr"])]
        before = [rule["expr"][:start] for start in at]
        assert all(
            re.search(r"max(?: by \([^)]*\))? ?\((?:last_over_time\()?$", text) for text in before
        )


@each_rule
def test_it_says_what_is_wrong_in_both_languages_and_where_the_cure_is(
    rule: dict[str, Any],
) -> None:
    words = rule["annotations"]
    assert set(words) == {"summary_zh", "summary_en", "runbook"}
    assert CHINESE.search(words["summary_zh"])
    assert words["summary_en"].isascii()
    assert words["runbook"] in headings()
    assert rule["labels"]["severity"] in SEVERITIES


def test_each_has_a_case_in_which_it_speaks_and_one_in_which_it_is_silent() -> None:
    cases = [each for test in read("alerts_test.yml")["tests"] for each in test["alert_rule_test"]]
    for speaks in (True, False):
        shown = {each["alertname"] for each in cases if bool(each["exp_alerts"]) is speaks}
        assert shown == {rule["alert"] for rule in RULES}


def test_what_an_operator_must_hear_of_has_an_alert() -> None:
    heard = {name for rule in RULES for name in asked(rule["expr"])}
    gauges = {"frozen_cases", "held_age_seconds", "dead_letters_kept_messages"} | {
        "outbox_age_seconds",
        "lag_seconds",
        "last_backup_timestamp_seconds",
        "unready_reasons",
        "connector_quarantined_messages",
        "connector_spool_age_seconds",
        "connector_lag_messages",
    }
    assert {f"yichuan_{name}" for name in gauges} <= heard
