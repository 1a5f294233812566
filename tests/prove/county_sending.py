"""The county chapter: sealed messages of any organ onto a running stand, and what came of them."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import select

from schemas.messages import Message
from schemas.topics import flow_partition
from services.casebook.store import open_for_reading
from services.casebook.tables import MESSAGES, OUTBOX
from services.casework.case import Case
from services.cli.casebook_view import case_of
from tests.history import demo
from tests.prove.flow_writer import write
from tests.prove.letters import partitions, sealed_value
from tests.prove.stand import Stand, wait_until

DECIDED_SECONDS_MAX: Final = 180.0


def put(stand: Stand, message: Message) -> None:
    """Write a message to its flow as its sender."""
    envelope = message.envelope
    alias = demo().directory.organs[envelope.sender].alias
    key = envelope.case_id.encode()
    partition = flow_partition(key, partitions(stand))
    write(stand, envelope.flow.value, partition, key, sealed_value(stand, message, alias), alias)


def decided(stand: Stand, messages: Iterable[Message]) -> None:
    """Wait until every one of them is accepted; AssertionError with what was not."""
    wanted = {message.envelope.message_id: type(message).__name__ for message in messages}
    last: dict[str, Any] = {}

    def look() -> bool:
        last.update(outcomes(stand, wanted))
        return all(last.get(each) == "accepted" for each in wanted)

    wait_until(
        look,
        DECIDED_SECONDS_MAX,
        lambda: str({name: last.get(each) for each, name in wanted.items()}),
    )


def outcomes(stand: Stand, ids: Iterable[str]) -> dict[str, str]:
    """Return what became of the messages of these ids, as far as they are decided."""
    query = select(MESSAGES.c.message_id, MESSAGES.c.outcome).where(MESSAGES.c.message_id.in_(ids))
    engine = open_for_reading(stand.home.casebook)
    try:
        with engine.connect() as connection:
            return {row.message_id: row.outcome for row in connection.execute(query)}
    finally:
        engine.dispose()


def waiting_for(stand: Stand) -> list[str]:
    """Return the topics that something in the outbox waits for."""
    engine = open_for_reading(stand.home.casebook)
    try:
        with engine.connect() as connection:
            return [row.topic for row in connection.execute(select(OUTBOX.c.topic))]
    finally:
        engine.dispose()


def case_in_book(stand: Stand, message: Message) -> Case:
    """Return the case of a message as the casebook has it."""
    engine = open_for_reading(stand.home.casebook)
    try:
        with engine.connect() as connection:
            found = case_of(connection, message.envelope.case_id)
    finally:
        engine.dispose()
    assert found is not None, message.envelope.case_id
    return found
