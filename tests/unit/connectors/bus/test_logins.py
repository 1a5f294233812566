"""A login's file is read as it was written, whatever is in it, and written once."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.bus.home import Credentials, Home, read_login
from connectors.bus.logins import login_text, made_login


@pytest.mark.parametrize("password", ["plain", 'a"b\\c', "密\x7f\n\t", "𠮷#="])
def test_whatever_is_in_a_login_is_read_as_it_was_written(tmp_path: Path, password: str) -> None:
    path, login = tmp_path / "a.toml", Credentials("mugang", SecretStr(password))
    path.write_text(login_text(login), encoding="utf-8")
    assert read_login(path) == login


def test_a_login_is_made_once_and_nobody_else_s_to_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    made = made_login(home, "reader", "lps-reader")
    assert made.username == "lps-reader"
    assert made_login(home, "reader", "another") == made
    assert stat.S_IMODE(home.credentials_file("reader").stat().st_mode) == 0o600
