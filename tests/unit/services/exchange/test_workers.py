"""Several exchanges of one installation: which run here, by which name, and which may not."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.bus.home import Home, Settings
from connectors.bus.sections import CasebookSection, ExchangeSection, PortsSection
from schemas.errors import UserError
from services.exchange import workers
from services.exchange.opening import open_casebook

POSTGRESQL = CasebookSection(url=SecretStr("postgresql://user:secret@host/casebook"))


def settings(count: int = 1, first: int = 0, casebook: CasebookSection | None = None) -> Settings:
    return Settings(
        ports=PortsSection(base=20_000),
        casebook=casebook or CasebookSection(),
        exchange=ExchangeSection(workers=count, first_worker=first),
    )


def test_one_exchange_runs_unless_more_are_configured() -> None:
    assert list(workers.numbers(settings())) == [0]


def test_a_second_host_numbers_its_exchanges_on() -> None:
    assert list(workers.numbers(settings(2, 2))) == [2, 3]


def test_each_exchange_has_a_name_and_a_port_of_its_own() -> None:
    assert [workers.name_of(n) for n in range(3)] == ["exchange", "exchange-1", "exchange-2"]
    assert [workers.port_of(settings(), n) for n in range(3)] == [20_030, 20_031, 20_032]


@pytest.mark.parametrize(("count", "first"), [(2, 0), (1, 1), (8, 63)])
@pytest.mark.parametrize("url", ["", "sqlite:///casebook.sqlite"])
def test_several_on_sqlite_are_refused_before_the_casebook_is_touched(
    tmp_path: Path, count: int, first: int, url: str
) -> None:
    home = Home(tmp_path)
    with pytest.raises(UserError) as raised:
        open_casebook(home, settings(count, first, CasebookSection(url=SecretStr(url))))
    assert (raised.value.code, raised.value.exit_code) == ("exchange.workers_need_postgresql", 3)
    assert f"workers = {count}, first_worker = {first}" in str(raised.value.where)
    assert list(tmp_path.iterdir()) == []


def test_several_on_postgresql_and_one_on_sqlite_may_run() -> None:
    workers.refuse_several_on_sqlite(settings(8, 63, POSTGRESQL))
    workers.refuse_several_on_sqlite(settings())


def test_a_second_exchange_of_the_same_number_is_refused_and_another_is_not(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    with workers.only_worker(home, 1):
        with pytest.raises(UserError) as raised, workers.only_worker(home, 1):
            pass
        with workers.only_worker(home, 0):
            pass
    assert raised.value.code == "exchange.already_running"
    with workers.only_worker(home, 1):
        pass  # who ended has let it go


def test_while_all_are_kept_stopped_none_starts_and_one_that_runs_is_told_of(
    tmp_path: Path,
) -> None:
    home, two = Home(tmp_path), settings(2, 0, POSTGRESQL)
    with workers.no_worker(home, two), pytest.raises(UserError) as starting:
        workers.only_worker(home, 1).__enter__()
    assert starting.value.code == "exchange.already_running"
    with workers.only_worker(home, 1), pytest.raises(UserError) as running:
        workers.no_worker(home, two).__enter__()
    assert (running.value.code, running.value.exit_code) == ("casebook.in_use", 3)
    with workers.only_worker(home, 0), workers.only_worker(home, 1):
        pass  # and let go again
