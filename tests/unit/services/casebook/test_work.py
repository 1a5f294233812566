"""The working set of a transaction: read in bulk, seen as changed, written in bulk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from schemas.ids import CaseId, MessageId, OrganCode
from schemas.messages import SettleAction
from services.casebook.headers import headers_from_text, headers_to_text
from services.casebook.rows import (
    DeadRow,
    DecisionRow,
    MessageRow,
    Original,
    OutboxRow,
    Position,
    Progress,
    from_ms,
)
from services.casebook.statements import delete_published
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DEAD, DECISIONS, DUTIES, ORIGINALS, OUTBOX
from services.casebook.work import Work
from services.casework.case import Case, Duty, State
from tests.history import HANDLER, MONDAY, History, in_state

A, B = OrganCode("A"), OrganCode("B")
M, N = MessageId("m"), MessageId("n")
HERE = Position("leads", 2, 5)


@contextmanager
def working(casebook: Casebook) -> Iterator[Work]:
    """One transaction: what is done in it is flushed at its end."""
    with casebook.engine.begin() as connection:
        work = Work(connection, casebook.key)
        yield work
        work.flush()


def message_row(sender: OrganCode = A, message: MessageId = M) -> MessageRow:
    return MessageRow(
        sender=sender,
        message_id=message,
        digest="d",
        case_id=CaseId("c"),
        record="LeadTransfer",
        document_number="案移〔2026〕12号",
        in_reply_to=N,
        received_at=from_ms(1_789_956_060_007),
        position=HERE,
        outcome="accepted",
        code=None,
        receipt=b"\x00receipt",
    )


def original(sender: OrganCode = A, message: MessageId = M, body: bytes = b"body") -> Original:
    return Original(message, sender, CaseId("c"), "LeadTransfer", "f" * 64, body)


def case_with(number: int, history: History) -> Case:
    """The history's case under an id of its own, its duties too."""
    case = history.opened
    duties = tuple(replace(duty, id=type(duty.id)(f"{number}-{duty.kind}")) for duty in case.duties)
    return replace(case, id=CaseId(f"case-{number}"), duties=duties)


# ------------------------------------------------------------------------------- round trips


def test_progress_comes_back_and_what_was_never_read_is_none(casebook: Casebook) -> None:
    with working(casebook) as work:
        assert work.progress("leads", 2) is None
        work.advance("leads", 2, Progress(6, from_ms(1_789_956_060_007)))
        assert work.progress("leads", 2) == Progress(6, from_ms(1_789_956_060_007))
    with working(casebook) as work:
        assert work.progress("leads", 2) == Progress(6, from_ms(1_789_956_060_007))
        assert work.progress("leads", 3) is None
        assert work.progress("copies", 2) is None
        work.advance("leads", 2, Progress(7, from_ms(1_789_956_060_008)))
    with working(casebook) as work:
        assert work.progress("leads", 2) == Progress(7, from_ms(1_789_956_060_008))


@pytest.mark.parametrize("preloaded", [True, False])
def test_every_row_that_is_asked_for_comes_back_as_it_was(
    casebook: Casebook, *, preloaded: bool
) -> None:
    case = in_state(State.FILED).opened
    bare = replace(message_row(B), document_number=None, in_reply_to=None, receipt=None, code="x.y")
    with working(casebook) as work:
        work.put_case(case, "leads", 2)
        work.put_message(message_row())
        work.put_message(bare)
        work.put_number(A, "案移〔2026〕12号", M)
        work.put_original(original())
    with working(casebook) as work:
        if preloaded:
            work.preload([case.id], [(A, M), (B, M)], [(A, "案移〔2026〕12号")])
        assert work.case(case.id) == case
        assert work.message(A, M) == message_row()
        assert work.message(B, M) == bare
        assert work.number(A, "案移〔2026〕12号") == M
        assert work.original(A, M) == original()


