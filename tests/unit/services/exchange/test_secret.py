"""What carries a mark: refused, answered, nowhere written down; and refused again without it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bus.layout import MESSAGE_BYTES_MAX
from schemas.codec import frame
from schemas.errors import Broken
from schemas.messages import Message, Rejected
from schemas.parts import Envelope
from services.casebook import secrets
from services.casebook.rows import Position, from_ms
from services.casebook.store import Casebook
from services.casebook.tables import DEAD, MESSAGES, ORIGINALS, PROGRESS, SECRETS
from services.exchange.batch import run_batch
from services.exchange.incoming import Incoming
from services.exchange.intake import Dead, Intake, Refused, Sound
from services.exchange.kept_keys import locked, opened
from services.exchange.originals import HEADER, Kept, kept, original
from services.exchange.recover import judge_kept
from services.exchange.secret import note_of, noted
from services.exchange.shelf import Shelf
from tests.history import HANDLER, MONDAY, SENDER, organ
from tests.marked import CANARY, MARKS, copies, copy, marked
from tests.office import (
    Log,
    NewCasebook,
    dead_letters,
    everything,
    inboxes,
    office,
    rows,
    run,
    take,
    told,
)

UNKNOWN_SCHEMA = 777


def judged(sent: Message, **where: Any) -> Intake:
    (intake,) = take(Log().put(sent, MONDAY, **where))
    return intake


@pytest.mark.parametrize("how", MARKS)
def test_a_mark_is_refused_and_nothing_of_the_message_goes_on(how: str) -> None:
    sent = marked(1, how)
    intake = judged(sent)
    assert isinstance(intake, Refused)
    assert (intake.refusal.code, intake.refusal.where) == MARKS[how][1:]
    assert intake.is_secret
    assert intake.reserves_id
    assert (intake.incoming.key, intake.incoming.value) == (None, None)
    ids = sent.envelope
    assert intake.envelope == Envelope(
        bus=ids.bus,
        message_id=ids.message_id,
        case_id=ids.case_id,
        flow=ids.flow,
        record="Copy",
        sender=ids.sender,
        sent_at=intake.incoming.stamped_at,
    )


def test_business_secrets_and_keeping_quiet_are_no_marks() -> None:
    assert isinstance(judged(copy(1, summary="不得泄露商业秘密，注意保密。\n商业秘密\n")), Sound)


def test_what_is_on_the_list_is_refused_with_its_entry() -> None:
    intake = judged(copy(1, summary="附未成年人犯罪记录一份"))
    assert isinstance(intake, Refused)
    assert (intake.refusal.code, intake.refusal.where) == ("secrecy.listed", "summary")
    assert intake.refusal.detail == "NS-01"


@pytest.mark.parametrize("how", MARKS)
def test_a_mark_in_the_wrong_place_is_refused_for_the_mark(how: str) -> None:
    intake = judged(marked(1, how), key=b"another")
    assert isinstance(intake, Refused)
    assert intake.refusal.code == MARKS[how][1]


@pytest.mark.parametrize("how", MARKS)
def test_a_mark_under_a_foreign_seal_is_dead_without_its_bytes(how: str) -> None:
    intake = judged(marked(1, how), by=organ(SENDER))
    assert isinstance(intake, Dead)
    assert intake.refusal.code == "seal.not_the_senders"
    assert intake.is_secret
    assert (intake.incoming.key, intake.incoming.value) == (None, None)


@pytest.mark.parametrize(
    "value",
    [
        f"{CANARY} 机密".encode(),
        frame(UNKNOWN_SCHEMA, f"{CANARY}（机 密）".encode()),
        frame(1, f"{CANARY} 绝密".encode()),
    ],
    ids=["no frame", "an unknown schema", "no such record"],
)
def test_bytes_that_cannot_be_read_and_carry_a_mark_are_dead_without_them(value: bytes) -> None:
    (intake,) = take(Log().raw(value, copy(1).envelope, MONDAY))
    assert isinstance(intake, Dead)
    assert intake.is_secret
    assert (intake.incoming.key, intake.incoming.value) == (None, None)


@pytest.mark.parametrize("value", ["商业秘密", "保密", "机 关"])
def test_bytes_that_carry_none_are_dead_with_them(value: str) -> None:
    (intake,) = take(Log().raw(value.encode(), copy(1).envelope, MONDAY))
    assert isinstance(intake, Dead)
    assert not intake.is_secret
    assert intake.incoming.value == value.encode()


def test_a_mark_in_the_key_alone_is_refused_too() -> None:
    intake = judged(copy(1), key="机密".encode())
    assert isinstance(intake, Refused)
    assert (intake.refusal.code, intake.refusal.detail) == ("secrecy.marked", "key")
    (dead,) = take(Log().raw(b"noise", copy(1).envelope, MONDAY, key="机密".encode()))
    assert isinstance(dead, Dead)
    assert dead.is_secret
    assert dead.incoming.key is None


# ------------------------------------------------------------------------------ in the casebook


def log_of(messages: list[Message]) -> list[Incoming]:
    log = Log()
    return [log.put(message, MONDAY) for message in messages]


@pytest.mark.parametrize("how", MARKS)
def test_the_sender_hears_it_and_no_table_holds_a_word_of_it(casebook: Casebook, how: str) -> None:
    sent = marked(1, how)
    run(casebook, log_of([sent]))
    assert told(casebook) == [(HANDLER, "Rejected")]
    (said,) = inboxes(casebook)
    assert isinstance(said.message, Rejected)
    assert (said.message.code, said.message.where) == MARKS[how][1:]
    assert said.message.envelope.in_reply_to == sent.envelope.message_id
    written = repr(everything(casebook)).encode() + said.value
    for word in (CANARY, "处置预案", "六执抄", "10年"):
        assert word.encode() not in written
    assert rows(casebook, ORIGINALS) == []
    assert dead_letters(casebook) == []
    assert rows(casebook, DEAD) == []
    (row,) = rows(casebook, SECRETS)
    assert (row.topic, row.partition, row.offset) == ("copies", said_partition(sent), 0)


def said_partition(sent: Message) -> int:
    return Log().put(sent, MONDAY).position.partition


def test_its_id_is_used_and_a_repeat_is_lost_like_the_first(casebook: Casebook) -> None:
    sent = marked(1)
    log = Log()
    run(casebook, [log.put(sent, MONDAY), log.put(sent, MONDAY)])
    (row,) = rows(casebook, MESSAGES)
    assert (row.message_id, row.outcome, row.code) == (
        sent.envelope.message_id,
        "rejected",
        "secrecy.marked",
    )
    first, second = inboxes(casebook)
    assert first.value == second.value
    assert [row.offset for row in rows(casebook, SECRETS)] == [0, 1]
    other = replace(
        copy(1), envelope=replace(copy(1).envelope, document_number="六执抄〔2026〕9号")
    )
    run(casebook, [log.put(other, MONDAY)])
    last = inboxes(casebook)[-1].message
    assert isinstance(last, Rejected)
    assert last.code == "message.id_reused"


def test_its_number_is_free_for_the_message_without_the_mark(casebook: Casebook) -> None:
    log = Log()
    again = copy(2, envelope={"document_number": "六执抄〔2026〕1号"})
    run(casebook, [log.put(marked(1), MONDAY), log.put(again, MONDAY)])
    assert (HANDLER, "Accepted") in told(casebook)


def test_a_dead_letter_of_a_mark_has_no_bytes(casebook: Casebook) -> None:
    run(casebook, [Log().raw(f"{CANARY} 机密".encode(), copy(1).envelope, MONDAY)])
    ((key, value, headers),) = dead_letters(casebook)
    assert (key, value, headers["yichuan-code"]) == (None, None, "message.malformed")
    assert CANARY not in repr(everything(casebook))
    assert len(rows(casebook, SECRETS)) == 1


# ------------------------------------------------------------------- refused again, without bytes


def test_the_note_makes_the_same_refusal_again() -> None:
    for intake in (judged(marked(1)), judged(marked(1), by=organ(SENDER))):
        assert isinstance(intake, Refused | Dead)
        note = note_of(intake)
        assert CANARY not in note
        assert noted(note, intake.incoming) == intake


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"code":1}', '{"code":"x","where":null}'])
def test_what_is_no_note_stops_the_exchange(note: str) -> None:
    with pytest.raises(Broken, match=r"originals\.unreadable"):
        noted(note, Incoming(Position("copies", 0, 0), None, None, MONDAY))


@given(
    st.none() | st.binary(max_size=9),
    st.none() | st.binary(max_size=9),
    st.integers(0, 1 << 60),
    st.integers(0, 1 << 42),
)
def test_a_record_is_kept_as_it_was(
    key: bytes | None, value: bytes | None, offset: int, stamp_ms: int
) -> None:
    incoming = Incoming(Position("leads", 3, offset), key, value, from_ms(stamp_ms))
    copied = original(incoming, None)
    assert kept(copied.key, copied.value, copied.headers) == Kept(incoming, None)


def test_a_noted_record_is_kept_without_key_and_value() -> None:
    incoming = Incoming(Position("leads", 3, 7), b"key", CANARY.encode(), MONDAY)
    copied = original(incoming, "{}")
    assert CANARY not in repr(copied)
    bare = replace(incoming, key=None, value=None)
    assert kept(copied.key, copied.value, copied.headers) == Kept(bare, "{}")


def test_a_record_longer_than_any_message_is_kept_as_a_note() -> None:
    long = Incoming(Position("leads", 3, 7), None, bytes(MESSAGE_BYTES_MAX + 1), MONDAY)
    copied = original(long, None)
    assert copied.bytes < 100
    again = kept(copied.key, copied.value, copied.headers)
    assert again.note is not None
    refused = noted(again.note, again.incoming)
    assert isinstance(refused, Dead)
    assert refused.refusal.code == "message.too_large"


@pytest.mark.parametrize(
    "headers",
    [(), (("other", b"{}"),), ((HEADER, b"{"),), ((HEADER, b"[]"),), ((HEADER, b"{}"),)],
)
def test_what_no_exchange_wrote_stops_it(headers: tuple[tuple[str, bytes], ...]) -> None:
    with pytest.raises(Broken, match=r"originals\.unreadable"):
        kept(b"", b"", headers)


def test_an_older_casebook_comes_to_the_same_ledger_from_the_originals(
    casebook: Casebook, new_casebook: NewCasebook
) -> None:
    records = log_of(copies(6, 2, 4))
    run(casebook, records)
    with casebook.engine.connect() as connection:
        (found,) = secrets.pending(connection, [("copies", 0)])
    plain = [(each, original(each, found.notes.get(each.position.offset))) for each in records]
    held, _ = locked(casebook, plain)
    assert CANARY not in repr(held)
    again = opened(casebook, held)
    with new_casebook() as older:
        run(older, records[:2])
        shelf = Shelf(office())
        run_batch(older, shelf, judge_kept(older, shelf, again))  # it knows what it has
        assert everything(older) == everything(casebook)


# --------------------------------------------------------------------------------- the to-do list


def test_the_list_says_what_is_left_in_which_partition(casebook: Casebook) -> None:
    run(casebook, log_of(copies(5, 1, 3)))
    place = ("copies", 0)
    with casebook.engine.begin() as connection:
        assert secrets.pending(connection, [("leads", 0), ("copies", 1)]) == ()
        (found,) = secrets.pending(connection, [place, ("leads", 0)])
        assert (found.place, list(found.notes)) == (place, [1, 3])
        assert (found.copied_to, found.decided_to) == (0, 5)
        secrets.note_copied(connection, place, 2)
        secrets.note_copied(connection, place, 4)
        secrets.note_lost(connection, place, 2)
        (found,) = secrets.pending(connection, [place])
        assert (list(found.notes), found.copied_to) == ([3], 4)
        secrets.note_lost(connection, place, 4)
        assert secrets.pending(connection, [place]) == ()
    assert [row.next_offset for row in rows(casebook, PROGRESS)] == [5]
