"""A worker of any host shows by its connection, to whatever must have no exchange running."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.bus.home import Home
from schemas.errors import Unavailable, UserError
from services.casebook.store import place_of
from services.casebook.writers import refuse_writers
from services.exchange.all_stopped import all_stopped
from tests.integration.postgresql.test_backup import made_at
from tests.office import open_at
from tests.postgresql import Server

LOCK: Any = text("SELECT pg_advisory_lock(2036949864)")  # as a worker that migrates


def test_one_that_is_connected_from_wherever_refuses_until_it_has_gone(
    nowhere: str, tmp_path: Path
) -> None:
    home = made_at(tmp_path / "home", nowhere)
    elsewhere = open_at(nowhere)
    elsewhere.engine.connect().close()
    with pytest.raises(UserError) as raised, all_stopped(home, home.settings()):
        pass
    assert raised.value.code == "casebook.in_use"
    assert raised.value.detail == "1 connections of yichuan-exchange"
    elsewhere.close()
    with all_stopped(home, home.settings()):
        open_at(nowhere).close()  # whoever asked may work on it


def test_one_that_is_starting_is_waited_for_and_a_database_that_is_away_is_told(
    nowhere: str, engine: Engine, server: Server, tmp_path: Path
) -> None:
    home = made_at(tmp_path / "home", nowhere)
    with engine.connect() as starting:
        starting.execute(LOCK)
        with pytest.raises(Unavailable, match=r"casebook\.migrating > 5 s"):
            refuse_writers(place_of(home))
    away = Home(tmp_path / "away")
    made_at(away.path, server.url("no_such_database"))
    with pytest.raises(Unavailable) as raised, all_stopped(away, away.settings()):
        pass
    assert raised.value.code == "casebook.unavailable"
    assert json.dumps(str(raised.value)).find("no_such") == -1
