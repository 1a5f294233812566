"""Copies in the originals topic are locked; their keys outlive the casebook, erased ones do not."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka import TopicPartition
from pydantic import SecretStr

from connectors.bus.home import Credentials, Settings
from schemas.errors import Broken
from schemas.ids import CaseId
from services.casebook.case_keys import CaseKeys
from services.casebook.letters import LOCKED
from services.casebook.store import Casebook
from services.exchange import kept_keys
from services.exchange.incoming import Incoming
from services.exchange.intake import Dead
from services.exchange.kept_keys import ERASED, Wrapped, _take_over, locked, opened, restore_keys
from services.exchange.originals import Copied, original
from services.exchange.secret import noted
from tests.batches import lead
from tests.history import MONDAY
from tests.office import Log, NewCasebook, run


@pytest.fixture
def one() -> Incoming:
    return Log().put(lead(1), MONDAY)


def held(casebook: Casebook, *incoming: Incoming) -> tuple[list[Copied], Wrapped]:
    return locked(casebook, [(each, original(each, None)) for each in incoming])


@pytest.fixture
def restored(new_casebook: NewCasebook, casebook: Casebook) -> Iterator[Casebook]:
    """An empty casebook that opens what the other locked: its home is the same."""
    with new_casebook() as found:
        object.__setattr__(found, "key", casebook.key)
        yield found


def test_a_copy_is_locked_under_its_case_s_key_and_opens_again(
    casebook: Casebook, one: Incoming
) -> None:
    run(casebook, [one])
    ((copied,), wrapped) = held(casebook, one)
    assert one.value is not None
    assert one.value[5:40] not in copied.value
    assert copied.key == b""
    assert dict(copied.headers)[LOCKED].decode() == lead(1).envelope.case_id
    assert list(wrapped) == [lead(1).envelope.case_id]
    ((again),) = opened(casebook, [copied])
    assert (again.incoming, again.note) == (one, None)


@pytest.mark.parametrize("key", [b"no case id", b"\xff", None, lead(2).envelope.case_id.encode()])
def test_what_is_no_case_s_of_ours_is_locked_under_its_month(
    casebook: Casebook, key: bytes | None
) -> None:
    stray = Log().raw(b"anything", lead(1).envelope, MONDAY, key=key)
    ((copied,), wrapped) = held(casebook, stray)
    assert list(wrapped) == [f"quarantine-{MONDAY:%Y-%m}"]
    ((again),) = opened(casebook, [copied])
    assert again.incoming == stray


def test_a_note_has_nothing_to_lock_and_one_of_a_release_before_is_read(
    casebook: Casebook, one: Incoming
) -> None:
    note, open_one = original(one, "{}"), original(one, None)
    (copied,), wrapped = locked(casebook, [(one, note)])
    assert (copied, wrapped) == (note, {})
    assert [each.note for each in opened(casebook, [note, open_one])] == ["{}", None]


def test_an_older_casebook_takes_over_the_keys_that_it_lacks(
    casebook: Casebook, restored: Casebook, one: Incoming
) -> None:
    run(casebook, [one])
    (copied,), wrapped = held(casebook, one)
    with pytest.raises(Broken, match=r"casebook\.unreadable"):
        opened(restored, [copied])
    _take_over(restored, wrapped)
    ((again),) = opened(restored, [copied])
    assert again.incoming == one
    run(restored, [again.incoming])  # what it keeps is locked under the same key
    assert held(restored, one)[1] == wrapped


def test_a_key_erased_since_the_backup_is_erased_again(
    casebook: Casebook, restored: Casebook, one: Incoming
) -> None:
    run(casebook, [one])
    (copied,), wrapped = held(casebook, one)
    _take_over(restored, wrapped)
    (name,) = wrapped
    _take_over(restored, {name: None})
    _take_over(restored, wrapped)  # what is erased stays so
    ((again),) = opened(restored, [copied])
    assert again.note == ERASED
    assert (again.incoming.key, again.incoming.value) == (None, None)
    refused = noted(again.note, again.incoming)
    assert isinstance(refused, Dead)
    assert refused.refusal.code == "case.erased"
    with restored.engine.connect() as connection:
        assert CaseKeys(connection, restored.key).is_erased(CaseId(name))


def test_what_is_past_its_term_is_copied_as_a_note(casebook: Casebook) -> None:
    stray = Log().raw(b"anything", lead(1).envelope, MONDAY, key=None)
    with casebook.engine.begin() as connection:
        CaseKeys(connection, casebook.key).erase(f"quarantine-{MONDAY:%Y-%m}", MONDAY)
    ((copied,), wrapped) = held(casebook, stray)
    assert wrapped == {}
    assert copied == original(stray, ERASED)


class Topic:
    """The topic of the keys, as a consumer sees it: two records at a time."""

    def __init__(self, records: Sequence[tuple[str, bytes | None]]) -> None:
        self.records = [Mock(key=name.encode(), value=value) for name, value in records]
        self.place: TopicPartition | None = None
        self.at, self.is_open = len(records), True

    def assign(self, places: Sequence[TopicPartition]) -> None:
        """Its one partition."""
        (self.place,) = places

    async def end_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where it ends."""
        return dict.fromkeys(places, len(self.records))

    async def seek_to_beginning(self, _: TopicPartition) -> None:
        """Go there."""
        self.at = 0

    async def position(self, _: TopicPartition) -> int:
        """How far it is."""
        return self.at

    async def getmany(self, **_: object) -> dict[TopicPartition, list[Any]]:
        """Return two."""
        assert self.place == TopicPartition("case-keys", 0)
        self.at += 2
        return {self.place: self.records[self.at - 2 : self.at]}

    async def stop(self) -> None:
        """Close."""
        self.is_open = False


def test_of_each_key_the_last_that_the_topic_tells_counts_from_its_beginning_on(
    casebook: Casebook, restored: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    records = [log.put(lead(number), MONDAY) for number in (1, 2, 3)]
    run(casebook, records)
    copied, wrapped = held(casebook, *records)
    first, second, third = (str(each.key, "ascii") for each in records if each.key)
    topic = Topic([*wrapped.items(), (CaseId(second), None)])
    monkeypatch.setattr(kept_keys, "start_consumer", AsyncMock(return_value=topic))
    monkeypatch.setattr(kept_keys, "_READ_MAX", 2)
    login = Credentials("exchange", SecretStr(""))
    asyncio.run(restore_keys(Settings(), login, restored))
    assert [each.note for each in opened(restored, copied)] == [None, ERASED, None]
    assert wrapped.keys() == {first, second, third}
    assert not topic.is_open
