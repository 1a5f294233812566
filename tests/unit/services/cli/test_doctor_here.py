"""The doctor's look at a casebook file that another program keeps."""

from pathlib import Path

from sqlalchemy import create_engine, text

from connectors.bus.home import Home
from services.casebook.store import open_sqlite
from services.cli.doctor_here import look_at_casebook


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
