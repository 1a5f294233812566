"""The doctor's look at a casebook file that another program keeps."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from connectors.bus.home import Home, Settings
from connectors.bus.sections import CasebookSection, ExchangeSection, PortsSection
from services.casebook.store import open_sqlite
from services.cli import doctor_here
from services.cli.doctor_here import look_at_casebook, look_at_host


def test_a_casebook_of_a_newer_program_is_a_finding_and_no_crash(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_sqlite(home.casebook).close()
    engine = create_engine(f"sqlite:///{home.casebook}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    (found,), progress = look_at_casebook(home, home.settings())
    assert (found.severity, found.code) == ("error", "casebook.version")
    assert "9999" in found.detail
    assert progress == {}


def test_a_sound_casebook_gives_no_finding(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_sqlite(home.casebook).close()
    assert look_at_casebook(home, home.settings()) == ([], {})


def test_several_exchanges_on_sqlite_are_a_finding(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_sqlite(home.casebook).close()
    (found,), _ = look_at_casebook(home, Settings(exchange=ExchangeSection(workers=2)))
    assert (found.severity, found.code) == ("error", "exchange.workers_need_postgresql")


def test_every_exchange_that_is_to_run_here_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_here, "is_free", lambda port: port != 20_031)
    monkeypatch.setattr(doctor_here, "_get", lambda *_: None)  # it has its port, and never answers
    settings = Settings(
        ports=PortsSection(base=20_000),
        casebook=CasebookSection(url=SecretStr("postgresql://host/casebook")),
        exchange=ExchangeSection(workers=3),
    )
    found = list(look_at_host(Home(tmp_path), settings, None))
    told = {symptom.where: symptom.code for symptom in found if symptom.code.startswith("part.")}
    assert told == {
        "exchange": "part.stopped",
        "exchange-1": "part.unhealthy",
        "exchange-2": "part.stopped",
    }
