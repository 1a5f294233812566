"""`yichuan backup`, `restore`, `replay --from` of a casebook in PostgreSQL, as they are typed."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import URL, Engine, inspect, text

from connectors.bus.home import Home
from connectors.bus.private import write_private
from services.casebook import postgresql_copy
from services.casebook.store import Casebook, open_sqlite, open_url
from services.cli import backup
from services.cli.exit_codes import NOT_TRIED
from services.cli.main import main
from services.cli.replay_begin import begun
from services.exchange.workers import only_worker
from tests.batches import lead
from tests.history import MONDAY
from tests.office import Log, everything, run
from tests.postgresql import Server

REPO: Final = Path(__file__).parents[3]
BUS_KEY: Final = "keys/bus.pem"


def made_at(path: Path, url: str) -> Home:
    """Make the home of an exchange whose casebook is there."""
    home = Home(path)
    write_private(home.config, f"[casebook]\nurl = {json.dumps(url)}\n" if url else "")
    write_private(home.path / BUS_KEY, "a key")
    return home


@pytest.fixture
def home(nowhere: str, tmp_path: Path) -> Home:
    """A home whose database is still empty."""
    return made_at(tmp_path / "home", nowhere)


@pytest.fixture
def worked(home: Home, nowhere: str) -> Iterator[Casebook]:
    """The casebook of an exchange that has decided some letters, and is running."""
    log = Log()
    opened = open_url(nowhere, home.casebook_key)
    run(opened, [log.put(lead(number), MONDAY) for number in range(5)])
    yield opened
    opened.close()


@pytest.fixture
def file(home: Home, worked: Casebook, tmp_path: Path) -> Path:
    """A backup of it."""
    del worked
    assert main(["backup", str(tmp_path / "backup.tar"), "--home", str(home.path)]) == 0
    return tmp_path / "backup.tar"


def emptied(server: Server, casebook: Casebook) -> None:
    """Put an empty database in the place of one."""
    casebook.close()
    server.empty(str(casebook.engine.url.database))


def restore(home: Home, file: Path) -> int:
    return main(["restore", str(file), "--home", str(home.path)])


def refused(capsys: pytest.CaptureFixture[str], *command: str | Path) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*map(str, command), "--json"]) == NOT_TRIED
    error: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
    return error


def killed(home: Home, where: str, *command: str | Path) -> None:
    """Run a command that is killed -9 where it calls something."""
    planted = (
        "import os, sys\n"
        "from services.casebook import postgresql_copy\n"
        "from services.cli.main import main\n"
        f"postgresql_copy.{where} = lambda *_: os.kill(os.getpid(), {signal.SIGKILL:d})\n"
        "main(sys.argv[1:])\n"
    )
    words = [sys.executable, "-c", planted, *map(str, command), "--home", str(home.path)]
    ended = subprocess.run(words, check=False, env={**os.environ, "PYTHONPATH": str(REPO)})
    assert ended.returncode == -signal.SIGKILL


def test_what_is_backed_up_while_an_exchange_runs_is_put_into_a_new_database(
    worked: Casebook, file: Path, nowhere: str, server: Server, tmp_path: Path
) -> None:
    wanted = everything(worked)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    emptied(server, worked)
    bare = Home(tmp_path / "bare")  # where the database is, the backup knows
    assert restore(bare, file) == 0
    assert (bare.path / BUS_KEY).read_text() == "a key"
    again = open_url(nowhere, bare.casebook_key)
    assert everything(again) == wanted
    again.close()


def test_what_is_restored_is_known_to_the_planner(
    worked: Casebook, file: Path, server: Server, engine: Engine, tmp_path: Path
) -> None:
    letters = len(everything(worked)["messages"])
    engine.dispose()
    emptied(server, worked)
    assert restore(Home(tmp_path / "bare"), file) == 0
    rows = text("SELECT relname, reltuples FROM pg_class WHERE relname IN ('messages', 'outbox')")
    with engine.connect() as connection:
        known = dict(connection.execute(rows).tuples().all())
        analyzed = connection.scalar(text("SELECT count(*) FROM pg_stats WHERE tablename='cases'"))
    assert known["messages"] == letters
    assert analyzed


def test_a_planner_that_could_not_be_told_in_time_is_said_and_the_restore_stands(
    worked: Casebook,
    file: Path,
    server: Server,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = everything(worked)
    engine.dispose()
    emptied(server, worked)
    monkeypatch.setattr(postgresql_copy, "LOCK_SECONDS_MAX", 1)
    monkeypatch.setattr(backup, "analyze", partial(analyzed_while_locked, engine))
    home = Home(tmp_path / "bare")
    assert restore(home, file) == 0
    assert "ANALYZE" in capsys.readouterr().err
    again = open_url(home.settings().casebook.url.get_secret_value(), home.casebook_key)
    assert everything(again) == wanted
    again.close()


def analyzed_while_locked(engine: Engine, url: URL) -> bool:
    with engine.begin() as other:
        other.execute(text("LOCK TABLE messages IN SHARE MODE"))
        return postgresql_copy.analyze(url)


def test_a_replay_begins_with_such_a_backup(worked: Casebook, file: Path, tmp_path: Path) -> None:
    (tmp_path / "replay").mkdir()
    with begun(tmp_path / "replay", file) as begin:
        assert sum(begin.offsets.values()) == 5
        wanted = {name: len(found) for name, found in everything(worked).items()}
        found = {name: len(found) for name, found in everything(begin.casebook).items()}
        assert found == wanted | {"outbox": 0}


def test_the_one_s_backup_is_the_other_s_casebook(
    worked: Casebook, file: Path, server: Server, tmp_path: Path
) -> None:
    wanted = everything(worked)
    home = made_at(tmp_path / "small", "")
    assert restore(home, file) == 0
    there = open_sqlite(home.casebook)
    assert everything(there) == wanted
    assert main(["backup", str(tmp_path / "small.tar"), "--home", str(home.path)]) == 0
    wanted = everything(there)  # when it was backed up is another time now
    there.close()
    grown = server.url(server.new())
    made_at(home.path, grown)
    assert restore(home, tmp_path / "small.tar") == 0
    again = open_url(grown, home.casebook_key)
    assert everything(again) == wanted
    again.close()


def test_a_database_that_has_a_casebook_is_not_touched_and_neither_is_the_home(
    home: Home, worked: Casebook, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worked.close()
    (home.path / BUS_KEY).unlink()
    error = refused(capsys, "restore", file, "--home", home.path)
    assert error["code"] == "backup.database_not_empty"
    assert not (home.path / BUS_KEY).exists()


def test_nothing_is_restored_while_an_exchange_of_this_host_runs(
    file: Path, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = made_at(tmp_path / "other", server.url(server.new()))
    with only_worker(other, 0):  # on the casebook that it had before
        error = refused(capsys, "restore", file, "--home", other.path)
    assert error["code"] == "casebook.in_use"


def test_another_key_opens_none_of_it_so_nothing_is_put_there(
    file: Path, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = server.url(server.new())
    other = made_at(tmp_path / "other", url)
    open_sqlite(other.casebook).close()
    error = refused(capsys, "restore", file, "--home", other.path)
    assert error["code"] == "casebook.key_wrong"
    assert restore(Home(tmp_path / "empty"), file) == NOT_TRIED  # the database of the first


def test_killed_while_it_copies_a_backup_leaves_no_file_and_the_next_one_no_scratch(
    home: Home, worked: Casebook, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    killed(home, "into_sqlite", "backup", file)
    assert not file.exists()
    assert len(list(home.run.glob("scratch-*"))) == 1
    assert main(["backup", str(file), "--home", str(home.path)]) == 0
    assert not list(home.run.glob("scratch-*"))
    assert everything(worked)["messages"]


def test_killed_before_it_is_done_a_restore_leaves_the_database_empty_and_is_done_again(
    file: Path, worked: Casebook, nowhere: str, server: Server, engine: Engine, tmp_path: Path
) -> None:
    wanted = everything(worked)
    engine.dispose()
    emptied(server, worked)
    home = made_at(tmp_path / "again", nowhere)
    killed(home, "refuse_differing_server", "restore", file)
    assert inspect(engine).get_table_names() == []
    assert restore(home, file) == 0
    again = open_url(nowhere, home.casebook_key)
    assert everything(again) == wanted
    again.close()


def test_a_database_that_is_away_is_told_and_no_file_is_left(
    home: Home, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_at(home.path, server.url("no_such_database"))
    error = refused(capsys, "backup", tmp_path / "backup.tar", "--home", home.path)
    assert error["code"] == "casebook.unavailable"
    assert not (tmp_path / "backup.tar").exists()


def test_before_the_first_exchange_there_is_nothing_to_back_up(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, "backup", tmp_path / "backup.tar", "--home", home.path)
    assert error["code"] == "casebook.missing"
