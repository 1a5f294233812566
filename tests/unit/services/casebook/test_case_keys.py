"""A key per case: made once, kept locked, gone for ever when it is erased."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select, update

from schemas.errors import Broken
from schemas.ids import CaseId
from services.casebook.case_keys import CaseKeys, name_for, quarantine_of
from services.casebook.lockbox import WrappingKey
from services.casebook.store import Casebook
from services.casebook.tables import CASE_KEYS, ORIGINALS, OUTBOX
from services.casebook.work import Work
from tests.batches import lead
from tests.history import MONDAY
from tests.office import Log, inboxes, rows, run

C, D = CaseId("c"), CaseId("d")
PLACE = ("place",)


@contextmanager
def keys_of(casebook: Casebook) -> Iterator[CaseKeys]:
    """The keys, as one transaction sees them."""
    with casebook.engine.begin() as connection:
        yield CaseKeys(connection, casebook.key)


def code_of(keys: CaseKeys, name: str, locked: bytes) -> str:
    with pytest.raises(Broken) as raised:
        keys.unlock(name, locked, PLACE)
    return raised.value.code


def test_a_key_is_made_once_and_opens_in_every_later_transaction(casebook: Casebook) -> None:
    with keys_of(casebook) as keys:
        assert not keys.has(C)
        locked = [keys.lock(C, b"plain", PLACE) for _ in range(2)]
        assert locked[0] != locked[1]  # no nonce twice
        assert keys.has(C)
    with keys_of(casebook) as keys:
        keys.make([C, D])
        assert [keys.unlock(C, each, PLACE) for each in locked] == [b"plain", b"plain"]
        assert keys.unlock(D, keys.lock(D, b"other", PLACE), PLACE) == b"other"
    assert [row.name for row in rows(casebook, CASE_KEYS)] == ["c", "d"]


def test_one_case_s_key_opens_nothing_of_another_s(casebook: Casebook) -> None:
    with keys_of(casebook) as keys:
        locked = keys.lock(C, b"plain", PLACE)
        keys.make([D])
        assert code_of(keys, D, locked) == "casebook.unreadable"
        assert code_of(keys, "never made", locked) == "casebook.unreadable"


def test_an_erased_key_opens_nothing_and_is_never_made_again(casebook: Casebook) -> None:
    with keys_of(casebook) as keys:
        locked = keys.lock(C, b"plain", PLACE)
        keys.erase(C, MONDAY)
        assert code_of(keys, C, locked) == "case.erased"
    with keys_of(casebook) as keys:
        assert keys.is_erased(C)
        assert not keys.is_erased(D)
        assert not keys.has(C)
        assert keys.wrapped(C) is None
        with pytest.raises(Broken, match=r"case\.erased"):
            keys.lock(C, b"more", PLACE)
    (row,) = rows(casebook, CASE_KEYS)
    assert (row.wrapped, row.erased_ms) == (None, int(MONDAY.timestamp() * 1000))


def test_a_case_that_kept_nothing_can_be_erased_too(casebook: Casebook) -> None:
    with keys_of(casebook) as keys:
        keys.erase(C, MONDAY)
        assert keys.is_erased(C)


def test_without_the_exchange_s_own_key_or_with_another_nothing_opens(casebook: Casebook) -> None:
    with keys_of(casebook) as keys:
        locked = keys.lock(C, b"plain", PLACE)
    with casebook.engine.begin() as connection:
        assert code_of(CaseKeys(connection, None), C, locked) == "casebook.key_missing"
        other = CaseKeys(connection, WrappingKey(bytes(32)))
        assert code_of(other, C, locked) == "casebook.unreadable"


def test_what_is_no_case_s_is_locked_under_its_month(casebook: Casebook) -> None:
    assert quarantine_of(MONDAY) == f"quarantine-{MONDAY:%Y-%m}"
    with keys_of(casebook) as keys:
        assert name_for(keys, C, MONDAY) == name_for(keys, None, MONDAY) == quarantine_of(MONDAY)
        keys.make([C])
        assert name_for(keys, C, MONDAY) == C
        keys.erase(C, MONDAY)
        assert name_for(keys, C, MONDAY) == quarantine_of(MONDAY)


def test_originals_and_waiting_copies_lie_locked_and_are_read_as_they_were(
    casebook: Casebook,
) -> None:
    sent = lead(1)
    incoming = Log().put(sent, MONDAY)
    run(casebook, [incoming])
    assert incoming.value is not None
    (original,) = rows(casebook, ORIGINALS)
    assert original.body[5:] not in incoming.value
    assert sent.envelope.case_id in {row.name for row in rows(casebook, CASE_KEYS)}
    copies = [row for row in rows(casebook, OUTBOX) if row.case_id is not None]
    assert {row.topic for row in copies} <= {row.topic for row in rows(casebook, OUTBOX)}
    said = [each for each in inboxes(casebook) if each.message.envelope.delivery is not None]
    assert len(copies) == len(said) >= 1
    for row, copy in zip(copies, said, strict=True):
        assert row.value != copy.value
        assert copy.value[5:40] not in row.value
    with casebook.engine.connect() as connection:
        kept = Work(connection, casebook.key).original(
            sent.envelope.sender, sent.envelope.message_id
        )
        assert kept is not None
        assert incoming.value.endswith(kept.body)


def test_an_original_moved_to_another_case_does_not_open(casebook: Casebook) -> None:
    leads = [lead(number) for number in range(2)]
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in leads])
    one, other = (each.envelope for each in leads)
    with casebook.engine.begin() as connection:
        of_one = ORIGINALS.c.message_id == one.message_id
        body = connection.execute(select(ORIGINALS.c.body).where(of_one)).scalar_one()
        moved = update(ORIGINALS).where(ORIGINALS.c.message_id == other.message_id)
        connection.execute(moved.values(body=body))
        connection.execute(update(ORIGINALS).where(of_one).values(record="Copy"))
    with casebook.engine.connect() as connection:
        work = Work(connection, casebook.key)
        for envelope in (one, other):
            with pytest.raises(Broken, match=r"casebook\.unreadable"):
                work.original(envelope.sender, envelope.message_id)
