"""What must hold of an agency's outbox table, on every database: run by each one's tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import text

from connectors.bus.system import Arrival, Mark, Source, State, Unfit
from connectors.database.debezium import Debezium
from schemas.errors import text as words
from schemas.ids import CaseId, MessageId
from tests.agency_home import lead
from tests.outbox_side import OutboxSide

ONE = MessageId("11111111-3f1e-5a4b-9c55-2b6d4d9e5a11")
CASE = CaseId("22222222-3f1e-5a4b-9c55-2b6d4d9e5a11")
REASON = {
    "code": "transfer.officers_too_few",
    "where": "envelope.officers",
    "detail": None,
    "zh": words("transfer.officers_too_few").zh,
    "en": words("transfer.officers_too_few").en,
    "remedy_zh": words("transfer.officers_too_few").remedy_zh,
    "remedy_en": words("transfer.officers_too_few").remedy_en,
}


def key(number: int) -> str:
    """An id whose order is not that of writing: the last written comes first."""
    return str(UUID(int=(1 << 127) - number))


@contextmanager
def opened(side: OutboxSide, **options: object) -> Iterator[Debezium]:
    """The connector's side, closed at the end."""
    system = side.system(**options)
    try:
        yield system
    finally:
        system.close()


def rows_are_taken_once_in_the_order_of_writing(side: OutboxSide) -> None:
    for number in range(5):
        side.put(key(number), {"n": number})
    with opened(side) as system:
        places = [[thing.place for thing in system.collect(2)] for _ in range(4)]
    assert places == [[key(0), key(1)], [key(2), key(3)], [key(4)], []]
    assert [(side.answer(key(number)) or {})["status"] for number in range(5)] == [1] * 5


def a_row_committed_late_is_not_missed(side: OutboxSide) -> None:
    with opened(side) as system:
        late = side.connect()
        with late.connect() as connection:
            begun = connection.begin()
            insert = "INSERT INTO outbox VALUES (:id, 'case', 'C-1', 'lead_transfer', '{}')"
            if late.dialect.name == "sqlite":  # one writer: the late one waits for the other
                begun.rollback()
                begun = connection.begin()
            connection.execute(text(insert), {"id": key(1)})
            if late.dialect.name != "sqlite":
                side.put(key(2), {"n": 2})
                assert [thing.place for thing in system.collect(5)] == [key(2)]
            begun.commit()
        late.dispose()
        if late.dialect.name == "sqlite":
            side.put(key(2), {"n": 2})
        left = [thing.place for thing in system.collect(5)]
        assert left[0] == key(1)
        assert system.collect(5) == ()


def an_earlier_life_is_finished_first(side: OutboxSide) -> None:
    for number in range(3):
        side.put(key(number), {"n": number})
    with opened(side) as first:
        before = first.collect(5)
    side.put(key(7), "{}")
    with opened(side) as system:
        assert system.collect(2) + system.collect(2) == before
        (later,) = system.collect(5)
        assert later.place == key(7)


def an_event_says_what_became_of_it(side: OutboxSide) -> None:
    side.put(key(1), "{}")
    with opened(side) as system:
        (thing,) = system.collect(5)
        seen = []
        for state, notice in (
            (State.PUBLISHED, None),
            (State.HELD, {"envelope": {"record": "Held"}}),
            (State.REJECTED, REASON),
            (State.ACCEPTED, {"envelope": {"record": "Accepted"}}),
        ):
            system.mark([Mark(thing.place, thing.digest, state, ONE, CASE, notice)])
            answer = side.answer(key(1)) or {}
            seen.append((answer["status"], answer["receipt"] is None, answer["err_code"]))
            if state is State.REJECTED:
                told = {name: answer[name] for name in ("err_zh", "err_en", "remedy_zh")}
                assert told == {
                    "err_zh": REASON["zh"],
                    "err_en": REASON["en"],
                    "remedy_zh": REASON["remedy_zh"],
                }
        assert seen == [
            (2, True, None),
            (3, False, None),
            (9, True, "transfer.officers_too_few"),
            (2, False, None),
        ]
        assert (side.answer(key(1)) or {})["case_id"] == CASE


