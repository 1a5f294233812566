import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from connectors.database import app
from connectors.database.owner import Owned
from services.cli.main import main


def refused(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    path = tmp_path / "connector.toml"
    path.write_text(text, encoding="utf-8")
    assert main(["connector", "run", str(path), "--home", str(tmp_path / "home")]) in (2, 3)
    return capsys.readouterr().err


_HANGS = """
import sys, threading
from connectors.bus import exits
from schemas.errors import Unavailable
from services.cli import connector
from services.cli.main import run

exits.THREADS_SECONDS_MAX = 0.1

def run_folder(config, home):
    threading.Thread(target=threading.Event().wait).start()
    raise Unavailable("connector.outage")

connector.KINDS["folder"] = run_folder
sys.argv = ["yichuan", "connector", "run", sys.argv[1]]
run()
"""


def test_an_outage_ends_it_to_be_started_again_later_whatever_hangs(tmp_path: Path) -> None:
    config = tmp_path / "connector.toml"
    config.write_text('kind = "folder"\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _HANGS, str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "connector.outage" in done.stderr) == (75, True)


def test_an_unknown_kind_is_told_with_the_kinds_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(tmp_path, 'organ = "a1"\nkind = "ftp"\n', capsys)
    assert "connector.config_invalid" in said
    assert "folder | database" in said


@pytest.mark.parametrize(
    "source", ['"folder"\n[source]\nfolder = "x"', '"database"\n[source]\nurl = "sqlite:///x.db"']
)
def test_a_home_without_a_rulebook_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    said = refused(tmp_path, f'organ = "a1"\nkind = {source}\n', capsys)
    assert "connector.rulebook_missing" in said


def test_the_address_of_a_database_may_come_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[object] = []
    monkeypatch.setattr(
        app,
        "run",
        lambda _c, _h, system_of, _p: used.append(system_of(SimpleNamespace(folder=tmp_path))),
    )
    monkeypatch.setenv("YICHUAN_A_1_DATABASE_URL", "sqlite:///outside.db")
    config = tmp_path / "connector.toml"
    config.write_text('organ = "a-1"\nkind = "database"\n[source]\nurl = "sqlite:///x.db"\n')
    app.run_file(config)
    (system,) = used
    assert isinstance(system, Owned)
    assert str(system._engine.url).endswith("outside.db")
    system.close()
