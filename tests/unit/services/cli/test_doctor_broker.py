from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.bus.clock import SKEW_MAX
from connectors.bus.layout import Acl, Actual, Layout, layout
from schemas.ids import Alias
from services.cli.doctor_broker import (
    Inbox,
    Newest,
    judge_clock,
    judge_inboxes,
    judge_layout,
    judge_logs,
    judge_undecided,
)
from services.rulebook.finding import Severity

NOW = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)
WANTED = layout((Alias("yanjiao"), Alias("langdai")), partitions=4, replication=3)
ORDINARY = Acl("User:yanjiao", "topic", "literal", "inbox.yanjiao", "read")


def as_wanted(wanted: Layout = WANTED) -> Actual:
    return Actual(
        topics={topic.name: topic for topic in wanted.topics},
        logins=frozenset(wanted.logins),
        acls=wanted.acls,
        passwords=frozenset(wanted.logins),
        quotas=wanted.quotas,
    )


def told(actual: Actual) -> list[tuple[str, str, str]]:
    return [(s.severity.value, s.code, s.where) for s in judge_layout(WANTED, actual)]


def test_a_cluster_that_is_as_the_directory_says_has_no_findings() -> None:
    assert told(as_wanted()) == []


def test_a_quota_that_was_lifted_is_a_warning() -> None:
    lifted = {**WANTED.quotas, "yanjiao": {"producer_byte_rate": 1e12}}
    found = told(replace(as_wanted(), quotas=lifted))
    assert set(found) == {("warning", "quota.drifted", "yanjiao")}
    assert len(found) == 3


def test_a_right_that_is_missing_or_too_wide_is_an_error() -> None:
    fit = as_wanted()
    missing = replace(fit, acls=fit.acls - {ORDINARY})
    assert told(missing) == [("error", "acl.missing", "User:yanjiao")]
    wide = replace(fit, acls=fit.acls | {replace(ORDINARY, name="inbox.langdai")})
    (surplus,) = judge_layout(WANTED, wide)
    assert (surplus.severity, surplus.code) == (Severity.ERROR, "acl.surplus")
    assert "inbox.langdai" in surplus.detail


def test_rights_of_others_and_denials_are_warned_of() -> None:
    fit = as_wanted()
    foreign = replace(ORDINARY, principal="User:somebody")
    denied = replace(ORDINARY, permission="deny")
    found = told(replace(fit, acls=fit.acls | {foreign, denied}))
    assert found == [
        ("warning", "acl.foreign", "User:somebody"),
        ("warning", "acl.foreign", "User:yanjiao"),
    ]


def test_logins_that_are_missing_left_over_or_without_their_file_are_told_apart() -> None:
    fit = as_wanted()
    assert told(replace(fit, logins=fit.logins - {"langdai"})) == [
        ("error", "login.missing", "langdai")
    ]
    assert told(replace(fit, passwords=fit.passwords - {"langdai"})) == [
        ("warning", "login.password_missing", "langdai")
    ]
    gone = replace(fit.topics["inbox.langdai"], name="inbox.gone")
    departed = replace(fit, topics={**fit.topics, "inbox.gone": gone}, logins=fit.logins | {"gone"})
    assert told(departed) == [("error", "login.surplus", "gone")]


@pytest.mark.parametrize(
    ("key", "value", "severity"),
    [("message.timestamp.type", "CreateTime", "error"), ("segment.ms", "1", "warning")],
)
def test_a_drifted_setting_is_graver_where_a_promise_rests_on_it(
    key: str, value: str, severity: str
) -> None:
    fit = as_wanted()
    leads = fit.topics["leads"]
    drifted = replace(leads, config={**leads.config, key: value})
    (found,) = judge_layout(WANTED, replace(fit, topics={**fit.topics, "leads": drifted}))
    assert (found.severity.value, found.code) == (severity, "topic.setting_drifted")
    assert found.where == "leads"
    assert found.detail.startswith(f"{key}: {value} != ")


