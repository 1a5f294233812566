from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bus.changes import (
    Change,
    CreateTopic,
    DropLogin,
    Grant,
    Revoke,
    SetConfig,
    SetLogin,
    SetQuota,
    in_words,
    left_alone,
    plan,
)
from connectors.bus.layout import Acl, Actual, Topic, layout
from schemas.errors import UserError
from schemas.ids import Alias

ORGANS = (Alias("dewu"), Alias("shi-jian"))
WANTED = layout(ORGANS, partitions=4, replication=1)
EMPTY = Actual({}, frozenset(), frozenset(), frozenset())
SETTLED = Actual(
    {topic.name: topic for topic in WANTED.topics},
    frozenset(WANTED.logins) | {"admin"},
    WANTED.acls,
    frozenset(WANTED.logins) | {"admin"},
    WANTED.quotas,
)
JOURNAL_READ = Acl("User:dewu", "topic", "literal", "journal", "read")


def after(actual: Actual, changes: tuple[Change, ...]) -> Actual:
    """Return what there is when the changes are made."""
    topics = dict(actual.topics)
    logins, passwords, acls = set(actual.logins), set(actual.passwords), set(actual.acls)
    quotas = {login: dict(limits) for login, limits in actual.quotas.items()}
    for change in changes:
        match change:
            case CreateTopic(topic):
                topics[topic.name] = topic
            case SetConfig(topic=name, key=key, after=value):
                topics[name] = replace(topics[name], config={**topics[name].config, key: value})
            case SetLogin(login):
                logins.add(login)
                passwords.add(login)
            case DropLogin(login):
                logins.remove(login)
            case Grant(acl):
                acls.add(acl)
            case Revoke(acl):
                acls.remove(acl)
            case SetQuota(login=login, key=key, after=limit):
                quotas.setdefault(login, {})[key] = limit
    return Actual(topics, frozenset(logins), frozenset(acls), frozenset(passwords), quotas)


words = st.sampled_from(["dewu", "shi-jian", "exchange", "stranger", "gone", "admin"])
acls = st.builds(
    Acl,
    principal=words.map(lambda login: f"User:{login}"),
    resource=st.sampled_from(["topic", "group", "broker", "transactional_id"]),
    pattern=st.sampled_from(["literal", "prefixed"]),
    name=st.sampled_from(["leads", "journal", "inbox.dewu", "inbox.", "dewu.", "*", "x"]),
    operation=st.sampled_from(["read", "write", "all", "create"]),
    permission=st.sampled_from(["allow", "deny"]),
)
topics = st.builds(
    Topic,
    name=st.sampled_from(["inbox.gone", "inbox.dewu", "else"]),
    partitions=st.just(1),
    replication=st.just(1),
    config=st.dictionaries(st.sampled_from(["retention.ms", "segment.ms"]), st.just("7")),
)
actuals = st.builds(
    Actual,
    topics=st.lists(topics).map(lambda found: {topic.name: topic for topic in found}),
    logins=st.frozensets(words),
    acls=st.frozensets(acls | st.sampled_from(sorted(WANTED.acls))),
    passwords=st.frozensets(words),
)


@given(actuals)
def test_after_one_apply_there_is_nothing_more_to_do(actual: Actual) -> None:
    assert plan(WANTED, after(actual, plan(WANTED, actual))) == ()


@given(actuals)
def test_after_an_apply_our_logins_may_do_exactly_what_is_wanted(actual: Actual) -> None:
    done = after(actual, plan(WANTED, actual))
    for login in (*WANTED.logins, *(["gone"] if "inbox.gone" in actual.topics else [])):
        allowed = {
            acl
            for acl in done.acls
            if acl.principal == f"User:{login}" and acl.permission == "allow"
        }
        assert allowed == {acl for acl in WANTED.acls if acl.principal == f"User:{login}"}


@given(actuals)
def test_what_others_may_do_and_every_denial_is_never_touched(actual: Actual) -> None:
    done = after(actual, plan(WANTED, actual))
    others = {
        acl
        for acl in actual.acls
        if acl.permission == "deny" or acl.principal in {"User:stranger", "User:admin"}
    }
    assert others <= done.acls


def test_an_empty_cluster_gets_everything() -> None:
    changes = plan(WANTED, EMPTY)
    assert [c.topic for c in changes if isinstance(c, CreateTopic)] == list(WANTED.topics)
    assert {c.login for c in changes if isinstance(c, SetLogin)} == set(WANTED.logins)
    assert {c.acl for c in changes if isinstance(c, Grant)} == WANTED.acls


def test_a_settled_cluster_needs_nothing() -> None:
    assert plan(WANTED, SETTLED) == ()
    assert left_alone(WANTED, SETTLED) == ()


def test_a_surplus_right_is_revoked_before_anything_else() -> None:
    found = replace(SETTLED, topics={}, acls=WANTED.acls | {JOURNAL_READ})
    assert plan(WANTED, found)[0] == Revoke(JOURNAL_READ)