def an_answer_taken_away_sends_the_event_again_and_a_late_mark_harms_nothing(
    side: OutboxSide,
) -> None:
    side.put(key(1), "{}")
    with opened(side) as system:
        (thing,) = system.collect(5)
        side.run('DELETE FROM "EX_ANSWER"')
        system.mark([Mark(thing.place, thing.digest, State.PUBLISHED, ONE)])
        assert side.answer(key(1)) is None
        assert system.collect(5) == (thing,)
        side.run("DELETE FROM outbox")
        system.mark([Mark(thing.place, thing.digest, State.PUBLISHED, ONE)])
        assert (side.answer(key(1)) or {})["status"] == 2


def a_mark_about_what_the_event_held_before_is_left_out(side: OutboxSide) -> None:
    side.put(key(1), {"n": 1})
    with opened(side) as system:
        (old,) = system.collect(5)
        side.run('DELETE FROM "EX_ANSWER"')
        side.run("DELETE FROM outbox")
        side.put(key(1), {"n": 2})
        (new,) = system.collect(5)
        system.mark([Mark(old.place, old.digest, State.REJECTED, ONE, notice=REASON)])
        assert (side.answer(key(1)) or {})["status"] == 1
        system.mark([Mark(new.place, new.digest, State.PUBLISHED, ONE)])
        assert (side.answer(key(1)) or {})["status"] == 2


def what_arrives_is_given_once(side: OutboxSide) -> None:
    with opened(side) as system:
        arrival = Arrival(0, lead("one"))
        assert system.deliver([arrival]) == system.deliver([arrival])
    assert len(side.run('SELECT 1 FROM "EX_IN"')) == 1


def only_the_aggregates_that_are_named_are_taken(side: OutboxSide) -> None:
    side.put(key(1), "{}")
    side.run("UPDATE outbox SET aggregatetype = 'order'")
    side.put(key(2), "{}")
    with opened(side, aggregate_types=("case",)) as system:
        (thing,) = system.collect(5)
        assert thing.place == key(2)
        assert system.collect(5) == ()


def two_writers_at_once_lose_nothing(side: OutboxSide) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 50):
            side.put(key(number), {"n": number})

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 50)]
    taken: list[str] = []
    with opened(side) as system:
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            taken += [thing.place for thing in system.collect(7)]
        for writer in writers:
            writer.join()
        while found := system.collect(7):
            taken += [thing.place for thing in found]
    assert sorted(taken) == sorted(key(number) for number in range(100))
    for first in (0, 50):
        ours = {key(number): number for number in range(first, first + 50)}
        order = [ours[place] for place in taken if place in ours]
        assert order == sorted(order)


def an_empty_payload_is_refused_and_the_next_is_taken(side: OutboxSide) -> None:
    side.put(key(1), "{}")
    side.run("UPDATE outbox SET payload = NULL")
    side.put(key(2), {"reason": "理由"})
    with opened(side) as system:
        bad, good = sorted(system.collect(5), key=lambda thing: isinstance(thing, Source))
    assert isinstance(bad, Unfit)
    assert bad.refusal.code == "row.payload_missing"
    assert isinstance(good, Source)
    assert good.record == "lead_transfer"
    assert "理由".encode() in good.raw


CASES = (
    rows_are_taken_once_in_the_order_of_writing,
    a_row_committed_late_is_not_missed,
    an_earlier_life_is_finished_first,
    an_event_says_what_became_of_it,
    an_answer_taken_away_sends_the_event_again_and_a_late_mark_harms_nothing,
    a_mark_about_what_the_event_held_before_is_left_out,
    what_arrives_is_given_once,
    only_the_aggregates_that_are_named_are_taken,
    an_empty_payload_is_refused_and_the_next_is_taken,
)
