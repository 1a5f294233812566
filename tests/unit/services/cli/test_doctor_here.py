"""The doctor's look at a casebook file that another program keeps."""

import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from connectors.bus.home import Home, Settings
from connectors.bus.private import write_private
from connectors.bus.scratch import scratch_in
from connectors.bus.sections import CasebookSection, ExchangeSection, PortsSection
from schemas.errors import Unavailable, UserError
from services.casebook.key_file import made_key
from services.casebook.store import open_sqlite
from services.casebook.tables import OUTBOX
from services.casebook.wal import wal_of
from services.cli import doctor_here, running
from services.cli.doctor_here import look_at_casebook, look_at_host
from services.cli.doctor_look import look_at_files


def test_a_casebook_of_a_newer_program_is_a_finding_and_no_crash(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_sqlite(home.casebook).close()
    engine = create_engine(f"sqlite:///{home.casebook}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    (found,), progress, *_ = look_at_casebook(home, home.settings())
    assert (found.severity, found.code) == ("error", "casebook.version")
    assert "9999" in found.detail
    assert progress == {}


def test_a_sound_casebook_gives_no_finding(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_sqlite(home.casebook).close()
    where = home.casebook.name
    assert look_at_casebook(home, home.settings()) == ([], {}, (where, None), None)


def test_of_what_waits_to_be_published_the_oldest_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million may wait, and the table keeps its length when they are gone."""
    home = Home(tmp_path)
    casebook = open_sqlite(home.casebook)
    topics = [(1, "inbox.b"), (2, "inbox.a"), (3, "inbox.a"), (4, "inbox.c"), (5, "inbox.a")]
    rows = [
        {"seq": seq, "source_topic": "leads", "source_partition": 0, "topic": topic}
        for seq, topic in reversed(topics)
    ]
    with casebook.engine.begin() as connection:
        connection.execute(OUTBOX.insert(), rows)
    casebook.close()
    monkeypatch.setattr(doctor_here, "_STUCK_SECONDS", 0.0)
    monkeypatch.setattr(doctor_here, "_STUCK_ROWS_MAX", 3)
    found = look_at_casebook(home, home.settings()).found
    assert [(each.code, each.where, each.detail) for each in found] == [
        ("outbox.stuck", "inbox.a", "2"),
        ("outbox.stuck", "inbox.b", "1"),
    ]


def test_a_key_file_that_is_gone_or_another_s_is_a_finding(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_sqlite(home.casebook).close()
    home.casebook_key.rename(home.casebook_key.with_suffix(".away"))
    (found,) = look_at_casebook(home, home.settings()).found
    assert (found.severity, found.code) == ("error", "casebook.key_missing")
    made_key(home.casebook_key)
    (found,) = look_at_casebook(home, home.settings()).found
    assert (found.severity, found.code) == ("error", "casebook.key_wrong")


def test_a_key_file_that_others_can_read_is_a_finding(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tmp_path.chmod(0o700)
    open_sqlite(home.casebook).close()
    assert list(look_at_files(home)) == []
    home.casebook_key.chmod(0o644)
    (found,) = look_at_files(home)
    assert (found.code, found.where) == ("file.readable_by_others", "keys/casebook.key")


@pytest.mark.parametrize("name", ["tls/ca.key", "tls/server.key", "tls/server.store.pem"])
def test_a_key_of_the_stack_that_others_can_read_is_a_finding(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path)
    tmp_path.chmod(0o700)
    write_private(tmp_path / name, "key")
    (tmp_path / "tls" / "ca.pem").write_text("everybody may have it")
    assert list(look_at_files(home)) == []
    (tmp_path / name).chmod(0o644)
    (found,) = look_at_files(home)
    assert (found.code, found.where) == ("file.readable_by_others", name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[casebook]\nurl = "postgresql+psycopg://a:b@127.0.0.1/casebook"\n', 1),
        ('[casebook]\nurl = ""\n', 0),
        ("[ports]\nbase = 20000\n", 0),
    ],
)
def test_a_configuration_with_the_database_s_password_that_others_can_read_is_a_finding(
    tmp_path: Path, text: str, found: int
) -> None:
    home = Home(tmp_path)
    tmp_path.chmod(0o700)
    write_private(home.config, text)
    assert list(look_at_files(home)) == []
    home.config.chmod(0o644)
    told = [(symptom.code, symptom.where) for symptom in look_at_files(home)]
    assert told == [("file.readable_by_others", "yichuan.toml")] * found


def test_several_exchanges_on_sqlite_are_a_finding(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_sqlite(home.casebook).close()
    (found,) = look_at_casebook(home, Settings(exchange=ExchangeSection(workers=2))).found
    assert (found.severity, found.code) == ("error", "exchange.workers_need_postgresql")


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("postgresql://a:b@db.example/casebook", ["casebook.unverified", "casebook.unavailable"]),
        ("no address at all", ["casebook.url_unsupported"]),
    ],
)
def test_the_line_to_a_database_is_judged_also_while_it_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, codes: list[str]
) -> None:
    def reading(_: Home) -> NoReturn:
        raise Unavailable("casebook.unavailable") if "://" in url else UserError(codes[0])

    monkeypatch.setattr(doctor_here, "reading", reading)
    settings = Settings(casebook=CasebookSection(url=SecretStr(url)))
    found = look_at_casebook(Home(tmp_path), settings).found
    assert [symptom.code for symptom in found] == codes
    assert "a:b" not in str(found)


def test_every_exchange_that_is_to_run_here_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_here, "is_free", lambda port: port != 20_031)
    for its_pages in (doctor_here, running):  # it has its port, and never answers
        monkeypatch.setattr(its_pages, "page", lambda *_: None)
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


def test_a_scratch_folder_that_a_killed_command_left_is_a_finding(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.path.chmod(0o700)
    with scratch_in(home.run):
        assert list(look_at_files(home)) == []
    (home.run / "scratch-left").mkdir()
    (found,) = look_at_files(home)
    assert (found.severity, found.code, found.where) == (
        "error",
        "scratch.left",
        "run/scratch-left",
    )


def test_a_wal_of_another_moment_is_a_finding(tmp_path: Path) -> None:
    home, other = Home(tmp_path), Home(tmp_path / "other")
    open_sqlite(home.casebook).close()
    casebook = open_sqlite(other.casebook)
    shutil.copy(wal_of(other.casebook), wal_of(home.casebook))
    casebook.close()
    (found,) = look_at_casebook(home, home.settings()).found
    assert (found.severity, found.code) == ("error", "casebook.foreign_wal")
