"""A gap somebody answers for: what is written of it, how a replay and a restore meet it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from schemas.errors import Broken
from services.casebook.progress import progress_now
from services.casebook.rows import Position, Progress
from services.casebook.store import Casebook, open_in_memory
from services.casebook.tables import DEAD, DECISIONS, OUTBOX
from services.exchange.audit import Audit, Counts, Difference
from services.exchange.batch import run_batch, take_batch
from services.exchange.gap import (
    CODE,
    Found,
    Gap,
    LostBefore,
    Passed,
    by_place,
    holes,
    in_its_place,
    name_of,
    passed_of,
)
from services.exchange.incoming import Incoming
from services.exchange.log_order import NONE_LOST, whole
from services.exchange.originals import Kept
from services.exchange.recall import Recollection
from services.exchange.shelf import Shelf
from services.exchange.told_lines import as_told
from tests.batches import fired, of_one_partition, partition_of
from tests.history import MONDAY
from tests.office import Log, NewCasebook, dead_letters, everything, office, rows, run

LOST: Final = 3  # records that nobody decided
MONTH: Final = timedelta(days=31)
NOW: Final = MONDAY + 2 * MONTH


class Lived:
    """Two leads, three records that are lost, two more leads a month later; then a Tick."""

    def __init__(self, number: int = 4) -> None:
        leads, log = of_one_partition(number), Log()
        self.place = ("leads", partition_of(leads[0]))
        self.before = [log.put(each, MONDAY) for each in leads[:2]]
        log.next_offset[self.place] += LOST
        self.after = [log.put(each, MONDAY + MONTH) for each in leads[2:]]
        self.tick = log.tick(MONDAY + MONTH, self.place[1])
        gap = Gap(*self.place, 2, 2 + LOST - 1)
        found = Found(gap, self.before[-1].stamped_at, self.after[0].stamped_at)
        self.passed = Passed(found, "王某", "停机三十一天", NOW)

    def at(self, casebook: Casebook) -> Progress:
        """How far the casebook is."""
        with casebook.engine.connect() as connection:
            return progress_now(connection)[self.place]

    def pass_it(self, casebook: Casebook) -> None:
        """Go on behind it."""
        run(casebook, [in_its_place(self.passed)])

    def records(self) -> list[Incoming]:
        """What the log has."""
        return [*self.before, *self.after, self.tick]

    def lost(self) -> LostBefore:
        """What is decided in place of what it has not."""
        return by_place([self.passed])[self.place]


def journal(casebook: Casebook) -> list[str]:
    return [row.value.decode() for row in rows(casebook, OUTBOX) if row.topic == "journal"]


def replayed(lived: Lived, told: list[str], lost: LostBefore) -> tuple[Difference | None, Counts]:
    """Decide it all anew, into a casebook of its own."""
    casebook = open_in_memory()
    try:
        lines = [as_told(line, number) for number, line in enumerate(told)]
        audit = Audit(casebook, Shelf(office()), lines)
        end = lived.tick.position.offset + 1
        kept = [Kept(each, None) for each in lived.records()]
        return audit.replay(whole(kept, lived.place, 0, end, lost), 2), audit.counts
    finally:
        casebook.close()


def test_until_somebody_answers_for_it_nothing_behind_it_is_decided(casebook: Casebook) -> None:
    lived = Lived()
    run(casebook, lived.before)
    with pytest.raises(Broken, match=r"log\.gap"):
        run(casebook, lived.after)
    assert lived.at(casebook).next_offset == 2


def test_then_what_lies_behind_is_decided_at_its_own_time(casebook: Casebook) -> None:
    lived = Lived()
    run(casebook, lived.before)
    clock = lived.at(casebook).clock
    lived.pass_it(casebook)
    assert (lived.at(casebook).next_offset, lived.at(casebook).clock) == (2 + LOST, clock)
    run(casebook, lived.after)
    found = [(row.outcome, row.offset) for row in rows(casebook, DECISIONS) if row.code != CODE]
    assert found == [("accepted", offset) for offset in (0, 1, 5, 6)]
    assert lived.at(casebook).clock == lived.after[-1].stamped_at


def test_it_is_a_dead_letter_without_bytes_and_a_line_of_casebook_and_journal(
    casebook: Casebook,
) -> None:
    lived = Lived()
    run(casebook, lived.before)
    lived.pass_it(casebook)
    ((key, value, headers),) = dead_letters(casebook)
    assert (key, value) == (None, None)
    assert (headers["yichuan-code"], headers["yichuan-detail"]) == (CODE, "2-4")
    assert [(row.offset, row.code, row.message_id) for row in rows(casebook, DEAD)] == [
        (4, CODE, None)
    ]
    line = rows(casebook, DECISIONS)[-1].entry
    assert journal(casebook)[-1] == line
    told = json.loads(line)
    (effect,) = told["effects"]
    assert (told["at"], told["record"], told["outcome"]) == (NOW.isoformat(), "LogGap", "dead")
    assert (effect["first"], told["offset"]) == (2, 4)
    assert (effect["by"], effect["reason"]) == ("王某", "停机三十一天")
    assert passed_of(line) == lived.passed


def test_a_gap_is_passed_once_and_nothing_that_was_decided_is_passed_over(
    casebook: Casebook,
) -> None:
    lived = Lived()
    run(casebook, lived.before)
    lived.pass_it(casebook)
    before = everything(casebook)
    lived.pass_it(casebook)
    assert everything(casebook) == before


def test_what_the_last_tick_had_looked_at_is_looked_at_anew(casebook: Casebook) -> None:
    lived, log = Lived(), Log()
    run(casebook, lived.before)
    log.next_offset[lived.place] = 2
    run(casebook, [log.tick(MONDAY, lived.place[1])])
    assert lived.at(casebook).guided is not None
    gap = replace(lived.passed.found.gap, first=3)
    run(casebook, [in_its_place(replace(lived.passed, found=replace(lived.passed.found, gap=gap)))])
    assert lived.at(casebook).guided is None


def test_what_fell_due_in_it_fires_at_the_first_tick_behind(casebook: Casebook) -> None:
    lived = Lived()
    run(casebook, lived.before)
    lived.pass_it(casebook)
    assert fired(casebook) == []
    run(casebook, [*lived.after, lived.tick])
    assert {kind for kind, _ in fired(casebook)} == {"sign_for"}
    assert {row.offset for row in rows(casebook, DECISIONS) if row.outcome == "fired"} == {
        lived.tick.position.offset
    }


def test_of_a_partition_of_which_nothing_was_decided_the_clock_stays_at_none(
    casebook: Casebook,
) -> None:
    lived = Lived()
    gap = replace(lived.passed.found.gap, first=0)
    passed = replace(lived.passed, found=Found(gap, None, None))
    run(casebook, [in_its_place(passed)])
    run(casebook, lived.after)
    assert [row.offset for row in rows(casebook, DECISIONS)] == [4, 5, 6]
    assert passed_of(rows(casebook, DECISIONS)[0].entry) == passed


def test_a_replay_meets_it_and_agrees_to_the_byte(casebook: Casebook) -> None:
    lived = Lived()
    run(casebook, lived.before)
    lived.pass_it(casebook)
    run(casebook, [*lived.after, lived.tick])
    found, counts = replayed(lived, journal(casebook), lived.lost())
    assert found is None
    assert (counts.lost["leads"], counts.dead["leads"], counts.records["leads"]) == (LOST, 0, 5)


def test_a_replay_does_not_agree_to_other_words_on_it(casebook: Casebook) -> None:
    lived = Lived()
    run(casebook, lived.before)
    lived.pass_it(casebook)
    told = [line.replace("停机三十一天", "检修") for line in journal(casebook)]
    found, _ = replayed(lived, told, lived.lost())
    assert found is not None
    assert (found.offset, found.field) == (4, "effects[0].reason")


def test_what_no_line_tells_of_stays_a_gap_for_a_replay(casebook: Casebook) -> None:
    lived = Lived()
    run(casebook, lived.before)
    with pytest.raises(Broken, match=r"log\.gap leads/\d: 2 < 8"):
        replayed(lived, journal(casebook), NONE_LOST)


def test_a_restored_casebook_passes_it_again_with_the_same_words(
    casebook: Casebook, new_casebook: NewCasebook
) -> None:
    lived = Lived()
    run(casebook, lived.before)
    lived.pass_it(casebook)
    run(casebook, lived.after)
    remembered = Recollection()
    remembered.note(journal(casebook))
    assert remembered.ends() == {lived.place: 7}
    with new_casebook() as restored:
        run(restored, lived.before)
        (kept,) = remembered.lost()[lived.place].values()
        shelf = Shelf(office())
        run_batch(restored, shelf, take_batch(restored, shelf, [kept.incoming]), remembered)
        run(restored, lived.after)
        assert everything(restored) == everything(casebook)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], ((2, 8),)),
        ([(0, 1), (9, 12)], ((2, 8),)),
        ([(2, 8)], ()),
        ([(0, 20)], ()),
        ([(6, 7), (2, 3), (2, 3)], ((4, 5), (8, 8))),
        ([(3, 4), (4, 6)], ((2, 2), (7, 8))),
    ],
)
def test_a_hole_is_what_is_nowhere(spans: list[tuple[int, int]], expected: Any) -> None:
    assert holes(spans, 2, 9) == expected


def test_a_name_says_how_many_and_is_another_for_other_gaps() -> None:
    one, other = Gap("leads", 0, 3, 5), Gap("copies", 1, 0, 0)
    assert name_of([one, other]) == name_of([other, one])
    assert name_of([one, other]).startswith("4-")
    names = {name_of([one]), name_of([replace(one, first=4, last=6)]), name_of([one, other])}
    assert len(names) == 3


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        '{"record":"LeadTransfer","effects":[]}',
        '{"record":"LogGap"}',
        '{"record":"LogGap","effects":[]}',
        '{"record":"LogGap","effects":[{"first":"x"}]}',
        '{"record":"LogGap"',
    ],
)
def test_what_is_no_such_line_tells_of_no_gap(line: str) -> None:
    assert passed_of(line) is None


def test_gaps_of_a_partition_one_behind_the_other_are_each_passed_in_turn() -> None:
    lived = Lived()
    second = replace(lived.passed.found.gap, first=5, last=9)
    passed = replace(lived.passed, found=replace(lived.passed.found, gap=second))
    lost = by_place([passed, lived.passed])[lived.place]
    kept = [Kept(each, None) for each in lived.before]
    found = [each.incoming.position for each in whole(kept, lived.place, 0, 10, lost)]
    assert found == [Position(*lived.place, offset) for offset in (0, 1, 4, 9)]
