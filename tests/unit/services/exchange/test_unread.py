"""What stands for offsets that cannot be read, what a codec blew up, and junk by the thousand."""

from dataclasses import replace
from typing import Final

import pytest

from connectors.bus.layout import MESSAGE_BYTES_MAX
from schemas.errors import Broken
from services.casebook.rows import Position
from services.casebook.store import Casebook
from services.casebook.tables import DEAD, DECISIONS, PROGRESS
from services.exchange.incoming import Incoming
from services.exchange.intake import Dead, Sound, take_in
from services.exchange.junk import RUN_RECORDS_MIN, SMALL_BYTES
from services.exchange.log_order import in_turn
from services.exchange.originals import Kept, kept, lay_at, original
from services.exchange.packed import Packed, unread
from services.exchange.recover import judge_kept
from services.exchange.shelf import Shelf
from tests.batches import LATER, of_one_partition
from tests.history import MONDAY, SENDER, organ
from tests.marked import MARKS, marked
from tests.office import Log, dead_letters, everything, office, rows, run, sealed, take

PLACE: Final = ("leads", 0)
BROKEN: Final = "message.batch_unreadable"
BLOWN: Final = Packed(0, is_inflated=True)
PLAIN: Final = Packed(0, is_inflated=False)


def missing(first: int, last: int) -> Incoming:
    return Incoming(Position(*PLACE, last), None, None, MONDAY, unread=unread(BROKEN, first, last))


def letter(offset: int, number: int = 0) -> Incoming:
    """A good lead at an offset of partition 0."""
    sent = of_one_partition(number + 1)[number]
    return Incoming(Position(*PLACE, offset), sent.envelope.case_id.encode(), sealed(sent), LATER)


def junk(offset: int, packed: Packed | None = PLAIN, size: int = 0) -> Incoming:
    return Incoming(Position(*PLACE, offset), b"k", b"j" * size, MONDAY, packed)


def told(casebook: Casebook) -> list[tuple[str, str, str]]:
    """Of each dead letter its code, offset and detail."""
    return [
        (headers["yichuan-code"], headers["__connect.errors.offset"], headers["yichuan-detail"])
        for _, _, headers in dead_letters(casebook)
    ]


# ------------------------------------------------------------------------ offsets without records


def test_they_are_one_dead_letter_without_bytes_and_what_lies_behind_is_decided(
    casebook: Casebook,
) -> None:
    run(casebook, [letter(0), missing(1, 4), letter(5, 1)])
    assert told(casebook) == [(BROKEN, "4", "1-4")]
    assert [(key, value) for key, value, _ in dead_letters(casebook)] == [(None, None)]
    assert [(row.offset, row.code) for row in rows(casebook, DEAD)] == [(4, BROKEN)]
    assert len(rows(casebook, DECISIONS)) == 2
    assert [row.next_offset for row in rows(casebook, PROGRESS)] == [6]


def test_done_once_they_are_not_done_again(casebook: Casebook) -> None:
    run(casebook, [missing(0, 4)])
    before = everything(casebook)
    assert run(casebook, [missing(0, 4)]).dead == []
    assert everything(casebook) == before


def test_who_had_come_into_the_middle_of_them_goes_on_behind(casebook: Casebook) -> None:
    run(casebook, [junk(0), junk(1)])
    run(casebook, [missing(0, 4), letter(5)])
    assert [row.next_offset for row in rows(casebook, PROGRESS)] == [6]


def test_a_gap_before_them_is_a_gap(casebook: Casebook) -> None:
    run(casebook, [junk(0)])
    with pytest.raises(Broken, match=r"log\.gap") as raised:
        run(casebook, [missing(2, 4)])
    assert raised.value.detail == "leads/0: 1 → 2"


def test_the_originals_keep_that_they_are_missing_and_lead_to_the_same(casebook: Casebook) -> None:
    copied = original(missing(1, 4), None)
    assert (copied.key, copied.value, copied.is_note) == (b"", b"", True)
    assert lay_at(copied.headers) == missing(1, 4)
    again = kept(copied.key, copied.value, copied.headers)
    assert again == Kept(missing(1, 4), None)
    assert judge_kept(casebook, Shelf(office()), [again]) == take(missing(1, 4))


def test_a_replay_takes_them_in_their_turn() -> None:
    records = [Kept(each, None) for each in (letter(0), missing(1, 4), letter(5, 1))]
    assert list(in_turn(records, PLACE, 0, 6)) == records
    assert list(in_turn(records, PLACE, 3, 6)) == records[1:]
    assert list(in_turn([records[0], records[2]], PLACE, 0, 6)) == records[:1]


# -------------------------------------------------------------------------- more than a message is