def test_what_there_is_not_is_none(casebook: Casebook) -> None:
    with working(casebook) as work:
        work.preload([CaseId("c")], [(A, M)], [(A, "1号")])
        assert work.case(CaseId("c")) is None
        assert work.message(A, M) is None
        assert work.number(A, "1号") is None
        assert work.original(A, M) is None


def test_a_preload_of_more_than_a_statement_may_name_finds_them_all(casebook: Casebook) -> None:
    keys = [MessageId(f"m{number}") for number in range(1_500)]
    with working(casebook) as work:
        for key in keys:
            work.put_message(message_row(A, key))
    with working(casebook) as work:
        work.preload([], [(A, key) for key in keys], [])
        assert all(work.message(A, key) for key in keys)


def test_a_preload_is_a_few_queries_for_all_and_none_later(casebook: Casebook) -> None:
    with working(casebook) as work:
        for number in range(50):
            work.put_case(case_with(number, in_state(State.ISSUED)), "leads", 2)
    asked: list[str] = []
    with working(casebook) as work:
        event.listen(casebook.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        work.preload([CaseId(f"case-{number}") for number in range(60)], [], [])
        assert len(asked) == 4  # cases, duties, keys by number, those without by name
        assert sum(work.case(CaseId(f"case-{number}")) is not None for number in range(60)) == 50
        assert len(asked) == 4


def test_the_transaction_sees_its_own_changes(casebook: Casebook) -> None:
    case = in_state(State.ISSUED).opened
    with working(casebook) as work:
        work.put_case(case, "leads", 2)
        work.put_message(message_row())
        work.put_number(A, "1号", M)
        work.put_original(original())
        assert work.case(case.id) is case
        assert work.message(A, M) == message_row()
        assert work.number(A, "1号") == M
        assert work.original(A, M) == original()


# ---------------------------------------------------------------------------------- numbers


def test_a_freed_number_may_be_taken_again(casebook: Casebook) -> None:
    with working(casebook) as work:
        work.put_number(A, "1号", M)
        work.put_number(B, "1号", N)
    with working(casebook) as work:
        work.put_number(A, "1号", None)
        assert work.number(A, "1号") is None
    with working(casebook) as work:
        assert work.number(A, "1号") is None
        assert work.number(B, "1号") == N
        work.put_number(A, "1号", N)
    with working(casebook) as work:
        assert work.number(A, "1号") == N


def test_a_number_taken_and_freed_in_one_transaction_is_free(casebook: Casebook) -> None:
    with working(casebook) as work:
        work.put_number(A, "1号", M)
        work.put_number(A, "1号", None)
    with working(casebook) as work:
        assert work.number(A, "1号") is None


# -------------------------------------------------------------------------------- originals


def test_two_organs_may_have_used_one_id_and_neither_gets_the_other_s_original(
    casebook: Casebook,
) -> None:
    with working(casebook) as work:
        work.put_original(original(A, M, b"of A"))
        work.put_original(original(B, M, b"of B"))
        work.drop_original(B, N)
        assert (work.original(A, M) or original()).body == b"of A"
    with working(casebook) as work:
        assert (work.original(A, M) or original()).body == b"of A"
        assert (work.original(B, M) or original()).body == b"of B"
        work.drop_original(B, M)
    with working(casebook) as work:
        assert work.original(A, M) is not None
        assert work.original(B, M) is None


def test_a_dropped_original_is_gone_whether_it_was_stored_before_or_not(
    casebook: Casebook,
) -> None:
    with working(casebook) as work:
        work.put_original(original(A, M))
        work.drop_original(A, M)
        work.put_original(original(A, N))
    with working(casebook) as work:
        work.drop_original(A, N)
        assert work.original(A, N) is None
    with casebook.engine.connect() as connection:
        assert connection.execute(select(ORIGINALS)).all() == []


# ----------------------------------------------------------------------------- cases, duties


def test_a_case_s_row_tells_state_and_standstill_without_its_text(casebook: Casebook) -> None:
    history = in_state(State.RECEIVED)
    history.freeze(history.next("filing_reply", HANDLER))
    history.send("case_progress", HANDLER)
    with working(casebook) as work:
        work.put_case(history.opened, "leads", 2)
    with casebook.engine.connect() as connection:
        (row,) = connection.execute(select(CASES)).all()
    assert (row.topic, row.partition, row.state, row.stopped, row.waiting) == (
        "leads",
        2,
        "received",
        "frozen",
        1,
    )


def test_only_duties_that_changed_are_written(casebook: Casebook) -> None:
    history = in_state(State.FILED)
    with working(casebook) as work:
        work.put_case(history.opened, "leads", 2)
    written: list[Any] = []
    before = history.opened
    history.send("case_progress", HANDLER)
    with working(casebook) as work:
        work.case(history.opened.id)
        event.listen(
            casebook.engine,
            "before_cursor_execute",
            lambda *call: written.append(call[3]) if _writes_duties(call[2]) else None,
        )
        work.put_case(history.opened, "leads", 2)
    (given,) = written
    positions = [row[-1] for row in (given if isinstance(given, list) else [given])]
    changed = [n for n, duty in enumerate(history.opened.duties) if duty not in before.duties]
    assert positions == changed == [n for n, duty in enumerate(before.duties) if _decides(duty)]
    with working(casebook) as work:
        assert work.case(history.opened.id) == history.opened


def _decides(duty: Duty) -> bool:
    return duty.kind == "decide_case"


def _writes_duties(statement: str) -> bool:
    return statement.startswith(("INSERT INTO duties", "UPDATE duties"))


# -------------------------------------------------------------------------------- due cases

FAR = MONDAY + timedelta(days=100)


def test_due_cases_come_in_the_order_of_what_they_owe(casebook: Casebook) -> None:
    with working(casebook) as work:
        for number, days in enumerate((4, 2, 0, 6)):
            history = History(at=MONDAY + timedelta(days=days * 7))
            history.send("lead_transfer", "yanjiao")
            work.put_case(case_with(number, history), "leads", 2)
    with working(casebook) as work:
        in_order = [CaseId(f"case-{number}") for number in (2, 1, 0, 3)]
        assert work.due_cases("leads", 2, FAR, 10) == tuple(in_order)
        assert work.due_cases("leads", 2, FAR, 2) == tuple(in_order[:2])
        assert work.due_cases("leads", 1, FAR, 10) == ()
        assert work.due_cases("copies", 2, FAR, 10) == ()
        assert work.due_cases("leads", 2, MONDAY, 10) == ()


def test_of_equal_ones_the_order_is_the_same_wherever_a_batch_ended(casebook: Casebook) -> None:
    history = in_state(State.ISSUED)
    with working(casebook) as work:
        work.put_case(case_with(3, history), "leads", 2)
        work.put_case(case_with(1, history), "leads", 2)
    with working(casebook) as work:
        work.put_case(case_with(2, history), "leads", 2)
        expected = tuple(CaseId(f"case-{number}") for number in (1, 2, 3))
        assert work.due_cases("leads", 2, FAR, 10) == expected
    with working(casebook) as work:
        assert work.due_cases("leads", 2, FAR, 10) == expected


def test_a_rung_counts_from_its_very_millisecond(casebook: Casebook) -> None:
    history = in_state(State.ISSUED)
    due = history.opened.due_next
    assert due is not None
    with working(casebook) as work:
        work.put_case(history.opened, "leads", 2)
        assert work.due_cases("leads", 2, due - timedelta(milliseconds=1), 10) == ()
        assert work.due_cases("leads", 2, due, 10) == (history.opened.id,)


def test_changes_of_the_same_transaction_count(casebook: Casebook) -> None:
    history = in_state(State.ISSUED)
    with working(casebook) as work:
        work.put_case(history.opened, "leads", 2)
    history.send("withdrawal", "yanjiao")
    with working(casebook) as work:
        work.case(history.opened.id)
        work.put_case(history.opened, "leads", 2)
        assert work.due_cases("leads", 2, FAR, 10) == ()


def test_a_case_that_stands_still_is_passed_by_until_it_moves_on(casebook: Casebook) -> None:
    history = in_state(State.ISSUED)
    with working(casebook) as work:
        work.put_case(history.opened, "leads", 2)
    history.freeze(history.next("delivered", HANDLER))
    with working(casebook) as work:
        work.case(history.opened.id)
        work.put_case(history.opened, "leads", 2)
    with working(casebook) as work:
        assert work.due_cases("leads", 2, FAR, 10) == ()
        assert work.case(history.opened.id) == history.opened
        history.settle(SettleAction.DISCARD)
        work.put_case(history.opened, "leads", 2)
        assert work.due_cases("leads", 2, FAR, 10) == (history.opened.id,)


# --------------------------------------------------------------------------- what is appended


def test_decisions_outbox_and_dead_letters_are_kept_in_their_order(casebook: Casebook) -> None:
    decision = DecisionRow(
        HERE, CaseId("c"), M, A, "LeadTransfer", MONDAY, "rejected", "x.y", "h", "{}"
    )
    headers = (("yichuan-code", b"x.y"), ("yichuan-code", b"\xff\x00"))
    rows = [
        OutboxRow(HERE, "inbox.a", b"c", b"1"),
        OutboxRow(HERE, "dead-letters", None, None, headers),
        OutboxRow(HERE, "inbox.a", b"c", b"2"),
    ]
    with working(casebook) as work:
        work.add_decision(decision)
        for row in rows:
            work.add_outbox(row)
        work.add_dead(DeadRow(HERE, MONDAY, "x.y", None, None))
        work.add_dead(DeadRow(HERE, MONDAY, "x.z", M, CaseId("c")))
    with casebook.engine.connect() as connection:
        kept = connection.execute(select(OUTBOX).order_by(OUTBOX.c.seq)).all()
        (dead,) = connection.execute(select(DEAD)).all()
        (decided,) = connection.execute(select(DECISIONS)).all()
    assert [(row.topic, row.key, row.value) for row in kept] == [
        ("inbox.a", b"c", b"1"),
        ("dead-letters", None, None),
        ("inbox.a", b"c", b"2"),
    ]
    assert headers_from_text(kept[1].headers) == headers
    assert (kept[0].source_topic, kept[0].source_partition) == ("leads", 2)
    assert (dead.code, dead.message_id, dead.case_id) == ("x.z", M, "c")
    assert (decided.outcome, decided.code, decided.entry) == ("rejected", "x.y", "{}")


def test_published_rows_are_gone_and_the_others_stay(casebook: Casebook) -> None:
    with working(casebook) as work:
        for number in range(1_000):
            work.add_outbox(OutboxRow(HERE, "inbox.a", None, b"%d" % number))
    with casebook.engine.begin() as connection:
        seqs = [row.seq for row in connection.execute(select(OUTBOX.c.seq))]
        delete_published(connection, OUTBOX, seqs[1:])
        assert [row.value for row in connection.execute(select(OUTBOX))] == [b"0"]


def test_a_flush_in_between_writes_nothing_twice(casebook: Casebook) -> None:
    with working(casebook) as work:
        work.add_outbox(OutboxRow(HERE, "inbox.a", None, b"1"))
        work.put_case(in_state(State.ISSUED).opened, "leads", 2)
        work.flush()
        work.add_outbox(OutboxRow(HERE, "inbox.a", None, b"2"))
    with casebook.engine.connect() as connection:
        assert [row.value for row in connection.execute(select(OUTBOX))] == [b"1", b"2"]
        assert len(connection.execute(select(DUTIES)).all()) == 1


def test_no_headers_are_no_text() -> None:
    assert headers_to_text(()) is None
    assert headers_from_text(None) == ()