def test_a_right_from_one_host_only_is_not_ours() -> None:
    ours = next(iter(WANTED.acls))
    elsewhere = replace(ours, host="10.0.0.1")
    found = replace(SETTLED, acls=WANTED.acls - {ours} | {elsewhere})
    assert set(plan(WANTED, found)) == {Revoke(elsewhere), Grant(ours)}


@pytest.mark.parametrize("acl", [replace(JOURNAL_READ, resource="unknown")])
def test_a_right_that_the_client_cannot_name_is_shown_and_left(acl: Acl) -> None:
    found = replace(SETTLED, acls=WANTED.acls | {acl})
    assert plan(WANTED, found) == ()
    assert left_alone(WANTED, found) == (acl,)


@pytest.mark.parametrize(
    ("acl", "shown"),
    [
        (Acl("User:stranger", "topic", "literal", "leads", "read"), True),
        (Acl("User:stranger", "topic", "literal", "*", "read"), True),
        (Acl("User:*", "topic", "prefixed", "inbox.", "read"), True),
        (Acl("User:stranger", "topic", "prefixed", "lea", "all"), True),
        (Acl("User:dewu", "topic", "literal", "leads", "write", "deny"), True),
        (Acl("User:stranger", "topic", "literal", "theirs", "read"), False),
        (Acl("User:stranger", "topic", "prefixed", "their", "read"), False),
        (Acl("User:stranger", "group", "literal", "leads", "read"), False),
    ],
)
def test_rights_of_others_are_shown_when_they_reach_our_topics(acl: Acl, *, shown: bool) -> None:
    found = replace(SETTLED, acls=WANTED.acls | {acl})
    assert left_alone(WANTED, found) == ((acl,) if shown else ())
    assert plan(WANTED, found) == ()


def test_an_organ_that_left_loses_login_and_rights_but_not_its_inbox() -> None:
    before = layout((*ORGANS, Alias("gone")), partitions=4, replication=1)
    found = Actual(
        {topic.name: topic for topic in before.topics},
        frozenset(before.logins),
        before.acls,
        frozenset(before.logins),
        before.quotas,
    )
    changes = plan(WANTED, found)
    assert {type(change) for change in changes} == {Revoke, DropLogin}
    assert DropLogin("gone") in changes
    assert {c.acl for c in changes if isinstance(c, Revoke)} == before.acls - WANTED.acls


def test_another_number_of_partitions_is_refused_with_both_numbers() -> None:
    more = layout(ORGANS, partitions=8, replication=1)
    with pytest.raises(UserError, match=r"topics\.partitions_fixed copies 4 != 8"):
        plan(more, SETTLED)


def test_a_drifted_setting_is_put_right_and_others_are_left() -> None:
    leads = SETTLED.topics["leads"]
    drifted = replace(leads, config={**leads.config, "segment.ms": "7", "index.interval": "9"})
    found = replace(SETTLED, topics={**SETTLED.topics, "leads": drifted})
    assert plan(WANTED, found) == (SetConfig("leads", "segment.ms", "7", "86400000"),)


@pytest.mark.parametrize("where", ["logins", "passwords"])
def test_a_login_missing_on_either_side_is_set(where: str) -> None:
    found = (
        replace(SETTLED, logins=SETTLED.logins - {"dewu"})
        if where == "logins"
        else replace(SETTLED, passwords=SETTLED.passwords - {"dewu"})
    )
    assert plan(WANTED, found) == (SetLogin("dewu"),)


def test_every_change_can_be_said() -> None:
    everything: tuple[Change, ...] = (
        *plan(WANTED, EMPTY),
        SetConfig("leads", "a", "1", "2"),
        DropLogin("gone"),
        Revoke(JOURNAL_READ),
    )
    said = [in_words(change) for change in everything]
    assert {kind for kind, _, _ in said} == {
        *("create_topic", "set_config", "set_login", "drop_login", "grant", "revoke"),
        "set_quota",
    }
    assert ("set_config", "leads", "a: 1 → 2") in said
    assert ("revoke", "User:dewu", "User:dewu allow read topic journal") in said


def test_every_organ_has_a_quota_and_the_exchange_has_none() -> None:
    assert set(WANTED.quotas) == set(ORGANS)
    for limits in WANTED.quotas.values():
        assert set(limits) == {"consumer_byte_rate", "producer_byte_rate", "request_percentage"}
        assert all(limit > 0 for limit in limits.values())


def test_a_quota_that_is_missing_or_another_is_set_and_no_other_is_touched() -> None:
    other = {"producer_byte_rate": 7.0}
    found = {"dewu": {**WANTED.quotas["dewu"], **other}, "admin": other}
    changes = plan(WANTED, replace(SETTLED, quotas=found))
    assert changes[0] == SetQuota("dewu", "producer_byte_rate", 7.0, 131_072.0)
    assert {change.login for change in changes if isinstance(change, SetQuota)} == set(ORGANS)
    assert len(changes) == 1 + len(WANTED.quotas["shi-jian"])
    told = [in_words(change) for change in changes]
    assert told[0] == ("set_quota", "dewu", "producer_byte_rate: 7 → 131072")
    assert told[-1] == ("set_quota", "shi-jian", "request_percentage: - → 100")
