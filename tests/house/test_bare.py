"""The bare-work limit, which the benchmark holds the exchange against, does its work."""

import asyncio
from typing import Any

from sqlalchemy import func, select

from services.casebook.store import open_in_memory
from services.casebook.tables import CASES, DUTIES, OUTBOX
from tests.bench.bare import work_on
from tests.bench.letters import lead
from tests.history import MONDAY
from tests.office import Log, office


class Producer:
    """Takes what is published."""

    def __init__(self) -> None:
        """Nothing is published yet."""
        self.sent: list[str] = []

    async def send(self, topic: str, value: bytes, *, key: bytes) -> "asyncio.Future[None]":
        """Take a record."""
        assert value
        assert key
        self.sent.append(topic)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def test_letters_of_every_partition_are_stored_each_as_its_own_case_and_published() -> None:
    log, producer = Log(), Producer()
    records = [log.put(lead(number, MONDAY), MONDAY, partition=number % 2) for number in range(4)]
    assert {each.position.offset for each in records} == {0, 1}
    casebook: Any = open_in_memory()
    asyncio.run(work_on(records, office(), casebook.engine, producer))
    with casebook.engine.connect() as connection:
        both = CASES.join(DUTIES, CASES.c.seq == DUTIES.c.case_seq)
        linked = select(func.count()).select_from(both)
        assert connection.execute(linked.where(CASES.c.case_id == DUTIES.c.case_id)).scalar() == 4
        assert connection.execute(select(func.count()).select_from(OUTBOX)).scalar() == 0
    casebook.close()
    assert len(producer.sent) == 3 * len(records)