def test_a_missing_topic_and_too_few_replicas_are_found() -> None:
    fit = as_wanted()
    topics = {name: topic for name, topic in fit.topics.items() if name != "inbox.yanjiao"}
    topics["journal"] = replace(topics["journal"], replication=1)
    assert set(told(replace(fit, topics=topics))) == {
        ("error", "topics.missing", "inbox.yanjiao"),
        ("warning", "topic.replication_low", "journal"),
    }


def test_another_number_of_partitions_does_not_hide_the_other_findings() -> None:
    fit = as_wanted()
    topics = {**fit.topics, "leads": replace(fit.topics["leads"], partitions=5)}
    found = told(replace(fit, topics=topics, acls=fit.acls - {ORDINARY}))
    assert found == [
        ("error", "topics.partitions_fixed", "leads"),
        ("error", "acl.missing", "User:yanjiao"),
    ]


def test_a_log_that_lost_its_beginning_or_its_end_is_found() -> None:
    progress = {("leads", 0): 10, ("leads", 1): 10, ("leads", 2): 10, ("leads", 3): 10}
    spans = {("leads", 0): (11, 20), ("leads", 1): (0, 9), ("leads", 2): (0, 10)}
    found = [(s.code, s.where, s.detail) for s in judge_logs(progress, spans)]
    assert found == [("log.gap", "leads/0", "10 < 11"), ("log.shorter", "leads/1", "9 < 10")]


def test_what_nobody_decides_is_told_of_while_half_of_its_time_is_left() -> None:
    half = timedelta(days=15)
    oldest = {("leads", 0): NOW - half, ("leads", 1): NOW - half - timedelta(days=1)}
    (found,) = judge_undecided(oldest, NOW)
    assert (found.severity.value, found.code, found.where) == ("warning", "log.expiring", "leads/1")
    assert found.detail.endswith("UTC, 16 d")


def newest(stamped: timedelta, sent: timedelta | None) -> Newest:
    return Newest(("leads", 0), NOW + stamped, None if sent is None else NOW + sent)


SECOND, OVER = timedelta(seconds=1), SKEW_MAX + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("record", "codes"),
    [
        (newest(-SECOND, -SECOND), []),
        (newest(-OVER, -OVER), []),  # an exchange that stopped has an old Tick, no wrong clock
        (newest(-OVER, SECOND), [("error", "clock.skew")]),
        (newest(-10 * SECOND, SECOND), [("warning", "clock.skew")]),
        (newest(OVER, OVER), [("error", "clock.ahead")]),
        (newest(2 * OVER, SECOND), [("error", "clock.ahead"), ("error", "clock.skew")]),
        (newest(-SECOND, None), [("note", "clock.unjudged")]),
    ],
)
def test_the_brokers_stamp_is_held_against_both_clocks(
    record: Newest, codes: list[tuple[str, str]]
) -> None:
    assert [(s.severity.value, s.code) for s in judge_clock([record], NOW)] == codes


def test_without_any_record_the_clock_is_not_judged() -> None:
    assert [s.code for s in judge_clock([], NOW)] == ["clock.unjudged"]


def test_only_an_inbox_with_something_in_it_and_no_reader_is_named() -> None:
    inboxes = [Inbox("a", 0, 9, 6), Inbox("b", 0, 9, None), Inbox("c", 5, 9, 9)]
    (found,) = judge_inboxes(inboxes)
    assert (found.severity.value, found.code, found.where, found.detail) == (
        "warning",
        "connector.absent",
        "a",
        "3",
    )


@pytest.mark.parametrize(
    ("inbox", "told"),
    [
        (Inbox("a", 5, 9, 4), [("inbox.gap", "4 < 5"), ("connector.absent", "4")]),
        (Inbox("a", 5, 5, 0), [("inbox.gap", "0 < 5")]),
        (Inbox("a", 5, 9, None), []),
    ],
)
def test_letters_that_were_deleted_before_anybody_came_for_them_are_told_of(
    inbox: Inbox, told: list[tuple[str, str]]
) -> None:
    assert [(s.code, s.detail) for s in judge_inboxes([inbox])] == told
