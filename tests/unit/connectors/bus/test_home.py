"""The home and its configuration: what is read of it, and what is said where that cannot be."""

import re
from pathlib import Path

import pytest

from connectors.bus.home import Home, Settings
from schemas.errors import UserError
from tests.house.tree import REPO

LOGIN = 'username = "mugang"\npassword = "秘密的口令"\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.credentials_file("mugang").parent.mkdir()
    return found


def test_a_configuration_in_gbk_is_said_to_be_no_utf_8(home: Home) -> None:
    home.config.write_bytes('[bus]\nrulebook = "示范"\n'.encode("gbk"))
    with pytest.raises(UserError) as caught:
        home.settings()
    error = caught.value
    assert (error.code, error.where) == ("home.config_invalid", str(home.config))
    assert error.detail == "not UTF-8"


def test_a_login_in_gbk_or_without_its_password_is_named_and_not_quoted(home: Home) -> None:
    file = home.credentials_file("mugang")
    for content in (LOGIN.encode("gbk"), LOGIN[:-2].encode(), LOGIN.splitlines()[0].encode()):
        file.write_bytes(content)
        with pytest.raises(UserError, match=r"home\.config_invalid") as caught:
            home.credentials("mugang")
        assert caught.value.where == str(file)
        assert "秘" not in str(caught.value)


def test_a_byte_order_mark_is_no_fault(home: Home) -> None:
    home.config.write_text("[ports]\nbase = 20000\n", encoding="utf-8-sig")
    home.credentials_file("mugang").write_text(LOGIN, encoding="utf-8-sig")
    assert home.settings().ports.base == 20_000
    assert home.credentials("mugang").password.get_secret_value() == "秘密的口令"


def test_a_home_without_configuration_has_the_defaults(home: Home) -> None:
    assert home.settings().ports == Settings().ports


def test_a_configuration_that_cannot_be_opened_is_named(home: Home) -> None:
    home.config.mkdir()
    with pytest.raises(UserError, match=r"home\.config_invalid") as caught:
        home.settings()
    assert caught.value.where == str(home.config)


def test_a_file_is_no_home(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UserError, match=r"home\.missing") as caught:
        Home(file).settings()
    assert (caught.value.where, caught.value.exit_code) == (str(file), 3)


@pytest.mark.parametrize("page", ["agency-it.md", "operator.md"])
def test_who_writes_the_configuration_of_the_page_connects_by_tls_and_knows_the_ca(
    home: Home, page: str
) -> None:
    """A client without them speaks in the clear to a broker of TLS, and never connects."""
    text = (REPO / "deploy" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (block,) = (each for each in blocks if "bootstrap" in each)
    home.config.write_text(block, encoding="utf-8")
    kafka = home.settings().kafka
    assert kafka.security == "SASL_SSL"
    assert Path(kafka.ca_file).is_absolute()  # a service runs in a folder of its own
    assert page != "agency-it.md" or f"`{Path(kafka.ca_file).name}`" in text