def test_a_record_that_is_longer_than_a_message_is_dead_without_its_bytes(
    casebook: Casebook,
) -> None:
    run(casebook, [junk(0, size=MESSAGE_BYTES_MAX), junk(1, size=MESSAGE_BYTES_MAX - 1)])
    (large, _, _), (fits, _, _) = dead_letters(casebook)
    assert (large, fits) == (None, b"k")
    assert [code for code, _, _ in told(casebook)] == ["message.too_large", "message.malformed"]


def test_one_that_carries_a_mark_is_a_secret_all_the_same() -> None:
    value = "绝密".encode() + bytes(MESSAGE_BYTES_MAX)
    (found,) = take(replace(junk(0), value=value))
    assert isinstance(found, Dead)
    assert (found.refusal.code, found.is_secret) == ("message.too_large", True)


def test_of_what_a_codec_blew_up_nobody_looks_for_marks_and_no_bytes_are_kept(
    casebook: Casebook,
) -> None:
    """Bytes that cannot be read, and a message that nobody sealed."""
    value = "绝密".encode() + bytes(60_000)
    unreadable = replace(junk(0, BLOWN), value=value)
    forged = sealed(marked(1, next(iter(MARKS))), by=organ(SENDER))
    unsealed = replace(junk(1, BLOWN), value=forged)
    run(casebook, [unreadable, unsealed])
    assert [(key, value) for key, value, _ in dead_letters(casebook)] == [(None, None)] * 2
    intakes = take(unreadable, unsealed)
    assert [isinstance(each, Dead) and each.is_secret for each in intakes] == [False, False]


def test_a_letter_is_decided_however_small_it_was() -> None:
    assert isinstance(take_in(replace(letter(0), packed=BLOWN), office()), Sound)


# --------------------------------------------------------------------------- junk by the thousand


@pytest.mark.parametrize("packed", [PLAIN, BLOWN])
def test_a_long_run_of_junk_is_one_dead_letter(casebook: Casebook, packed: Packed) -> None:
    size = SMALL_BYTES - 2 if packed is PLAIN else 5_000
    tally = run(casebook, [junk(n, packed, size) for n in range(RUN_RECORDS_MIN)])
    last = RUN_RECORDS_MIN - 1
    assert told(casebook) == [("message.junk_run", str(last), f"0-{last}")]
    assert tally.dead == ["message.junk_run"]
    assert [row.next_offset for row in rows(casebook, PROGRESS)] == [RUN_RECORDS_MIN]


def test_a_short_one_is_told_one_by_one_with_its_bytes(casebook: Casebook) -> None:
    run(casebook, [junk(n, size=9) for n in range(RUN_RECORDS_MIN - 1)])
    assert [value for _, value, _ in dead_letters(casebook)] == [b"j" * 9] * (RUN_RECORDS_MIN - 1)


@pytest.mark.parametrize(
    "packed", [None, Packed(7, is_inflated=False)], ids=["not from a log", "another batch"]
)
def test_only_what_lies_in_one_batch_is_told_of_together(
    casebook: Casebook, packed: Packed | None
) -> None:
    half = RUN_RECORDS_MIN // 2
    run(casebook, [junk(n, PLAIN if n < half else packed) for n in range(RUN_RECORDS_MIN)])
    assert len(told(casebook)) == RUN_RECORDS_MIN


def test_what_is_no_small_junk_is_told_by_itself(casebook: Casebook) -> None:
    run(casebook, [junk(n, size=SMALL_BYTES) for n in range(RUN_RECORDS_MIN)])
    assert len(told(casebook)) == RUN_RECORDS_MIN


def test_a_letter_amid_junk_parts_it_and_the_dead_letters_keep_their_order(
    casebook: Casebook,
) -> None:
    first = [junk(n) for n in range(RUN_RECORDS_MIN)]
    middle = replace(letter(RUN_RECORDS_MIN), packed=PLAIN)
    behind = [junk(n) for n in range(RUN_RECORDS_MIN + 1, 2 * RUN_RECORDS_MIN + 1)]
    run(casebook, [*first, middle, *behind])
    assert [detail for _, _, detail in told(casebook)] == [
        f"0-{RUN_RECORDS_MIN - 1}",
        f"{RUN_RECORDS_MIN + 1}-{2 * RUN_RECORDS_MIN}",
    ]
    assert len(rows(casebook, DECISIONS)) == 1


def test_other_partitions_in_between_do_not_part_it(casebook: Casebook) -> None:
    elsewhere = Log()
    mixed = [each for n in range(RUN_RECORDS_MIN) for each in (junk(n), elsewhere.tick(LATER, 1))]
    run(casebook, mixed)
    assert len(told(casebook)) == 1


def test_a_secret_in_it_is_kept_out_of_it(casebook: Casebook) -> None:
    records = [junk(n) for n in range(RUN_RECORDS_MIN)]
    records[3] = replace(records[3], value="绝密".encode())
    run(casebook, records)
    assert len(told(casebook)) == RUN_RECORDS_MIN
    assert "绝密" not in repr(everything(casebook))
