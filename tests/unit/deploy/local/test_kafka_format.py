"""Making Kafka's store: nothing of the admin's password is seen by others or left behind."""

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.home import Home, Settings
from deploy.local import kafka
from deploy.local.artifacts import locked
from schemas.errors import UserError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def left(home: Home) -> set[str]:
    """What lies in the folders that the tool is run with."""
    return {path.name for folder in (home.run, home.logs) for path in folder.iterdir()}


def prepare(home: Home) -> None:
    kafka.prepare(home, Settings(), locked(), home.path / "cache")


def test_the_password_goes_by_a_file_of_the_owner_s_that_is_gone_with_all_that_tells_of_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def tool(command: tuple[str, ...], **_: Any) -> Any:
        arguments = home.run / "format.arguments"
        assert stat.S_IMODE(arguments.stat().st_mode) == 0o600
        seen.extend((arguments.read_text(encoding="utf-8"), " ".join(command)))
        (home.path / "data" / "kafka.unfinished").mkdir()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", tool)
    prepare(home)
    password = home.credentials("admin").password.get_secret_value()
    assert [password in each for each in seen] == [True, False]
    assert left(home) == {"kafka.properties", "kafka-log4j2.properties"}
    assert [path.name for path in (home.path / "data").iterdir()] == ["kafka"]


@pytest.mark.parametrize("ends", ["refused", "never"])
def test_a_store_that_is_not_whole_is_never_used_and_the_log_says_why(
    home: Home, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    def tool(command: tuple[str, ...], **options: Any) -> Any:
        (home.path / "data" / "kafka.unfinished").mkdir()
        if ends == "never":
            raise subprocess.TimeoutExpired(command, options["timeout"])
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", tool)
    for _ in range(2):
        with pytest.raises(UserError, match=r"stack\.format_failed"):
            prepare(home)
        assert left(home) == {"kafka.properties", "kafka-log4j2.properties", "kafka-format.log"}
        assert not (home.path / "data" / "kafka").exists()


def test_a_store_whose_admin_s_login_is_lost_gets_no_new_one(home: Home) -> None:
    (home.path / "data" / "kafka").mkdir(parents=True)
    with pytest.raises(UserError, match=r"stack\.login_lost"):
        prepare(home)
    assert not home.credentials_file("admin").exists()
