"""Exchange tables on PostgreSQL are one organ's, whatever connections come and go."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest

from connectors.database.engine import open_engine
from schemas.errors import YichuanError
from tests.owned_tables import CASES, Shared, refused


@pytest.fixture
def shared(nowhere: str, tmp_path: Path) -> Shared:
    return Shared(lambda: open_engine(nowhere, tmp_path), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_exchange_tables(shared: Shared, case: Callable[[Shared], None]) -> None:
    case(shared)


def test_a_table_is_the_same_with_its_schema_and_without(shared: Shared) -> None:
    ours = shared.connector("mugang")
    ours.open()
    ours.close()
    others = {"in": "B_IN", "ledger": "B_LEDGER", "files_table": "B_FILE"}
    refused(shared.connector("langdai", out="public.EX_OUT", **others), r"public\.EX_OUT mugang")


def test_of_two_organs_that_start_at_once_one_has_the_tables(shared: Shared) -> None:
    first = shared.connector("mugang")
    first.open()
    first.close()
    shared.run('DELETE FROM "EX_OWNER"')
    both = Barrier(2)
    refusals: list[str] = []

    def start(organ: str) -> None:
        system = shared.connector(organ)
        both.wait(timeout=30)
        try:
            system.open()
        except YichuanError as error:  # the row came meanwhile: seen at the next try
            refusals.append(error.code)
        system.close()

    threads = [Thread(target=start, args=(organ,)) for organ in ("mugang", "langdai")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 1
    assert refusals[0] in ("database.of_another", "system.unavailable")
    assert len(shared.run('SELECT DISTINCT organ FROM "EX_OWNER"')) == 1
